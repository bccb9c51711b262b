# SPDX-License-Identifier: Apache-2.0
"""Coroutines that pass, fail, hang and break the stream contract, for the tests of the runner."""

from __future__ import annotations

import os
import random
from pathlib import Path

import cocotb
import pytest
from cocotb.triggers import ClockCycles, RisingEdge

from tb.support import (
    CHANNEL,
    Dut,
    HandshakeMonitor,
    HandshakeSink,
    HandshakeSource,
    repeating_stalls,
    rng,
    sleep_cycles,
    start,
    start_clock,
)
from tb.support.clocking import PERIOD_NS


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def passes(dut: Dut) -> None:
    """Nothing wrong."""
    start_clock(dut)
    await RisingEdge(dut.aclk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def fails(dut: Dut) -> None:
    """An ordinary failure."""
    raise AssertionError("as intended")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def fails_in_the_background(dut: Dut) -> None:
    """A failure of a task that nobody awaits."""

    async def background() -> None:
        await RisingEdge(dut.aclk)
        raise AssertionError("in the background")

    start_clock(dut)
    cocotb.start_soon(background())
    await ClockCycles(dut.aclk, 10)


@cocotb.test
async def never_ends(dut: Dut) -> None:
    """Loops without simulated time going on: only the wall clock can end it."""
    while True:
        pass


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def waits_are_bounded(dut: Dut) -> None:
    """Every wait fails in time, and says what it waited for."""
    source = HandshakeSource(dut, "s", dut.aclk, CHANNEL)
    sink = HandshakeSink(dut, "m", dut.aclk, CHANNEL, repeating_stalls([100_000]))
    await start(dut)
    source.queue([(1,)] * 5)
    with pytest.raises(AssertionError, match=r"50 cycles .*s_ready.*: 2 beats accepted"):
        await source.wait_sent(50)
    with pytest.raises(AssertionError, match=r"50 cycles .*a transaction on m"):
        await sink.receive(50)
    with pytest.raises(AssertionError, match=r"50 cycles .*a transaction on m"):
        await sink.wait_count(1, 50)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sleeps_as_long_as_it_says(dut: Dut) -> None:
    """sleep_cycles and ClockCycles agree."""
    start_clock(dut)
    await RisingEdge(dut.aclk)
    for cycles in (1, 2, 77):
        before = cocotb.simtime.get_sim_time("ns")
        await sleep_cycles(dut.aclk, cycles)
        assert cocotb.simtime.get_sim_time("ns") - before == cycles * PERIOD_NS


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def writes_random_numbers(dut: Dut) -> None:
    """What a test draws, for the comparison of two runs."""
    numbers = f"{random.getrandbits(64)} {rng().integers(1 << 60)}"
    Path(os.environ["LSFQ_NUMBERS"]).write_text(numbers, encoding="utf-8")


async def _watched(dut: Dut) -> HandshakeMonitor:
    """A monitor on the input channel, which the test then drives by hand."""
    dut.m_ready.value = 0
    dut.s_valid.value = 0
    dut.s_data.value = 0
    monitor = HandshakeMonitor(dut, "s", dut.aclk, CHANNEL)
    await start(dut)
    for _ in range(2):  # fill the design, so that it stalls
        dut.s_valid.value = 1
        await RisingEdge(dut.aclk)
    await RisingEdge(dut.aclk)
    return monitor


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def valid_falls(dut: Dut) -> None:
    """Breaks the contract: valid is withdrawn."""
    await _watched(dut)
    await ClockCycles(dut.aclk, 2)
    dut.s_valid.value = 0
    await ClockCycles(dut.aclk, 5)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def data_changes(dut: Dut) -> None:
    """Breaks the contract: the payload changes while stalled."""
    await _watched(dut)
    await ClockCycles(dut.aclk, 2)
    dut.s_data.value = 1
    await ClockCycles(dut.aclk, 5)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def valid_is_unknown(dut: Dut) -> None:
    """An input that nobody drives (with Icarus)."""
    HandshakeMonitor(dut, "s", dut.aclk, CHANNEL)
    await start(dut)
    await ClockCycles(dut.aclk, 5)
