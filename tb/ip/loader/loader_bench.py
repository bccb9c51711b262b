# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the loader's bench: images go in as bytes, the memory is compared word by word."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.errors import ErrorCode
from ref_model.hardware.layer_word import LOAD_FIELDS, pack_word
from ref_model.hardware.layout import (
    Codes,
    digits_of,
    image_to_bytes,
    pixels_of,
    row_window,
    tensor_to_words,
    tensor_word_count,
)
from ref_model.integer.ranges import CODE_BITS, largest_activation
from tb.support import (
    Beat,
    Dut,
    HandshakeSource,
    bounded,
    is_high,
    reset,
    rng,
    stall_pattern,
    start,
    to_beats,
)
from tb.support.pipeline import unpack

STREAM = {"valid": "valid", "ready": "ready", "data": "data", "last": "last"}
DEPTH = 1 << 17
"""Words of the largest feature memory."""
CONTROLS = (
    "s_valid", "s_ready", "write_valid", "write_ready", "error_valid",
    "load_ready",
)  # fmt: skip


@dataclass(frozen=True)
class Image:
    """An image and how it is stored: in `parts` of so many rows, in a ring of `ring` rows."""

    codes: Codes
    bits: int
    window: bool
    base: int
    parts: tuple[int, ...]
    ring: int
    thinned: bool = False
    first_place: int = 0
    """Ring row of row 0."""

    @classmethod
    def whole(cls, codes: Codes, bits: int, window: bool, base: int) -> Image:
        """An image in one part, kept whole."""
        return cls(codes, bits, window, base, (codes.shape[1],), codes.shape[1])

    def stored_by(self, part: int) -> range:
        """Rows of the image, or of its window, that a part stores."""
        first, last = sum(self.parts[:part]), sum(self.parts[: part + 1])
        if self.window:  # a row is complete with the one below it
            first, last = max(0, first - 1), last - (last < self.codes.shape[1])
        return range(first + first % 2, last, 2) if self.thinned else range(first, last)

    def place(self, row: int) -> int:
        """Ring row of a stored row."""
        return (self.first_place + row // (2 if self.thinned else 1)) % self.ring

    def words(
        self, part: int, pin: int, code_bits: int = 4
    ) -> dict[int, tuple[list[int], list[bool]]]:
        """What a part writes: address, word, which of its parts hold a channel."""
        tensor = row_window(self.codes) if self.window else self.codes
        pairs = -(-tensor.shape[2] // pixels_of(code_bits))
        found: dict[int, tuple[list[int], list[bool]]] = {}
        for row in self.stored_by(part):
            line = tensor[:, row : row + 1]
            ones = np.full(line.shape, 0x11 if code_bits == 4 else 0o111 & 255, np.uint8)
            exist = tensor_to_words(ones, self.bits, pin, code_bits) != 0
            for index, word in enumerate(tensor_to_words(line, self.bits, pin, code_bits)):
                plane, t = divmod(index, pairs)
                address = self.base + (plane * self.ring + self.place(row)) * pairs + t
                found[address] = word.tolist(), exist[index].tolist()
        return found

    def fields(self, part: int, pin: int, code_bits: int = 4) -> dict[str, int]:
        """The load word of a part, but for its place in the pass."""
        channels, _, width = self.codes.shape
        row = -(-width // pixels_of(code_bits))
        plane = self.ring * row
        place = self.place(self.stored_by(part)[0])
        groups = -(-(3 * channels if self.window else channels) // pin)
        return {
            "height": self.parts[part],
            "width": width,
            "channels": channels,
            "wide": int(digits_of(self.bits, code_bits) > 1),
            "third": int(digits_of(self.bits, code_bits) > 2),
            "window": int(self.window),
            "begins": int(part == 0),
            "ends": int(part == len(self.parts) - 1),
            "thinned": int(self.thinned),
            "start": self.base + place * row,
            "plane": plane,
            "digit_words": groups * plane,
            "ring": self.ring,
            "left": self.ring - place,
        }


def random_image(generator: np.random.Generator, pin: int, most: int = 8) -> Image:
    """Any width of codes, sizes often 1, up to three channel groups, a window where one fits."""
    height, width = (
        int(generator.choice([1, 2, 3, int(generator.integers(1, most))])) for _ in "yx"
    )
    window = bool(generator.random() < 0.5)
    most_channels = pin // 3 if window else int(generator.choice([2, pin, 2 * pin + 2]))
    channels = int(generator.integers(1, most_channels + 1))
    bits = int(generator.choice(CODE_BITS))
    top = largest_activation(bits)
    shape = (channels, height, width)
    codes = generator.integers(0, top + 1, shape)
    if generator.random() < 0.2:
        codes = np.full(shape, top)
    parts, thinned = _random_parts(generator, height, window)
    ring = int(generator.integers(height, height + 3))
    words = tensor_word_count((3 * channels if window else channels, ring, width), bits, pin)
    top_base = DEPTH - words
    base = int(generator.choice([0, top_base, int(generator.integers(top_base))]))
    place = int(generator.integers(0, ring))
    return Image(codes.astype(np.uint8), bits, window, base, parts, ring, thinned, place)


def _random_parts(
    generator: np.random.Generator, height: int, window: bool
) -> tuple[tuple[int, ...], bool]:
    """Rows of the parts of an image, each of which stores a row; whether they are thinned."""
    thinned = window and bool(generator.random() < 0.3)
    if generator.random() < 0.4:
        return (height,), thinned
    parts: list[int] = []
    left = height
    while left:
        least = 2 if window and not parts else 1
        rows = int(generator.integers(least, max(least, left) + 1))
        rows = min(left, rows + (rows % 2 if thinned else 0))
        parts.append(rows)
        left -= rows
    return tuple(parts), thinned


class Bench:
    """Drives the loader and keeps the memory it writes."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.pin = int(dut.PIN.value)
        self.code_bits = int(dut.CODE_BITS.value)
        for name in ("start", "stop", "load_valid", "layers"):
            getattr(dut, name).value = 0
        dut.write_ready.value = 1
        self.free = 1.0
        """Chance of `write_ready` in a cycle."""
        self.source = HandshakeSource(dut, "s", dut.aclk, STREAM)
        self.rng = rng()
        self.memory: dict[int, list[int]] = {}
        self.forget()

    def forget(self) -> None:
        """Forget errors and writes; the memory then holds garbage wherever it is looked at."""
        self.errors: list[ErrorCode] = []
        self.cycles = 0
        self.sent_before = self.source.beats_sent
        self.memory.clear()
        self.written: dict[int, int] = {}

    async def open(self) -> None:
        """Clock and reset."""
        await start(self.dut)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        dut = self.dut
        pins = [getattr(dut, name) for name in CONTROLS]
        while True:
            await RisingEdge(dut.aclk)
            self.cycles += 1
            _, ready, enable, free, error, wants = (int(x.value) for x in pins)
            if error:
                self.errors.append(ErrorCode(int(dut.error_code.value)))
            assert not (wants and (enable or ready)), "busy between images"
            dut.write_ready.value = int(random.random() < self.free)
            if enable and free:
                self._write()

    def _write(self) -> None:
        """A whole word, or its halves; the first half of a word comes first."""
        dut = self.dut
        width = 2 * self.code_bits
        halves = pixels_of(self.code_bits) // 2
        address, which = int(dut.write_address.value), int(dut.write_half.value)
        data = unpack(int(dut.write_data.value), halves * width, self.pin)
        mask = sum(((1 << width) - 1) << width * n for n in range(halves) if which >> n & 1)
        if which & 1:
            self.memory[address] = [value & mask for value in data]
        else:
            self.memory[address] = [
                old | value & mask for old, value in zip(self.memory[address], data, strict=True)
            ]
        self.written[address] = self.written.get(address, 0) * (which & 1 == 0) | which

    async def pulse(self, name: str) -> None:
        """One cycle of a control input."""
        getattr(self.dut, name).value = 1
        await RisingEdge(self.dut.aclk)
        getattr(self.dut, name).value = 0

    def beats(self, *images: Image) -> list[Beat]:
        """The beats of a packet with these images."""
        width = len(self.dut.s_data)
        data = [x for i in images for x in to_beats(image_to_bytes(i.codes, self.pin), width)]
        return [(value, int(i == len(data) - 1)) for i, value in enumerate(data)]

    async def begin(self, image: Image, beats: list[Beat], mood: str = "") -> None:
        """`start`, the packet, and after a while the first part of the only image."""
        await self.begin_pass(beats, mood)
        await self.describe(image, 0, last=len(image.parts) == 1)

    async def begin_pass(self, beats: list[Beat], mood: str = "") -> None:
        """`start` and the packet; nothing of it is taken before an image is described."""
        self.forget()
        self.source.stalls = stall_pattern(mood or random.choice(["none", "random", "bursty"]))
        self.free = 1.0 if mood == "none" else random.choice([0.3, 1.0])
        await self.pulse("start")
        self.source.queue(beats)
        await ClockCycles(self.dut.aclk, random.choice([1, 1, 2, 20]))
        assert self.source.beats_sent == self.sent_before, "takes beats before it knows the tensor"

    async def describe(self, image: Image, part: int, last: bool, wait: int = 0) -> None:
        """Show a part with `load_valid` until it is taken, garbage afterwards.

        It has to wait for `wait` more layers, which this finishes one after another.
        """
        dut = self.dut
        while not is_high(dut.load_ready):
            await RisingEdge(dut.aclk)
        layers = random.getrandbits(15)
        dut.layers.value = layers
        place = {"last": int(last), "layers": layers + wait}
        dut.load_word.value = pack_word(
            image.fields(part, self.pin, self.code_bits) | place, LOAD_FIELDS
        )
        await self.pulse("load_valid")
        dut.load_word.value = random.getrandbits(len(dut.load_word))
        for layer in range(wait):
            before = self.source.beats_sent
            await ClockCycles(dut.aclk, random.randint(1, 30))
            assert self.source.beats_sent == before, "starts before the layers are finished"
            dut.layers.value = layers + layer + 1

    async def load(self, image: Image, mood: str = "") -> None:
        """A good packet: the memory holds exactly the tensor."""
        beats = self.beats(image)
        await self.begin_pass(beats, mood)
        self.cycles = 0
        for part in range(len(image.parts)):
            await self.describe(image, part, last=part == len(image.parts) - 1)
            await self.finish(image, part, part + 1)
            self.memory.clear()
        assert is_high(self.dut.idle)
        assert self.source.idle, "done before the end of the packet"

    async def finish(self, image: Image, part: int, loads: int) -> None:
        """Wait until this part is stored, number `loads` of its pass, and compare the memory."""

        async def end() -> None:
            while int(self.dut.loads.value) < loads:
                await RisingEdge(self.dut.aclk)

        limit = 400 * len(self.beats(image)) + 20 * image.codes.size + 1000
        await bounded(end(), limit, f"part {loads}")
        assert not self.errors
        self.compare(image, part)

    def compare(self, image: Image, part: int) -> None:
        """Every word is as the layout says, and nothing else was written."""
        words = image.words(part, self.pin, self.code_bits)
        whole = (1 << pixels_of(self.code_bits) // 2) - 1
        assert all(self.written[address] == whole for address in self.memory), "half a word"
        differ = sorted(self.memory.keys() ^ words.keys())
        assert not differ, f"{image.codes.shape}, part {part} of {image.parts}: {differ[:5]} differ"
        for address, (word, exists) in words.items():
            got = self.memory[address]
            right = all(x == y for x, y, there in zip(got, word, exists, strict=True) if there)
            assert right, (
                f"{image.codes.shape}, {image.bits} bits, window {image.window}, part {part} of "
                f"{image.parts}: word {address - image.base} is {got}, not {word}"
            )

    async def wait_idle(self, limit: int = 20_000) -> None:
        """Until `idle`."""

        async def idle() -> None:
            while not is_high(self.dut.idle):
                await RisingEdge(self.dut.aclk)

        await bounded(idle(), limit, "idle")


def _in_one_part(image: Image) -> Image:
    return replace(image, parts=(image.codes.shape[1],))


async def _bench(dut: Dut) -> Bench:
    bench = Bench(dut)
    await bench.open()
    return bench


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_images(dut: Dut) -> None:
    """All widths of codes, odd sizes, several groups, with and without a row window."""
    bench = await _bench(dut)
    seen = set()
    for _ in range(200):
        image = random_image(bench.rng, bench.pin, 12)
        await bench.load(image)
        groups = len(image.codes) > bench.pin
        wide = 1 + (digits_of(image.bits, bench.code_bits) > 1)
        seen.add((wide, image.window, groups, image.codes.shape[1] == 1))
    assert {(d, w, False, True) for d in (1, 2) for w in (False, True)} <= seen, seen
    assert {(d, False, True, False) for d in (1, 2)} <= seen, seen


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def several_images(dut: Dut) -> None:
    """Images of one packet, each described when the one before is stored, or earlier; each waits
    for its layers.
    """
    bench = await _bench(dut)
    for _ in range(30):
        images = [random_image(bench.rng, bench.pin) for _ in range(random.randint(2, 4))]
        await bench.begin_pass(bench.beats(*images))
        parts = [(image, part) for image in images for part in range(len(image.parts))]
        for index, (image, part) in enumerate(parts):
            assert not is_high(dut.idle)
            wait = random.choice([0, 0, 1, 3])
            await bench.describe(image, part, last=index == len(parts) - 1, wait=wait)
            await bench.finish(image, part, index + 1)
            bench.memory.clear()
            await ClockCycles(dut.aclk, random.choice([1, 1, 40]))
        assert is_high(dut.idle)
        assert bench.source.idle


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def packet_that_ends_with_an_image_too_early(dut: Dut) -> None:
    """TLAST at the end of an image that is not the last one."""
    bench = await _bench(dut)
    for _ in range(20):
        image = _in_one_part(random_image(bench.rng, bench.pin))
        await bench.begin_pass(bench.beats(image))
        await bench.describe(image, 0, last=False)

        async def error() -> None:
            while not bench.errors:
                await RisingEdge(dut.aclk)

        await bounded(error(), 400 * len(bench.beats(image)) + 20 * image.codes.size + 1000, "it")
        await bench.pulse("stop")
        await RisingEdge(dut.aclk)
        await bench.wait_idle()
        assert bench.errors == [ErrorCode.IMAGE_SHORT]
        await bench.load(random_image(bench.rng, bench.pin))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def low_windows(dut: Dut) -> None:
    """Row windows over one, two and three rows, odd and even widths, one and two digits."""
    bench = await _bench(dut)
    for height in (1, 2, 3):
        for width in (1, 2, 5):
            for bits in (4, 8):
                channels = random.randint(1, bench.pin // 3)
                shape = (channels, height, width)
                codes = bench.rng.integers(1, largest_activation(bits) + 1, shape)
                await bench.load(Image.whole(codes.astype(np.uint8), bits, True, 7))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def takes_a_pixel_a_cycle(dut: Dut) -> None:
    """Without stalls a pixel takes a cycle for a beat's codes, a row of a group two more."""
    bench = await _bench(dut)
    at_once = min(len(dut.s_data) // 8, bench.pin)
    for channels, window in ((1, False), (bench.pin // 3, True), (bench.pin + 1, False)):
        height, width = 5, 8
        top = 1 << bench.code_bits
        codes = bench.rng.integers(0, top, (channels, height, width)).astype(np.uint8)
        await bench.load(Image.whole(codes, bench.code_bits, window, 0), mood="none")
        groups = [min(bench.pin, channels - k) for k in range(0, channels, bench.pin)]
        row = sum(width * -(-group // at_once) + 2 for group in groups)
        late = width + 14  # the last row makes two rows of a window
        assert bench.cycles <= height * row + late, (
            f"{bench.cycles} cycles for {height} rows of {row}"
        )


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def wrong_length(dut: Dut) -> None:
    """TLAST early, late or in the next packet's place: reported once, dropped up to TLAST."""
    bench = await _bench(dut)
    codes = set()
    for _ in range(60):
        image = _in_one_part(random_image(bench.rng, bench.pin))
        beats = bench.beats(image)
        short = len(beats) > 1 and random.random() < 0.5
        if short:
            cut = random.choice([1, len(beats) - 1, random.randint(1, len(beats) - 1)])
            beats = [*beats[: cut - 1], (beats[cut - 1][0], 1)]
        else:
            data = [random.getrandbits(16) for _ in range(random.randint(1, 5))]
            beats = [(value, 0) for value, _ in beats]
            beats += [(value, int(i == len(data) - 1)) for i, value in enumerate(data)]
        await bench.begin(image, beats)
        expected = ErrorCode.IMAGE_SHORT if short else ErrorCode.IMAGE_LONG
        codes.add(expected)

        async def error() -> None:
            while not bench.errors:
                await RisingEdge(dut.aclk)

        await bounded(error(), 400 * len(beats) + 20 * image.codes.size + 1000, "the error")
        assert int(dut.loads.value) == 0
        await ClockCycles(dut.aclk, random.choice([0, 0, 1, 30]))
        await bench.pulse("stop")
        await RisingEdge(dut.aclk)
        await bench.wait_idle()
        assert bench.source.idle, "idle before TLAST"
        assert bench.errors == [expected]
        assert int(dut.loads.value) == 0
        if random.random() < 0.5:
            await bench.load(random_image(bench.rng, bench.pin))
    assert len(codes) == 2


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stop_in_flight(dut: Dut) -> None:
    """`stop` at any time, also before the tensor is known: the rest of the packet is dropped."""
    bench = await _bench(dut)
    for turn in range(30):
        image = random_image(bench.rng, bench.pin)
        beats = bench.beats(image)
        if turn % 5 == 0:  # an error in the PROGRAM block: no tensor ever comes
            bench.forget()
            await bench.pulse("start")
            if turn % 10:
                bench.source.queue(beats)
            await ClockCycles(dut.aclk, random.randint(0, 9))
            assert bench.source.beats_sent == bench.sent_before
        else:
            await bench.begin(image, beats)
            await ClockCycles(dut.aclk, random.randint(0, 2 * image.codes.size))
        await bench.pulse("stop")
        await ClockCycles(dut.aclk, 2)
        if turn % 10 == 0:
            await ClockCycles(dut.aclk, 10)
            assert not is_high(dut.idle), "idle, but the packet has not come"
            bench.source.queue(beats)
        writes = {address: list(word) for address, word in bench.memory.items()}
        await bench.wait_idle()
        assert bench.source.idle, "idle before TLAST"
        await ClockCycles(dut.aclk, 10)
        assert bench.memory == writes, "writes after stop"
        assert not bench.errors
        if random.random() < 0.5:
            await bench.load(random_image(bench.rng, bench.pin))


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def reset_in_flight(dut: Dut) -> None:
    """Reset forgets the packet at once; the next one is stored."""
    bench = await _bench(dut)
    for turn in range(20):
        image = random_image(bench.rng, bench.pin)
        await bench.begin(image, bench.beats(image))
        await ClockCycles(dut.aclk, random.randint(0, 2 * image.codes.size))
        bench.source.flush()
        await RisingEdge(dut.aclk)
        if turn % 2:  # one cycle long
            dut.aresetn.value = 0
            await RisingEdge(dut.aclk)
            dut.aresetn.value = 1
        else:
            await reset(dut)
        await RisingEdge(dut.aclk)
        assert is_high(dut.idle)
        assert int(dut.loads.value) == 0
        assert not is_high(dut.s_ready)
        await bench.load(random_image(bench.rng, bench.pin))
