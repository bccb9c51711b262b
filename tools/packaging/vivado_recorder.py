# SPDX-License-Identifier: Apache-2.0
"""Scripts for Vivado run without it: `tclsh` with commands that only record their words."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

RECORDER = Path(__file__).with_suffix(".tcl")


class ScriptError(Exception):
    """The script ended with an error; the text is what it printed."""


def tclsh() -> str | None:
    """The Tcl interpreter, None when there is none."""
    return shutil.which("tclsh") or shutil.which("tclsh8.6")


def record(
    script: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> list[list[str]]:
    """The Vivado commands that ``script`` gives, each as a list of words.

    Raises ScriptError when the script fails or uses a command that the recorder does not know.
    """
    interpreter = tclsh()
    if interpreter is None:
        raise ScriptError("tclsh is missing (Debian: apt install tcl)")
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "record"
        done = subprocess.run(
            [interpreter, str(RECORDER), str(output), str(script), *arguments],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ScriptError(done.stderr.strip() or done.stdout.strip())
        lines = output.read_text(encoding="ascii").splitlines()
    return [[bytes.fromhex(word).decode() for word in _words(line)] for line in lines]


def _words(line: str) -> list[str]:
    # an empty word is nothing between two blanks
    return line.split(" ")
