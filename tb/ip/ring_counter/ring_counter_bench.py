# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the ring counter's bench: expected is the place itself, taken modulo the ring."""

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
    dut.advance.value = random.getrandbits(1)
    await RisingEdge(dut.aclk)
    dut.restart.value = 0


async def _walk(dut: Dut, ring: int, place: int, moves: int) -> None:
    """Move from a place by 0, 1 or 2, with pauses and a restart now and then."""
    await _restart(dut, ring, ring - place)
    now = place
    for _ in range(moves):
        by = random.choice([0, 1, 2] if ring > 1 else [0, 1])
        again = random.random() < 0.05
        dut.advance.value, dut.by.value = int(random.random() < 0.8), by
        returns = random.random() < 0.1
        dut.restart.value, dut.again.value = int(again), int(returns)
        await RisingEdge(dut.aclk)
        where = f"ring {ring}, place {now}, by {by}"
        assert is_high(dut.last) == (now == ring - 1), f"{where}: last"
        assert is_high(dut.last_but_one) == (now == ring - 2), f"{where}: last_but_one"
        assert is_high(dut.wraps) == (now + by >= ring), f"{where}: wraps"
        if again or (is_high(dut.advance) and returns):
            now = place
        elif is_high(dut.advance):
            now = (now + by) % ring
    dut.restart.value = 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def every_small_ring(dut: Dut) -> None:
    """Every place of every small ring, moves of all lengths."""
    dut.restart.value, dut.advance.value, dut.ring.value, dut.start.value = 1, 0, 1, 1
    dut.by.value, dut.again.value = 0, 0
    start_clock(dut)
    for ring in range(1, 8):
        for place in range(ring):
            await _walk(dut, ring, place, 12 * ring)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def large_rings(dut: Dut) -> None:
    """Rings up to the largest, from places near their ends."""
    start_clock(dut)
    largest = (1 << len(dut.ring)) - 1
    for _ in range(60):
        ring = random.choice([largest, random.randint(1, largest)])
        await _walk(dut, ring, max(0, ring - 1 - random.randint(0, 8)), 20)
