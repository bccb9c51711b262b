# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the step gate's bench.

The stages downstream are played: each step's pairs pass requantisation a while later, and the two
pixels of a raw pair enter the result queue one after the other. `open` is expected from times and
from what is really in flight; the queue never has more pixels than it holds.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, is_high, start

RESERVE = 6
"""Pixels of one more step of two pairs, and of a pair between requantisation and queue."""


@dataclass(frozen=True)
class Layer:
    """The settings of a layer that the gate looks at."""

    pointwise: bool
    raw: bool
    wide_out: bool
    depthwise: bool
    third_out: bool = False
    short_row: bool = False

    def pair_cycles(self, pin: int, pout: int, pixels: int) -> int:
        """The least distance of two pairs, as the module's header has it."""
        words = max(pout // pin, 1)
        if self.raw:
            return 2
        if self.wide_out:
            return (3 if self.third_out else 2) * words
        return max(words, 2) if self.depthwise and pixels == 1 else words


class Stages:
    """What follows the array: requantisation, and the result queue of raw layers."""

    def __init__(self, dut: Dut, layer: Layer, latency: int, taken: float) -> None:
        self.dut = dut
        self.layer = layer
        self.latency = latency
        self.taken = taken
        self.depth = 1 << (int(dut.LEVEL_W.value) - 1)
        self.apart = layer.pair_cycles(
            int(dut.PIN.value), int(dut.POUT.value), int(dut.DEPTHWISE_PIXELS.value)
        )
        self.three = int(dut.CODE_BITS.value) == 3
        self.now = 0
        self.pairs: deque[int] = deque()
        """Cycles in which the pairs in flight pass requantisation."""
        self.pixels: deque[int] = deque()
        """Cycles in which the pixels of pairs that have passed enter the queue."""
        self.level = 0
        self.fullest = 0
        self.steps = 0
        self.pending = 0
        """Pairs of ended steps, less those that passed two cycles ago or earlier."""
        self.passed = False
        """A pair passed in the last cycle."""
        self.next_step = 0
        self.open: bool | None = None

    async def cycle(self, wants_step: bool, tables_ready: bool) -> None:
        """One cycle; a step ends if wanted and allowed."""
        dut, layer = self.dut, self.layer
        step = wants_step and bool(self.open)
        passes = bool(self.pairs) and self.pairs[0] <= self.now
        dut.step_end.value, dut.pair_done.value = int(step), int(passes)
        dut.tables_ready.value, dut.result_level.value = int(tables_ready), self.level
        row_end = random.random() < 0.3
        dut.step_row_end.value = int(row_end)
        await RisingEdge(dut.aclk)
        if self.open is not None:
            assert is_high(dut.open) == self.open, f"{layer}: open is not {self.open}"
            assert is_high(dut.none_pending) == (self.pending == 0)
            assert int(dut.pair_cycles.value) == self.apart

        pairs = 2 if layer.pointwise else 1
        pace = pairs
        if self.three:
            pace, pairs = 2, 1 if row_end and layer.short_row else 2
        room = not layer.raw or 2 * self.pending + self.level <= self.depth - RESERVE
        if step:
            self.steps += 1
            self.next_step = self.now + self.apart * pace
        self.open = self.now + 1 >= self.next_step and room and tables_ready
        self.pending += (pairs if step else 0) - self.passed
        self._flow(step, passes, pairs)
        self.now += 1

    def _flow(self, step: bool, passes: bool, pairs: int) -> None:
        """Pairs and pixels move on; two pairs are never closer than the next stage can take."""
        self.passed = passes
        if passes:
            self.pairs.popleft()
            if self.layer.raw:
                self.pixels.extend((self.now + 2, self.now + 3))
        for index in range(pairs if step else 0):
            due = self.now + self.latency + index * self.apart
            assert not self.pairs or due >= self.pairs[-1] + self.apart, "a pair comes too early"
            self.pairs.append(due)
        if self.level and random.random() < self.taken:
            self.level -= 1
        if self.pixels and self.pixels[0] <= self.now:
            self.pixels.popleft()
            self.level += 1
        assert self.level <= self.depth, "the result queue overflows"
        self.fullest = max(self.fullest, self.level)


async def _layer(dut: Dut, layer: Layer, latency: int, taken: float) -> Stages:
    """Settings, two cycles before the first step and long after the last one."""
    dut.pointwise.value, dut.raw.value = int(layer.pointwise), int(layer.raw)
    dut.wide_out.value, dut.depthwise.value = int(layer.wide_out), int(layer.depthwise)
    dut.third_out.value, dut.short_row.value = int(layer.third_out), int(layer.short_row)
    dut.step_end.value = dut.pair_done.value = dut.tables_ready.value = 0
    dut.result_level.value = 0
    for _ in range(20):
        await RisingEdge(dut.aclk)
    return Stages(dut, layer, latency, taken)


async def _drain(stages: Stages) -> None:
    """Until every pair has passed and every pixel has left."""
    stages.taken = 1.0
    while stages.pairs or stages.pixels or stages.level:
        await stages.cycle(False, True)
    for _ in range(3):
        await stages.cycle(False, False)
    assert stages.pending == 0


async def _open(dut: Dut) -> None:
    names = ("pointwise", "raw", "wide_out", "third_out", "short_row", "depthwise", "step_end")
    for name in (*names, "step_row_end", "pair_done"):
        getattr(dut, name).value = 0
    dut.tables_ready.value = dut.result_level.value = 0
    await start(dut)


def _layers(dut: Dut) -> list[Layer]:
    """All settings; raw results have no width and no depthwise stage."""
    if int(dut.CODE_BITS.value) == 3:
        digits = [(False, False), (True, False), (True, True)]
        return [
            Layer(False, raw, wide, depthwise, third, short)
            for raw, depthwise in ((True, False), (False, False), (False, True))
            for wide, third in (digits[:1] if raw else digits)
            for short in (False, True)
        ]
    kinds = [(True, False, False)]
    kinds += [(False, wide, depthwise) for wide in (False, True) for depthwise in (False, True)]
    return [Layer(pointwise, *kind) for kind in kinds for pointwise in (False, True)]


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def random_steps(dut: Dut) -> None:
    """All kinds of layers, steps and tables at any time, sinks of any speed."""
    await _open(dut)
    layers = 3 * _layers(dut)
    random.shuffle(layers)
    for layer in layers:
        stages = await _layer(dut, layer, random.randint(3, 14), random.choice([0.1, 0.6, 1.0]))
        often_step, often_ready = random.choice([0.3, 1.0]), random.choice([0.5, 0.95, 1.0])
        for _ in range(120):
            await stages.cycle(random.random() < often_step, random.random() < often_ready)
        assert stages.steps
        await _drain(stages)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def steps_as_often_as_allowed(dut: Dut) -> None:
    """With nothing in the way, steps end exactly as far apart as the pairs take."""
    await _open(dut)
    for layer in _layers(dut):
        stages = await _layer(dut, layer, 4, 1.0)
        for _ in range(101):
            await stages.cycle(True, True)
        distance = stages.apart * (2 if layer.pointwise or stages.three else 1)
        assert stages.steps == 1 + (100 - 1) // distance
        await _drain(stages)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_sink_that_stops(dut: Dut) -> None:
    """Raw results that no one takes: the queue fills to within one step, and never overflows."""
    await _open(dut)
    for pointwise in (False, True):
        stages = await _layer(dut, Layer(pointwise, True, False, False), 12, 0.0)
        for _ in range(200):
            await stages.cycle(True, True)
        assert stages.fullest > stages.depth - RESERVE
        await _drain(stages)
