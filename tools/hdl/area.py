# SPDX-License-Identifier: Apache-2.0
"""Synthesise the core with Yosys; print LUTs, flip-flops, DSPs and block RAMs of every block.

Cores: 16x16 and 8x8 for UltraScale+ (DSP48E2 instantiated), 16x16 also with a depthwise stage of
two pixels a cycle, 8x8 and 16x16 for the 7 series (multipliers of 25x18 bits, left to synthesis);
by name also others, 4x4 for ECP5 among them. Blocks are synthesised apart, so nothing is saved
across their borders (of an ECP5's core only the whole is counted). Where the 16x16 core misses a
bar the exit status is 1.

examples:
  scripts/area.py                       the five above: takes many minutes
  scripts/area.py --core 16x16          one of them
  scripts/area.py --json docs/performance/area.json
  scripts/area.py --core 4x4 --core 4x4-ecp5 --table lsfq/estimate/areas.json    for lsfq estimate
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lsfq.reports.area import DEVICES, Area
from lsfq.simulation import rtl
from ref_model.integer.console import table
from tools.hdl import yosys
from tools.reports.area import BLOCKS, Synthesis, of_statistics

TOP = "lsfq_accel"
LUTS_A_MAC = 3.0
SHARES = Area(lut=450, ff=1000, dsp=850, bram=700)
"""Per mille of a ZU3EG that the 16x16 core may take."""
SHOWN = ("ZU3EG", "XC7Z020")
"""Devices whose shares are printed of each core for one of them."""


@dataclass(frozen=True)
class Core:
    """A core to synthesise, and the device it is meant for."""

    family: str
    device: str
    parameters: Mapping[str, int]


CORES: Mapping[str, Core] = {
    "16x16": Core("xcup", "ZU3EG", {"PIN": 16, "POUT": 16, "MULTIPLIER": 1}),
    "16x16-depthwise2": Core(
        "xcup", "ZU3EG", {"PIN": 16, "POUT": 16, "MULTIPLIER": 1, "DEPTHWISE_PIXELS": 2}
    ),
    "8x8": Core("xcup", "ZU3EG", {"PIN": 8, "POUT": 8, "MULTIPLIER": 1}),
    "8x8-7series": Core("xc7", "XC7Z020", {"PIN": 8, "POUT": 8, "MULTIPLIER": 2}),
    "16x16-7series": Core("xc7", "XC7Z020", {"PIN": 16, "POUT": 16, "MULTIPLIER": 2}),
    "4x4": Core("xcup", "ZU3EG", {"PIN": 4, "POUT": 4, "PARAM_W": 64, "MULTIPLIER": 1}),
    "4x16": Core("xcup", "ZU3EG", {"PIN": 4, "POUT": 16, "MULTIPLIER": 1}),
    "16x4": Core("xcup", "ZU3EG", {"PIN": 16, "POUT": 4, "MULTIPLIER": 1}),
    "4x4-memories": Core(
        "xcup", "ZU3EG",
        {"PIN": 4, "POUT": 4, "PARAM_W": 64, "MULTIPLIER": 1, "FEATURE_DEPTH": 32768,
         "WEIGHT_DEPTH": 2048},
    ),
    "4x4-7series": Core("xc7", "XC7Z020", {"PIN": 4, "POUT": 4, "PARAM_W": 64, "MULTIPLIER": 2}),
    "4x4-ecp5": Core("ecp5", "LFE5U-85F", {"PIN": 4, "POUT": 4, "PARAM_W": 64, "MULTIPLIER": 4}),
    "8x8-ecp5": Core("ecp5", "LFE5U-85F", {"PIN": 8, "POUT": 8, "MULTIPLIER": 4}),
}  # fmt: skip
USUAL = ("16x16", "16x16-depthwise2", "8x8", "8x8-7series", "16x16-7series")
"""The cores of the performance page."""


def commands(core: Core) -> list[str]:
    """The Yosys script: blocks keep their borders, everything in them is flattened."""
    if core.family == "ecp5":
        return [
            *(f"read_verilog -defer {path}" for path in rtl.sources(TOP)),
            *(f"chparam -set {name} {value} {TOP}" for name, value in core.parameters.items()),
            f"synth_ecp5 -top {TOP}",
            "tee -q -o cells.json stat -json",
        ]
    return [
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        "read_verilog -lib +/xilinx/cells_xtra.v",
        *(f"read_verilog -defer {path}" for path in rtl.sources(TOP)),
        *(f"chparam -set {name} {value} {TOP}" for name, value in core.parameters.items()),
        f"hierarchy -check -top {TOP}",
        *(f"setattr -mod -set keep_hierarchy 1 A:hdlname=lsfq_{block}" for block in BLOCKS),
        f"synth_xilinx -family {core.family} -noiopad -noclkbuf -flatten -top {TOP} -run prepare:",
        "check -assert",
        "tee -q -o cells.json stat -json",
    ]


def parameters_of(core: Core) -> dict[str, int]:
    """All parameters of a core, those with the Verilog's default among them."""
    return rtl.defaults(rtl.IP / f"{TOP}.v") | dict(core.parameters)


def add_to_table(path: Path, name: str, found: Synthesis) -> None:
    """Put a core's area into the table of `lsfq.estimate.area`, in place of an older one."""
    cores: list[dict[str, Any]] = []
    if path.exists():
        cores = json.loads(path.read_text(encoding="utf-8"))["cores"]
    core = CORES[name]
    cores = [entry for entry in cores if entry["name"] != name]
    cores.append({
        "name": name,
        "family": core.family,
        "parameters": parameters_of(core),
        "area": asdict(found.whole),
        "verilog": rtl.digest(TOP),
    })  # fmt: skip
    cores.sort(key=lambda entry: list(CORES).index(entry["name"]))
    path.write_text(json.dumps({"cores": cores}, indent=1) + "\n", encoding="utf-8")


def synthesise(name: str, folder: Path) -> Synthesis:
    """Area of one of CORES. Raises YosysError."""
    yosys.run(commands(CORES[name]), folder / name, "synthesis")
    text = (folder / name / "cells.json").read_text(encoding="utf-8")
    return of_statistics(json.loads(text), TOP)


def row(name: str, area: Area) -> tuple[str, ...]:
    """A line of the table."""
    return (name, f"{area.lut:,}", f"{area.ff:,}", f"{area.dsp}", f"{area.bram:g}")


def share(name: str, area: Area) -> tuple[str, ...]:
    """A line of the table: per cent of a device."""
    part = area.shares(DEVICES[name])
    numbers = (part.lut, part.ff, part.dsp, part.bram)
    return (f"of a {name}", *(f"{number / 10:.1f} %" for number in numbers))


def bars(found: Synthesis, multipliers: int) -> list[tuple[str, bool]]:
    """What the 16x16 core has to hold."""
    array = found.blocks["array"][1]
    macs = 6 * multipliers
    part = found.whole.shares(DEVICES["ZU3EG"])
    return [
        (f"array: {array.dsp} DSPs for {multipliers} multipliers", array.dsp == multipliers),
        (
            f"array: {array.lut / macs:.2f} LUTs per MAC a cycle (at most {LUTS_A_MAC})",
            array.lut <= LUTS_A_MAC * macs,
        ),
        *(
            (f"core: {have / 10:.1f} % of a ZU3EG's {what} (at most {most / 10:g} %)", have <= most)
            for what, have, most in (
                ("LUTs", part.lut, SHARES.lut),
                ("DSPs", part.dsp, SHARES.dsp),
                ("block RAMs", part.bram, SHARES.bram),
            )
        ),
    ]


def show(name: str, found: Synthesis) -> bool:
    """Print a core's table and bars; True when all bars hold."""
    lines = [
        row(block if number == 1 else f"{block} ({number})", area)
        for block, (number, area) in found.blocks.items()
    ]
    device = CORES[name].device
    shown = SHOWN if device in SHOWN else (device,)
    lines += [row("whole core", found.whole), *(share(device, found.whole) for device in shown)]
    memory = "EBR" if CORES[name].family == "ecp5" else "BRAM36"
    print(table(("block", "LUT", "FF", "DSP", memory), lines))
    if len(found.blocks) > 1:
        print("lane and accumulator are parts of the array\n")
    held = True
    if name == "16x16":
        for text, good in bars(found, 256):
            print(f"{'ok    ' if good else 'MISSED'}  {text}")
            held = held and good
    fits = found.whole.shares(DEVICES[device])
    if max(fits.lut, fits.ff, fits.dsp, fits.bram) > 1000:
        print(f"does not fit a {device}")
    return held


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when all bars hold, 1 when one is missed, 2 when synthesis failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--core",
        action="append",
        choices=CORES,
        metavar="NAME",
        help=f"{', '.join(CORES)} (the first {len(USUAL)})",
    )
    parser.add_argument("--folder", type=Path, default=rtl.ROOT / "build" / "area", metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="put the areas into the table of lsfq estimate"
    )
    options = parser.parse_args(arguments)
    held = True
    figures: dict[str, Any] = {}
    for name in options.core or USUAL:
        print(f"\n{name}: synthesising for {CORES[name].device} ...", flush=True)
        begin = time.monotonic()
        try:
            found = synthesise(name, options.folder)
        except (yosys.YosysError, OSError, ValueError) as error:
            print(f"area.py: {error}", file=sys.stderr)
            return 2
        print(f"{time.monotonic() - begin:.0f} s\n")
        held = show(name, found) and held
        if options.table:
            add_to_table(options.table, name, found)
        figures[name] = {
            "device": CORES[name].device,
            "whole": asdict(found.whole),
            "blocks": {
                block: {"instances": number, **asdict(area)}
                for block, (number, area) in found.blocks.items()
            },
        }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if held else 1
