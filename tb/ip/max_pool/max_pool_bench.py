# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the max pool's bench; expected is the reference model's pool."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.hardware.layout import pairs_of
from ref_model.integer.arithmetic import max_pool
from tb.support import Dut, rng, start
from tb.support.pipeline import pack, unpack

Codes = npt.NDArray[np.int64]
Pair = tuple[int, int, int | None]  # set, codes of the even pixel, of the odd one if it exists


def _pairs(maps: Codes) -> list[tuple[int, int, int]]:
    """Set, row and pair of maps (set, channel, H, W), in the array's order."""
    sets, _, height, width = maps.shape
    return [
        (chosen, y, t)
        for y in range(height)
        for t in range(pairs_of(width))
        for chosen in range(sets)
    ]


def _pair(maps: Codes, chosen: int, y: int, t: int) -> Pair:
    even, *odd = (
        pack(maps[chosen, :, y, x].tolist(), 8) for x in range(2 * t, min(2 * t + 2, maps.shape[3]))
    )
    return chosen, even, odd[0] if odd else None


class Pool:
    """Feeds pairs and collects what leaves; a pair never leaves without `busy` before."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.received: list[Pair] = []
        self._busy = False

    async def cycle(self) -> None:
        dut = self.dut
        await RisingEdge(dut.aclk)
        if dut.m_valid.value:
            assert self._busy, "a pair leaves and busy was low"
            even, odd = unpack(int(dut.m_code.value), 8 * int(dut.POUT.value), 2)
            self.received.append((int(dut.m_set.value), even, odd if dut.m_both.value else None))
        self._busy = bool(dut.busy.value)

    def _drive(self, *, valid: bool, chosen: int, both: bool, row_end: bool, end: bool) -> None:
        dut = self.dut
        dut.s_valid.value, dut.s_set.value, dut.s_both.value = int(valid), chosen, int(both)
        dut.s_row_end.value, dut.s_end.value = int(row_end), int(end)

    async def idle(self, cycles: int) -> None:
        """Nothing valid, anything else."""
        for _ in range(cycles):
            both, row_end, end = (random.random() < 0.5 for _ in range(3))
            chosen = random.getrandbits(1)
            self._drive(valid=False, chosen=chosen, both=both, row_end=row_end, end=end)
            self.dut.s_code.value = random.getrandbits(len(self.dut.s_code))
            await self.cycle()

    async def restart(self) -> None:
        """A layer begins."""
        self.dut.restart.value = 1
        await self.idle(1)
        self.dut.restart.value = 0

    async def group(self, maps: Codes, gap: float, stop_at: int | None = None) -> None:
        """Codes (set, channel, H, W) in the array's order, or the first `stop_at` pairs of it."""
        _, _, height, width = maps.shape
        pixel = 8 * int(self.dut.POUT.value)
        for chosen, y, t in _pairs(maps)[:stop_at]:
            while random.random() < gap:
                await self.idle(1)
            _, even, odd = _pair(maps, chosen, y, t)
            row_end = t == pairs_of(width) - 1
            end = row_end and y == height - 1
            self._drive(valid=True, chosen=chosen, both=odd is not None, row_end=row_end, end=end)
            missing = random.getrandbits(pixel) if odd is None else odd
            self.dut.s_code.value = even | missing << pixel
            await self.cycle()


def _expected(maps: Codes, size: int, above: bool) -> list[Pair]:
    """What leaves of a group, in order; 3x3: ``above`` is a row above the first result's centre."""
    if above:  # the same map with one more row on top, of which nothing is seen in later results
        maps = np.pad(maps, ((0, 0), (0, 0), (1, 0), (0, 0)))
    kept = max_pool(maps, size)[:, :, int(above) :]
    return [_pair(kept, *place) for place in _pairs(kept)]


def _random_maps(
    generator: np.random.Generator, dut: Dut, sets: int, height: int, width: int
) -> Codes:
    high = int(generator.choice([1, 3, 15, 255]))
    return generator.integers(0, high + 1, (sets, int(dut.POUT.value), height, width))


@dataclass(frozen=True)
class Layer:
    """Settings of a layer: size of the pool (1: none), sets, rows and columns of its maps."""

    size: int
    above: bool
    sets: int
    height: int
    width: int

    def set(self, dut: Dut) -> None:
        """Drive what the layer word would."""
        dut.enable.value = int(self.size > 1)
        dut.three.value = int(self.size == 3)
        dut.above.value = int(self.above)
        dut.two_sets.value = self.sets - 1
        dut.rows.value = self.height


def _random_layer(generator: np.random.Generator, widest: int) -> Layer:
    size = int(generator.choice([1, 2, 3, 3]))
    above = size == 3 and bool(generator.random() < 0.4)
    least = 1 if size != 2 else 2
    most = widest if size > 1 else 2 * widest
    width = int(
        generator.choice([least, least + 1, most, int(generator.integers(least, most + 1))])
    )
    height = int(generator.integers(1 + (size == 2 or above), 9))
    return Layer(size, above, int(generator.integers(1, 3)), height, width)


async def _open(dut: Dut) -> Pool:
    for name in ("restart", "enable", "three", "above", "two_sets", "s_valid", "s_code"):
        getattr(dut, name).value = 0
    dut.rows.value = 1
    await start(dut)
    return Pool(dut)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_maps(dut: Dut) -> None:
    """Layers of several groups back to back: odd sizes, one or two sets, pooled or passed on."""
    pool = await _open(dut)
    generator = rng()
    drawn: set[tuple[int, bool, int, bool, bool]] = set()
    for _ in range(200):
        layer = _random_layer(generator, int(dut.MAX_WIDTH.value))
        layer.set(dut)
        await pool.restart()
        expected: list[Pair] = []
        gap = float(generator.choice([0, 0, 0.5]))
        for _ in range(int(generator.integers(1, 4))):
            maps = _random_maps(generator, dut, layer.sets, layer.height, layer.width)
            expected += _expected(maps, layer.size, layer.above)
            await pool.group(maps, gap)
        await pool.idle(4)
        assert pool.received == expected, f"{layer}: wrong pairs"
        pool.received.clear()
        pairs = pairs_of(layer.width)
        drawn.add((layer.size, layer.above, layer.sets, bool(layer.height % 2), pairs == 1))
    three = {draw for draw in drawn if draw[0] == 3}
    assert len(three) == 16, f"only {three}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def signs_of_every_place(dut: Dut) -> None:
    """A single code in an empty map reaches the results whose windows it is in, and no other."""
    pool = await _open(dut)
    height, width = 5, 7
    Layer(3, above=False, sets=1, height=height, width=width).set(dut)
    await pool.restart()
    for place in range(height * width):
        maps = np.zeros((1, int(dut.POUT.value), height, width), np.int64)
        y, x = divmod(place, width)
        maps[0, :, y, x] = 255
        await pool.group(maps, 0)
        await pool.idle(4)
        codes = [
            unpack(code, 8, 1)[0] for _, *pair in pool.received for code in pair if code is not None
        ]
        reached = {divmod(place, 4) for place, code in enumerate(codes) if code}
        near = {(v, u) for v in range(3) for u in range(4) if abs(2 * v - y) < 2 > abs(2 * u - x)}
        assert len(codes) == 12
        assert reached == near, f"the code at {y}, {x} reaches {reached}"
        pool.received.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut: Dut) -> None:
    """A pair that completes one leaves two cycles later, whatever the pool."""
    pool = await _open(dut)
    for size in (1, 2, 3):
        Layer(size, above=False, sets=1, height=2, width=4).set(dut)
        await pool.restart()
        maps = np.arange(16).reshape(1, 1, 2, 8)[:, :, :, :4].repeat(int(dut.POUT.value), axis=1)
        await pool.group(maps, 0)
        count = len(_expected(maps, size, above=False))
        await pool.idle(1)
        assert len(pool.received) == count - 1
        await pool.idle(1)
        assert len(pool.received) == count
        pool.received.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(signal=["restart", "aresetn"])
async def begins_anew(dut: Dut, signal: str) -> None:
    """A group that breaks off anywhere leaves no trace in the next."""
    pool = await _open(dut)
    generator = rng()
    for _ in range(40):
        size, sets = int(generator.integers(2, 4)), int(generator.integers(1, 3))
        above = size == 3 and bool(generator.random() < 0.5)
        height, width = int(generator.integers(2, 6)), int(generator.integers(2, 8))
        Layer(size, above, sets, height, width).set(dut)
        await pool.restart()
        maps = _random_maps(generator, dut, sets, height, width)
        await pool.group(maps, 0.1, int(generator.integers(1, height * pairs_of(width) * sets)))
        idle = int(signal == "aresetn")
        getattr(dut, signal).value = 1 - idle
        await pool.idle(1)
        getattr(dut, signal).value = idle
        pool.received.clear()
        await pool.idle(int(generator.integers(0, 3)))
        assert not pool.received, f"a pair leaves after {signal}"
        await pool.group(maps, 0.1)
        await pool.idle(4)
        assert pool.received == _expected(maps, size, above)
