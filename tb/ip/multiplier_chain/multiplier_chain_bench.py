# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the multiplier chain's bench."""

from __future__ import annotations

import cocotb
import numpy as np

from tb.support import Dut, rng, start_clock
from tb.support.pipeline import (
    Operands,
    operand_vectors,
    pack,
    random_operands,
    run_pipeline,
    slot_sums,
    unpack,
)


def _length(dut: Dut) -> int:
    return int(dut.LENGTH.value)


async def _check(dut: Dut, weights: Operands, pixels: Operands) -> None:
    length, stride = _length(dut), int(dut.STRIDE.value)
    operands = operand_vectors(weights, pixels, length)
    expected = slot_sums(weights, pixels)
    # 8 times as much is added, a cycle later: whatever leaves the slots below 2^stride
    room = np.minimum(255, (2**stride - 1 - expected) // 8)
    addends = rng().integers(0, room + 1)
    expected = expected + 8 * addends
    late = np.pad(addends, ((1, len(operands) - len(addends)), (0, 0)))
    ends = [*operands, (0, 0)][: len(late)]
    vectors = [(*pair, pack(fields, 8)) for pair, fields in zip(ends, late, strict=True)]
    inputs = ("weights", "pixels", "addends")
    results = await run_pipeline(dut, inputs, vectors, ("slots",), length + 2)
    for index, (word,) in enumerate(results[: len(expected)]):
        slots = unpack(word, stride, 4)
        assert slots == expected[index].tolist(), (
            f"slots {slots}, expected {expected[index].tolist()} of weights "
            f"{weights[index].tolist()}, pixels {pixels[index].tolist()}"
        )


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_pair(dut: Dut) -> None:
    """All pairs of nibbles in every place, alone and among operands that are all largest."""
    start_clock(dut)
    channels = _length(dut)
    for background in (0, 15):
        places = channels * 3 * 2 * 256
        weights = np.full((places, channels, 3), background, np.int64)
        pixels = np.full((places, channels, 2), background, np.int64)
        index = np.arange(places)
        pair, place = index % 256, index // 256
        weights[index, place // 6, place % 3] = pair // 16
        pixels[index, place // 6, place // 3 % 2] = pair % 16
        await _check(dut, weights, pixels)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_products(dut: Dut) -> None:
    """Random operands; the largest slot, LENGTH * 2 * 15 * 15, occurs."""
    start_clock(dut)
    channels = _length(dut)
    generator = rng()
    weights = random_operands(generator, (4000, channels, 3))
    pixels = random_operands(generator, (4000, channels, 2))
    assert slot_sums(weights, pixels).max() == channels * 2 * 15 * 15
    await _check(dut, weights, pixels)
