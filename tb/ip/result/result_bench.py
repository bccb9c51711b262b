# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the result stream's bench: pixel pairs of all lanes in, one channel a beat out."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.integer.ranges import signed_range
from tb.support import Dut, bounded, is_high, reset, rng, start, to_signed

INPUTS = (
    "close", "pointwise", "channels", "images", "last_layer", "restart",
    "s_valid", "s_set", "s_both", "s_end", "s_raw",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A pair as the requantisation gives it; without `both` the odd pixel holds anything."""

    set_: int
    both: int
    end: int
    raw: int


@dataclass(frozen=True)
class Layer:
    """A raw layer: its pairs in the array's order, and the beats to be sent."""

    sets: int
    channels: int
    images: int
    pairs: list[Pair]
    beats: list[int]


def random_layer(generator: np.random.Generator, pout: int, width: int) -> Layer:
    """Any size and number of channels, the ends of the numbers' range among them."""
    sets = random.choice([1, 2])
    rows, columns = random.choice([(1, 1), (1, 1), (1, 2), (3, 1), (2, 3), (3, 4)])
    channels = random.choice([1, pout - 1, pout, pout + 1, 2 * pout, random.randint(1, 5 * pout)])
    low, high = signed_range(width)
    images = random.choice([1, 1, 2, 3])
    pixels = random.choice([1, 2])  # of a pair: one with stride 2
    numbers = generator.integers(low, high + 1, (images, channels, rows, columns))
    ends = generator.choice([low, -1, 0, 1, high], numbers.shape)
    numbers = np.where(generator.random(numbers.shape) < 0.3, ends, numbers)
    lanes = pout * sets
    pairs, beats = [], []
    for first, image in np.ndindex(-(-channels // lanes), images):
        group = numbers[image, first * lanes : (first + 1) * lanes]
        in_row = -(-columns // pixels)
        for y, t, set_ in np.ndindex(rows, in_row, sets):
            codes = group[set_ * pout : (set_ + 1) * pout, y, pixels * t : pixels * (t + 1)]
            both = codes.shape[1] == 2
            word = sum(
                _pack(codes[:, x] if x == 0 or both else codes[:0, 0], pout, width)
                << x * pout * width
                for x in range(2)
            )
            end = y == rows - 1 and t == in_row - 1
            pairs.append(Pair(set_, int(both), int(end), word))
            beats += codes.T.reshape(-1).tolist()
    return Layer(sets, channels, images, pairs, beats)


def _pack(numbers: npt.NDArray[np.int64], pout: int, width: int) -> int:
    """Lanes side by side; those without a channel hold anything."""
    mask = (1 << width) - 1
    lanes = [int(number) & mask for number in numbers]
    lanes += [random.getrandbits(width) for _ in range(pout - len(lanes))]
    return sum(lane << width * index for index, lane in enumerate(lanes))


class Bench:
    """Gives pairs while the queue has room, and takes beats."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.rng = rng()
        for name in (*INPUTS, "m_ready"):
            getattr(dut, name).value = 0
        self.willing = 1.0
        self.forget()

    def forget(self) -> None:
        """No beat was taken yet."""
        self.beats: list[tuple[int, bool]] = []
        self.last_taken = 0
        self._promised: tuple[int, bool] | None = None

    async def open(self) -> None:
        """Clock and reset."""
        await start(self.dut)
        cocotb.start_soon(self._take())

    async def _take(self) -> None:
        """Collect beats. One that waits stays as it is, unless the packet is closed."""
        dut = self.dut
        while True:
            await RisingEdge(dut.aclk)
            valid, ready = is_high(dut.m_valid), is_high(dut.m_ready)
            beat = (int(dut.m_data.value), is_high(dut.m_last)) if valid else None
            if self._promised is not None:
                assert beat == self._promised, "a waiting beat changed"
            self._promised = beat if not ready and not is_high(dut.close) else None
            if not is_high(dut.aresetn):
                self._promised = None
            if beat is not None and ready:
                self.beats.append(beat)
            self.last_taken += is_high(dut.last_taken)
            dut.m_ready.value = int(random.random() < self.willing)

    def random_layer(self) -> Layer:
        """A layer for this design."""
        return random_layer(self.rng, int(self.dut.POUT.value), int(self.dut.RAW_W.value))

    async def give(self, layer: Layer, pairs: int | None = None, *, last: bool = True) -> None:
        """The layer's pairs, or the first of them."""
        dut, depth = self.dut, int(self.dut.DEPTH.value)
        dut.pointwise.value = int(layer.sets == 2)
        dut.channels.value, dut.images.value = layer.channels, layer.images
        dut.last_layer.value = int(last)
        await self.pulse("restart")
        pace = random.choice([0.3, 1.0])
        for index, pair in enumerate(layer.pairs[:pairs]):
            if index:
                await RisingEdge(dut.aclk)  # no closer than two cycles
            while int(dut.level.value) >= depth - 3 or random.random() > pace:
                await RisingEdge(dut.aclk)
            dut.s_set.value, dut.s_both.value, dut.s_end.value = pair.set_, pair.both, pair.end
            dut.s_raw.value = pair.raw
            await self.pulse("s_valid")
            # the odd pixel is taken now, and the tags are another pair's
            for name in ("s_set", "s_both", "s_end"):
                getattr(dut, name).value = random.getrandbits(1)

    async def pulse(self, name: str) -> None:
        """One cycle of an input."""
        getattr(self.dut, name).value = 1
        await RisingEdge(self.dut.aclk)
        getattr(self.dut, name).value = 0

    async def wait_idle(self) -> None:
        """Until everything was taken."""
        await ClockCycles(self.dut.aclk, 2)

        async def idle() -> None:
            while not is_high(self.dut.idle):
                await RisingEdge(self.dut.aclk)

        await bounded(idle(), 20_000, lambda: f"idle, after {len(self.beats)} beats")

    async def check(self, *layers: Layer) -> None:
        """Whole layers as one packet."""
        self.forget()
        self.willing = random.choice([0.2, 0.7, 1.0])
        for index, layer in enumerate(layers):
            await self.give(layer, last=index == len(layers) - 1)
        await self.wait_idle()
        numbers = [to_signed(data, 64) for data, _ in self.beats]
        expected = [beat for layer in layers for beat in layer.beats]
        assert numbers == expected, [(x.channels, x.sets, x.images) for x in layers]
        lasts = [last for _, last in self.beats]
        assert lasts == [False] * (len(lasts) - 1) + [True]
        assert self.last_taken == 1


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def random_layers(dut: Dut) -> None:
    """Every channel that exists, in order, TLAST with the last layer's last; both group sizes."""
    bench = Bench(dut)
    await bench.open()
    for _ in range(60):
        await bench.check(*(bench.random_layer() for _ in range(random.choice([1, 1, 2, 3]))))


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def one_beat_a_cycle(dut: Dut) -> None:
    """A queue that waits leaves without a gap."""
    bench = Bench(dut)
    await bench.open()
    layer = bench.random_layer()
    while len(layer.pairs) != 2:
        layer = bench.random_layer()
    bench.willing = 0.0
    await ClockCycles(dut.aclk, 2)
    await bench.give(layer)
    assert not bench.beats
    bench.willing = 1.0
    await ClockCycles(dut.aclk, 1 + len(layer.beats))  # the sink's own step, then the beats
    await RisingEdge(dut.aclk)
    assert len(bench.beats) == len(layer.beats)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def close_in_flight(dut: Dut) -> None:
    """`close` at any time: a packet that has begun ends with a 0 and TLAST, one that has not is
    dropped; no beat of it comes later, and the next layer is complete.
    """
    bench = Bench(dut)
    await bench.open()
    ends = set()
    for _ in range(200):
        layer = bench.random_layer()
        bench.forget()
        bench.willing = random.choice([0.1, 0.5, 1.0])
        await bench.give(layer, random.randint(0, len(layer.pairs)))
        await ClockCycles(dut.aclk, random.randint(0, 6))
        hold = random.random() < 0.5
        if hold:
            bench.willing = 0.0
            await ClockCycles(dut.aclk, 2)
        await bench.pulse("close")
        before = len(bench.beats)
        await ClockCycles(dut.aclk, 2)
        if hold:
            whole = before == len(layer.beats)
            assert is_high(dut.idle) == (before == 0 or whole), "idle before the packet's end"
        bench.willing = random.choice([0.3, 1.0])
        await bench.wait_idle()
        sent = [to_signed(data, 64) for data, _ in bench.beats]
        assert len(sent) - before <= (1 if hold else 2), "went on after close"
        assert [last for _, last in bench.beats] == [i == len(sent) - 1 for i in range(len(sent))]
        assert bench.last_taken == int(bool(sent))
        closed = bool(sent) and sent != layer.beats
        if closed:
            assert sent == [*layer.beats[: len(sent) - 1], 0]
            assert len(sent) > 1, "a packet that had not begun was closed"
        ends.add((bool(sent), closed))
        await ClockCycles(dut.aclk, 5)
        assert len(bench.beats) == len(sent)
        if random.random() < 0.5:
            await bench.check(bench.random_layer())
    assert ends == {(False, False), (True, False), (True, True)}, ends


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reset_in_flight(dut: Dut) -> None:
    """After a reset nothing of the packet is left."""
    bench = Bench(dut)
    await bench.open()
    for _ in range(10):
        layer = bench.random_layer()
        bench.willing = 0.3
        await bench.give(layer, random.randint(1, len(layer.pairs)))
        await reset(dut)
        assert is_high(dut.idle)
        assert not is_high(dut.m_valid)
        await bench.check(bench.random_layer())
