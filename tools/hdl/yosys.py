# SPDX-License-Identifier: Apache-2.0
"""Yosys, from the Python package that brings it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class YosysError(RuntimeError):
    """Yosys is missing, or a command of its script failed; the text says what to do."""


def run(commands: Sequence[str], folder: Path, name: str) -> None:
    """Run a Yosys script in `folder`, in a process of its own: Yosys ends its process on an error.

    Leaves ``<name>.ys`` and ``<name>.log`` there. Raises YosysError.
    """
    if not importlib.util.find_spec("pyosys"):
        raise YosysError("Yosys is missing: pip install -e '.[synth]' brings it")
    folder.mkdir(parents=True, exist_ok=True)
    script, log = folder / f"{name}.ys", folder / f"{name}.log"
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    code = f"import pyosys.libyosys as y; y.Design().run_pass('script {script.name}')"
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=output, stderr=subprocess.STDOUT, cwd=folder,
            check=False,
        )  # fmt: skip
    if done.returncode:
        last = log.read_text(encoding="utf-8").splitlines()[-5:]
        raise YosysError("\n".join([f"Yosys failed, see {log}:", *last]))
