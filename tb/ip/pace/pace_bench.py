# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the pace's bench: expected is the time from which the next start is allowed."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, is_high, reset, start


async def _starts(dut: Dut, cycles: int, chance: float, length: int) -> int:
    """Starts with this chance in every cycle that allows one; returns their number.

    In each of `length` cycles `ready` and `next_ready` are exact. Ends when the next start is
    allowed, so that `cycles` may change.
    """
    dut.cycles.value = cycles
    dut.start.value = 0
    await RisingEdge(dut.aclk)
    now = free_at = starts = 0
    while now < length or now < free_at:
        free = now >= free_at
        go = free and now < length and random.random() < chance
        dut.start.value = int(go)
        await RisingEdge(dut.aclk)
        if go:
            free_at = now + cycles
            starts += 1
        now += 1
        assert is_high(dut.ready) == free, f"cycles {cycles}, {now}: ready is not {free}"
        assert is_high(dut.next_ready) == (now >= free_at), f"cycles {cycles}: next_ready is wrong"
    dut.start.value = 0
    return starts


async def _open(dut: Dut) -> int:
    """Reset; returns the longest pace."""
    dut.start.value, dut.cycles.value = 0, 1
    await start(dut)
    return (1 << len(dut.cycles)) - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_pace(dut: Dut) -> None:
    """Starts as often as allowed: exactly `cycles` apart."""
    longest = await _open(dut)
    for cycles in range(1, longest + 1):
        assert await _starts(dut, cycles, 1.0, 5 * cycles) == 5


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_starts(dut: Dut) -> None:
    """Starts at any time, the pace changed between them."""
    longest = await _open(dut)
    for _ in range(60):
        cycles = random.choice([1, 2, 3, longest, random.randint(1, longest)])
        await _starts(dut, cycles, random.choice([0.1, 0.5, 0.9]), random.randint(1, 60))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_ends_the_wait(dut: Dut) -> None:
    """After a reset a start is allowed at once."""
    longest = await _open(dut)
    dut.cycles.value = longest
    await RisingEdge(dut.aclk)
    dut.start.value = 1
    await RisingEdge(dut.aclk)
    dut.start.value = 0
    await RisingEdge(dut.aclk)
    assert not is_high(dut.ready)
    await reset(dut, cycles=1)
    assert is_high(dut.ready)
    await _starts(dut, longest, 1.0, 2 * longest)
