# SPDX-License-Identifier: Apache-2.0
"""A Zynq board without the board: the core is the Verilog, in front of it models of two AXI DMAs.

`make_pynq` gives a module that stands in for ``pynq``, as far as the driver uses it: Overlay,
allocate, MMIO, DMA channels, Interrupt. It is as strict as the original (types of arguments, order
of calls), and stricter about memory: what the processor writes reaches a DMA only after flush, what
a DMA wrote reaches the processor only after invalidate.

Registers of the DMA: AXI DMA v7.1, product guide PG021, direct register mode. Simulated time passes
with every register access and while somebody waits for an interrupt.
"""

from __future__ import annotations

import asyncio
import random
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsfq.simulation.link import Event, Link, Stream

ACCESS_CYCLES = 100
"""Cycles of the core's clock between two register accesses of the processor."""
SLEEP_CYCLES = 500
"""Cycles between two steps of the DMAs while the processor waits for the interrupt."""
BURST = 4096
"""Most bytes that a DMA moves between two register accesses."""

CONTROL, STATUS, ADDRESS, ADDRESS_HIGH, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
RUN, RESET = 0x1, 0x4
HALTED, IDLE, INTERNAL_ERROR, DECODE_ERROR, COMPLETE = 0x1, 0x2, 0x10, 0x40, 0x1000
SEND, RECEIVE = 0x00, 0x30
"""Offsets of the two channels' registers."""


@dataclass
class Faults:
    """What goes wrong on the board.

    ``short_*`` ends that stream's transfers this many bytes early, with TLAST; ``stuck_images``
    leaves out the last beat and never ends; ``stuck_results`` takes one beat and no more until the
    DMA is reset. ``decode_error`` is what a DMA reports of a bad address.
    """

    pauses: float = 0.0
    """How likely a DMA does nothing between two register accesses."""
    no_interrupt: bool = False
    short_parameters: int = 0
    short_images: int = 0
    short_results: int = 0
    stuck_images: bool = False
    stuck_results: bool = False
    decode_error: bool = False


class Memory:
    """Physical memory: what DMAs read and write."""

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}
        self._next = 0x1000_0000

    def allocate(self, size: int) -> int:
        """Address of ``size`` new bytes, full of rubbish."""
        address = self._next
        self._parts[address] = bytearray(b"\xa5" * size)
        self._next += (size + 0xFFF) // 0x1000 * 0x1000
        return address

    def free(self, address: int) -> None:
        """Forget a part."""
        del self._parts[address]

    @property
    def parts(self) -> int:
        """How many parts are allocated."""
        return len(self._parts)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of one part; LookupError where there are none."""
        part, offset = self._part(address, size)
        return bytes(part[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Change bytes of one part; LookupError where there are none."""
        part, offset = self._part(address, len(data))
        part[offset : offset + len(data)] = data

    def _part(self, address: int, size: int) -> tuple[bytearray, int]:
        for start, part in self._parts.items():
            if start <= address and address + size <= start + len(part):
                return part, address - start
        raise LookupError(f"no memory at 0x{address:X}")


class Buffer(np.ndarray[tuple[int], np.dtype[np.uint8]]):
    """What `allocate` gives: memory of the processor with a physical address."""

    memory: Memory | None = None
    physical_address: int = 0

    def flush(self) -> None:
        """Processor -> memory."""
        assert self.memory is not None, "flush of a view or of freed memory"
        self.memory.write(self.physical_address, self.tobytes())

    def invalidate(self) -> None:
        """Memory -> processor."""
        assert self.memory is not None, "invalidate of a view or of freed memory"
        self[:] = np.frombuffer(self.memory.read(self.physical_address, self.nbytes), np.uint8)

    def freebuffer(self) -> None:
        """Give the memory back."""
        assert self.memory is not None, "freed twice"
        self.memory.free(self.physical_address)
        self.memory = None


class DmaModel:
    """AXI DMA in direct register mode, between `Memory` and the simulator's streams."""

    def __init__(self, board: BoardModel, sends: Stream, receives: bool) -> None:
        self._board = board
        self._sends = sends
        self._receives = receives  # whether it has the receiving channel
        self._registers = {SEND + STATUS: HALTED, RECEIVE + STATUS: HALTED}
        self._sent = Event.PARAMETERS_SENT if sends is Stream.PARAMETERS else Event.IMAGES_SENT
        self._data = b""
        self._sending = self._receiving = False

    def read(self, offset: int) -> int:
        """A register, after some time."""
        self._board.pass_time()
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Set a register, after some time."""
        self._board.pass_time()
        channel, register = offset // RECEIVE * RECEIVE, offset % RECEIVE
        if register == CONTROL:
            if value & RESET:
                self._reset()
            elif value & RUN:
                self._registers[channel + STATUS] &= ~HALTED
            else:
                self._registers[channel + STATUS] |= HALTED
            return
        if register == STATUS:
            self._registers[offset] &= ~(value & COMPLETE)
            return
        self._registers[offset] = value
        if register == LENGTH and not self._registers[channel + STATUS] & HALTED:
            self._registers[channel + STATUS] &= ~IDLE
            (self._start_sending if channel == SEND else self._start_receiving)(value)

    def step(self, events: Event) -> None:
        """Move what the DMA moves in a moment; ``events`` are those of the simulator."""
        if self._receiving and events & Event.PACKET:
            self._receive()
        if self._sending and events & self._sent:
            if self._data:
                if self._board.random.random() >= self._board.faults.pauses:
                    self._send()
            elif not self._stuck():
                self._sending = False
                self._registers[SEND + STATUS] |= IDLE | COMPLETE

    def _send(self) -> None:
        link = self._board.link
        beat = link.beat_bytes[self._sends]
        size = beat * self._board.random.randint(1, BURST // beat)
        part, self._data = self._data[:size], self._data[size:]
        if self._stuck() and not self._data:
            part = part[:-beat]
        if part:
            link.send(self._sends, part, last=not self._data and not self._stuck())

    def _receive(self) -> None:
        packet = self._board.link.receive()
        assert packet is not None
        if self._board.faults.stuck_results:
            return
        data = packet[0][: len(packet[0]) - self._board.faults.short_results]
        self._board.memory.write(self._registers[RECEIVE + ADDRESS], data)
        self._registers[RECEIVE + LENGTH] = len(data)
        self._receiving = False
        # A packet that goes on where the buffer ends is an error of the DMA.
        self._registers[RECEIVE + STATUS] |= IDLE | COMPLETE if packet[1] else INTERNAL_ERROR

    def _stuck(self) -> bool:
        return self._sends is Stream.IMAGES and self._board.faults.stuck_images

    def _start_sending(self, size: int) -> None:
        faults = self._board.faults
        if faults.decode_error:
            self._registers[SEND + STATUS] |= DECODE_ERROR | HALTED
            return
        data = self._board.memory.read(self._registers[SEND + ADDRESS], size)
        lost = faults.short_parameters if self._sends is Stream.PARAMETERS else faults.short_images
        self._data = data[: len(data) - lost]
        self._sending = True

    def _start_receiving(self, size: int) -> None:
        self._receiving = True
        self._board.link.room(8 if self._board.faults.stuck_results else size)

    def _reset(self) -> None:
        self._registers = {SEND + STATUS: HALTED, RECEIVE + STATUS: HALTED}
        self._data, self._sending, self._receiving = b"", False, False
        self._board.link.flush(self._sends)
        if self._receives:
            self._board.faults.stuck_results = False
            self._board.link.flush(Stream.RESULTS)


class Mmio:
    """``pynq.MMIO``: 32-bit accesses."""

    def __init__(self, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:
        self._read, self._write = read, write

    def read(self, offset: int = 0) -> int:
        """A register."""
        assert offset % 4 == 0
        return self._read(offset)

    def write(self, offset: int, data: int) -> None:
        """Set a register; like the original, it takes nothing but plain int."""
        if type(data) is not int:
            raise ValueError("Data type must be int or bytes.")
        assert offset % 4 == 0
        self._write(offset, data)


class Channel:
    """``sendchannel`` or ``recvchannel`` of ``pynq.lib.DMA``."""

    def __init__(self, mmio: Mmio, offset: int, longest: int) -> None:
        self._mmio, self._offset, self._longest = mmio, offset, longest
        self._buffer: Buffer | None = None
        self._first = True
        self.transferred = 0
        self.start()

    def _status(self) -> int:
        return self._mmio.read(self._offset + STATUS)

    @property
    def running(self) -> bool:
        """Not halted."""
        return not self._status() & HALTED

    @property
    def idle(self) -> bool:
        """The transfer is through."""
        return bool(self._status() & IDLE)

    @property
    def error(self) -> bool:
        """Something went wrong."""
        return bool(self._status() & 0x70)

    def start(self) -> None:
        """Let it run."""
        self._mmio.write(self._offset + CONTROL, RUN)
        while not self.running:
            pass
        self._first = True

    def transfer(self, array: Buffer, start: int = 0, nbytes: int = 0) -> None:
        """Begin a transfer."""
        if not self.running:
            raise RuntimeError("DMA channel not started")
        if not self.idle and not self._first:
            raise RuntimeError("DMA channel not idle")
        nbytes = nbytes or array.nbytes - start
        if nbytes > self._longest:
            raise ValueError("Transfer size exceeds the maximum DMA buffer size")
        if self._offset == SEND:
            array.flush()
        self.transferred = 0
        self._mmio.write(self._offset + ADDRESS, array.physical_address + start)
        self._mmio.write(self._offset + ADDRESS_HIGH, 0)
        self._mmio.write(self._offset + LENGTH, nbytes)
        self._buffer, self._first = array, False

    def wait(self) -> None:
        """Until the transfer is through: without a bound, as in the original."""
        if not self.running:
            raise RuntimeError("DMA channel not started")
        while not self.idle:
            if self.error:
                raise RuntimeError("DMA error")
        assert self._buffer is not None
        if self._offset == RECEIVE:
            self._buffer.invalidate()
        self.transferred = self._mmio.read(self._offset + LENGTH)
        self._buffer = None


class Interrupt:
    """``pynq.Interrupt``: level, one coroutine."""

    def __init__(self, board: BoardModel) -> None:
        self._board = board

    async def wait(self) -> None:
        """Until irq is high."""
        while not self._high():
            await asyncio.sleep(0)

    def _high(self) -> bool:
        events = self._board.pass_time(SLEEP_CYCLES)
        return bool(events & Event.INTERRUPT) and not self._board.faults.no_interrupt


class BoardModel:
    """The processor's view of the programmable logic. ``link`` is the simulator's."""

    def __init__(self, link: Link, faults: Faults, seed: int = 1) -> None:
        self.link, self.faults = link, faults
        self.random = random.Random(seed)
        self.memory = Memory()
        self.core = types.SimpleNamespace(
            mmio=Mmio(self._read_core, link.write), irq=Interrupt(self)
        )
        self._dmas = [
            DmaModel(self, Stream.PARAMETERS, receives=False),
            DmaModel(self, Stream.IMAGES, receives=True),
        ]
        self.longest = (1 << 26) - 1
        self.events = Event(0)
        link.room(0)

    def pass_time(self, cycles: int = ACCESS_CYCLES) -> Event:
        """Some cycles, after the DMAs moved something; the events there are."""
        for dma in self._dmas:
            dma.step(self.events)
        self.events = self.link.run(cycles)
        return self.events

    def dma(self, number: int) -> types.SimpleNamespace:
        """A DMA as PYNQ shows it: 0 sends parameters, 1 images and receives results."""
        model = self._dmas[number]
        mmio = Mmio(model.read, model.write)
        return types.SimpleNamespace(
            mmio=mmio,
            buffer_max_size=self.longest,
            sendchannel=Channel(mmio, SEND, self.longest),
            recvchannel=Channel(mmio, RECEIVE, self.longest) if number == 1 else None,
        )

    def _read_core(self, offset: int) -> int:
        self.pass_time()
        return self.link.read(offset)

    def allocate(self, shape: tuple[int, ...], dtype: str) -> Buffer:
        """``pynq.allocate`` for bytes."""
        assert dtype == "u1"
        assert len(shape) == 1
        buffer = np.full(shape, 0x5A, np.uint8).view(Buffer)
        buffer.memory = self.memory
        buffer.physical_address = self.memory.allocate(shape[0])
        return buffer


def make_pynq(board: BoardModel, connect_irq: bool = True) -> Any:
    """A module to put in place of ``pynq``."""
    module: Any = types.ModuleType("pynq")
    if not connect_irq:
        board.core.irq = None

    class Overlay:
        ip_dict = {  # noqa: RUF012 - as in the original
            "lsfq_accel_0": {"type": "xilinx.com:module_ref:lsfq_accel:1.0"},
            "axi_dma_param": {
                "type": "xilinx.com:ip:axi_dma:7.1",
                "parameters": {"c_include_mm2s": "1", "c_include_s2mm": "0"},
            },
            "axi_dma_data": {
                "type": "xilinx.com:ip:axi_dma:7.1",
                "parameters": {"c_include_mm2s": "1", "c_include_s2mm": "1"},
            },
            "zynq_ultra_ps_e_0": {"type": "xilinx.com:ip:zynq_ultra_ps_e:3.5"},
        }

        def __init__(self, bitfile_name: str) -> None:
            self.bitfile_name = bitfile_name
            self.lsfq_accel_0 = board.core
            self.axi_dma_param = board.dma(0)
            self.axi_dma_data = board.dma(1)

    module.Overlay = Overlay
    module.allocate = board.allocate
    return module
