# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the delay line's bench."""

from __future__ import annotations

import random
from collections import deque

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge

from tb.support import Dut, start

CYCLES = 400


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def delays(dut: Dut) -> None:
    """Every value comes out STAGES cycles later; with RESET, a reset zeroes all of them."""
    stages, resets = int(dut.STAGES.value), int(dut.RESET.value)
    dut.d.value = 0
    await start(dut)
    zeros: list[int | None] = [0] * stages
    held: deque[int | None] = deque(zeros if resets else [None] * stages)
    for _ in range(CYCLES):
        value = random.getrandbits(len(dut.d))
        aresetn = random.random() > 0.03
        dut.d.value = value
        dut.aresetn.value = int(aresetn)
        held.append(value)
        await ReadOnly()
        expected = held.popleft()
        assert expected is None or int(dut.q.value) == expected
        await RisingEdge(dut.aclk)
        if resets and not aresetn:
            held = deque(zeros)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def starts_at_zero(dut: Dut) -> None:
    """After a reset nothing old comes out where RESET is set."""
    dut.d.value = 0
    await start(dut)
    if not int(dut.RESET.value) or not int(dut.STAGES.value):
        return
    ones = (1 << len(dut.d)) - 1
    dut.d.value = ones
    for _ in range(int(dut.STAGES.value) + 2):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 0
    dut.d.value = 0
    await RisingEdge(dut.aclk)
    dut.aresetn.value = 1
    for _ in range(int(dut.STAGES.value) + 2):
        await ReadOnly()
        assert int(dut.q.value) == 0
        await RisingEdge(dut.aclk)
