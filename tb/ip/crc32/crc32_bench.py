# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the CRC's bench. The module is combinational: no clock."""

from __future__ import annotations

import random
import zlib

import cocotb
from cocotb.triggers import Timer

from tb.support import Dut

START = 0xFFFFFFFF
RESIDUE = 0xDEBB20E3


async def _run(dut: Dut, message: bytes) -> int:
    """The state after `message`, which fills whole words."""
    size = len(dut.data) // 8
    state = START
    for start in range(0, len(message), size):
        dut.state.value = state
        dut.data.value = int.from_bytes(message[start : start + size], "little")
        await Timer(1, "ns")
        state = int(dut.next.value)
    return state


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def equals_zlib(dut: Dut) -> None:
    """Messages of 1 to 40 words, and those of one bit."""
    size = len(dut.data) // 8
    messages = [random.randbytes(size * words) for words in range(1, 41)]
    messages += [(1 << bit).to_bytes(size, "little") for bit in range(8 * size)]
    for message in messages:
        state = await _run(dut, message)
        assert state ^ START == zlib.crc32(message), f"wrong CRC of {message.hex()}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def residue(dut: Dut) -> None:
    """A message followed by its own CRC leaves the constant that the parser looks for."""
    size = len(dut.data) // 8
    body = random.randbytes(15 * max(size, 4) - 4)
    state = await _run(dut, body + zlib.crc32(body).to_bytes(4, "little"))
    assert state == RESIDUE, f"residue {state:#010x}"
