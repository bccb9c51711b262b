# SPDX-License-Identifier: Apache-2.0
"""AXI4-Lite master: five independent channels, each with its own stalls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cocotb.handle import LogicObject

from tb.support.clocking import Dut
from tb.support.handshake import HandshakeSink, HandshakeSource
from tools.simulation.stalls import StallPattern

OKAY = 0
TIMEOUT_CYCLES = 1000


def _channel(name: str, payload: Sequence[str]) -> Mapping[str, str]:
    return {
        "valid": f"{name}valid",
        "ready": f"{name}ready",
        **{role: name + role for role in payload},
    }


class AxiLiteMaster:
    """Reads and writes 32-bit registers.

    Args:
        entity: Handle of the design.
        prefix: Of the signals' names, ``s_axi``.
        clock: Its rising edges count.
        stalls: Called once for each channel, gives its stall pattern; None for none. The write
            address then comes before, with and after the data.
    """

    def __init__(
        self,
        entity: Dut,
        prefix: str,
        clock: LogicObject,
        stalls: Callable[[], StallPattern | None] = lambda: None,
    ) -> None:
        def source(name: str, *payload: str) -> HandshakeSource:
            return HandshakeSource(entity, prefix, clock, _channel(name, payload), stalls())

        def sink(name: str, *payload: str) -> HandshakeSink:
            return HandshakeSink(entity, prefix, clock, _channel(name, payload), stalls())

        self._aw = source("aw", "addr", "prot")
        self._w = source("w", "data", "strb")
        self._b = sink("b", "resp")
        self._ar = source("ar", "addr", "prot")
        self._r = sink("r", "data", "resp")

    async def write(self, address: int, data: int, strobe: int = 0xF) -> None:
        """Write one register and check that the answer is OKAY."""
        await self.write_all([(address, data, strobe)])

    async def write_all(self, writes: Sequence[tuple[int, int, int]]) -> None:
        """Write (address, data, strobe) in turn, without waiting for the answers between."""
        self._aw.queue([(address, 0) for address, _, _ in writes])
        self._w.queue([(data & 0xFFFFFFFF, strobe) for _, data, strobe in writes])
        for address, _, _ in writes:
            (response,) = await self._b.receive(TIMEOUT_CYCLES)
            assert response == OKAY, f"write to {address:#05x} was answered {response}"

    async def read(self, address: int) -> int:
        """The value of one register; the answer must be OKAY."""
        return (await self.read_all([address]))[0]

    async def read_all(self, addresses: Sequence[int]) -> list[int]:
        """The values of several registers, asked for without waiting for the answers between."""
        self._ar.queue([(address, 0) for address in addresses])
        values = []
        for address in addresses:
            data, response = await self._r.receive(TIMEOUT_CYCLES)
            assert response == OKAY, f"read of {address:#05x} was answered {response}"
            values.append(data)
        return values

    def flush(self) -> None:
        """Drop what is under way: for a reset of the design."""
        for channel in (self._aw, self._w, self._ar):
            channel.flush()

    def assert_empty(self) -> None:
        """No answer came that nobody asked for."""
        self._b.assert_empty()
        self._r.assert_empty()
