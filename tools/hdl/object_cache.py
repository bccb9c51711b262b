# SPDX-License-Identifier: Apache-2.0
"""Compile Verilator's run-time library once, not once for every model.

``verilated.cpp`` and its sisters are the same in all models and take most of a small model's build.
Verilator's makefile puts the program named by ``OBJCACHE`` in front of every compiler call; this is
such a program: ``python object_cache.py FOLDER c++ ... -c -o verilated.o .../verilated.cpp``. A
call that compiles a file of the library takes the object from FOLDER when the same command was run
before; every other call is passed on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys


def library_source(command: list[str]) -> str | None:
    """The file of Verilator's library that this command compiles, if it does."""
    source = next((word for word in command if word.endswith(".cpp")), None)
    if source is None or "-c" not in command or "-o" not in command:
        return None
    is_library = os.path.basename(source).startswith("verilated") and os.path.isabs(source)
    return source if is_library else None


def main(folder: str, command: list[str]) -> int:
    """Run `command`, or copy the object of an earlier run."""
    source = library_source(command)
    if source is None:
        return subprocess.run(command, check=False).returncode
    target = command[command.index("-o") + 1]
    state = os.stat(source)
    key = repr((command, state.st_size, state.st_mtime_ns)).encode()
    stored = os.path.join(folder, f"{hashlib.sha256(key).hexdigest()}.kept")
    kept = read(stored)
    if kept is not None:
        with open(target, "wb") as file:
            file.write(kept)
        return 0
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        with contextlib.suppress(OSError):  # a full disk: the object itself is there
            keep(target, stored)
    return code


def read(stored: str) -> bytes | None:
    """An object that was kept; None without one, and for one that a crash of the machine cut."""
    try:
        with open(stored, "rb") as file:
            digest, body = file.read(32), file.read()
    except OSError:
        return None
    return body if hashlib.sha256(body).digest() == digest else None


def keep(target: str, stored: str) -> None:
    """Copy the object ``target`` for later builds, behind its sum."""
    with open(target, "rb") as file:
        body = file.read()
    os.makedirs(os.path.dirname(stored), exist_ok=True)
    temporary = f"{stored}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(hashlib.sha256(body).digest() + body)
    os.replace(temporary, stored)  # whole or not at all: other builds look at the same time


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
