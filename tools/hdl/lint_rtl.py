# SPDX-License-Identifier: Apache-2.0
"""Lint the Verilog: its style, then Verilator with every warning on, as Verilog-2005, over several
parameter sets.

Icarus Verilog elaborates the same sets, where it is installed. Exit status 1 on any warning, and on
any rule of CONTRIBUTING.md that a file breaks; --style checks these rules alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsfq.simulation import rtl, verilator
from tools.hdl import verilog_style
from tools.hdl.parameter_sets import LINTED

TOPLEVEL = "lsfq_accel"


def sources(toplevel: str) -> list[Path]:
    """Files of a module, with the models of the primitives that it may instantiate."""
    files = rtl.sources(toplevel)
    return [*files, *rtl.models(files)]


def verilator_command(parameters: Mapping[str, int], toplevel: str = TOPLEVEL) -> list[str]:
    """Lint a module and what it instantiates, with these parameters."""
    return [
        "verilator",
        "--lint-only",
        "-Wall",
        "--language",
        "1364-2005",
        "--top-module",
        toplevel,
        *(f"-G{name}={value}" for name, value in parameters.items()),
        *(f"-I{folder}" for folder in rtl.folders()),
        *map(str, sources(toplevel)),
    ]


def icarus_command(parameters: Mapping[str, int], toplevel: str = TOPLEVEL) -> list[str]:
    """Elaborate a module with these parameters, strictly as Verilog-2005."""
    return [
        "iverilog",
        "-g2005",
        "-Wall",
        "-Wno-timescale",
        "-t",
        "null",
        "-s",
        toplevel,
        *(f"-P{toplevel}.{name}={value}" for name, value in parameters.items()),
        *(f"-I{folder}" for folder in rtl.folders()),
        *map(str, sources(toplevel)),
    ]


def warnings(command: list[str], environment: Mapping[str, str]) -> str:
    """What `command` complains of; a clean one says nothing (Verilator: nothing but its report)."""
    done = subprocess.run(
        command,
        env=dict(environment),
        cwd=rtl.ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("- ")]
    return "\n".join(lines) or (f"exit status {done.returncode}" if done.returncode else "")


def other_tops() -> list[str]:
    """Modules that neither the toplevel nor another module instantiates."""
    known = rtl.modules()
    used = {TOPLEVEL} | {
        name
        for module, path in known.items()
        for name in (rtl.words(path) & known.keys()) - {module}
    }
    return sorted(known.keys() - used)


def style() -> int:
    """Number of places where a file of the core breaks a rule of style; each is printed."""
    found = 0
    for module, path in rtl.modules().items():
        for finding in verilog_style.check(module, path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(rtl.ROOT)}:{finding.line}: {finding.rule} {finding.text}")
            found += 1
    print(f"{'Style':9} {len(rtl.modules())} files: {found or 'no'} findings")
    return found


def _name(parameters: Mapping[str, int], toplevel: str) -> str:
    text = ", ".join(f"{name}={value}" for name, value in parameters.items()) or "default"
    return text if toplevel == TOPLEVEL else f"{text} {toplevel}"


def main() -> int:
    """Check the style, then lint every set with every tool there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", action="store_true", help="check the style alone: a second")
    style_only: bool = parser.parse_args().style
    failed = style()
    if style_only:
        return 1 if failed else 0

    tools = [("Verilator", verilator_command, verilator.verilator_environment())]
    if shutil.which("iverilog") is not None:
        tools.append(("Icarus", icarus_command, dict(os.environ)))
    else:
        print("Icarus Verilog is not installed: its elaboration is left out")

    jobs = [
        (tool, _name(parameters, toplevel), command(parameters, toplevel), environment)
        for parameters, toplevel in (
            *((x, TOPLEVEL) for x in LINTED),
            *(({}, x) for x in other_tops()),
        )
        for tool, command, environment in tools
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda job: warnings(*job[2:]), jobs)
        for (tool, text, _, _), complaints in zip(jobs, said, strict=True):
            if complaints:
                print(complaints)
            failed += bool(complaints)
            print(f"{tool:9} {text:60} {'WARNINGS' if complaints else 'clean'}", flush=True)
    return 1 if failed else 0
