# SPDX-License-Identifier: Apache-2.0
"""AXI4-Stream source, monitor and sink: packets are lists of beats ended by ``tlast``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cocotb.handle import LogicObject

from tb.support.clocking import Dut
from tb.support.handshake import Beat, HandshakeMonitor, HandshakeSink, HandshakeSource
from tools.simulation.stalls import StallPattern

SIGNALS = {"valid": "tvalid", "ready": "tready", "data": "tdata", "last": "tlast"}

Packet = list[int]


def to_beats(data: bytes, width: int) -> Packet:
    """`data` in beats of `width` bits, lowest byte first, the last beat filled with zeros."""
    size = width // 8
    data = bytes(data) + bytes(-len(data) % size)
    return [
        int.from_bytes(data[start : start + size], "little") for start in range(0, len(data), size)
    ]


def to_bytes(beats: Iterable[int], width: int) -> bytes:
    """The bytes of `beats` of `width` bits."""
    return b"".join(beat.to_bytes(width // 8, "little") for beat in beats)


def to_signed(value: int, width: int) -> int:
    """Two's complement of `width` bits."""
    return value - (1 << width) if value >> (width - 1) else value


class AxiStreamSource(HandshakeSource):
    """Sends packets; back to back they leave without a gap."""

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        stalls: StallPattern | None = None,
    ) -> None:
        super().__init__(entity, prefix, clock, SIGNALS, stalls)
        self.width = len(self.bus.data)

    def send_packet(self, packet: bytes | Sequence[int], last: bool = True) -> None:
        """Queue a packet, given as bytes or beats; `last` False leaves it without ``tlast``."""
        beats = to_beats(packet, self.width) if isinstance(packet, bytes) else packet
        final = len(beats) - 1
        self.queue([(data, int(last and index == final)) for index, data in enumerate(beats)])


class AxiStreamMonitor(HandshakeMonitor):
    """Collects whole packets. `partial` holds the beats of the one under way."""

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        reset_n: LogicObject | None = None,
        callback: Callable[[Packet], None] | None = None,
    ) -> None:
        self.partial: Packet = []
        super().__init__(entity, prefix, clock, SIGNALS, reset_n=reset_n, callback=callback)
        self.width = len(self.bus.data)

    def _accept(self, beat: Beat) -> None:
        self.partial.append(beat[0])
        if beat[1]:
            packet, self.partial = self.partial, []
            self._recv(packet)

    def clear(self) -> None:
        """Forget everything received."""
        self._recvQ.clear()
        self.partial = []

    def _drop_partial(self) -> None:
        self.partial = []

    def assert_empty(self) -> None:
        super().assert_empty()
        assert not self.partial, (
            f"{self.name}: {len(self.partial)} unexpected beats of an unfinished packet"
        )


class AxiStreamSink(AxiStreamMonitor, HandshakeSink):
    """A monitor that drives ``tready`` too."""

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        stalls: StallPattern | None = None,
        reset_n: LogicObject | None = None,
        callback: Callable[[Packet], None] | None = None,
    ) -> None:
        self.partial = []
        HandshakeSink.__init__(
            self, entity, prefix, clock, SIGNALS, stalls, reset_n=reset_n, callback=callback
        )
        self.width = len(self.bus.data)
