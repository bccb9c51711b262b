# SPDX-License-Identifier: Apache-2.0
"""Area of the core by block: what Yosys' cells of UltraScale+, 7 series and ECP5 cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsfq.reports.area import Area

BLOCKS = (
    "lane", "accumulator", "array", "requant", "stride", "depthwise", "skip_reader", "max_pool",
    "writer", "result", "sequencer", "parser", "loader", "ram", "weight_memory",
    "constant_memory", "registers", "pass_control", "counters", "skid",
)  # fmt: skip
"""Modules (``lsfq_...``) that stay apart in the netlist; all others are part of what holds them."""

_LUTS_OF_MEMORY = {
    "RAM32X1S": 1, "RAM32X1D": 2, "RAM32M": 4, "RAM32M16": 8, "RAM64X1S": 1, "RAM64X1D": 2,
    "RAM64M": 4, "RAM64M8": 8, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4, "RAM256X1D": 8,
    "RAM512X1S": 8, "SRL16E": 1, "SRLC32E": 1,
}  # fmt: skip
_BRAMS = {"RAMB36E1": 1.0, "RAMB36E2": 1.0, "RAMB18E1": 0.5, "RAMB18E2": 0.5}
_ECP5 = {
    "LUT4": Area(lut=1), "CCU2C": Area(lut=2), "TRELLIS_DPR16X4": Area(lut=6),
    "TRELLIS_FF": Area(ff=1), "MULT18X18D": Area(dsp=1), "DP16KD": Area(bram=1),
    "PDPW16KD": Area(bram=1),
}  # fmt: skip
"""An ECP5's: a carry cell is two LUTs, 16x4 bits of memory are four and two for writing; ``bram``
are blocks of 18 kbit. Multiplexers beside the LUTs cost nothing."""
_LUT_NAMES = ("LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6")


def of_cells(cells: Mapping[str, int]) -> Area:
    """Area of counted cells. Raises ValueError on a memory cell whose size is not known."""
    total = Area()
    lattice = "TRELLIS_FF" in cells or "CCU2C" in cells
    for name, count in cells.items():
        if lattice and name in _ECP5:
            total += _ECP5[name] * count
        elif name in _LUT_NAMES:
            total += Area(lut=count)
        elif name in _LUTS_OF_MEMORY:
            total += Area(lut=count * _LUTS_OF_MEMORY[name])
        elif name.startswith("FD"):
            total += Area(ff=count)
        elif name.startswith("DSP48"):
            total += Area(dsp=count)
        elif name in _BRAMS:
            total += Area(bram=count * _BRAMS[name])
        elif name.startswith(("RAM", "SRL", "URAM", "LUT", "MULT", "PDPW", "TRELLIS_")):
            raise ValueError(f"area of the cell {name} is not known")
    return total


def block_of(module: str) -> str:
    """The block that a module of the netlist is, without parameters and prefix; "" for none."""
    for part in module.split("\\"):
        if part.startswith("lsfq_"):
            return part.removeprefix("lsfq_")
    return ""


@dataclass(frozen=True)
class Synthesis:
    """Area of a netlist's modules (own cells and all below), and of the whole."""

    blocks: Mapping[str, tuple[int, Area]]
    """instances, area of all together"""
    whole: Area


def of_statistics(statistics: Mapping[str, Any], top: str) -> Synthesis:
    """Areas from the JSON of Yosys' ``stat``: modules with ``num_cells_by_type``."""
    modules: Mapping[str, Mapping[str, int]] = {
        name.lstrip("\\"): module["num_cells_by_type"]
        for name, module in statistics["modules"].items()
    }
    areas: dict[str, Area] = {}

    def area(name: str) -> Area:
        if name not in areas:
            cells = modules[name]
            inside = {cell.lstrip("\\"): n for cell, n in cells.items()}
            total = of_cells({cell: n for cell, n in inside.items() if cell not in modules})
            for cell, n in inside.items():
                if cell in modules:
                    total += area(cell) * n
            areas[name] = total
        return areas[name]

    blocks: dict[str, tuple[int, Area]] = {}

    def count(name: str, times: int) -> None:
        for cell, n in modules[name].items():
            cell = cell.lstrip("\\")
            if cell in modules:
                number, total = blocks.get(block_of(cell), (0, Area()))
                blocks[block_of(cell)] = (number + times * n, total + area(cell) * (times * n))
                count(cell, times * n)

    whole = area(top)
    count(top, 1)
    return Synthesis(blocks, whole)
