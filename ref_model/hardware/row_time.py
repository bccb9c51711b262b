# SPDX-License-Identifier: Apache-2.0
"""Cycles of layers that run in blocks of rows, by the schedule and the order in time.

A block takes the cycles of its rows, and at least as long as its parameters need to come. The
parser takes a block when the one before the last is finished, and the loader stores image rows
beside the array. These are estimates, as those of `order`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import BLOCK_BYTES
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.emission import steps_of
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.order import RUN_CYCLES
from ref_model.hardware.row_plan import RowOrder
from ref_model.hardware.row_shapes import IMAGE, RowLayer
from ref_model.hardware.schedule import row_costs

PARSE_CYCLES = 28
"""Cycles from a block's first beat until its payload flows, its parameters aside."""


@dataclass(frozen=True)
class RowCost:
    """What the rows of a layer cost: cycles up to each row of the array, int64 (rows + 1,).

    ``beats`` of parameters a block; ``numbers`` that a row of a raw layer sends, 0 of others.
    """

    until: npt.NDArray[np.int64]
    beats: int
    numbers: int

    def cycles(self, first: int, end: int) -> int:
        """Cycles of the array's rows ``first`` to ``end`` - 1."""
        array = int(self.until[end] - self.until[first])
        return max(array, (end - first) * self.numbers)


def row_cost(plan: LayerPlan, config: CoreConfig) -> RowCost:
    """The cost of a planned layer's rows."""
    _, cycles = row_costs(plan.work, config)
    size = plan.payload_shape.bytes(config) + BLOCK_BYTES
    channels, _, width = plan.result
    return RowCost(
        np.concatenate([[0], np.cumsum(cycles)]),
        ceil_div(8 * size, config.param_width),
        channels * width if plan.last.raw else 0,
    )


@dataclass(frozen=True)
class Timed:
    """The blocks of one image as time sees them, in order.

    ``blocks`` are (cycles, beats of parameters, LOADs it waits for, 0 for none). Of each LOAD the
    ``load_cycles`` and the block ``behind`` which it stands (-1: its rows are free from the start).
    ``image_read``: the block behind which the first LOADs of the next image stand.
    """

    blocks: tuple[tuple[int, int, int], ...]
    load_cycles: tuple[int, ...]
    behind: tuple[int, ...]
    image_read: int


@dataclass(frozen=True)
class StepCost:
    """A layer in blocks of some rows: ``cycles`` and whether it reads the image; ``beats`` each."""

    cycles: tuple[int, ...]
    beats: int
    reads_image: bool


def step_cost(layer: RowLayer, cost: RowCost, step: int) -> StepCost:
    """The cost of the blocks of a layer that makes ``step`` rows at a time."""
    ends = steps_of(layer.height, step)
    ranges = zip((0, *ends), ends, strict=False)
    cycles = tuple(cost.cycles(*layer.conv_rows(rows)) for rows in ranges)
    return StepCost(cycles, cost.beats, IMAGE in (layer.source, layer.skip))


def timed(
    order: RowOrder, layers: Sequence[StepCost], load_cycles: Sequence[int],
    tail: Sequence[tuple[int, int]], early: bool,
) -> Timed:  # fmt: skip
    """The blocks of an order, then the layers of ``tail`` (cycles, beats).

    ``load_cycles`` are those of each LOAD. ``early``: the next image is loaded while the tail runs,
    and not behind it.
    """
    blocks, asked = [], 0
    for part, number in order.events:
        if part == 0:
            asked = number + 1
            continue
        layer = layers[part - 1]
        blocks.append((layer.cycles[number], layer.beats, asked if layer.reads_image else 0))
    blocks += [(cycles, beats, 0) for cycles, beats in tail]
    read = order.image_read if early else len(blocks) - 1
    return Timed(tuple(blocks), tuple(load_cycles), tuple(order.behind), read)


def pass_cycles(work: Timed, images: int) -> int:
    """Cycles of a pass over ``images``, from the first code to the last result."""
    count, lengths = len(work.blocks), work.load_cycles
    gates = [
        image * count + behind if behind >= 0 else (image - 1) * count + work.image_read
        for image in range(images)
        for behind in work.behind
    ]
    early = sum(behind < 0 for behind in work.behind)
    gates[:early] = [-1] * early
    gates.append(images * count)  # of no LOAD
    ends: list[int] = []
    stored: list[int] = []
    loader = parsed = end = before = number = 0
    for image in range(images):
        for cycles, beats, loads in work.blocks:
            while (gate := gates[number]) < len(ends):
                start = ends[gate] if gate >= 0 else 0
                loader = (loader if loader > start else start) + lengths[number % len(lengths)]
                stored.append(loader)
                number += 1
            parsed = (parsed if parsed > before else before) + PARSE_CYCLES + beats
            before = start = end
            if loads:
                start = max(start, stored[image * len(lengths) + loads - 1])
            end = (start + cycles if start + cycles > parsed else parsed) + RUN_CYCLES
            ends.append(end)
    return end
