# SPDX-License-Identifier: Apache-2.0
"""The Verilog itself, compiled by Verilator and run as a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lsfq.core import DEFAULT_CORE, verilog_parameters
from lsfq.errors import TransferError
from lsfq.simulation.build import build
from lsfq.simulation.link import Event, Link, Stream
from ref_model.hardware.core_config import CoreConfig

SLICE = 5000
"""Cycles between two looks at the clock on the wall."""
CLOSING = 200
"""Cycles in which a core that was stopped ends its result packet."""


class Simulator:
    """Verilator's model of ``lsfq_accel``.

    ``config`` is the core to simulate, ``stalls`` the share of cycles in which each stream pauses
    at random, ``waves`` a VCD file to write. The first use of a core compiles it (half a minute to
    minutes); the program stays in `lsfq.files.build_folder`. Time passes in the simulation only
    while the driver waits. Raises BackendError when the core does not build, OSError when ``waves``
    cannot be written, ValueError for ``stalls`` outside [0, 1).
    """

    name = "simulator"
    counts_cycles = True

    def __init__(
        self,
        config: CoreConfig = DEFAULT_CORE,
        *,
        stalls: float = 0.0,
        waves: str | os.PathLike[str] | None = None,
    ) -> None:
        if not 0 <= stalls < 1:
            raise ValueError(f"stalls {stalls}: give a share of the cycles, 0 or less than 1")
        waves = None if waves is None else Path(waves)
        if waves is not None:
            waves.open("wb").close()  # the simulation itself would go on without
        program = build(verilog_parameters(config), waves is not None)
        self.link = Link(program, [] if waves is None else [f"+waves={waves.absolute()}"])
        self.cycles_per_second = 20e3 if waves is None else 1e3
        for stream in Stream:
            self.link.stalls(stream, stalls)
        self._packet = b""

    def read(self, address: int) -> int:
        """The register at a byte address."""
        return self.link.read(address)

    def write(self, address: int, value: int) -> None:
        """Set the register at a byte address."""
        self.link.write(address, value)

    def program(self, packet: bytes) -> None:
        """Keep the parameter packet."""
        self._packet = packet

    def send_program(self) -> None:
        """Queue the parameter packet."""
        self.link.send(Stream.PARAMETERS, self._packet)

    def send_images(self, packet: bytes) -> None:
        """Queue the images of a pass."""
        self.link.send(Stream.IMAGES, packet)

    def expect(self, size: int) -> None:
        """Nothing to do: results are taken as they come."""

    def wait(self, deadline: float) -> bool:
        """Let the clock run until the interrupt."""
        while not self.link.run(SLICE, Event.INTERRUPT) & Event.INTERRUPT:
            if time.monotonic() > deadline:
                return False
        return True

    def receive(self, deadline: float) -> bytes:
        """The next result packet."""
        while (packet := self.link.receive()) is None:
            if time.monotonic() > deadline:
                raise TransferError("the core has not sent the end of its result packet")
            self.link.run(SLICE, Event.PACKET)
        return packet[0]

    def reset_streams(self, abort: Callable[[], None]) -> None:
        """Forget every packet."""
        self.link.flush()
        abort()
        self.link.run(CLOSING)
        self.link.flush()

    def progress(self) -> str:
        """Where the streams stand."""
        return (
            f"{self.link.pending(Stream.PARAMETERS)} bytes of parameters and "
            f"{self.link.pending(Stream.IMAGES)} of images are not sent, "
            f"{self.link.pending(Stream.RESULTS)} of an unfinished result received, "
            f"after {self.link.cycles} cycles"
        )

    def close(self) -> None:
        """End the process."""
        self.link.close()
