# SPDX-License-Identifier: Apache-2.0
"""A network's first layers in blocks of rows: every LAYER and LOAD block of one image, in order.

The layers 0 to K - 1 are the *region*. Each makes its result some rows at a time (its *step*), and
of each tensor only the rows that are still needed are kept, in a *ring*: row y is at ring row
y mod R. Tensors that are read behind the region are there as a whole at its end (R = height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ref_model.hardware.emission import (
    Event,
    Part,
    emit,
    image_need,
    load_steps,
    part_of,
    readers_of,
    ring_rows,
)
from ref_model.hardware.row_shapes import IMAGE, BlockRows, Range, RowLayer, block_rows


@dataclass(frozen=True)
class RowImage:
    """The image: its ``height``, and how many rows of it are ``stored``.

    ``window``: three rows of it are stored as one; ``thinned``: of those only rows 0, 2, 4, ...
    """

    height: int
    window: bool = False
    thinned: bool = False

    @property
    def stored(self) -> int:
        """Rows as the first layer sees them."""
        return (self.height + 1) // 2 if self.thinned else self.height

    def taken(self, stored: int) -> int:
        """Image rows that have to come for the first ``stored`` rows."""
        if not self.window:
            return stored
        return min(stored * (2 if self.thinned else 1) + (0 if self.thinned else 1), self.height)


@dataclass(frozen=True)
class RowLoad:
    """A LOAD of some rows of an image.

    It takes the image's rows ``taken`` from the stream, stores ``rows`` of the tensor, and stands
    behind layer block ``behind`` of the image: -1 where its rows are free from the start. ``first``
    and ``last`` rows of the image may be in one LOAD.
    """

    taken: Range
    rows: Range
    behind: int
    first: bool
    last: bool


@dataclass(frozen=True)
class RowBlock:
    """A LAYER block of some rows: ``loads`` of the image's LOADs are stored before it starts."""

    layer: int
    block: BlockRows
    loads: int


@dataclass(frozen=True)
class Region:
    """What decides a row plan: the layers in rows, their steps, and the image's.

    ``whole``: layers whose results are read behind the region.
    """

    image: RowImage
    layers: tuple[RowLayer, ...]
    load_step: int
    steps: tuple[int, ...]
    whole: tuple[int, ...]

    def parts(self) -> list[Part]:
        """The image and the layers as `emission` sees them."""
        ends = load_steps(self.image.stored, self.load_step, self.windowed)
        return [
            Part(ends),
            *(
                part_of(layer, step, IMAGE)
                for layer, step in zip(self.layers, self.steps, strict=True)
            ),
        ]

    @property
    def windowed(self) -> bool:
        """Whether a LOAD must not end one row before the last."""
        return self.image.window and not self.image.thinned


@dataclass(frozen=True)
class RowPlan:
    """The blocks of one image. ``rings`` are rows of the image and of each layer's result."""

    region: Region
    rings: tuple[int, ...]
    loads: tuple[RowLoad, ...]
    blocks: tuple[RowBlock, ...]
    image_read: int
    """Index of the last block that reads the image."""

    def ring(self, tensor: int) -> int:
        """Rows of the ring of a tensor: IMAGE, or the index of the layer that makes it."""
        return self.rings[tensor + 1]


@dataclass(frozen=True)
class RowOrder:
    """The order of a region's blocks and LOADs: what time depends on.

    ``events`` are those of `emission.emit`; ``image_rows`` the rows of the image's ring, with room
    for a LOAD more than is needed; ``behind`` the layer block behind which each LOAD stands, -1
    where its rows are free from the start; ``image_read`` the last block that reads the image.
    """

    events: list[Event]
    image_rows: int
    behind: list[int]
    image_read: int


def row_order(parts: Sequence[Part], whole: Sequence[int]) -> RowOrder:
    """The order of the parts of a region; ``whole`` as in `Region`.

    All of the image is taken, also the rows that nothing reads: they are in the stream.
    """
    events = emit(parts, len(parts) - 1, [*(index + 1 for index in whole), 0])
    ends, readers = parts[0].ends, readers_of(parts, 0)
    count = [0] * len(parts)
    lows: list[int] = []
    low = before = rows = image_read = 0
    for part, number in events:
        if part == 0:
            rows = max(rows, image_need(ends, number, low, before))
            before = low
            continue
        count[part] = number + 1
        if part in readers:
            low = min(reading[count[reader]] for reader, reading in readers.items())
            image_read = len(lows)
        lows.append(low)
    rows, behind, found = min(rows, ends[-1]), -1, []
    for end in ends:
        while end - (lows[behind] if behind >= 0 else 0) > rows:
            behind += 1
        found.append(behind)
    return RowOrder(events, rows, found, image_read)


def plan_rows(region: Region) -> RowPlan:
    """The blocks, LOADs and least rings of ``region``; the image's has room for a LOAD more."""
    parts = region.parts()
    order = row_order(parts, region.whole)
    rings = ring_rows(parts, order.events)
    rings[0] = order.image_rows
    for index in region.whole:
        rings[index + 1] = region.layers[index].height
    blocks, asked = [], 0
    for part, number in order.events:
        if part == 0:
            asked = number + 1
            continue
        ends = parts[part].ends
        rows = (ends[number - 1] if number else 0, ends[number])
        blocks.append(RowBlock(part - 1, block_rows(region.layers[part - 1], rows), asked))
    loads = _loads(region.image, parts[0].ends, order.behind)
    return RowPlan(region, tuple(rings), loads, tuple(blocks), order.image_read)


def _loads(image: RowImage, ends: Sequence[int], behind: Sequence[int]) -> tuple[RowLoad, ...]:
    found, start = [], 0
    for end, block in zip(ends, behind, strict=True):
        taken = (image.taken(start) if start else 0, image.taken(end))
        found.append(RowLoad(taken, (start, end), block, start == 0, end == image.stored))
        start = end
    return tuple(found)
