# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the weight memory's bench: payloads go in beat by beat, weight codes come out."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import ReadOnly, RisingEdge

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.payload import Payload, PayloadShape, pack_payload, word_order
from tb.support import Dut, is_high, reset, rng, start, to_beats
from tb.support.pipeline import unpack

MEMORY_PLANES = {Kernel.K1X1: (0, 2), Kernel.K3X3: (0, 1, 2), Kernel.FULL: (0, 1)}
ABSENT = {Kernel.K1X1: 1, Kernel.K3X3: 0, Kernel.FULL: 2}
MIDDLE_ALONE = ((1,), 3)
"""Planes and absent plane of a 1x1 kernel of 3 bits."""
LATENCY = 2
INPUTS = (
    "write_enable", "write_plane", "write_beat", "absent_plane", "write_last", "write_data",
    "free_pointer", "read_pointer",
)  # fmt: skip


@dataclass(frozen=True)
class WordBeat:
    """One beat as the parser offers it."""

    plane: int
    beat: int
    absent: int
    last: bool
    data: int


@dataclass(frozen=True)
class Word:
    """The beats of a weight word, and the stored weights that the array then has to read."""

    beats: list[WordBeat]
    stored: list[int]


def random_words(generator: np.random.Generator, config: CoreConfig, width: int) -> list[Word]:
    """The weight words of a random payload of one digit, one output group."""
    kernel = random.choice(list(MEMORY_PLANES))
    bits = config.code_bits
    shape = PayloadShape(kernel, random.randint(1, 2 * config.pin), 1, 2, config.pout, bits)
    top = (1 << bits - 1) - 1
    weight = generator.integers(-top, top + 1, shape.weight_shape()).astype(np.int8)
    zeros = np.zeros(shape.outputs, np.int64)
    packet = pack_payload(Payload(weight, zeros, zeros), shape, config)
    ordered = word_order(weight, shape, config)[0]
    assert len(ordered) == shape.words(config)
    size = shape.word_bytes(config)
    start_byte = len(packet) - size * len(ordered)
    words = []
    for index, codes in enumerate(ordered):
        data = packet[start_byte + index * size : start_byte + (index + 1) * size]
        words.append(_word(data, codes, kernel, width, bits))
    return words


def _word(data: bytes, codes: npt.NDArray[np.int16], kernel: Kernel, width: int, bits: int) -> Word:
    planes, absent = MEMORY_PLANES[kernel], ABSENT[kernel]
    if bits == 3 and kernel is Kernel.K1X1:
        planes, absent = MIDDLE_ALONE
    size = len(data) // len(planes)
    beats, stored = [], [0] * (3 * codes[0].size)
    for index, plane in enumerate(planes):
        values = to_beats(data[index * size : (index + 1) * size], width)
        for number, value in enumerate(values):
            last = index == len(planes) - 1 and number == len(values) - 1
            beats.append(WordBeat(plane, number, absent, last, value))
        flat = (codes[index] + (8 if bits == 4 else 3)).reshape(-1)
        stored[plane * flat.size : (plane + 1) * flat.size] = [int(code) for code in flat]
    return Word(beats, stored)


class Bench:
    """Offers beats, frees words, reads words that are complete, and compares, cycle by cycle."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.depth = int(dut.DEPTH.value)
        self.config = CoreConfig(
            pin=int(dut.PIN.value), pout=int(dut.POUT.value), code_bits=int(dut.CODE_BITS.value)
        )
        self.rng = rng()
        self.modulus = 1 << len(dut.write_pointer)
        self.forget()

    def forget(self) -> None:
        """An empty memory, pointers at 0, nothing offered."""
        self.words: list[Word] = []
        self.freed = 0
        self._known = 0
        self.most = 0
        self._pending: deque[tuple[WordBeat, Word]] = deque()
        self._reads: deque[Word | None] = deque([None] * LATENCY)
        self._write = False
        for name in INPUTS:
            getattr(self.dut, name).value = 0

    async def run(self, cycles: int, eager: float, free: float) -> None:
        """`eager`: chance of a beat in a cycle with space; `free`: chance that words are freed."""
        for _ in range(cycles):
            held = len(self.words) - self._known
            space = held < self.depth
            self._known = self.freed  # of the cycle before: the memory learns of it two cycles late
            self._drive(space, eager, free)
            await ReadOnly()
            if self._settled:
                assert is_high(self.dut.space) == space, f"{held} words held"
            assert int(self.dut.write_pointer.value) == len(self.words) % self.modulus
            self._compare(self._reads.popleft())
            await RisingEdge(self.dut.aclk)
            self._settled = True
            if self._write:
                beat, word = self._pending.popleft()
                if beat.last:
                    self.words.append(word)
            self.most = max(self.most, len(self.words) - self.freed)

    _settled = False

    def _drive(self, space: bool, eager: float, free: float) -> None:
        dut = self.dut
        self._write = space and random.random() < eager
        if not self._pending:
            for word in random_words(self.rng, self.config, len(dut.write_data)):
                self._pending.extend((beat, word) for beat in word.beats)
        dut.write_enable.value = int(self._write)
        beat = self._pending[0][0]
        dut.write_plane.value = beat.plane
        dut.write_beat.value = beat.beat
        dut.absent_plane.value = beat.absent
        dut.write_last.value = int(beat.last)
        dut.write_data.value = beat.data
        if self.freed < len(self.words):
            number = random.randrange(self.freed, len(self.words))
            dut.read_pointer.value = number % self.modulus
            self._reads.append(self.words[number])
        else:
            self._reads.append(None)
        if random.random() < free and self.freed < len(self.words):
            self.freed = random.randint(self.freed + 1, len(self.words))
        dut.free_pointer.value = self.freed % self.modulus

    def _compare(self, word: Word | None) -> None:
        if word is None:
            return
        data = int(self.dut.read_data.value)
        assert unpack(data, self.config.code_bits, len(word.stored)) == word.stored


async def _bench(dut: Dut) -> Bench:
    bench = Bench(dut)
    await start(dut)
    return bench


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(eager=[0.3, 1.0], free=[0.02, 0.3])
async def reads_what_was_sent(dut: Dut, eager: float, free: float) -> None:
    """Words of all kernels, read while others are written and freed, past the pointers' wrap."""
    bench = await _bench(dut)
    await bench.run(1500, eager, free)
    assert len(bench.words) > 2 * bench.depth


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def holds_depth_words(dut: Dut) -> None:
    """DEPTH words go in while none is freed, not one more; then it goes on."""
    bench = await _bench(dut)
    await bench.run(bench.depth * 30, 1.0, 0.0)
    assert len(bench.words) == bench.most == bench.depth
    await bench.run(600, 1.0, 0.2)
    assert len(bench.words) > bench.depth


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut: Dut) -> None:
    """Reset at any time, also in mid-word: the next words are complete and in order."""
    bench = await _bench(dut)
    for turn in range(10):
        await bench.run(random.randint(1, 120), 1.0, 0.05)
        bench.forget()
        if turn % 2:  # one cycle long
            dut.aresetn.value = 0
            await RisingEdge(dut.aclk)
            dut.aresetn.value = 1
        else:
            await reset(dut)
        await bench.run(150, 1.0, 0.1)
