# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the writer's bench; expected is the reference model's layout of a tensor."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, pairs_of, tensor_to_words
from tb.support import Dut, rng, start
from tb.support.pipeline import pack, unpack

Codes = npt.NDArray[np.int64]
Beat = tuple[int, int, int | None]  # set, codes of the even pixel, of the odd one if it exists

PIPE_CYCLES = 10
"""More than the writer needs for a pair."""


@dataclass(frozen=True)
class Layer:
    """Tensors of a layer's images, the same by groups, and the words between them."""

    bits: int
    sets: int
    tensors: list[npt.NDArray[np.uint8]]
    groups: Codes
    """(group, image, set, lane, H, W), with the channels past the last"""
    pitch: int
    ring: tuple[int, int]
    """Rows that are kept, and the place of the first one among them."""


class Writer:
    """Feeds pairs; keeps the digits of every pair of pixels written by address and place."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.config = CoreConfig(
            int(dut.PIN.value), int(dut.POUT.value), code_bits=int(dut.CODE_BITS.value)
        )
        self.memory: dict[tuple[int, int], int] = {}

    async def cycle(self, beat: Beat | None) -> None:
        dut, config = self.dut, self.config
        places = config.pin * config.pixels // 2
        pixel = len(dut.s_code) // 2
        dut.s_valid.value = int(beat is not None)
        chosen, even, odd = beat or (random.getrandbits(1), random.getrandbits(pixel), None)
        dut.s_set.value, dut.s_both.value = chosen, int(odd is not None)
        dut.s_code.value = even | (random.getrandbits(pixel) if odd is None else odd) << pixel
        await RisingEdge(dut.aclk)
        if enable := int(dut.write_enable.value):
            assert not dut.idle.value, "writes while idle"
            address = int(dut.write_address.value)
            written = unpack(int(dut.write_data.value), 2 * config.code_bits, places)
            for place, digits in enumerate(written):
                if enable >> place & 1:
                    assert (address, place) not in self.memory, f"twice: {address}, {place}"
                    self.memory[address, place] = digits

    async def begin(self, layer: Layer, base: int) -> None:
        """A layer begins."""
        dut = self.dut
        channels, height, width = layer.tensors[0].shape
        kept, row = layer.ring
        words = ceil_div(width, self.config.pixels)
        plane = kept * words
        planes = ceil_div(channels, self.config.pin)
        digits = digits_of(layer.bits, self.config.code_bits)
        dut.pointwise.value, dut.wide.value = int(layer.sets == 2), int(digits > 1)
        dut.third.value, dut.row_pairs.value = int(digits > 2), pairs_of(width)
        dut.start.value = base + row * words
        dut.count.value = height * words
        dut.left.value = (kept - row) * words
        dut.plane.value, dut.planes.value = plane, planes
        dut.digit_words.value = plane * planes
        dut.images.value, dut.pitch.value = len(layer.tensors), layer.pitch
        dut.restart.value = 1
        await self.cycle(None)
        dut.restart.value = 0
        await self.cycle(None)
        self.memory.clear()

    async def finish(self) -> None:
        """Every pair is written, and the writer says so."""
        for _ in range(PIPE_CYCLES):
            await self.cycle(None)
        assert self.dut.idle.value, "never idle"


def _timeline(layer: Layer, pair_cycles: int, spare: float) -> list[Beat | None]:
    """The pairs of a layer by cycle, `pair_cycles` apart or further."""
    beats: list[Beat | None] = []
    _, images, sets, _, height, width = layer.groups.shape

    def codes(place: tuple[int, ...], x: int) -> int:
        group, image, chosen, y = place
        return pack(layer.groups[group, image, chosen, :, y, x].tolist(), 8)

    for group, image, y, t, chosen in np.ndindex(
        len(layer.groups), images, height, pairs_of(width), sets
    ):
        place = group, image, chosen, y
        odd = codes(place, 2 * t + 1) if 2 * t + 1 < width else None
        beats += [(chosen, codes(place, 2 * t), odd), *[None] * (pair_cycles - 1)]
        while random.random() < spare:
            beats.append(None)
    return beats


def _random_layer(generator: np.random.Generator, config: CoreConfig) -> Layer:
    sets, bits = int(generator.integers(1, 3)), int(generator.choice([2, 4, 8]))
    pick = generator.integers
    if config.code_bits == 3:
        sets = 1
    lanes = config.pout * sets
    most = 2 * max(lanes, config.pin) + 2
    shape = int(pick(1, most)), int(pick(1, 4)), int(pick(1, 7 if config.code_bits == 4 else 14))
    images, groups = int(generator.choice([1, 1, 2, 3])), ceil_div(shape[0], lanes)
    codes = generator.integers(0, 1 << bits, (images, groups * lanes, *shape[1:]))
    tensors = [one[: shape[0]].astype(np.uint8) for one in codes]
    words = len(tensor_to_words(tensors[0], bits, config.pin, config.code_bits))
    by_groups = codes.reshape(images, groups, sets, config.pout, *shape[1:]).swapaxes(0, 1)
    kept = shape[1] + int(pick(0, 4)) if images == 1 else shape[1]
    ring = kept, int(pick(0, kept)) if images == 1 else 0
    return Layer(bits, sets, tensors, by_groups, words + int(pick(0, 5)), ring)


def _compare(writer: Writer, layer: Layer, base: int) -> None:
    config, bits = writer.config, layer.bits
    pin, halves = config.pin, config.pixels // 2
    for image, tensor in enumerate(layer.tensors):
        start_at = base + image * layer.pitch
        words = tensor_to_words(tensor, bits, pin, config.code_bits)
        planes = ceil_div(len(tensor), pin)
        per_group = len(words) // (digits_of(bits, config.code_bits) * planes)
        kept, row = layer.ring
        pairs = ceil_div(tensor.shape[2], config.pixels)
        for index, word in enumerate(words):
            group = index // per_group % planes
            y = (row + index % per_group // pairs) % kept
            place = (index // per_group * kept + y) * pairs + index % pairs
            for channel, half in np.ndindex(pin, halves):
                got = writer.memory.pop((start_at + place, channel * halves + half), None)
                right = int(word[channel]) >> 2 * config.code_bits * half
                right &= (1 << 2 * config.code_bits) - 1
                # channels past the last may hold anything
                assert group * pin + channel >= len(tensor) or got == right, (
                    f"{tensor.shape}, {bits} bits, image {image}: word {index}, channel {channel} "
                    f"is {got}, expected {right}"
                )
    assert not writer.memory, f"writes outside: {writer.memory}"


async def _open(dut: Dut) -> Writer:
    for name in (
        "restart", "pointwise", "wide", "third", "start", "count", "left", "row_pairs", "plane",
        "digit_words", "planes", "images", "pitch", "s_valid", "s_set", "s_both", "s_code",
    ):  # fmt: skip
        getattr(dut, name).value = 0
    await start(dut)
    return Writer(dut)


def _pair_cycles(config: CoreConfig, bits: int) -> int:
    return max(1, config.pout // config.pin) * digits_of(bits, config.code_bits)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_tensors(dut: Dut) -> None:
    """Tensors of any shape and code width, at the array's full pace and slower; several images."""
    writer = await _open(dut)
    generator = rng()
    for _ in range(80):
        layer = _random_layer(generator, writer.config)
        base = int(generator.integers(0, 2**17))
        await writer.begin(layer, base)
        spare = float(generator.choice([0, 0, 0.5]))
        for beat in _timeline(layer, _pair_cycles(writer.config, layer.bits), spare):
            await writer.cycle(beat)
        await writer.finish()
        _compare(writer, layer, base)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def begins_anew(dut: Dut) -> None:
    """A layer that breaks off anywhere leaves no trace in the next."""
    writer = await _open(dut)
    generator = rng()
    for _ in range(20):
        for stop in (True, False):
            layer = _random_layer(generator, writer.config)
            await writer.begin(layer, 100)
            timeline = _timeline(layer, _pair_cycles(writer.config, layer.bits), 0.0)
            if stop:
                timeline = timeline[: int(generator.integers(1, len(timeline) + 1))]
            for beat in timeline:
                await writer.cycle(beat)
            if stop:
                dut.aresetn.value = 0
                await writer.cycle(None)
                dut.aresetn.value = 1
                writer.memory.clear()
                for _ in range(PIPE_CYCLES):
                    await writer.cycle(None)
                assert not writer.memory, "writes after a reset"
            else:
                await writer.finish()
                _compare(writer, layer, 100)
