# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the memory's bench. It has no reset."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, start_clock

CYCLES = 1500
LATENCY = 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(addresses=[2, 1000])
async def reads_what_was_written(dut: Dut, addresses: int) -> None:
    """Random writes of random segments while random other words are read, two cycles on."""
    depth, width = int(dut.DEPTH.value), int(dut.WIDTH.value)
    segments = int(dut.SEGMENTS.value)
    size = width // segments
    used = random.sample(range(depth), min(addresses, depth))
    used = sorted({*used, 0, depth - 1}) if addresses > 2 else used
    words = dict.fromkeys(used, 0)
    for signal in (dut.write_enable, dut.write_address, dut.write_data):
        signal.value = 0
    dut.read_address.value = used[0]
    start_clock(dut)
    await RisingEdge(dut.aclk)

    if addresses == 2:  # the first test of the simulation: nothing was written yet
        for address in used:
            dut.read_address.value = address
            for _ in range(LATENCY + 1):
                await RisingEdge(dut.aclk)
            assert int(dut.read_data.value) == 0, "does not start at 0"
    else:
        for address in used:
            dut.write_enable.value = (1 << segments) - 1
            dut.write_address.value = address
            dut.write_data.value = 0
            await RisingEdge(dut.aclk)

    pipe: list[int | None] = [None] * LATENCY
    for _ in range(CYCLES):
        read, write = random.choice(used), random.choice(used)
        enable = random.choice([0, random.getrandbits(segments), (1 << segments) - 1])
        data = random.getrandbits(width)
        dut.read_address.value = read
        dut.write_address.value = write
        dut.write_enable.value = enable
        dut.write_data.value = data
        await RisingEdge(dut.aclk)  # samples what is written here, gives what came before
        expected = pipe.pop(0)
        assert expected is None or int(dut.read_data.value) == expected
        pipe.append(None if enable and read == write else words[read])
        for segment in range(segments):
            if enable >> segment & 1:
                mask = (1 << size) - 1 << segment * size
                words[write] = words[write] & ~mask | data & mask
