# SPDX-License-Identifier: Apache-2.0
"""For benches of pipelines without handshake: wide words, vectors in and out, packed operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from tb.support import Dut


def pack(values: Iterable[int], width: int) -> int:
    """Numbers of `width` bits (two's complement) side by side, the first lowest."""
    mask = (1 << width) - 1
    word = 0
    for index, value in enumerate(values):
        word |= (int(value) & mask) << width * index
    return word


def unpack(word: int, width: int, count: int) -> list[int]:
    """Inverse of `pack`, unsigned."""
    mask = (1 << width) - 1
    return [word >> width * index & mask for index in range(count)]


def signed(value: int, width: int) -> int:
    """The lowest `width` bits of a number, as two's complement."""
    half = 1 << width - 1
    return (value + half) % (2 * half) - half


async def run_pipeline(
    dut: Dut,
    inputs: Sequence[str],
    vectors: Sequence[tuple[int, ...]],
    outputs: Sequence[str],
    latency: int,
) -> list[tuple[int, ...]]:
    """Drive a vector a cycle; for each the outputs `latency` cycles later."""
    sources = [getattr(dut, name) for name in inputs]
    sinks = [getattr(dut, name) for name in outputs]
    driven: list[int | None] = [None] * len(sources)
    results: list[tuple[int, ...]] = []
    for cycle in range(len(vectors) + latency):
        if cycle < len(vectors):
            for index, value in enumerate(vectors[cycle]):
                if driven[index] != value:
                    driven[index] = value
                    sources[index].value = value
        await RisingEdge(dut.aclk)
        if cycle >= latency:
            results.append(tuple(int(sink.value) for sink in sinks))
    return results


Operands = npt.NDArray[np.int64]


def random_operands(
    generator: np.random.Generator, shape: tuple[int, ...], largest: int = 15
) -> Operands:
    """Numbers from 0 to `largest` (vectors, ...): uniform, at both ends, mostly 0, all at one."""
    values = generator.integers(0, largest + 1, shape)
    mode = generator.integers(0, 5, (shape[0],) + (1,) * (len(shape) - 1))
    ends = np.where(values <= largest // 2, 0, largest)
    sparse = np.where(generator.random(shape) < 0.8, 0, values)
    chosen: Operands = np.select(
        [mode == 0, mode == 1, mode == 2], [ends, sparse, np.full(shape, largest)], values
    )
    chosen[-1] = largest
    chosen[-2] = 0
    return chosen


def slot_sums(weights: Operands, pixels: Operands) -> Operands:
    """Slots (vectors, P + 2) of weights (vectors, channels, 3) and pixels (vectors, channels, P).

    Slot k is the sum of all products of tap i and pixel k - i: a convolution along the row.
    """
    count = pixels.shape[2]
    slots = np.zeros((len(weights), count + 2), np.int64)
    for tap in range(3):
        for pixel in range(count):
            slots[:, tap + pixel] += (weights[:, :, tap] * pixels[:, :, pixel]).sum(axis=1)
    return slots


def late_channels(operands: Operands, length: int = 4) -> Operands:
    """Operands (vectors, channels, ...) as chains of `length` multipliers take them.

    Channel c comes max(0, c mod length - 1) vectors late; before it, 0.
    """
    late = np.zeros((len(operands) + max(0, length - 2), *operands.shape[1:]), np.int64)
    for channel in range(operands.shape[1]):
        delay = max(0, channel % length - 1)
        late[delay : delay + len(operands), channel] = operands[:, channel]
    return late


def operand_vectors(
    weights: Operands, pixels: Operands, length: int = 4, bits: int = 4
) -> list[tuple[int, int]]:
    """The ports `weights` and `pixels` of a lane, or of a chain, in every cycle."""
    weights, pixels = late_channels(weights, length), late_channels(pixels, length)
    return [
        (pack(w.reshape(-1), bits), pack(a.reshape(-1), bits))
        for w, a in zip(weights, pixels, strict=True)
    ]
