# SPDX-License-Identifier: Apache-2.0
"""Where the region of rows ends, and the steps of its layers: few cycles within the memory.

All steps begin at one row. Then, as long as one helps: of the moves *double one step* and *double a
step and those of all that feed it* take the one that saves most cycles a word more, if it fits. The
region ends behind the layer for which that gives the fewest cycles.

A ring depends on few steps: those of the layers between two *cuts*, tensors past which nothing
older is read. So rings are counted cut by cut and kept, and the cycles of a layer's blocks depend
on its own step alone. Only moves that these two numbers recommend are followed through time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ref_model.hardware.emission import (
    Part,
    emit,
    load_steps,
    part_of,
    ring_rows,
)
from ref_model.hardware.order import RUN_CYCLES
from ref_model.hardware.row_plan import Region, RowImage, RowPlan, plan_rows, row_order
from ref_model.hardware.row_shapes import IMAGE, RowLayer
from ref_model.hardware.row_time import RowCost, StepCost, pass_cycles, step_cost, timed

PATIENCE = 4
"""Regions tried without gain before the search ends."""
FOLLOWED = 3
"""Moves of a round that are followed through time."""

Steps = tuple[int, ...]
"""Rows a block: of the image, then of each layer."""


@dataclass(frozen=True)
class RowProblem:
    """What the search is told of a network.

    ``row_words`` are the words of one row of the image and of each layer's result; ``costs`` those
    of each layer's rows. ``image_row``: cycles of storing an image row. ``tail_words[k]`` are the
    words that the layers from k on need behind a region that ends before k, None where it cannot
    end there. ``depth``: words of the memory. ``images`` of a pass.
    """

    image: RowImage
    layers: tuple[RowLayer, ...]
    row_words: tuple[int, ...]
    costs: tuple[RowCost, ...]
    image_row: int
    tail_words: tuple[int | None, ...]
    depth: int
    images: int = 1


@dataclass(frozen=True)
class RowChoice:
    """A plan in rows, the words of its rings, and the cycles an image of the whole network."""

    plan: RowPlan
    words: int
    cycles: float


@dataclass
class _Segment:
    """Layers ``first`` + 1 to ``last``, which read tensor ``first`` and one another."""

    first: int
    last: int
    whole: tuple[int, ...]
    known: dict[Steps, tuple[int, ...]] = field(default_factory=dict)


def search_rows(problem: RowProblem) -> RowChoice | None:
    """The best plan in rows, or None when no region fits. Always the same one."""
    best: RowChoice | None = None
    idle = 0
    for end in region_ends(problem):
        found = _Climb(problem, end).climb()
        if found is None:
            continue
        if best is None or found.cycles < best.cycles:
            best, idle = found, 0
            continue
        idle += 1
        if idle == PATIENCE:
            break
    return best


def region_ends(problem: RowProblem) -> Iterator[int]:
    """Numbers of layers that a region may have."""
    for end in range(1, len(problem.layers) + 1):
        words = problem.tail_words[end]
        if words is not None and words <= problem.depth:
            yield end


def least_words(problem: RowProblem, end: int) -> int:
    """Words of the rings of the first ``end`` layers, row by row, and of their tail."""
    climb = _Climb(problem, end)
    return max(climb.words((1,) * (end + 1)), problem.tail_words[end] or 0)


def region_of(problem: RowProblem, end: int, steps: Steps) -> Region:
    """The region of the first ``end`` layers with ``steps``."""
    layers = problem.layers[:end]
    return Region(problem.image, layers, steps[0], steps[1:], read_behind(problem.layers, end))


def read_behind(layers: Sequence[RowLayer], end: int) -> tuple[int, ...]:
    """Layers before ``end`` whose results are read from ``end`` on, or by nobody."""
    read = {tensor for layer in layers[:end] for tensor in _reads(layer)}
    behind = {tensor for layer in layers[end:] for tensor in _reads(layer)}
    return tuple(j for j in range(end) if j in behind or j not in read)


def _reads(layer: RowLayer) -> tuple[int, ...]:
    return (layer.source,) if layer.skip is None else (layer.source, layer.skip)


def pass_of(problem: RowProblem, plan: RowPlan, image_end: int, early: bool) -> int:
    """Cycles of a pass in which the layers before ``image_end`` run image by image.

    The layers behind are not counted. ``early`` as in `row_time.timed`.
    """
    region = plan.region
    parts = region.parts()
    made = zip(region.layers, problem.costs, region.steps, strict=False)
    layers = [step_cost(layer, cost, step) for layer, cost, step in made]
    tail = _whole_layers(problem.costs[len(region.layers) : image_end])
    order = row_order(parts, region.whole)
    work = timed(order, layers, _load_cycles(problem, parts[0]), tail, early)
    return pass_cycles(work, problem.images)


def _load_cycles(problem: RowProblem, image: Part) -> list[int]:
    """Cycles of each LOAD."""
    taken = [0, *(problem.image.taken(end) for end in image.ends)]
    return [(b - a) * problem.image_row for a, b in itertools.pairwise(taken)]


def _whole_layers(costs: Sequence[RowCost]) -> list[tuple[int, int]]:
    """Cycles and beats of layers that run whole."""
    return [(cost.cycles(0, len(cost.until) - 1), cost.beats) for cost in costs]


class _Climb:
    """The search for the steps of one region."""

    def __init__(self, problem: RowProblem, end: int) -> None:
        self._problem, self._end = problem, end
        self._heights = (problem.image.stored, *(x.height for x in problem.layers[:end]))
        self._whole = read_behind(problem.layers, end)
        self._segments = list(self._cut())
        self._parts: dict[tuple[int, int, int], Part] = {}
        self._costs: dict[tuple[int, int], StepCost] = {}
        self._tail = _whole_layers(problem.costs[end:])
        feeding = [{0}]
        for layer in problem.layers[:end]:
            feeding.append({len(feeding)}.union(*(feeding[t + 1] for t in _reads(layer))))
        single = [{index} for index in range(end + 1)]
        self._moves = single + [x for x in feeding if len(x) > 1]

    def climb(self) -> RowChoice | None:
        """The steps that the moves end at; None when not even single rows fit."""
        steps: Steps = (1,) * (self._end + 1)
        words = self.words(steps)
        if words > self._problem.depth:
            return None
        cycles = self.cycles(steps)
        while True:
            best: tuple[float, float, int, Steps] | None = None
            for more, larger in self._promising(steps, words):
                gain = cycles - (after := self.cycles(larger))
                rate = gain / max(more, 1)
                if gain > 0 and (best is None or rate > best[0]):
                    best = rate, after, more, larger
            if best is None:
                break
            _, cycles, more, steps = best
            words += more
        plan = plan_rows(region_of(self._problem, self._end, steps))
        return RowChoice(plan, words, cycles)

    def _promising(self, steps: Steps, words: int) -> Iterator[tuple[int, Steps]]:
        """Moves that fit, as (words more, steps): the best by themselves, and all of the image."""
        found, seen = [], {steps}
        for move in self._moves:
            larger = tuple(
                min(2 * step, height) if index in move else step
                for index, (step, height) in enumerate(zip(steps, self._heights, strict=True))
            )
            if larger in seen:
                continue
            seen.add(larger)
            more = self.words(larger) - words
            if words + more > self._problem.depth:
                continue
            saved = sum(
                self._stepped(index - 1, steps[index]) - self._stepped(index - 1, larger[index])
                for index in move
                if index
            )
            found.append((saved / max(more, 1), more, larger, 0 in move))
        found.sort(key=lambda entry: -entry[0])
        for place, (rate, more, larger, image) in enumerate(found):
            if image or (place < FOLLOWED and rate > 0):
                yield more, larger

    def cycles(self, steps: Steps) -> float:
        """Cycles an image; the next one is loaded beside the tail where there is room."""
        problem = self._problem
        parts = [self._source(IMAGE, steps[0])]
        parts += [self._part(index, step, IMAGE) for index, step in enumerate(steps[1:])]
        order = row_order(parts, self._whole)
        ring = order.image_rows * problem.row_words[0]
        early = (problem.tail_words[self._end] or 0) + ring <= problem.depth
        layers = [self._cost(index, step) for index, step in enumerate(steps[1:])]
        loads = _load_cycles(problem, parts[0])
        images = min(problem.images, 2)
        return pass_cycles(timed(order, layers, loads, self._tail, early), images) / images

    def words(self, steps: Steps) -> int:
        """Words of all rings."""
        rings = [0] * (self._end + 1)
        for segment in self._segments:
            for tensor, rows in enumerate(self._rows(segment, steps), segment.first + 1):
                rings[tensor] = max(rings[tensor], rows)
        for index in self._whole:
            rings[index + 1] = self._heights[index + 1]
        return sum(rows * size for rows, size in zip(rings, self._problem.row_words, strict=False))

    def _stepped(self, index: int, step: int) -> int:
        """Cycles of a layer with a step, with what lies between its blocks."""
        cost = self._cost(index, step)
        return sum(max(cycles, cost.beats) + RUN_CYCLES for cycles in cost.cycles)

    def _cost(self, index: int, step: int) -> StepCost:
        if (index, step) not in self._costs:
            layer, cost = self._problem.layers[index], self._problem.costs[index]
            self._costs[index, step] = step_cost(layer, cost, step)
        return self._costs[index, step]

    def _cut(self) -> Iterator[_Segment]:
        """The region from cut to cut."""
        layers = self._problem.layers[: self._end]
        oldest = [min(_reads(layer)) for layer in layers]
        first = IMAGE
        for last in range(self._end):
            if last == self._end - 1 or min(oldest[last + 1 :]) >= last:
                whole = tuple(j for j in self._whole if first < j <= last)
                yield _Segment(first, last, whole)
                first = last

    def _rows(self, segment: _Segment, steps: Steps) -> tuple[int, ...]:
        """Rows of the rings of tensors ``first`` to ``last``; 0 of the last: it is read later."""
        first, last = segment.first, segment.last
        key = steps[first + 1 : last + 2]
        if key not in segment.known:
            parts = [self._source(first, key[0])]
            for index, step in enumerate(key[1:], first + 1):
                parts.append(self._part(index, step, first))
            events = emit(parts, last - first, [j - first for j in segment.whole])
            rows = ring_rows(parts, events)
            if first == IMAGE:
                rows[0] = row_order(parts, []).image_rows
            segment.known[key] = (*rows[:-1], 0)
        return segment.known[key]

    def _source(self, tensor: int, step: int) -> Part:
        """The tensor that a segment reads, as a part that reads nothing."""
        image = self._problem.image
        window = tensor == IMAGE and image.window and not image.thinned
        return Part(load_steps(self._heights[tensor + 1], step, window))

    def _part(self, index: int, step: int, first: int) -> Part:
        if (index, step, first) not in self._parts:
            self._parts[index, step, first] = part_of(self._problem.layers[index], step, first)
        return self._parts[index, step, first]
