# SPDX-License-Identifier: Apache-2.0
"""The area of a core before it is synthesised: a table of measured cores, and what lies between.

``areas.json`` holds what Yosys found (``scripts/area.py --table``). A core that is in it is
*measured*, or *measured earlier* where the Verilog has changed since. Of others

- block RAMs are *computed* from the depths and widths of the core's memories,
- LUTs, flip-flops and multipliers are *interpolated*: sums of a constant and parts that grow with
  POUT, PIN*POUT and PIN, as many of these as there are measured cores of UltraScale+ to fit. For
  another family they are multiplied by the ratio of its measured cores to these, between two of
  them by the logarithm of PIN*POUT. Where it has one alone, multipliers are *scaled* by its ratio,
  and LUTs and flip-flops are *not known*: without a cascade between multipliers the array's sums
  take LUTs, whose number one core does not tell. A second pixel of the depthwise stage adds what
  it added to the 16x16 core, by POUT; deeper memories are taken to cost no LUTs.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lsfq.core import DEFAULT_CORE, verilog_parameters
from lsfq.reports.area import DEVICES, Area
from lsfq.simulation import rtl
from ref_model.hardware.core_config import CoreConfig, ceil_div

TOP = "lsfq_accel"
TABLE = Path(__file__).with_name("areas.json")
RESOURCES = ("lut", "ff", "dsp", "bram")
MEASURED, EARLIER = "measured", "measured earlier"
COMPUTED, INTERPOLATED, SCALED = "computed", "interpolated", "scaled"
UNKNOWN = "not known"

_SHAPES_36 = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))
"""Words and bits of a block RAM of 36 kbit with a port to write and one to read."""
_SHAPES_18 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
_BYTE_SHAPES_36 = ((1024, 32), (2048, 16), (4096, 8), (8192, 4), (16384, 2), (32768, 1))
"""The same where both ports write and read, and bytes are written alone."""
_BYTE_SHAPES_18 = ((1024, 16), (2048, 8), (4096, 4), (8192, 2), (16384, 1))
_COUNTERS = (512, 32)
_BASE = "xcup"


@dataclass(frozen=True)
class Family:
    """A family of devices: its ``name``, and what its multipliers and block RAMs are called."""

    name: str
    dsp: str
    bram: str
    large_blocks: bool
    """Block RAMs of 36 kbit, which divide into two; else they have 18."""


FAMILIES: Mapping[str, Family] = {
    "xcup": Family("UltraScale+", "DSP48E2", "BRAM36", True),
    "xc7": Family("7 series", "DSP48E1", "BRAM36", True),
    "ecp5": Family("ECP5", "MULT18X18D", "EBR", False),
}
_FAMILY_OF = (("ZU", "xcup"), ("XC7", "xc7"), ("LFE5", "ecp5"))


@dataclass(frozen=True)
class Record:
    """A measured core. ``verilog`` is a number for the sources it was made of."""

    name: str
    family: str
    parameters: Mapping[str, int]
    area: Area
    verilog: str

    @property
    def lanes(self) -> tuple[int, int]:
        """PIN and POUT."""
        return self.parameters["PIN"], self.parameters["POUT"]


@dataclass(frozen=True)
class CoreArea:
    """The area of a core, and of each resource how it was found; UNKNOWN ones are 0."""

    area: Area
    how: Mapping[str, str]

    def lacking(self, device: Area) -> list[str]:
        """Resources of which ``device`` has fewer than the core takes."""
        return [
            name
            for name in RESOURCES
            if self.how[name] != UNKNOWN and getattr(self.area, name) > getattr(device, name)
        ]


def find_device(text: str) -> str:
    """The name in `DEVICES` of a device as people write it, xczu3eg say; ValueError."""
    wanted = text.upper()
    for name in (wanted, wanted.removeprefix("XC"), f"XC{wanted}"):
        if name in DEVICES:
            return name
    known = ", ".join(name.lower() for name in DEVICES)
    raise ValueError(f"device {text!r} is not known: choose one of {known}")


def family_of(device: str) -> str:
    """Key in `FAMILIES` of a device's family."""
    return next(family for start, family in _FAMILY_OF if device.startswith(start))


@functools.cache
def read_table(path: Path = TABLE) -> tuple[Record, ...]:
    """The measured cores."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Record(
            entry["name"], entry["family"], entry["parameters"], Area(**entry["area"]),
            entry["verilog"],
        )
        for entry in content["cores"]
    )  # fmt: skip


def core_area(config: CoreConfig, family: str, records: Sequence[Record] | None = None) -> CoreArea:
    """The area of a core on a family of devices, from ``records`` (those of the table)."""
    table = read_table() if records is None else records
    parameters = verilog_parameters(config)
    for record in table:
        same = all(record.parameters[name] == value for name, value in parameters.items())
        if record.family == family and same:
            how = MEASURED if record.verilog == rtl.digest(TOP) else EARLIER
            return CoreArea(record.area, dict.fromkeys(RESOURCES, how))
    found: dict[str, float] = {"bram": blocks_of(config, family)}
    ways = {"bram": COMPUTED}
    for name in ("lut", "ff", "dsp"):
        found[name], ways[name] = _between(config, family, table, name)
    area = Area(round(found["lut"]), round(found["ff"]), round(found["dsp"]), found["bram"])
    return CoreArea(area, ways)


def _between(
    config: CoreConfig, family: str, table: Sequence[Record], name: str
) -> tuple[float, str]:
    """LUTs, flip-flops or multipliers of a core that was not measured, and how they were found."""
    own, base = _plain(table, family), _plain(table, _BASE)
    if not own or not base:
        return 0.0, UNKNOWN
    if len(own) == 1 and name != "dsp":
        return 0.0, UNKNOWN
    fit = _fitted(base, name)
    value, how = fit(config.pin, config.pout), INTERPOLATED
    if family != _BASE:
        ratios = sorted(
            (math.log2(math.prod(record.lanes)), getattr(record.area, name) / fit(*record.lanes))
            for record in own
        )
        sizes, shares = [size for size, _ in ratios], [share for _, share in ratios]
        value *= float(np.interp(math.log2(config.pin * config.pout), sizes, shares))
        how = INTERPOLATED if len(own) > 1 else SCALED
    if config.depthwise_pixels == 2:
        value += _second_pixel(table, name) * config.pout
    return value, how


def _plain(table: Sequence[Record], family: str) -> list[Record]:
    """Records of a family that differ from the default core in their lanes alone."""
    usual = verilog_parameters(DEFAULT_CORE)
    sizes = (
        "FEATURE_DEPTH",
        "WEIGHT_DEPTH",
        "MAX_POOL_WIDTH",
        "DEPTHWISE_PIXELS",
        "ACC_W",
        "DATA_W",
    )
    return [
        record
        for record in table
        if record.family == family and all(record.parameters[x] == usual[x] for x in sizes)
    ]


def _terms(name: str, pin: int, pout: int) -> list[float]:
    """What a resource grows with, what it grows with most first: multipliers are the array's, LUTs
    and flip-flops for the greater part those of each lane's requantisation, pool and stage behind.
    """
    if name == "dsp":
        return [1.0, pin * pout, pout, pin]
    return [1.0, pout, pin * pout, pin]


def _fitted(records: Sequence[Record], name: str) -> Callable[[int, int], float]:
    """A function of PIN and POUT through the records: as many terms as they can tell apart."""
    rows = np.array([_terms(name, *record.lanes) for record in records])
    values = np.array([getattr(record.area, name) for record in records], float)
    used = [0]
    for term in range(1, rows.shape[1]):
        more = [*used, term]
        part = rows[:, more]
        if np.linalg.matrix_rank(part) == len(more):
            solved = np.linalg.lstsq(part, values, rcond=None)[0]
            if (solved[1:] >= 0).all():  # nothing gets smaller as a core grows
                used = more
    solved = np.linalg.lstsq(rows[:, used], values, rcond=None)[0]
    return lambda pin, pout: float(np.dot(solved, np.array(_terms(name, pin, pout))[used]))


def _second_pixel(table: Sequence[Record], name: str) -> float:
    """What a second pixel of the depthwise stage adds, for each lane."""
    for record in table:
        if record.parameters["DEPTHWISE_PIXELS"] == 1:
            continue
        for other in table:
            one = {**record.parameters, "DEPTHWISE_PIXELS": 1}
            if (other.family, dict(other.parameters)) == (record.family, one):
                more = getattr(record.area, name) - getattr(other.area, name)
                return float(more) / record.parameters["POUT"]
    return 0.0


def blocks_of(config: CoreConfig, family: str) -> float:
    """Block RAMs of a core: the sum over its memories, by their depths and widths."""
    large = FAMILIES[family].large_blocks
    beat = verilog_parameters(config)["PARAM_W"]
    width = config.max_pool_width
    window = 32 * (config.pin // 3)
    lines = 3  # one of the pool, two of the depthwise stage
    memories = [
        (width // 2, window, 1),
        (width, 8 * config.pout, lines),
        (*_COUNTERS, 2),
        (config.weight_depth, beat, 12 * config.pin * config.pout // beat),
    ]
    total = _blocks(config.feature_depth, 8 * config.pin, _BYTE_SHAPES_36, _BYTE_SHAPES_18, large)
    for depth, bits, count in memories:
        total += count * _blocks(depth, bits, _SHAPES_36, _SHAPES_18, large)
    return total


def _blocks(
    depth: int, width: int, whole: Sequence[tuple[int, int]], half: Sequence[tuple[int, int]],
    large: bool,
) -> float:  # fmt: skip
    """Block RAMs of a memory: the fewest, all of one shape but a half one for the rest."""
    if not large:
        return float(min(ceil_div(depth, d) * ceil_div(width, w) for d, w in half))
    best = math.inf
    for d, w in whole:
        rows, full = ceil_div(depth, d), width // w
        rest = width - full * w
        small = min((ceil_div(depth, x) * ceil_div(rest, y) / 2 for x, y in half), default=math.inf)
        tail = min(float(rows), small) if rest else 0.0
        best = min(best, rows * full + tail)
    return best


def as_data(found: CoreArea, device: str | None) -> dict[str, dict[str, Any]]:
    """Plain data: of each resource its number, how it was found, and what the device has."""
    have = None if device is None else asdict(DEVICES[device])
    return {
        name: {
            "count": getattr(found.area, name) if found.how[name] != UNKNOWN else None,
            "how": found.how[name],
            "of": None if have is None else have[name],
        }
        for name in RESOURCES
    }
