# SPDX-License-Identifier: Apache-2.0
"""Clock, reset and waits that cannot hang."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import LogicObject
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, Timer, with_timeout

PERIOD_NS = 10
RESET_CYCLES = 4

T = TypeVar("T")

Dut = Any
"""Handle of a design: which signals it has is known to the simulator, not to a type checker."""


def rng() -> np.random.Generator:
    """A numpy generator seeded from LSFQ_SEED and the test's name, as ``random`` is."""
    return np.random.default_rng(random.getrandbits(64))


def start_clock(dut: Dut, name: str = "aclk") -> LogicObject:
    """Start the clock of `dut`; the signal is returned."""
    clock: LogicObject = getattr(dut, name)
    clock.value = 0
    Clock(clock, PERIOD_NS, unit="ns").start()
    return clock


async def reset(
    dut: Dut, cycles: int = RESET_CYCLES, clock: str = "aclk", name: str = "aresetn"
) -> None:
    """Hold the active-low synchronous reset for `cycles` rising edges."""
    edge = getattr(dut, clock)
    getattr(dut, name).value = 0
    await ClockCycles(edge, cycles)
    getattr(dut, name).value = 1
    await RisingEdge(edge)


async def start(dut: Dut) -> None:
    """Start ``aclk`` and reset by ``aresetn``. Make the drivers first: they set the inputs."""
    dut.aresetn.value = 0
    start_clock(dut)
    await reset(dut)


async def sleep_cycles(clock: LogicObject, cycles: int) -> None:
    """Until the rising edge `cycles` periods from now (at least 1), without a step for each.

    For long waits: ClockCycles wakes Python at every edge.
    """
    await Timer(cycles * PERIOD_NS - PERIOD_NS // 2, "ns")
    await RisingEdge(clock)


async def bounded(awaitable: Awaitable[T], cycles: int, awaited: str | Callable[[], str]) -> T:
    """Result of `awaitable`, or a failure after `cycles` clock periods that says what was
    `awaited`.

    `awaited` may be a function, called at the failure, so that it can tell how far things had come.
    """
    try:
        return await with_timeout(awaitable, cycles * PERIOD_NS, "ns")
    except SimTimeoutError:
        what = awaited if isinstance(awaited, str) else awaited()
        raise AssertionError(f"after {cycles} cycles still waiting for {what}") from None


async def wait_high(signal: LogicObject, cycles: int) -> None:
    """Wait until `signal` is 1 (at once where it is)."""
    if not is_high(signal):
        await bounded(signal.rising_edge, cycles, f"{signal._path} to rise")


def is_high(signal: LogicObject) -> bool:
    """Whether a control signal is 1; an unknown value is a failure, not a guess."""
    value = signal.value
    if not value.is_resolvable:
        raise AssertionError(
            f"{signal._path} is {value} at {cocotb.simtime.get_sim_time('ns'):.0f} ns"
        )
    return bool(value)
