# SPDX-License-Identifier: Apache-2.0
"""Which rows of its input a layer needs for some rows of its result.

A layer's rows are counted at four places: its input as stored, what leaves the array, what leaves a
depthwise layer behind it, and what is stored. A block of the layer makes the stored rows a to b - 1
from the array's rows e to f - 1, and these from the input's rows i to j - 1. All ranges are pairs
(first row, row behind the last).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import ceil_div
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.integer.network import INPUT

IMAGE = -1
"""Index of the image among the tensors; layer j makes tensor j."""

Range = tuple[int, int]
"""First row, and the row behind the last."""


@dataclass(frozen=True)
class RowLayer:
    """What the rows of a layer depend on.

    ``source`` and ``skip`` are indices of tensors. ``halo``: a 3x3 kernel reads the rows beside
    each row, too. ``stride`` is that of the rows, 1 where the rows between are not stored.
    ``depthwise`` is the stride of the depthwise layer behind the array, 0 without one; ``pool`` is
    1, 2 (2x2) or 3 (3x3 with stride 2 and padding 1). Heights: of the input, of what leaves the
    array, of what is pooled, of what is stored.
    """

    source: int
    skip: int | None
    halo: bool
    stride: int
    depthwise: int
    pool: int
    input_height: int
    array_height: int
    pooled_height: int
    height: int

    def conv_rows(self, rows: Range) -> Range:
        """The array's rows that the stored ``rows`` are made of."""
        first, end = self.pooled_rows(rows)
        if self.depthwise:
            stride = self.depthwise
            return max(first * stride - 1, 0), min((end - 1) * stride + 2, self.array_height)
        return first, end

    def pooled_rows(self, rows: Range) -> Range:
        """The rows in front of the pool, behind a depthwise layer, for stored ``rows``."""
        first, end = rows
        if self.pool == 1:
            return first, end
        first = max(2 * first - 1, 0) if self.pool == 3 else 2 * first
        return first, min(2 * end, self.pooled_height)

    def input_rows(self, rows: Range) -> Range:
        """The input's rows that the array's ``rows`` are made of."""
        first, end = rows
        last = (end - 1) * self.stride
        if self.halo:
            return max(first * self.stride - 1, 0), min(last + 2, self.input_height)
        return first * self.stride, min(last + 1, self.input_height)


@dataclass(frozen=True)
class BlockRows:
    """The rows of one block of a layer, and which of them lie beside those that it makes.

    ``above`` and ``below``: the first, the last row of ``inputs`` is read, but is no centre of the
    kernel. ``above_behind`` and ``below_behind``: the same of ``array``, for the depthwise layer or
    the 3x3 pool behind the array; where there are both, ``above_behind`` holds for both, as neither
    begins at the map's first row. With a stride of 2 the row below follows from the number of rows
    and has no flag.
    """

    rows: Range
    array: Range
    inputs: Range
    above: bool
    below: bool
    above_behind: bool
    below_behind: bool


def block_rows(layer: RowLayer, rows: Range) -> BlockRows:
    """The block of ``layer`` that makes the stored ``rows``."""
    behind, array = layer.pooled_rows(rows), layer.conv_rows(rows)
    inputs = layer.input_rows(array)
    if layer.depthwise:
        above_behind = array[0] < behind[0] * layer.depthwise
        below_behind = layer.depthwise == 1 and array[1] > behind[1]
    else:
        above_behind, below_behind = layer.pool == 3 and array[0] < 2 * rows[0], False
    return BlockRows(
        rows, array, inputs,
        layer.halo and inputs[0] < array[0] * layer.stride,
        layer.halo and layer.stride == 1 and inputs[1] > array[1],
        above_behind, below_behind,
    )  # fmt: skip


def row_layers(layers: Sequence[LayerPlan]) -> tuple[RowLayer, ...]:
    """The rows of planned layers, in order. A full map is one row that needs all of its input."""
    index = {INPUT: IMAGE} | {plan.last.name: j for j, plan in enumerate(layers)}
    return tuple(_row_layer(plan, index) for plan in layers)


def _row_layer(plan: LayerPlan, index: dict[str, int]) -> RowLayer:
    layer, behind = plan.layer, plan.depthwise
    array_height = plan.result[1]
    pooled = array_height if behind is None else ceil_div(array_height, behind.stride)
    return RowLayer(
        source=index[plan.fused.reads],
        skip=None if layer.skip is None else index[layer.skip],
        halo=plan.kernel is Kernel.K3X3,
        stride=1 if plan.thinned else layer.stride,
        depthwise=0 if behind is None else behind.stride,
        pool=plan.last.pool,
        input_height=plan.source[1],
        array_height=array_height,
        pooled_height=pooled,
        height=plan.output[1],
    )
