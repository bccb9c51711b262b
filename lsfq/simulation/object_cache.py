# SPDX-License-Identifier: Apache-2.0
"""Compile once what all of Verilator's models have in common.

Verilator's makefile puts the program named by ``OBJCACHE`` in front of every compiler call; this is
such a program: ``python object_cache.py FOLDER c++ ... -c -o verilated.o .../verilated.cpp``.

* The run-time library (``verilated.cpp`` and its sisters) is the same in all models. A call that
  compiles one of its files takes the object from FOLDER when the same command was run before.
* Every other file includes the library's headers, and a small model's compilation does little else
  than read them. They are compiled into FOLDER once for each set of options (a precompiled header),
  and the compiler is told to use the result. A compiler that cannot reads the headers as before.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys

HEADER = "verilated_all.h"
INCLUDES = ("verilated.h", "verilated_dpi.h", "verilated_vpi.h")
"""Headers of the library that are compiled in advance."""


def main(folder: str, command: list[str]) -> int:
    """Run `command`, or copy the object of an earlier run."""
    source = next((word for word in command if word.endswith(".cpp")), None)
    if source is None or "-c" not in command or "-o" not in command:
        return subprocess.run(command, check=False).returncode
    if os.path.basename(source).startswith("verilated") and os.path.isabs(source):
        return compile_library(folder, command, source)
    header = precompiled(folder, command, source)
    if header is not None:
        # -MP: make compiles anew, and does not stop, when the folder of headers was removed
        added = [*command, "-MP", "-include", header]
        if subprocess.run(added, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return 0
    return subprocess.run(command, check=False).returncode


def compile_library(folder: str, command: list[str], source: str) -> int:
    """Compile a file of Verilator's library, or copy its object."""
    target = command[command.index("-o") + 1]
    stored = os.path.join(folder, f"{digest([*command, *state(source)])}.kept")
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


def precompiled(folder: str, command: list[str], source: str) -> str | None:
    """The header to include first, compiled with the options of `command`; None if that fails."""
    found = [os.path.join(word[2:], INCLUDES[0]) for word in command if word.startswith("-I")]
    library = next((os.path.dirname(path) for path in found if os.path.isfile(path)), None)
    if library is None:
        return None
    at = command.index("-o")
    options = [
        word for word in (*command[:at], *command[at + 2 :]) if word not in ("-c", "-MMD", source)
    ]
    states = [number for name in INCLUDES for number in state(os.path.join(library, name))]
    home = os.path.join(folder, digest([*sorted(options), *states]))
    header = os.path.join(home, HEADER)
    if os.path.isfile(f"{header}.gch"):
        return header
    partial = f"{header}.{os.getpid()}"
    try:
        os.makedirs(home, exist_ok=True)
        with open(partial, "w", encoding="ascii") as file:
            file.writelines(f'#include "{name}"\n' for name in INCLUDES)
        os.replace(partial, header)
        line = [*options, "-x", "c++-header", header, "-o", partial]
        if subprocess.run(line, check=False, stderr=subprocess.DEVNULL).returncode != 0:
            return None
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        # Of two builds at the same time the first wins: for make, a newer header is a changed one.
        with contextlib.suppress(FileExistsError):
            os.link(partial, f"{header}.gch")
    except OSError:
        return None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(partial)
    return header


def digest(words: list[str]) -> str:
    """A name for what these words ask for."""
    return hashlib.sha256(repr(words).encode()).hexdigest()


def state(path: str) -> list[str]:
    """What changes when the file does."""
    found = os.stat(path)
    return [path, str(found.st_size), str(found.st_mtime_ns)]


def read(stored: str) -> bytes | None:
    """An object that was kept; None without one, and for one that a crash of the machine cut."""
    try:
        with open(stored, "rb") as file:
            wanted, body = file.read(32), file.read()
    except OSError:
        return None
    return body if hashlib.sha256(body).digest() == wanted else None


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
