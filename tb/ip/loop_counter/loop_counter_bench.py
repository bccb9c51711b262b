# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the loop counter's bench: expected is a list of turns, one round after another."""

from __future__ import annotations

import random
from itertools import pairwise

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, is_high, start_clock

LONGEST = 40


async def _restart(dut: Dut, count: int) -> None:
    """Restart, at times for several cycles with other counts before, and with `advance` high."""
    dut.restart.value = 1
    for _ in range(random.choice([0, 0, 1, 3])):
        dut.count.value = random.randint(1, (1 << len(dut.count)) - 1)
        dut.advance.value = random.getrandbits(1)
        await RisingEdge(dut.aclk)
    dut.count.value = count
    dut.advance.value = random.getrandbits(1)
    await RisingEdge(dut.aclk)
    dut.restart.value = 0


async def _loop(dut: Dut, count: int, turns: int, chance: float) -> None:
    """So many turns of rounds of `count`, each one checked in every cycle that it lasts."""
    await _restart(dut, count)
    rounds = [turn == count - 1 for turn in range(count)]
    lasts = (rounds * (turns // count + 2))[: turns + 1]
    for last, next_last in pairwise(lasts):
        moves = False
        while not moves:
            moves = random.random() < chance
            dut.advance.value = int(moves)
            await RisingEdge(dut.aclk)
            assert is_high(dut.last) == last, f"count {count}: last is not {last}"
            assert is_high(dut.next_last) == next_last, f"count {count}: next_last is wrong"


def _open(dut: Dut) -> int:
    """Start the clock; returns the largest count."""
    dut.restart.value, dut.advance.value, dut.count.value = 1, 0, 1
    start_clock(dut)
    return (1 << len(dut.count)) - 1


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def small_counts(dut: Dut) -> None:
    """Every small count, three rounds and a part of one, without a pause."""
    for count in range(1, min(_open(dut), LONGEST) + 1):
        await _loop(dut, count, 3 * count + random.randint(1, count), 1.0)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def random_loops(dut: Dut) -> None:
    """Counts in any order, restarts in mid-round, turns of any length."""
    largest = _open(dut)
    for _ in range(80):
        count = random.choice([1, 2, 3, largest, random.randint(1, largest)])
        await _loop(dut, count, random.randint(1, LONGEST), random.choice([0.3, 0.8, 1.0]))
