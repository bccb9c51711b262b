# SPDX-License-Identifier: Apache-2.0
"""Count the levels of logic between the registers of a reduced core, synthesised for an ECP5.

A placement's clock is a lottery, the netlist is not: the same Verilog gives the same levels on
every machine. It is mapped for the fewest levels that the logic allows, so it is not quite the
netlist that `make timing` places. A level is a 4-input LUT, a read of distributed memory, or a
carry chain from its first bit on; the multiplexers beside the LUTs and the bits of a chain add
none. Paths begin and end at registers, block memories and multipliers. The deepest paths are listed
by the names at both ends, with what lies between; the exit status is 1 when one is deeper than the
bar.

examples:
  scripts/levels.py
  scripts/levels.py --paths 30           more of the deepest paths
  scripts/levels.py --bar 0              list them, and do not fail
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsfq.simulation import rtl
from tools.hdl import yosys
from tools.hdl.timing import PARAMETERS, TOP, source_name, synthesise

BAR = 4
PATHS = 10
WIRE_PS = 2500
"""More than a LUT and a chain of carries take. With short wires the mapper makes a fifth level
wherever the slowest chain leaves the time for it, which says nothing of the Verilog."""

LEVEL: Mapping[str, int] = {
    "LUT4": 1, "TRELLIS_DPR16X4": 1, "CCU2C": 1, "PFUMX": 0, "L6MUX21": 0, "INV": 0,
}  # fmt: skip
"""Cells that a signal passes in the cycle, and the levels that they add."""
_CLOCKED_PINS = frozenset({"WD", "WAD", "WRE", "WCK", "DI", "CK"})
"""Inputs of distributed memory that do not reach its output in the cycle."""


@dataclass(frozen=True)
class LogicPath:
    """A path: the cells that a signal passes, from the one where it starts to where it ends."""

    levels: int
    cells: tuple[str, ...]

    def names(self) -> list[str]:
        """The Verilog's names along the path, each once in a row."""
        found: list[str] = []
        for cell in self.cells:
            name = source_name(cell)
            if not found or found[-1] != name:
                found.append(name)
        return found


def deepest(netlist: Mapping[str, Any], top: str) -> list[LogicPath]:
    """The deepest path to every end, one for each name in the Verilog, deepest first.

    Raises ValueError for a netlist with a loop of logic.
    """
    cells = netlist["modules"][top]["cells"]
    driver: dict[int, str] = {}
    for name, cell in cells.items():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "output":
                driver |= {bit: name for bit in bits if isinstance(bit, int)}

    depth: dict[str, tuple[int, str | None]] = {}
    for start in cells:
        _measure(start, cells, driver, depth)

    ends: dict[str, LogicPath] = {}
    for name, cell in cells.items():
        if cell["type"] in LEVEL and cell["type"] != "TRELLIS_DPR16X4":
            continue
        levels, before = _arrival(_inputs(cell, ends=True), cells, driver, depth)
        along = [name]
        while before is not None:
            along.append(before)
            before = depth[before][1] if cells[before]["type"] in LEVEL else None
        path = LogicPath(levels, tuple(reversed(along)))
        key = source_name(name)
        if key not in ends or ends[key].levels < levels:
            ends[key] = path
    return sorted(ends.values(), key=lambda path: (-path.levels, path.cells))


def _inputs(cell: Mapping[str, Any], ends: bool) -> Iterator[int]:
    """Bits that reach the cell's outputs in the cycle or, with ``ends``, that it stores."""
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] != "input":
            continue
        if cell["type"] == "TRELLIS_DPR16X4" and (pin in _CLOCKED_PINS) != ends:
            continue
        if pin in ("CLK", "WCK", "CLKA", "CLKB", "CLK0", "CLK1", "CLK2", "CLK3"):
            continue
        yield from (bit for bit in bits if isinstance(bit, int))


def _arrival(
    bits: Iterator[int],
    cells: Mapping[str, Any],
    driver: Mapping[int, str],
    depth: Mapping[str, tuple[int, str | None]],
) -> tuple[int, str | None]:
    """Levels in front of the latest of some bits, and the cell that drives it."""
    latest: tuple[int, str | None] = (0, None)
    for bit in bits:
        cell = driver.get(bit)
        if cell is None:
            continue
        levels = depth[cell][0] if cells[cell]["type"] in LEVEL else 0
        if latest[1] is None or levels > latest[0]:
            latest = (levels, cell)
    return latest


def _measure(
    start: str,
    cells: Mapping[str, Any],
    driver: Mapping[int, str],
    depth: dict[str, tuple[int, str | None]],
) -> None:
    """Levels behind a cell and all that it follows from; without recursion, as paths are long."""
    waiting, under_way = [start], set()
    while waiting:
        name = waiting[-1]
        cell = cells[name]
        if name in depth or cell["type"] not in LEVEL:
            waiting.pop()
            continue
        needed = {
            driver[bit]
            for bit in _inputs(cell, ends=False)
            if bit in driver and driver[bit] not in depth and cells[driver[bit]]["type"] in LEVEL
        }
        if not needed:
            levels, before = _arrival(_inputs(cell, ends=False), cells, driver, depth)
            depth[name] = (levels + _adds(cell, before, cells), before)
            waiting.pop()
            continue
        if name in under_way:
            raise ValueError(f"a loop of logic through {source_name(name)}")
        under_way.add(name)
        waiting += sorted(needed)


def _adds(cell: Mapping[str, Any], before: str | None, cells: Mapping[str, Any]) -> int:
    """Levels of a cell behind another one: a chain of carries counts once."""
    if cell["type"] == "CCU2C" and before is not None and cells[before]["type"] == "CCU2C":
        return 0
    return LEVEL[cell["type"]]


def listing(paths: Sequence[LogicPath]) -> list[str]:
    """A line for every start and number of levels: the names up to one end, and how many more."""
    same: dict[tuple[int, str], list[LogicPath]] = {}
    for path in paths:
        same.setdefault((path.levels, path.names()[0]), []).append(path)
    return [
        f"  {levels:2}  {' > '.join(group[0].names())}"
        + (f"  (and {len(group) - 1} more ends)" if len(group) > 1 else "")
        for (levels, _), group in same.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 at the bar or below, 1 above it, 2 when synthesis failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--paths", type=int, default=PATHS, metavar="N", help=f"({PATHS})")
    parser.add_argument(
        "--bar", type=int, default=BAR, metavar="LEVELS", help=f"at most ({BAR}); 0: no bar"
    )
    parser.add_argument("--folder", type=Path, default=rtl.ROOT / "build" / "levels", metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        print("synthesising for ECP5 (a minute or two) ...", flush=True)
        netlist = json.loads(synthesise(TOP, PARAMETERS, options.folder, WIRE_PS).read_text())
        paths = deepest(netlist, TOP)
    except (yosys.YosysError, OSError, ValueError, KeyError) as error:
        print(f"levels.py: {error}", file=sys.stderr)
        return 2
    worst = paths[0].levels
    print(f"{worst} levels of logic at most (bar {options.bar or 'none'}): {PARAMETERS}")
    for line in listing(paths)[: options.paths]:
        print(line)
    return 0 if not options.bar or worst <= options.bar else 1
