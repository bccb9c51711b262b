# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the queue's bench."""

from __future__ import annotations

import random
from collections import deque

import cocotb
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

from tb.support import (
    CHANNEL,
    PATTERNS,
    Dut,
    HandshakeSink,
    HandshakeSource,
    StallPattern,
    repeating_stalls,
    stall_pattern,
    start,
)
from tb.support.scoreboard import Scoreboard

BEATS = 500
NEVER = 10_000


async def _open(
    dut: Dut, source_stalls: StallPattern | None, sink_stalls: StallPattern | None
) -> tuple[HandshakeSource, HandshakeSink]:
    source = HandshakeSource(dut, "s", dut.aclk, CHANNEL, source_stalls)
    sink = HandshakeSink(dut, "m", dut.aclk, CHANNEL, sink_stalls)
    await start(dut)
    return source, sink


def _random_beats(dut: Dut, count: int) -> list[tuple[int, ...]]:
    return [(random.getrandbits(len(dut.s_data)),) for _ in range(count)]


async def _watch_level(dut: Dut, source: HandshakeSource, sink: HandshakeSink) -> None:
    """`level` is what went in less what came out, in every cycle."""
    depth = int(dut.DEPTH.value)
    while True:
        await RisingEdge(dut.aclk)
        await ReadOnly()
        held = source.beats_sent - sink.beats_received
        assert int(dut.level.value) == held, f"level is {int(dut.level.value)}, not {held}"
        assert held <= depth


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(source_stalls=PATTERNS, sink_stalls=PATTERNS)
async def passes_everything(dut: Dut, source_stalls: str, sink_stalls: str) -> None:
    """Under every mix of stalls, the same beats in the same order, and a true level."""
    source, sink = await _open(dut, stall_pattern(source_stalls), stall_pattern(sink_stalls))
    scoreboard = Scoreboard(dut)
    cocotb.start_soon(_watch_level(dut, source, sink))

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
async def holds_depth_entries(dut: Dut) -> None:
    """Exactly DEPTH entries go in while none is taken; all of them come out."""
    depth = int(dut.DEPTH.value)
    source, sink = await _open(dut, None, repeating_stalls([NEVER]))
    beats = _random_beats(dut, depth + 3)
    source.queue(beats)
    await ClockCycles(dut.aclk, depth + 20)
    assert source.beats_sent == depth, f"{source.beats_sent} entries accepted, DEPTH is {depth}"
    assert int(dut.level.value) == depth

    sink.set_stalls(None)
    for beat in beats:
        assert await sink.receive(20) == beat


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_drops_everything(dut: Dut) -> None:
    """After a reset the queue is empty, and goes on with new entries only."""
    dut.m_ready.value = 0  # no sink yet: to withdraw entries breaks the channel's contract
    source = HandshakeSource(dut, "s", dut.aclk, CHANNEL)
    await start(dut)
    source.queue(_random_beats(dut, 2))
    await source.wait_sent(20)
    await RisingEdge(dut.aclk)
    assert int(dut.level.value) == 2

    dut.aresetn.value = 0
    await RisingEdge(dut.aclk)
    dut.aresetn.value = 1
    await RisingEdge(dut.aclk)
    assert int(dut.m_valid.value) == 0
    assert int(dut.level.value) == 0

    sink = HandshakeSink(dut, "m", dut.aclk, CHANNEL)
    beats = _random_beats(dut, 20)
    source.queue(beats)
    for beat in beats:
        assert await sink.receive(20) == beat
    sink.assert_empty()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def user_counts(dut: Dut) -> None:
    """A user that looks at neither s_ready nor m_valid, and never fills or empties it too far."""
    depth = int(dut.DEPTH.value)
    dut.s_valid.value = dut.m_ready.value = 0
    await start(dut)
    held: deque[int] = deque()
    for _ in range(BEATS):
        push, pop = random.random() < 0.6, random.random() < 0.5
        push, pop = push and len(held) < depth, pop and bool(held)
        beat = random.getrandbits(len(dut.s_data))
        dut.s_valid.value, dut.m_ready.value = int(push), int(pop)
        dut.s_data.value = beat
        await RisingEdge(dut.aclk)
        if pop:
            assert int(dut.m_data.value) == held.popleft()
        if push:
            held.append(beat)
