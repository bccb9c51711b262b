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
from ref_model.hardware.layout import digits_of, pairs_of, tensor_to_words, tensor_word_count
from tb.common import Dut, rng, start
from tb.pipeline import pack, unpack

Codes = npt.NDArray[np.int64]
Beat = tuple[int, int]  # set, codes of all lanes

PIPE_CYCLES = 40
"""More than the writer needs for the pairs that may wait in it."""


class Writer:
    """Feeds pixels; keeps every byte written by address."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.config = CoreConfig(int(dut.PIN.value), int(dut.POUT.value))
        self.memory: dict[tuple[int, int], int] = {}

    async def cycle(self, beat: Beat | None) -> None:
        dut, pin = self.dut, self.config.pin
        dut.s_valid.value = int(beat is not None)
        chosen, code = beat or (random.getrandbits(1), random.getrandbits(len(dut.s_code)))
        dut.s_set.value, dut.s_code.value = chosen, code
        await RisingEdge(dut.aclk)
        if enable := int(dut.write_enable.value):
            assert not dut.idle.value, "writes while idle"
            address = int(dut.write_address.value)
            for channel, byte in enumerate(unpack(int(dut.write_data.value), 8, pin)):
                if enable >> channel & 1:
                    assert (address, channel) not in self.memory, f"twice: {address}, {channel}"
                    self.memory[address, channel] = byte

    async def begin_layer(self, layer: Layer, base: int) -> None:
        """A layer begins."""
        dut = self.dut
        images, channels, height, width = layer.tensors.shape
        plane = height * pairs_of(width)
        planes = ceil_div(channels, self.config.pin)
        dut.pointwise.value, dut.wide.value = int(layer.sets == 2), int(layer.bits == 8)
        dut.width.value, dut.base.value = width, base
        dut.plane.value, dut.planes.value = plane, planes
        dut.digit_words.value = plane * planes
        dut.images.value, dut.pitch.value = images, layer.pitch
        dut.restart.value = 1
        await self.cycle(None)
        dut.restart.value = 0
        self.memory.clear()

    async def finish(self) -> None:
        """Every pixel is written, and the writer says so."""
        for _ in range(PIPE_CYCLES):
            await self.cycle(None)
        assert self.dut.idle.value, "never idle"


def _timeline(groups: Codes, pixels: int, pair_cycles: int, spare: float) -> list[Beat | None]:
    """Beats of tensors (group x image, set, lane, H, W) by cycle, as close as the array sends them.

    Steps (see lsfq_emitter) are `pair_cycles` apart, twice that with two sets, or further. A max
    pool in front makes one pixel a step and set of a row (`pixels` = 1), else there are two.
    """
    _, sets, _, height, width = groups.shape
    beats: dict[int, Beat] = {}
    cycle = 0
    for codes in groups:
        for y in range(height):
            for t in range(ceil_div(width, pixels)):
                for chosen in range(sets):
                    if sets == 2 or pixels == 1:
                        places = [(x, pixels * t + x) for x in range(pixels)]
                    else:
                        places = [(0, 2 * t - 1), (1, 2 * t)]
                        if 2 * t + 2 >= width:
                            places.append((pair_cycles, 2 * t + 1))
                    for delay, x in places:
                        if 0 <= x < width:
                            at = cycle + chosen * pair_cycles + delay
                            assert at not in beats
                            beats[at] = chosen, pack(codes[chosen, :, y, x].tolist(), 8)
                cycle += pair_cycles * sets
                while random.random() < spare:
                    cycle += 1
    return [beats.get(at) for at in range(max(beats) + 1)]


@dataclass(frozen=True)
class Layer:
    """Tensors of some images, `pitch` words apart, and what arrives for them.

    `groups` is (group x image, set, lane, H, W) and holds something for channels past the last,
    too.
    """

    tensors: npt.NDArray[np.uint8]
    bits: int
    sets: int
    groups: Codes
    pitch: int


def _random_layer(generator: np.random.Generator, config: CoreConfig) -> Layer:
    sets, bits = int(generator.integers(1, 3)), int(generator.choice([2, 4, 8]))
    pick = generator.integers
    lanes = config.pout * sets
    most = 2 * max(lanes, config.pin) + 2
    images = int(generator.choice([1, 1, 2, 3]))
    shape = int(pick(1, most)), int(pick(1, 4)), int(pick(1, 7))
    groups = ceil_div(shape[0], lanes)
    codes = generator.integers(0, 1 << bits, (images, groups * lanes, *shape[1:]))
    tensors = codes[:, : shape[0]].astype(np.uint8)
    ordered = codes.reshape(images, groups, -1, *shape[1:]).transpose(1, 0, 2, 3, 4)
    return Layer(
        tensors, bits, sets, ordered.reshape(groups * images, sets, config.pout, *shape[1:]),
        tensor_word_count(shape, bits, config.pin) + int(pick(0, 5)),
    )  # fmt: skip


def _compare(writer: Writer, layer: Layer, base: int) -> None:
    for image, tensor in enumerate(layer.tensors):
        _compare_image(writer, tensor, layer.bits, base + image * layer.pitch)
    assert not writer.memory, f"{layer.tensors.shape}: writes outside, {list(writer.memory)[:5]}"


def _compare_image(writer: Writer, tensor: npt.NDArray[np.uint8], bits: int, base: int) -> None:
    pin = writer.config.pin
    words = tensor_to_words(tensor, bits, pin)
    per_group = len(words) // (digits_of(bits) * ceil_div(len(tensor), pin))
    for index, word in enumerate(words):
        group = index // per_group % ceil_div(len(tensor), pin)
        for channel in range(min(pin, len(tensor) - group * pin)):
            got = writer.memory.pop((base + index, channel), None)
            assert got == int(word[channel]), (
                f"{tensor.shape}, {bits} bits: word {index}, channel {channel} is {got}, "
                f"expected {word[channel]}"
            )
    # channels past the last may be written, in words of the tensor
    for address in range(base, base + len(words)):
        group = (address - base) // per_group % ceil_div(len(tensor), pin)
        for channel in range(max(0, len(tensor) - group * pin), pin):
            writer.memory.pop((address, channel), None)


async def _open(dut: Dut) -> Writer:
    for name in (
        "clear", "restart", "pointwise", "wide", "width", "base", "plane", "digit_words", "planes",
        "images", "pitch", "s_valid", "s_set", "s_code",
    ):  # fmt: skip
        getattr(dut, name).value = 0
    await start(dut)
    return Writer(dut)


def _pair_cycles(config: CoreConfig, bits: int) -> int:
    return max(2, max(1, config.pout // config.pin) * digits_of(bits))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_tensors(dut: Dut) -> None:
    """Tensors of any shape and code width, at the array's full pace and slower, pooled or not."""
    writer = await _open(dut)
    generator = rng()
    for _ in range(60):
        layer = _random_layer(generator, writer.config)
        base = int(generator.integers(0, 2**17))
        await writer.begin_layer(layer, base)
        pixels = int(generator.integers(1, 3))
        spare = float(generator.choice([0, 0, 0.5]))
        pair_cycles = _pair_cycles(writer.config, layer.bits)
        for beat in _timeline(layer.groups, pixels, pair_cycles, spare):
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
            await writer.begin_layer(layer, 100)
            timeline = _timeline(layer.groups, 2, _pair_cycles(writer.config, layer.bits), 0.0)
            if stop:
                timeline = timeline[: int(generator.integers(1, len(timeline)))]
            for beat in timeline:
                await writer.cycle(beat)
            if stop:
                dut.clear.value = 1
                await writer.cycle(None)
                dut.clear.value = 0
                writer.memory.clear()
                for _ in range(PIPE_CYCLES):
                    await writer.cycle(None)
                assert not writer.memory, "writes after clear"
            else:
                await writer.finish()
                _compare(writer, layer, 100)
