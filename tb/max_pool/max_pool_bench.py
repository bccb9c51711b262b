# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the max pool's bench; expected is the reference model's pool."""

from __future__ import annotations

import random

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.integer.arithmetic import max_pool_2x2
from tb.common import Dut, rng, start
from tb.pipeline import pack

Codes = npt.NDArray[np.int64]
Beat = tuple[int, int]  # set, codes of all channels


class Pool:
    """Feeds pixels and collects what leaves; a pixel never leaves without `busy` before."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.received: list[Beat] = []
        self._busy = False

    async def cycle(self) -> None:
        dut = self.dut
        await RisingEdge(dut.aclk)
        if dut.m_valid.value:
            assert self._busy, "a pixel leaves and busy was low"
            self.received.append((int(dut.m_set.value), int(dut.m_code.value)))
        self._busy = bool(dut.busy.value)

    async def pixel(self, chosen: int, end: bool, code: int, gap: float) -> None:
        dut = self.dut
        while random.random() < gap:
            dut.s_valid.value = 0
            dut.s_set.value, dut.s_end.value = random.getrandbits(1), random.getrandbits(1)
            dut.s_code.value = random.getrandbits(len(dut.s_code))
            await self.cycle()
        dut.s_valid.value = 1
        dut.s_set.value, dut.s_end.value = chosen, int(end)
        dut.s_code.value = code
        await self.cycle()

    async def idle(self, cycles: int) -> None:
        self.dut.s_valid.value = 0
        for _ in range(cycles):
            await self.cycle()

    async def restart(self) -> None:
        """A layer begins."""
        self.dut.restart.value = 1
        await self.idle(1)
        self.dut.restart.value = 0

    async def group(self, maps: Codes, gap: float, stop_at: int | None = None) -> None:
        """Codes (set, channel, H, W) in the array's order, or the first `stop_at` pixels of it."""
        sets, _, height, width = maps.shape
        order = [
            (chosen, y, x)
            for y in range(height)
            for t in range(-(-width // 2))
            for chosen in range(sets)
            for x in range(2 * t, min(2 * t + 2, width))
        ]
        for chosen, y, x in order[:stop_at]:
            end = (y, x) == (height - 1, width - 1)
            await self.pixel(chosen, end, pack(maps[chosen, :, y, x].tolist(), 8), gap)


def _expected(maps: Codes, enable: bool) -> list[Beat]:
    """What leaves of a group, in order: pairs of the sets alternate, or single pooled pixels."""
    sets, _, height, width = maps.shape
    if not enable:
        return [
            (chosen, pack(maps[chosen, :, y, x].tolist(), 8))
            for y in range(height)
            for t in range(-(-width // 2))
            for chosen in range(sets)
            for x in range(2 * t, min(2 * t + 2, width))
        ]
    pooled = max_pool_2x2(maps)
    return [
        (chosen, pack(pooled[chosen, :, y, x].tolist(), 8))
        for y in range(height // 2)
        for x in range(width // 2)
        for chosen in range(sets)
    ]


def _random_maps(
    generator: np.random.Generator, dut: Dut, sets: int, height: int, width: int
) -> Codes:
    high = int(generator.choice([1, 3, 15, 255]))
    return generator.integers(0, high + 1, (sets, int(dut.POUT.value), height, width))


async def _open(dut: Dut) -> Pool:
    for name in ("clear", "restart", "enable", "width", "s_valid", "s_set", "s_end", "s_code"):
        getattr(dut, name).value = 0
    await start(dut)
    return Pool(dut)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_maps(dut: Dut) -> None:
    """Layers of several groups back to back: odd sizes, one or two sets, pooled or passed on."""
    pool = await _open(dut)
    generator = rng()
    widest = int(dut.MAX_WIDTH.value)
    for index in range(60):
        enable = bool(generator.random() < 0.7)
        width = widest if index % 10 == 0 else int(generator.integers(2, widest + 1))
        if not enable:
            width = int(generator.integers(1, 2 * widest))
        height, sets = int(generator.integers(2, 8)), int(generator.integers(1, 3))
        dut.enable.value, dut.width.value = int(enable), width
        await pool.restart()
        expected: list[Beat] = []
        gap = float(generator.choice([0, 0, 0.5]))
        for _ in range(int(generator.integers(1, 4))):
            maps = _random_maps(generator, dut, sets, height, width)
            expected += _expected(maps, enable)
            await pool.group(maps, gap)
        await pool.idle(4)
        case = f"{height} x {width}, {sets} sets, enable {enable}"
        assert pool.received == expected, f"{case}: wrong pixels"
        pool.received.clear()


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(signal=["restart", "clear"])
async def begins_anew(dut: Dut, signal: str) -> None:
    """A group that breaks off anywhere leaves no trace in the next."""
    pool = await _open(dut)
    generator = rng()
    dut.enable.value = 1
    for _ in range(20):
        height, width = int(generator.integers(2, 6)), int(generator.integers(2, 8))
        sets = int(generator.integers(1, 3))
        dut.width.value = width
        maps = _random_maps(generator, dut, sets, height, width)
        await pool.group(maps, 0.1, int(generator.integers(1, height * width * sets)))
        getattr(dut, signal).value = 1
        await pool.idle(1)
        getattr(dut, signal).value = 0
        pool.received.clear()
        await pool.idle(int(generator.integers(0, 3)))
        assert not pool.received, f"a pixel leaves after {signal}"
        await pool.group(maps, 0.1)
        await pool.idle(4)
        assert pool.received == _expected(maps, True)
