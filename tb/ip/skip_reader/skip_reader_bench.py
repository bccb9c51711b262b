# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the skip reader's bench; expected is the reference model's layout of a tensor."""

from __future__ import annotations

import random
from collections import deque

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, pairs_of, tensor_to_words, tensor_word_count
from tb.support import Dut, rng, start
from tb.support.pipeline import pack, unpack

Codes = npt.NDArray[np.uint8]
DEPTH = 2000
"""Words of the memory."""

PATIENCE = 200
"""Cycles in which a pair has to come."""


class Reader:
    """The memory on one side, the array on the other: ends steps, takes pairs some time later."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.config = CoreConfig(
            int(dut.PIN.value), int(dut.POUT.value), code_bits=int(dut.CODE_BITS.value)
        )
        self.memory = [0] * DEPTH
        self.taken: list[int] = []
        self.reads = 0
        self.row = 1
        """Steps of a row."""
        self.row_pairs = 1
        """Pairs of a row that leave the array."""
        self.free = 1.0
        self._address: deque[int | None] = deque([None, None])

    async def cycle(
        self, step_end: bool = False, take: bool = False, row_ends: int = 0, chosen: int = 0
    ) -> bool:
        """One cycle; whether a step may end in the next one.

        ``row_ends``: bit 0 of the step, bit 1 of the pair taken, which is of set ``chosen``.
        """
        dut = self.dut
        dut.step_row_end.value, dut.pair_row_end.value = row_ends & 1, row_ends >> 1
        dut.pair_set.value = chosen
        dut.step_end.value, dut.pair_taken.value = int(step_end), int(take)
        dut.read_ready.value = int(random.random() < self.free)
        await RisingEdge(dut.aclk)
        if take:
            self.taken.append(int(dut.pair.value))
        read = bool(dut.read_valid.value) and bool(dut.read_ready.value)
        self.reads += read
        self._address.append(int(dut.read_address.value) if read else None)
        address = self._address.popleft()
        noise = random.getrandbits(len(dut.read_data))
        dut.read_data.value = noise if address is None else self.memory[address % DEPTH]
        return bool(dut.step_ready.value)

    async def begin(
        self,
        tensors: list[Codes],
        bits: int,
        base: int,
        pitch: int,
        sets: int,
        stride: int = 1,
        ring: tuple[int, int] | None = None,
    ) -> None:
        """Put the tensors into the memory, in a ring (R, r) if one is given, and begin a layer."""
        dut, pin, code_bits = self.dut, self.config.pin, self.config.code_bits
        channels, height, width = tensors[0].shape
        kept, first = ring or (height, 0)
        pairs = ceil_div(width, self.config.pixels)
        for image, codes in enumerate(tensors):
            for offset, word in enumerate(tensor_to_words(codes, bits, pin, code_bits)):
                group, y, t = offset // (height * pairs), offset // pairs % height, offset % pairs
                place = (group * kept + (first + y) % kept) * pairs + t
                channel_width = self.config.pixels * code_bits
                self.memory[base + image * pitch + place] = pack(word.tolist(), channel_width)
        plane = kept * pairs
        dut.start.value = base + first * pairs
        dut.count.value, dut.left.value = height * pairs, (kept - first) * pairs
        self.row_pairs = pairs_of(width) if stride == 1 else width
        self.row = self.row_pairs if code_bits == 4 else pairs_of(self.row_pairs)
        digits = digits_of(bits, code_bits)
        dut.stride_2.value, dut.row_pairs.value = stride - 1, pairs_of(width)
        dut.enable.value, dut.pointwise.value = 1, int(sets == 2)
        dut.wide.value, dut.third.value = int(digits > 1), int(digits > 2)
        dut.groups.value = ceil_div(channels, self.config.pout * sets)
        dut.plane.value = plane
        dut.digit_words.value = plane * ceil_div(channels, pin)
        dut.images.value, dut.pitch.value = len(tensors), pitch
        self.taken.clear()
        self.reads = 0
        dut.restart.value = 1
        await self.cycle()
        dut.restart.value = 0

    def _pairs(self, sets: int, row_ends: bool) -> int:
        """Pairs of a step."""
        if self.config.code_bits == 4:
            return sets
        return 1 if row_ends and self.row_pairs % 2 else 2

    def steps(self, pairs: int, sets: int) -> int:
        """Steps that make so many pairs: whole rows."""
        return pairs // sets // self.row_pairs * self.row

    async def run(self, steps: int, sets: int, hurry: float, latency: int) -> None:
        """End steps when the reader allows it; take each step's pairs `latency` cycles later."""
        may_end, waited = False, 0
        due: deque[int] = deque()
        now = ended = taken = 0
        while steps or due:
            end = may_end and steps > 0 and random.random() < hurry
            take = bool(due) and due[0] <= now
            if take:
                due.popleft()
            ends = (ended + 1) % self.row == 0, (taken // sets + 1) % self.row_pairs == 0
            may_end = await self.cycle(end, take, ends[0] | ends[1] << 1, taken % sets)
            taken += take
            ended += end
            if end:
                steps -= 1
                may_end = False  # the answer is a cycle old
                first = max(now + latency, due[-1] + 1 if due else 0)
                due.extend(first + n for n in range(self._pairs(sets, ends[0])))
            waited = 0 if end or take else waited + 1
            assert waited < PATIENCE, "no pair comes"
            now += 1


def expected_pairs(
    tensors: list[Codes], pout: int, sets: int, stride: int = 1
) -> list[tuple[int, int, int]]:
    """Pairs in the array's order, with masks of the codes that exist and the number of them.

    With stride 2 pixel by pixel: the even one of each counts.
    """
    at_once = 2 if stride == 1 else 1
    channels, height, width = tensors[0].shape
    pairs = []
    for first in range(0, channels, pout * sets):
        for codes in tensors:
            for y in range(height):
                for x in range(0, width, at_once):
                    for start_at in range(first, first + pout * sets, pout):
                        pair, mask = np.zeros((2, pout), int), np.zeros((2, pout), int)
                        some = codes[start_at : start_at + pout, y, x : x + at_once].T
                        pair[: some.shape[0], : some.shape[1]] = some
                        mask[: some.shape[0], : some.shape[1]] = 255
                        pairs.append(
                            (pack(pair.reshape(-1), 8), pack(mask.reshape(-1), 8), some.shape[1])
                        )
    return pairs


async def _open(dut: Dut) -> Reader:
    for name in (
        "restart", "enable", "pointwise", "wide", "third", "groups", "start", "count", "left",
        "row_pairs", "plane", "digit_words", "images", "pitch", "read_ready", "read_data",
        "step_end", "step_row_end",
        "pair_taken", "pair_set", "pair_row_end", "stride_2",
    ):  # fmt: skip
        getattr(dut, name).value = 0
    await start(dut)
    return Reader(dut)


def _draw(
    generator: np.random.Generator, config: CoreConfig
) -> tuple[list[Codes], int, int, int, int]:
    """Tensors of some images, bits, base, pitch, sets."""
    while True:
        sets, bits = int(generator.integers(1, 3)), int(generator.choice([2, 4, 8]))
        sets = sets if config.code_bits == 4 else 1
        most = 2 * max(config.pout * sets, config.pin) + 2
        pick = generator.integers
        shape = int(pick(1, most)), int(pick(1, 5)), int(pick(1, 9))
        images = int(pick(1, 4))
        words = tensor_word_count(shape, bits, config.pin, config.code_bits)
        pitch = words + int(pick(0, 5))
        if images * pitch > DEPTH:
            continue
        codes = pick(0, 1 << bits, (images, *shape)).astype(np.uint8)
        return list(codes), bits, int(pick(0, DEPTH - images * pitch + 1)), pitch, sets


def _draw_ring(generator: np.random.Generator, tensors: list[Codes]) -> tuple[int, int] | None:
    """Of one tensor, a ring with a few rows more than it has."""
    if len(tensors) > 1 or generator.random() < 0.3:
        return None
    kept = tensors[0].shape[1] + int(generator.integers(0, 4))
    return kept, int(generator.integers(0, kept))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_tensors(dut: Dut) -> None:
    """Tensors of any shape and width, a port free always or rarely, the array in a hurry or not."""
    reader = await _open(dut)
    generator = rng()
    for _ in range(50):
        tensors, bits, base, pitch, sets = _draw(generator, reader.config)
        stride = int(generator.integers(1, 3))
        await reader.begin(tensors, bits, base, pitch, sets, stride, _draw_ring(generator, tensors))
        expected = expected_pairs(tensors, reader.config.pout, sets, stride)
        reader.free = float(generator.choice([1.0, 0.5, 0.2]))
        hurry = float(generator.choice([1.0, 1.0, 0.2]))
        steps = reader.steps(len(expected), sets)
        await reader.run(steps, sets, hurry, int(generator.integers(3, 12)))
        case = f"{len(tensors)} x {tensors[0].shape}, {bits} bits, {sets} sets, stride {stride}"
        assert len(reader.taken) == len(expected), case
        for index, (got, (wanted, mask, _)) in enumerate(zip(reader.taken, expected, strict=True)):
            assert got & mask == wanted, f"pair {index} is {got & mask:x}, not {wanted:x}: {case}"
        reads = reader.reads
        for _ in range(10):
            await reader.cycle()
        assert reader.reads == reads, f"reads on after the last pair: {case}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(signal=["aresetn", "restart"])
async def begins_anew(dut: Dut, signal: str) -> None:
    """A layer that breaks off leaves no trace in the next; without a skip nothing is read."""
    reader = await _open(dut)
    generator = rng()
    for _ in range(15):
        tensors, bits, base, pitch, sets = _draw(generator, reader.config)
        expected = expected_pairs(tensors, reader.config.pout, sets)
        await reader.begin(tensors, bits, base, pitch, sets)
        steps = reader.steps(len(expected), sets)
        await reader.run(int(generator.integers(0, steps)), sets, 0.7, 5)
        idle = int(signal == "aresetn")
        getattr(dut, signal).value = 1 - idle
        dut.enable.value = 0
        await reader.cycle()
        getattr(dut, signal).value = idle
        reads = reader.reads
        await reader.cycle()  # no step ends so early
        for _ in range(10):
            assert await reader.cycle(), "a layer without skip tensor waits"
        assert reader.reads == reads, "reads without a skip tensor"
        await reader.begin(tensors, bits, base, pitch, sets)
        await reader.run(steps, sets, 0.7, 5)
        masked = [got & mask for got, (_, mask, _) in zip(reader.taken, expected, strict=True)]
        assert masked == [wanted for wanted, _, _ in expected]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def keeps_pace(dut: Dut) -> None:
    """With a free port it reads a word a cycle, so the array never waits for it in the long run."""
    reader = await _open(dut)
    sets = 2 if reader.config.code_bits == 4 else 1
    channels = sets * reader.config.pout
    bits = reader.config.code_bits
    codes = rng().integers(0, 1 << bits, (channels, 6, 8)).astype(np.uint8)
    await reader.begin([codes], bits, 0, 0, sets)
    words = max(1, reader.config.pout // reader.config.pin)
    pairs = 6 * 4 * sets
    cycles = 0
    for _ in range(pairs * words + 20):
        cycles += 1
        await reader.cycle()
        if reader.reads == min(pairs, int(dut.DEPTH.value)) * words:
            break
    assert cycles <= min(pairs, int(dut.DEPTH.value)) * words + 5, cycles
    assert unpack(int(dut.pair.value), 8, 1) == [int(codes[0, 0, 0])]
