# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the dual-port memory's bench. It has no reset."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, start_clock

CYCLES = 2000
LATENCY = 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reads_what_was_written(dut: Dut) -> None:
    """Random words on both ports, random segments written: the old word, two cycles on.

    Few addresses make the ports meet in one cycle.
    """
    depth, width = int(dut.DEPTH.value), int(dut.WIDTH.value)
    segments = int(dut.SEGMENTS.value)
    size = width // segments
    words = [0] * depth
    for signal in (dut.a_address, dut.b_address, dut.b_write_enable, dut.b_write_data):
        signal.value = 0
    start_clock(dut)
    await RisingEdge(dut.aclk)

    pipe: list[tuple[int, int] | None] = [None] * LATENCY
    for _ in range(CYCLES):
        a, b = random.randrange(depth), random.randrange(depth)
        enable = random.choice([0, random.getrandbits(segments), (1 << segments) - 1])
        data = random.getrandbits(width)
        dut.a_address.value, dut.b_address.value = a, b
        dut.b_write_enable.value, dut.b_write_data.value = enable, data
        await RisingEdge(dut.aclk)  # samples what is written here, gives what came before
        expected = pipe.pop(0)
        assert expected is None or (int(dut.a_data.value), int(dut.b_data.value)) == expected
        pipe.append((words[a], words[b]))
        for segment in range(segments):
            if enable >> segment & 1:
                mask = (1 << size) - 1 << segment * size
                words[b] = words[b] & ~mask | data & mask
