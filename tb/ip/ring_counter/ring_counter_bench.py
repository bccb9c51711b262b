# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the ring counter's bench: expected is the number of places left, by additions."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, is_high, start_clock


async def _restart(dut: Dut, ring: int, left: int) -> None:
    """Restart, at times after cycles with other settings, and with `advance` high."""
    dut.restart.value = 1
    for _ in range(random.choice([0, 0, 2])):
        dut.ring.value, dut.start.value = random.randint(1, 7), random.randint(1, 7)
        await RisingEdge(dut.aclk)
    dut.ring.value, dut.start.value = ring, left
    for _ in range(2):
        dut.advance.value = random.getrandbits(1)
        await RisingEdge(dut.aclk)
    dut.restart.value = 0


async def _walk(dut: Dut, ring: int, left: int, by: int, moves: int) -> None:
    """Move by 1 or 2 places, with pauses, returns and a restart now and then."""
    dut.two.value = by - 1
    await _restart(dut, ring, left)
    now = left
    for _ in range(moves):
        restarts, returns = random.random() < 0.05, random.random() < 0.1
        dut.restart.value, dut.again.value = int(restarts), int(returns)
        dut.advance.value = int(random.random() < 0.8)
        await RisingEdge(dut.aclk)
        where = f"ring {ring}, {now} left, by {by}"
        assert is_high(dut.last) == (now == 1), f"{where}: last"
        assert is_high(dut.last_but_one) == (now == 2), f"{where}: last_but_one"
        assert is_high(dut.wraps) == (now <= by), f"{where}: wraps"
        if restarts or (is_high(dut.advance) and returns):
            now = left
        elif is_high(dut.advance):
            now += ring - by if now <= by else -by
    dut.restart.value = 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def every_small_ring(dut: Dut) -> None:
    """Every place of every small ring, and one before it."""
    dut.restart.value, dut.advance.value, dut.ring.value, dut.start.value = 1, 0, 1, 1
    dut.two.value, dut.again.value = 0, 0
    start_clock(dut)
    for ring in range(1, 8):
        for left in range(1, ring + 2):
            for by in (1, 2) if ring > 1 else (1,):
                await _walk(dut, ring, left, by, 8 * ring)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def large_rings(dut: Dut) -> None:
    """Rings up to the largest, from places near their ends."""
    start_clock(dut)
    largest = (1 << len(dut.ring)) - 1
    for _ in range(60):
        ring = random.choice([largest, random.randint(2, largest)])
        await _walk(dut, ring, min(ring, random.randint(1, 9)), random.choice([1, 2]), 20)
