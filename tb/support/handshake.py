# SPDX-License-Identifier: Apache-2.0
"""Source, monitor and sink of a valid/ready channel with any payload.

A *beat* is a tuple of integers, one for each payload signal. The channel's signals are named
``<prefix>_<signal>``; the `signals` argument maps the roles ``valid``, ``ready`` and the payload's
names to those of the design, so the same classes drive AXI-Stream (``tvalid``), the five channels
of AXI4-Lite (``awvalid``) and the internal channels of the core.

All of them sample at the rising clock edge, before the design reacts to it, and change their
outputs after it. They act only in cycles in which ``valid`` is high, and sleep otherwise: an idle
channel, and a source that waits for ``ready``, cost no Python step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import cocotb
from cocotb.handle import LogicObject
from cocotb.simtime import get_sim_time
from cocotb.task import Task
from cocotb.triggers import ClockCycles, Event
from cocotb_bus.drivers import BusDriver
from cocotb_bus.monitors import BusMonitor

from tb.support.clocking import PERIOD_NS, Dut, bounded, is_high
from tools.simulation.stalls import StallPattern

Beat = tuple[int, ...]

CHANNEL = {"valid": "valid", "ready": "ready", "data": "data"}
"""Signals of an internal channel with one payload: ``s_valid``, ``s_ready``, ``s_data``."""


def _cycle() -> int:
    return int(get_sim_time("ns")) // PERIOD_NS


def _require(bus: Any, names: Iterable[str], prefix: str) -> None:
    for name in names:
        if getattr(bus, name, None) is None:
            raise AttributeError(f"the channel {prefix} has no signal for '{name}'")


class HandshakeSource(BusDriver):
    """Drives ``valid`` and the payload; beats queue up and leave in order.

    Args:
        entity: Handle of the design.
        prefix: Of the signals' names.
        clock: Its rising edges count.
        signals: Role to signal name: ``valid``, ``ready``, then the payload in the order of a beat.
        stalls: Idle cycles before each beat, None for a continuous ``valid``.
    """

    _thread: Task[None] | None

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        signals: Mapping[str, str],
        stalls: StallPattern | None = None,
    ) -> None:
        self._signals = dict(signals)
        self.stalls = stalls
        self.beats_sent = 0
        self._sending = False
        self._idle_event = Event()
        super().__init__(entity, prefix, clock)
        _require(self.bus, signals, prefix)
        self._edge = clock.rising_edge
        self._valid: LogicObject = self.bus.valid
        self._ready: LogicObject = self.bus.ready
        self._payload = [
            getattr(self.bus, name) for name in signals if name not in ("valid", "ready")
        ]
        self._driven: list[int | None] = [None] * len(self._payload)
        self._valid_high = False
        self._valid.value = 0
        for handle in self._payload:
            handle.value = 0

    def queue(self, beats: Sequence[Beat]) -> None:
        """Send `beats` after what is queued already, without a gap."""
        if beats:
            self._idle_event.clear()
            self.append(beats)

    @property
    def idle(self) -> bool:
        """Whether everything queued was accepted."""
        return not self._sendQ and not self._sending

    async def wait_sent(self, cycles: int) -> None:
        """Wait until everything queued was accepted."""
        if not self.idle:
            await bounded(self._idle_event.wait(), cycles, self._state)

    def _state(self) -> str:
        waiting = sum(len(item[0]) for item in self._sendQ)
        return (
            f"{self._ready._path} (valid={self._valid.value}, ready={self._ready.value}): "
            f"{self.beats_sent} beats accepted since the start, {waiting} more queued behind the "
            "present packet"
        )

    def flush(self) -> None:
        """Drop everything queued and lower ``valid``, even in mid-packet: for a reset."""
        if self._thread is not None:
            self._thread.cancel()
        self.clear()
        self._sending = False
        self._set_valid(False)
        self._idle_event.set()
        self._thread = cocotb.start_soon(self._send_thread())

    def _set_valid(self, high: bool) -> None:
        if self._valid_high != high:
            self._valid_high = high
            self._valid.value = int(high)

    async def _driver_send(self, transaction: Sequence[Beat], sync: bool = True, **_: Any) -> None:
        self._sending = True
        edge, ready, driven, payload = self._edge, self._ready, self._driven, self._payload
        if sync:
            await edge
        for beat in transaction:
            if self.stalls is not None and (idle := next(self.stalls)):
                self._set_valid(False)
                await ClockCycles(self.clock, idle)
            for index, value in enumerate(beat):
                if driven[index] != value:
                    driven[index] = value
                    payload[index].value = value
            self._set_valid(True)
            await edge
            while not is_high(ready):
                await ready.rising_edge
                await edge
            self.beats_sent += 1
        self._sending = False
        if not self._sendQ:
            self._set_valid(False)
            self._idle_event.set()


class HandshakeMonitor(BusMonitor):
    """Collects the beats of a channel and checks its contract.

    The contract: once ``valid`` is high it stays high, and the payload stays as it is, until
    ``ready``; no control signal is unknown outside reset, and no payload is while valid. A reset
    ends all promises.

    Beats are queued for :meth:`receive`, or handed to the callbacks where there are any.
    """

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        signals: Mapping[str, str],
        reset_n: LogicObject | None = None,
        callback: Callable[[Any], None] | None = None,
    ) -> None:
        self._signals = dict(signals)
        self.beats_received = 0
        self.first_cycle: int | None = None
        self.last_cycle: int | None = None
        self._payload_names = [name for name in signals if name not in ("valid", "ready")]
        super().__init__(
            entity,
            prefix,
            clock,
            reset_n=entity.aresetn if reset_n is None else reset_n,
            callback=callback,
        )
        _require(self.bus, signals, prefix)

    async def receive(self, cycles: int) -> Any:
        """The next transaction that no one took yet."""

        async def arrival() -> None:
            while not self._recvQ:
                await self._wait_event.wait()

        await bounded(arrival(), cycles, self._state)
        return self._recvQ.popleft()

    async def wait_count(self, transactions: int, cycles: int) -> None:
        """Wait until this many transactions have come since the start, received or not."""

        async def arrival() -> None:
            while self.stats.received_transactions < transactions:
                await self._wait_event.wait()

        await bounded(arrival(), cycles, self._state)

    def _state(self) -> str:
        return (
            f"a transaction on {self.name} (valid={self.bus.valid.value}, "
            f"ready={self.bus.ready.value}): {self.stats.received_transactions} complete, "
            f"{self.beats_received} beats, since the start"
        )

    def assert_empty(self) -> None:
        """Nothing arrived that nobody expected."""
        assert not self._recvQ, (
            f"{self.name}: {len(self._recvQ)} unexpected transactions, first {self._recvQ[0]}"
        )

    def _accept(self, beat: Beat) -> None:
        """One beat was transferred; subclasses assemble packets here."""
        self._recv(beat)

    def _drop_partial(self) -> None:
        """The design is in reset: forget an incomplete packet."""

    def _sample(self) -> Beat:
        values = []
        for name in self._payload_names:
            handle = getattr(self.bus, name)
            value = handle.value
            if not value.is_resolvable:
                raise AssertionError(f"{handle._path} is {value} while valid")
            values.append(int(value))
        return tuple(values)

    async def _monitor_recv(self) -> None:
        edge = self.clock.rising_edge
        valid, ready = self.bus.valid, self.bus.ready
        promised: Beat | None = None
        while True:
            await edge
            if self.in_reset:
                promised = None
                self._drop_partial()
                continue
            if not is_high(valid):
                if promised is not None:
                    raise AssertionError(f"{valid._path} fell before ready at cycle {_cycle()}")
                await valid.rising_edge
                continue
            beat = self._sample()
            if promised is not None and beat != promised:
                raise AssertionError(
                    f"{self.name}: the payload changed while stalled at cycle {_cycle()}: "
                    f"{promised} to {beat}"
                )
            if not is_high(ready):
                promised = beat
                continue
            promised = None
            self.beats_received += 1
            self.last_cycle = _cycle()
            if self.first_cycle is None:
                self.first_cycle = self.last_cycle
            self._accept(beat)


class HandshakeSink(HandshakeMonitor):
    """A monitor that drives ``ready`` too: always high, or with idle cycles before each beat."""

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        signals: Mapping[str, str],
        stalls: StallPattern | None = None,
        reset_n: LogicObject | None = None,
        callback: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(entity, prefix, clock, signals, reset_n=reset_n, callback=callback)
        self.bus.ready.value = int(stalls is None)
        self._ready_thread = cocotb.start_soon(self._stall(stalls)) if stalls is not None else None

    def set_stalls(self, stalls: StallPattern | None) -> None:
        """Change the pattern from now on."""
        if self._ready_thread is not None:
            self._ready_thread.cancel()
        self._ready_thread = cocotb.start_soon(self._stall(stalls)) if stalls is not None else None
        if stalls is None:
            self.bus.ready.value = 1

    async def _stall(self, stalls: StallPattern) -> None:
        edge = self.clock.rising_edge
        valid, ready = self.bus.valid, self.bus.ready
        await edge
        for idle in stalls:
            if idle:
                ready.value = 0
                await ClockCycles(self.clock, idle)
            ready.value = 1
            await edge
            while not valid.value.is_resolvable or not valid.value:
                await valid.rising_edge
                await edge
