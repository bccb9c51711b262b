# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the skid buffer's bench."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import ClockCycles

from tb.support import (
    CHANNEL,
    PATTERNS,
    Dut,
    HandshakeSink,
    HandshakeSource,
    reset,
    stall_pattern,
    start,
)
from tb.support.scoreboard import Scoreboard

BEATS = 500


def _random_beats(dut: Dut, count: int) -> list[tuple[int, ...]]:
    return [(random.getrandbits(len(dut.s_data)),) for _ in range(count)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(source_stalls=PATTERNS, sink_stalls=PATTERNS)
async def passes_everything(dut: Dut, source_stalls: str, sink_stalls: str) -> None:
    """Under every mix of stalls, the same beats in the same order."""
    source = HandshakeSource(dut, "s", dut.aclk, CHANNEL, stall_pattern(source_stalls))
    sink = HandshakeSink(dut, "m", dut.aclk, CHANNEL, stall_pattern(sink_stalls))
    scoreboard = Scoreboard(dut)
    await start(dut)

    beats = _random_beats(dut, BEATS)
    scoreboard.expect(sink, list(beats))
    source.queue(beats)
    await sink.wait_count(BEATS, 100 * BEATS)
    await ClockCycles(dut.aclk, 10)  # extra beats would come now
    scoreboard.finish()

    if source_stalls == sink_stalls == "none":
        assert sink.first_cycle is not None
        assert sink.last_cycle is not None
        assert sink.last_cycle - sink.first_cycle == BEATS - 1, "not one beat a cycle"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut: Dut) -> None:
    """A reset with both registers full: nothing of it comes out afterwards."""
    source = HandshakeSource(dut, "s", dut.aclk, CHANNEL)
    sink = HandshakeSink(dut, "m", dut.aclk, CHANNEL, iter([1000]))
    await start(dut)
    source.queue(_random_beats(dut, 4))
    await ClockCycles(dut.aclk, 10)
    assert source.beats_sent == 2, "one beat in each register"

    source.flush()
    await reset(dut)
    sink.set_stalls(None)
    beats = _random_beats(dut, 3)
    source.queue(beats)
    for beat in beats:
        assert await sink.receive(20) == beat
    sink.assert_empty()
