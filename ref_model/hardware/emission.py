# SPDX-License-Identifier: Apache-2.0
"""The order in which the blocks of several layers and the image's LOADs run: depth first.

A block asks for the rows that it reads and that are not there yet; each layer makes its next block
when it is asked, and asks in turn. So a row is made as late as possible, and is needed as short a
time as possible. The last layer's blocks drive the others.

A tensor is a *part* here: the rows that are complete after each of its blocks, and for each tensor
that it reads, which rows of that a block needs. Nothing else is known of layers in this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ref_model.hardware.row_shapes import RowLayer, block_rows

BEYOND = 1 << 30
"""A row that no map has."""


@dataclass(frozen=True)
class Reading:
    """What the blocks of a part need of one tensor.

    Before block n rows up to ``ends[n]`` of it are complete, and row ``lows[n]`` is the least that
    block n and those behind it still need; the last entry is for after the last block.
    """

    tensor: int
    ends: tuple[int, ...]
    lows: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """How a tensor is made: rows complete after each block, and what each block reads.

    ``order`` says which readings are asked for first.
    """

    ends: tuple[int, ...]
    readings: tuple[Reading, ...] = ()


Event = tuple[int, int]
"""Block ``n`` of part ``p``, as (p, n)."""


def steps_of(height: int, step: int) -> tuple[int, ...]:
    """Rows complete after each block of ``step`` rows.

    >>> steps_of(7, 3)
    (3, 6, 7)
    """
    return (*range(step, height, step), height)


def load_steps(height: int, step: int, window: bool) -> tuple[int, ...]:
    """Stored image rows complete after each LOAD of ``step`` rows.

    An image row completes the window row above it, the last one its own, too: in a ``window`` no
    LOAD ends one row before the last.

    >>> load_steps(7, 3, True), load_steps(7, 3, False)
    ((3, 7), (3, 6, 7))
    """
    ends = steps_of(height, step)
    return tuple(end for end in ends if not window or height == 1 or end != height - 1)


def part_of(layer: RowLayer, step: int, first: int) -> Part:
    """The part of a layer that makes ``step`` rows a block; tensor ``first`` is part 0."""
    ends = steps_of(layer.height, step)
    blocks = [block_rows(layer, rows) for rows in zip((0, *ends), ends, strict=False)]
    readings = [
        Reading(
            layer.source - first,
            tuple(block.inputs[1] for block in blocks),
            (*(block.inputs[0] for block in blocks), BEYOND),
        )
    ]
    if layer.skip is not None:
        readings.append(
            Reading(
                layer.skip - first,
                tuple(block.array[1] for block in blocks),
                (*(block.array[0] for block in blocks), BEYOND),
            )
        )
    return Part(ends, tuple(readings))


def emit(parts: Sequence[Part], last: int, whole: Sequence[int] = ()) -> list[Event]:
    """The blocks of all ``parts`` in their order: part ``last`` drives; those ``whole`` follow.

    ``whole`` are parts that have to be complete at the end although ``last`` may not need all of
    their rows.
    """
    done = [0] * len(parts)
    count = [0] * len(parts)
    events: list[Event] = []

    def make(index: int) -> None:
        part, number = parts[index], count[index]
        for reading in part.readings:
            tensor, end = reading.tensor, reading.ends[number]
            while done[tensor] < end:
                make(tensor)
        events.append((index, number))
        count[index] = number + 1
        done[index] = part.ends[number]

    for index in (last, *whole):
        while count[index] < len(parts[index].ends):
            make(index)
    return events


def ring_rows(parts: Sequence[Part], events: Sequence[Event]) -> list[int]:
    """Rows of each part's ring: the most that are complete, or being made, and still needed.

    Parts that nobody reads need their whole height.
    """
    readers = [list(readers_of(parts, index).items()) for index in range(len(parts))]
    ends = [part.ends for part in parts]
    count = [0] * len(parts)
    rows = [0] * len(parts)
    for index, number in events:
        low = min([lows[count[reader]] for reader, lows in readers[index]], default=0)
        needed = ends[index][number] - low
        if needed > rows[index]:
            rows[index] = needed
        count[index] = number + 1
    return rows


def image_need(ends: Sequence[int], number: int, low: int, before: int) -> int:
    """Rows of the image's ring for LOAD ``number``, where row ``low`` is the least still needed.

    A LOAD runs while the rows of the one before are read: of those ``before`` was the least. The
    last LOAD does not where it is longer than the others.
    """
    longer = number > 0 and ends[number] - ends[number - 1] > ends[0]
    return ends[number] - (low if longer else before)


def readers_of(parts: Sequence[Part], tensor: int) -> dict[int, tuple[int, ...]]:
    """The parts that read part ``tensor``, and the least row that each needs before each block."""
    found: dict[int, tuple[int, ...]] = {}
    for index, part in enumerate(parts):
        for reading in part.readings:
            if reading.tensor == tensor:
                known = found.get(index, reading.lows)
                found[index] = tuple(map(min, known, reading.lows))
    return found
