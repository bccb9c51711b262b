# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the packet border's bench: a sender that never stops, cycle by cycle."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge

from tb.support import Dut, start

Beat = tuple[int, int]


class Bench:
    """A sender with packets in a row, and a receiver with random stalls."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.waiting: list[Beat] = []
        self.taken: list[Beat] = []
        self.received: list[Beat] = []
        self.firsts: list[int] = []
        """Which beats, counted from 0, came with `first`."""
        for name in ("open", "s_valid", "s_data", "s_last", "m_ready"):
            getattr(dut, name).value = 0

    def queue(self, length: int) -> None:
        """One more packet waits at the port."""
        width = len(self.dut.s_data)
        self.waiting += [(random.getrandbits(width), int(i == length - 1)) for i in range(length)]

    async def cycle(self, *, opens: bool = False, eager: float = 1.0, willing: float = 1.0) -> None:
        """One cycle: a beat that waits is offered, one that comes out is noted."""
        dut = self.dut
        dut.open.value = int(opens)
        offered = bool(self.waiting) and random.random() < eager
        dut.s_valid.value = int(offered)
        data, last = self.waiting[0] if offered else (random.getrandbits(len(dut.s_data)), 1)
        dut.s_data.value, dut.s_last.value = data, last
        dut.m_ready.value = int(random.random() < willing)
        await ReadOnly()
        accepted = offered and bool(dut.s_ready.value)
        if bool(dut.first.value):
            assert accepted, "`first` without a beat"
            self.firsts.append(len(self.taken))
        if accepted:
            self.taken.append(self.waiting.pop(0))
        if bool(dut.m_valid.value) and bool(dut.m_ready.value):
            self.received.append((int(dut.m_data.value), int(dut.m_last.value)))
        await RisingEdge(dut.aclk)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_packet_a_pass(dut: Dut) -> None:
    """Every `open` lets one packet through, whole and in order; what follows it waits outside."""
    bench = Bench(dut)
    await start(dut)
    for _ in range(60):
        eager, willing = random.choice([0.3, 1.0]), random.choice([0.2, 0.6, 1.0])
        while len(bench.waiting) < 20:
            bench.queue(random.randint(1, 8))
        length = next(i for i, beat in enumerate(bench.waiting) if beat[1]) + 1
        packet, before = bench.waiting[:length], len(bench.taken)
        for _ in range(random.randint(0, 5)):
            await bench.cycle(eager=eager, willing=willing)
        assert len(bench.taken) == before, "a beat is taken outside a pass"
        await bench.cycle(opens=True, eager=eager, willing=willing)
        assert len(bench.taken) == before, "a beat is taken with `open`"
        for _ in range(40 * length + 20):
            await bench.cycle(eager=eager, willing=willing)
        assert bench.taken[before:] == packet
        assert bench.received == bench.taken
        assert bench.firsts[-1] == before
    assert len(bench.firsts) == 60


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def no_cycle_is_lost(dut: Dut) -> None:
    """A beat that waits is taken in the first cycle after `open`, then one a cycle leaves."""
    bench = Bench(dut)
    await start(dut)
    bench.queue(10)
    await bench.cycle()
    await bench.cycle(opens=True)
    for count in range(1, 11):
        await bench.cycle()
        assert len(bench.taken) == count
        assert len(bench.received) == count - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_closes(dut: Dut) -> None:
    """After a reset in mid-packet nothing leaves and nothing is taken until the next `open`."""
    bench = Bench(dut)
    await start(dut)
    for _ in range(20):
        bench.waiting.clear()
        bench.queue(12)
        await bench.cycle(opens=True)
        for _ in range(random.randint(0, 8)):
            await bench.cycle(willing=random.choice([0.0, 1.0]))
        dut.aresetn.value = 0
        await bench.cycle(willing=0.0)
        dut.aresetn.value = 1
        bench.waiting.clear()
        bench.queue(3)
        taken, received = len(bench.taken), len(bench.received)
        for _ in range(6):
            await bench.cycle()
        assert (len(bench.taken), len(bench.received)) == (taken, received)
        await bench.cycle(opens=True)
        for _ in range(8):
            await bench.cycle()
        assert bench.received[received:] == bench.taken[taken:]
        assert len(bench.received) == received + 3
