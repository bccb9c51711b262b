# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the pass control's bench: parser, loader and result played with random delays."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.errors import ErrorCode
from tb.support import Dut, bounded, is_high, reset, start

PULSES = ("pass_start", "stop", "irq_done", "irq_error")
LIMIT = 3000


@dataclass
class Stage:
    """The remaining cycles of a parser, a loader or a result stream; None while idle."""

    left: int | None = None

    def tick(self) -> bool:
        """One cycle; True in the one in which it ends."""
        if self.left is None:
            return False
        self.left -= 1
        if self.left <= 0:
            self.left = None
            return True
        return False


class Bench:
    """The blocks around the pass control, as the core connects them."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        names = ("start", "abort_now", "passes", "parser_done", "result_last", "parser_error")
        for name in (*names, "parser_code", "loader_error", "loader_code", "layer"):
            getattr(dut, name).value = 0
        self.parser, self.loader, self.result = Stage(), Stage(), Stage()
        self.fail_parser = self.fail_loader = 0
        """An error in this many cycles; 0 for none."""
        self.codes = {"parser": 0, "loader": 0}
        self.layer = 0
        self.counts = dict.fromkeys(PULSES, 0)
        self._draining = False
        self._open = False
        self._drive()

    async def open(self) -> None:
        """Clock and reset."""
        await start(self.dut)
        cocotb.start_soon(self._play())

    def _drive(self, parser_done: bool = False) -> None:
        dut = self.dut
        dut.parser_idle.value = int(self.parser.left is None)
        dut.parser_done.value = int(parser_done)
        dut.loader_idle.value = int(self.loader.left is None)
        dut.result_idle.value = int(self.result.left is None)

    async def _play(self) -> None:
        """A pass: the three run and end in any order; after `stop` each takes a while to drop."""
        dut = self.dut
        done = False
        while True:
            await RisingEdge(dut.aclk)
            pulses = {name: is_high(getattr(dut, name)) for name in PULSES}
            for name, high in pulses.items():
                self.counts[name] += high
            for name in ("result_last", "parser_error", "loader_error"):
                getattr(dut, name).value = 0
            if pulses["pass_start"]:
                assert self.result.left is None, "a pass begins while a result packet is open"
                assert is_high(dut.flush)
                done = False
                self.parser.left = random.randint(1, 40)
                self.loader.left = random.randint(1, 40)
                self.result.left = random.randint(1, 40)
            elif pulses["stop"]:
                assert is_high(dut.flush)
                done = False
                for stage in (self.parser, self.loader, self.result):
                    stage.left = random.choice([None, 1, 20])
            else:
                done = self.parser.tick() or done
                self.loader.tick()
                if self.result.tick() and not is_high(dut.draining):
                    dut.result_last.value = 1
                self._errors()
            self._drive(done and not is_high(dut.draining))
            assert is_high(dut.close) == (is_high(dut.stop) or is_high(dut.clear))
            busy, draining = is_high(dut.busy), is_high(dut.draining)
            assert busy or not draining
            assert is_high(dut.flush) or (busy and not draining)

    def _errors(self) -> None:
        dut = self.dut
        for name in ("parser", "loader"):
            left = getattr(self, f"fail_{name}")
            if left == 1:
                getattr(dut, f"{name}_error").value = 1
                dut.parser_code.value = self.codes["parser"]
                dut.loader_code.value = self.codes["loader"]
                dut.layer.value = self.layer
            setattr(self, f"fail_{name}", max(0, left - 1))

    async def pulse(self, name: str) -> None:
        """One cycle of `start` or `abort_now`."""
        getattr(self.dut, name).value = 1
        await RisingEdge(self.dut.aclk)
        getattr(self.dut, name).value = 0

    async def begin(self, passes: int) -> None:
        """Start so many passes."""
        self.counts = dict.fromkeys(PULSES, 0)
        self.dut.passes.value = passes
        await self.pulse("start")
        await ClockCycles(self.dut.aclk, 2)
        assert is_high(self.dut.busy)
        assert not is_high(self.dut.done)
        assert not is_high(self.dut.error)

    async def wait_idle(self) -> None:
        """Until BUSY falls, and a little longer."""

        async def idle() -> None:
            while is_high(self.dut.busy):
                await RisingEdge(self.dut.aclk)

        await bounded(idle(), LIMIT, "busy to fall")
        await ClockCycles(self.dut.aclk, 4)

    def assert_ended(self, starts: int, finished: int, done: int, error: int) -> None:
        """Pulses since `begin`, and the state that stays."""
        dut = self.dut
        counts = {"pass_start": starts, "stop": error, "irq_done": done, "irq_error": error}
        assert self.counts == counts, f"{self.counts}, not {counts}"
        assert int(dut.passes_done.value) == finished
        assert (int(dut.done.value), int(dut.error.value)) == (done, error)
        assert is_high(dut.flush)


async def _bench(dut: Dut) -> Bench:
    bench = Bench(dut)
    await bench.open()
    return bench


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def runs_passes(dut: Dut) -> None:
    """So many passes as asked for (0 counts as 1), each begun once, whatever ends last."""
    bench = await _bench(dut)
    for passes in (1, 0, 2, 5, 1, 3, 17, 1, 1, 1):
        await bench.begin(passes)
        for _ in range(random.randint(0, 3)):
            await bench.pulse("start")  # ignored while busy
        await bench.wait_idle()
        wanted = max(1, passes)
        bench.assert_ended(starts=wanted, finished=wanted, done=1, error=0)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def waits_for_every_stream(dut: Dut) -> None:
    """A pass ends only when parser, loader and result have all finished."""
    bench = await _bench(dut)
    for late in ("parser", "loader", "result"):
        await bench.begin(1)
        while not bench.counts["pass_start"]:
            await RisingEdge(dut.aclk)
        await RisingEdge(dut.aclk)
        for name in ("parser", "loader", "result"):
            getattr(bench, name).left = 200 if name == late else 2
        await ClockCycles(dut.aclk, 150)
        assert is_high(dut.busy), f"did not wait for the {late}"
        await bench.wait_idle()
        bench.assert_ended(starts=1, finished=1, done=1, error=0)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def stops_on_errors(dut: Dut) -> None:
    """An error in any cycle: one stop, reported, drained; the next start runs."""
    bench = await _bench(dut)
    for _ in range(60):
        who = random.choice(["parser", "loader"])
        parser_code, loader_code = random.sample(list(ErrorCode)[1:], 2)
        bench.codes = {"parser": parser_code, "loader": loader_code}
        bench.layer = random.choice([0, 3, 0xFFFF])
        passes = random.randint(1, 3)
        await bench.begin(passes)
        while not bench.counts["pass_start"]:
            await RisingEdge(dut.aclk)
        for stage in (bench.parser, bench.loader, bench.result):
            stage.left = random.randint(20, 40)
        setattr(bench, f"fail_{who}", random.randint(1, 15))
        await bench.wait_idle()
        for stage in (bench.parser, bench.loader, bench.result):
            assert stage.left is None, "idle, but a stream is not drained"
        bench.assert_ended(starts=1, finished=0, done=0, error=1)
        assert int(dut.error_code.value) == bench.codes[who]
        assert int(dut.error_layer.value) == bench.layer
        if random.random() < 0.5:
            await bench.begin(1)
            assert int(dut.error_code.value) == 0
            await bench.wait_idle()
            bench.assert_ended(starts=1, finished=1, done=1, error=0)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def the_parser_goes_first(dut: Dut) -> None:
    """Two errors in one cycle: the parser's is reported."""
    bench = await _bench(dut)
    await bench.begin(1)
    while not bench.counts["pass_start"]:
        await RisingEdge(dut.aclk)
    for stage in (bench.parser, bench.loader, bench.result):
        stage.left = 50
    bench.codes, bench.layer = {"parser": 5, "loader": 13}, 2
    bench.fail_parser = bench.fail_loader = 4
    await bench.wait_idle()
    bench.assert_ended(starts=1, finished=0, done=0, error=1)
    assert (int(dut.error_code.value), int(dut.error_layer.value)) == (5, 2)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def aborts_and_resets(dut: Dut) -> None:
    """ABORT or a reset at any time, while draining too: idle at once, flushed, no interrupt; the
    next start waits until the result packet is closed.
    """
    bench = await _bench(dut)
    for turn in range(40):
        await bench.begin(2)
        if turn % 3 == 0:
            bench.fail_parser = random.randint(2, 10)
        await ClockCycles(dut.aclk, random.randint(0, 30))
        bench.counts["irq_done"] = bench.counts["irq_error"] = 0
        bench.fail_parser = 0
        if turn % 4:
            await bench.pulse("abort_now")
        else:
            await reset(dut)
        await RisingEdge(dut.aclk)
        bench.parser.left = bench.loader.left = None
        bench.result.left = random.choice([None, 30])  # closing
        assert not is_high(dut.busy)
        assert is_high(dut.flush)
        assert is_high(dut.clear) == bool(turn % 4)
        assert not is_high(dut.done)
        assert not is_high(dut.error)
        await ClockCycles(dut.aclk, random.randint(1, 3))
        assert not is_high(dut.clear)
        bench.result.left = random.choice([None, 30])
        await RisingEdge(dut.aclk)
        await bench.begin(1)
        await bench.wait_idle()
        bench.assert_ended(starts=1, finished=1, done=1, error=0)
