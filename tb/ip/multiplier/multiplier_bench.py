# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the bench of the 3-bit multiplier: every operand, in every form."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import ClockCycles

from tb.support import Dut, start

OPERANDS = 7**3 * 8**4
PART = 4001
"""Cycles with one number before the products."""


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def every_operand(dut: Dut) -> None:
    """Every operand once; the Verilog asserts that each form makes twelve products of it."""
    dut.ahead.value = 0
    await start(dut)
    cycles = 0
    while cycles < OPERANDS:
        dut.ahead.value = random.getrandbits(48)
        await ClockCycles(dut.aclk, PART)
        cycles += PART
        assert not dut.done.value or cycles > OPERANDS
    await ClockCycles(dut.aclk, 20)
    assert dut.done.value
