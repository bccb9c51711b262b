# SPDX-License-Identifier: Apache-2.0
"""A Zynq board under PYNQ: two AXI DMAs for the streams, the core's registers, its interrupt."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from lsfq.errors import BackendError, TransferError
from ref_model.hardware.registers import Register, Status

CORE_TYPE = ":lsfq_accel:"
"""Part of the core's VLNV in a block design, whether it came from the catalogue or as a module."""
DMA_TYPE = ":axi_dma:"

DMA_CONTROL = 0x00
DMA_RESET = 0x4
RESET_S = 0.1
CLOSING_S = 0.01
CLOSING_BYTES = 64
"""What a core that was stopped needs to end its result packet: a few beats, the last with TLAST."""
LOOK_S = 0.02
"""Between two looks at the DMAs while nothing is left to start."""


class Board:
    """The core in a PYNQ overlay.

    ``bitstream`` is the ``.bit`` file with its ``.hwh`` beside it, or an overlay that is already
    there. The names of the core and of the DMAs are found in the design (one DMA has a receiving
    channel: images and results; the other has none: parameters) or given, ``a/b`` in a hierarchy.
    ``interrupt``: wait for the core's interrupt (True), poll its register STATUS (False), or
    whichever the design allows (None). A notebook's running event loop allows polling only, unless
    nest_asyncio is applied, as PYNQ does.

    Raises BackendError when PYNQ, the core or a DMA is missing.
    """

    name = "board"
    counts_cycles = True
    cycles_per_second = 25e6

    def __init__(
        self,
        bitstream: str | os.PathLike[str] | Any,
        *,
        core: str | None = None,
        parameter_dma: str | None = None,
        image_dma: str | None = None,
        interrupt: bool | None = None,
    ) -> None:
        try:
            import pynq
        except ImportError as error:
            raise BackendError(
                f"the board backend needs PYNQ, on the board ({error}); "
                "elsewhere use the simulator or the reference model"
            ) from error
        self._loop = _event_loop()
        if isinstance(bitstream, str | os.PathLike):
            bitstream = pynq.Overlay(os.fspath(bitstream))
        self.overlay = bitstream
        self._allocate = pynq.allocate
        core = core or self._find(CORE_TYPE, "an lsfq_accel")
        images = image_dma or self._find(DMA_TYPE, "a DMA with both channels", receives=True)
        parameters = parameter_dma or self._find(DMA_TYPE, "a DMA that only sends", receives=False)
        self._core = self._ip(core)
        self._dmas = [self._ip(parameters), self._ip(images)]
        self._parameters = _Sender(self._dmas[0], parameters, self._allocate)
        self._images = _Sender(self._dmas[1], images, self._allocate)
        self._results = _Receiver(self._dmas[1], images, self._allocate)
        self._program: Any = None
        self._interrupt = None if interrupt is False else getattr(self._core, "irq", None)
        if interrupt and self._interrupt is None:
            raise BackendError(
                f"the irq of {core} is not connected to an interrupt controller in this design; "
                "connect it, or poll with interrupt=False"
            )

    def read(self, address: int) -> int:
        """The register at a byte address."""
        return int(self._core.mmio.read(int(address)))

    def write(self, address: int, value: int) -> None:
        """Set the register at a byte address."""
        self._core.mmio.write(int(address), int(value))  # PYNQ takes plain int only

    def program(self, packet: bytes) -> None:
        """Put the parameter packet where the DMA reads it."""
        self._parameters.check(len(packet))
        buffer = self._allocate(shape=(len(packet),), dtype="u1")
        buffer[:] = memoryview(packet)
        _free(self._program)
        self._program = buffer

    def send_program(self) -> None:
        """Queue the parameter packet."""
        self._parameters.queue.append(self._program)

    def send_images(self, packet: bytes) -> None:
        """Queue the images of a pass."""
        self._images.check(len(packet))
        self._images.queue.append(packet)

    def expect(self, size: int) -> None:
        """Queue room for a result packet."""
        self._results.check(size)
        self._results.queue.append(size)

    def wait(self, deadline: float) -> bool:
        """Start one transfer after the other until the interrupt, or until STATUS says so."""
        if self._interrupt is None or not _can_wait(self._loop):
            return self._poll(deadline)
        return self._loop.run_until_complete(self._wait_interrupt(self._interrupt, deadline))

    def receive(self, deadline: float) -> bytes:
        """The next result packet."""
        while not self._results.packets:
            moving = self._move()
            if not moving and not self._results.packets:
                raise TransferError("no transfer of a result is under way")
            if time.monotonic() > deadline:
                raise TransferError("the DMA has not received the end of a result packet")
        return self._results.packets.popleft()

    def reset_streams(self, abort: Callable[[], None]) -> None:
        """Reset the DMAs, stop the core, and take what it still sends to end a result packet."""
        self._reset_dmas()
        abort()
        self._results.queue.append(CLOSING_BYTES)
        end = time.monotonic() + CLOSING_S
        while self._results.move() and time.monotonic() < end:
            pass
        self._reset_dmas()

    def progress(self) -> str:
        """Where the transfers stand."""
        return "; ".join(
            f"{what}: {channel.stand()}"
            for what, channel in (
                ("parameters", self._parameters),
                ("images", self._images),
                ("results", self._results),
            )
        )

    def close(self) -> None:
        """Free the buffers; the overlay stays loaded."""
        for channel in (self._parameters, self._images, self._results):
            channel.free()
        _free(self._program)
        self._program = None

    def _find(self, kind: str, what: str, receives: bool | None = None) -> str:
        """Name of the only IP of a type in the overlay (of a DMA: with a receiving channel)."""
        found = [
            name
            for name, entry in self.overlay.ip_dict.items()
            if kind in entry.get("type", "") and (receives is None or receives == _receives(entry))
        ]
        if len(found) != 1:
            there = ", ".join(self.overlay.ip_dict) or "nothing"
            raise BackendError(
                f"the design has {len(found)} times {what}; name the one to use "
                f"(core=, parameter_dma=, image_dma=). It has: {there}"
            )
        return str(found[0])

    def _ip(self, name: str) -> Any:
        part = self.overlay
        for step in name.split("/"):
            part = getattr(part, step, None)
            if part is None:
                raise BackendError(f"the overlay has no {name}")
        return part

    def _move(self) -> bool:
        """Start what can be started; whether a transfer is under way on any stream."""
        moving = [channel.move() for channel in (self._results, self._parameters, self._images)]
        return any(moving)

    def _poll(self, deadline: float) -> bool:
        while True:
            self._move()
            status = Status(self.read(Register.STATUS))
            if status & Status.ERROR or (status & Status.DONE and not status & Status.BUSY):
                return True
            if time.monotonic() > deadline:
                return False

    async def _wait_interrupt(self, interrupt: Any, deadline: float) -> bool:
        waiter = asyncio.ensure_future(interrupt.wait())
        try:
            while not waiter.done():
                self._move()
                left = deadline - time.monotonic()
                if left < 0:
                    return False
                waiting = self._parameters.queue or self._images.queue or self._results.queue
                await asyncio.wait({waiter}, timeout=0 if waiting else min(left, LOOK_S))
            waiter.result()
            return True
        finally:
            waiter.cancel()

    def _reset_dmas(self) -> None:
        for dma in self._dmas:
            dma.mmio.write(DMA_CONTROL, DMA_RESET)
            end = time.monotonic() + RESET_S
            while dma.mmio.read(DMA_CONTROL) & DMA_RESET:
                if time.monotonic() > end:
                    raise BackendError(
                        "a DMA does not come out of its reset; is its clock running?"
                    )
        for channel in (self._parameters, self._images, self._results):
            channel.restart()


class _Channel:
    """One direction of a DMA: a queue of transfers, one under way at a time."""

    def __init__(self, dma: Any, name: str, channel: Any, allocate: Callable[..., Any]) -> None:
        if channel is None:
            raise BackendError(f"the DMA {name} has no such channel")
        self.queue: deque[Any] = deque()
        self._channel = channel
        self._name = name
        self._longest = int(getattr(dma, "buffer_max_size", 0)) or None
        self._allocate = allocate
        self._buffer: Any = None
        self._active = False
        self._done = 0

    def check(self, size: int) -> None:
        """Refuse what the DMA cannot move in one go."""
        if self._longest is not None and size > self._longest:
            raise BackendError(
                f"a packet of {size} bytes is longer than the DMA {self._name} can move "
                f"({self._longest}): set its 'Width of Buffer Length Register' to 26"
            )

    def move(self) -> bool:
        """End the transfer under way if it is through, start the next; whether one is under way."""
        channel = self._channel
        if self._active:
            if channel.error or not channel.running:
                raise TransferError(f"the DMA {self._name} stopped with an error ({self.stand()})")
            if not channel.idle:
                return True
            channel.wait()  # returns at once; gives the buffer back to the processor
            self._active = False
            self._done += 1
            self._finish()
        if self.queue:
            self._start(self.queue.popleft())
            self._active = True
        return self._active

    def restart(self) -> None:
        """After a reset: nothing queued, ready for transfers."""
        self.queue.clear()
        self._active = False
        self._done = 0
        self._channel.start()

    def stand(self) -> str:
        """How many transfers are through, under way, waiting."""
        return f"{self._done} through, {int(self._active)} under way, {len(self.queue)} waiting"

    def free(self) -> None:
        """Give the buffer back."""
        _free(self._buffer)
        self._buffer = None

    def _room(self, size: int) -> Any:
        """A buffer of at least ``size`` bytes, kept for the next transfers."""
        if self._buffer is None or len(self._buffer) < size:
            _free(self._buffer)
            self._buffer = self._allocate(shape=(size,), dtype="u1")
        return self._buffer

    def _start(self, item: Any) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """What to do with a transfer that is through."""


class _Sender(_Channel):
    """Queue items are bytes, copied when their turn comes, or buffers that the DMA can read."""

    def __init__(self, dma: Any, name: str, allocate: Callable[..., Any]) -> None:
        super().__init__(dma, name, dma.sendchannel, allocate)

    def _start(self, item: Any) -> None:
        buffer = item
        if isinstance(item, bytes):
            buffer = self._room(len(item))
            buffer[: len(item)] = memoryview(item)
        self._channel.transfer(buffer, nbytes=len(item))


class _Receiver(_Channel):
    """Queue items are sizes; what came is in ``packets``."""

    def __init__(self, dma: Any, name: str, allocate: Callable[..., Any]) -> None:
        super().__init__(dma, name, dma.recvchannel, allocate)
        self.packets: deque[bytes] = deque()

    def restart(self) -> None:
        """After a reset: nothing queued, nothing received."""
        super().restart()
        self.packets.clear()

    def _start(self, item: int) -> None:
        self._channel.transfer(self._room(item), nbytes=item)

    def _finish(self) -> None:
        self.packets.append(self._buffer[: self._channel.transferred].tobytes())


def _receives(entry: Any) -> bool:
    return bool(int(entry.get("parameters", {}).get("c_include_s2mm", 0)))


def _free(buffer: Any) -> None:
    if buffer is not None:
        buffer.freebuffer()


def _event_loop() -> asyncio.AbstractEventLoop:
    """The loop that PYNQ's interrupts use; it has to be there before the overlay is."""
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop


def _can_wait(loop: asyncio.AbstractEventLoop) -> bool:
    return not loop.is_running() or hasattr(asyncio, "_nest_patched")
