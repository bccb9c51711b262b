# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the multiplier chain's bench, for nibbles and for codes of 3 bits."""

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


def _pixels(dut: Dut) -> int:
    return 4 if int(dut.CODE_BITS.value) == 3 else 2


def _largest(dut: Dut) -> tuple[int, int]:
    """The largest stored weight, the largest digit of a pixel."""
    return (6, 7) if int(dut.CODE_BITS.value) == 3 else (15, 15)


async def _check(dut: Dut, weights: Operands, pixels: Operands) -> None:
    length, stride, bits = _length(dut), int(dut.STRIDE.value), int(dut.CODE_BITS.value)
    operands = operand_vectors(weights, pixels, length, bits)
    expected = slot_sums(weights, pixels)
    # Whatever leaves a slot below its end is added a cycle later: bytes times 8, or 7 bits of which
    # the sum of a slot stays below 254, and that of the outer ones below 128.
    if bits == 4:
        unit, width, room = 8, 8, np.minimum(255, (2**stride - 1 - expected) // 8)
    else:
        ends = np.array([127, 253, 253, 253, 253, 126])
        unit, width, room = 1, 7, np.clip(ends - expected, 0, 127)
    addends = rng().integers(0, room + 1)
    expected = expected + unit * addends
    late = np.pad(addends, ((1, len(operands) - len(addends)), (0, 0)))
    ends_of = [*operands, (0, 0)][: len(late)]
    vectors = [(*pair, pack(fields, width)) for pair, fields in zip(ends_of, late, strict=True)]
    inputs = ("weights", "pixels", "addends")
    outputs = ("fields", "carries")
    results = await run_pipeline(dut, inputs, vectors, outputs, length + 2)
    count = expected.shape[1]
    for index, (word, carry) in enumerate(results[: len(expected)]):
        fields, carries = unpack(word, stride, count), [*unpack(carry, 1, count), 0]
        slots = [fields[k] - carries[k] + (carries[k + 1] << stride) for k in range(count)]
        assert slots == expected[index].tolist(), (
            f"slots {slots}, expected {expected[index].tolist()} of weights "
            f"{weights[index].tolist()}, pixels {pixels[index].tolist()}"
        )


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_pair(dut: Dut) -> None:
    """All pairs of operands in every place, alone and among operands that are all largest."""
    start_clock(dut)
    channels, count = _length(dut), _pixels(dut)
    heaviest, brightest = _largest(dut)
    pairs = (heaviest + 1) * (brightest + 1)
    for full in (False, True):
        places = channels * 3 * count * pairs
        weights = np.full((places, channels, 3), heaviest * full, np.int64)
        pixels = np.full((places, channels, count), brightest * full, np.int64)
        index = np.arange(places)
        pair, place = index % pairs, index // pairs
        weights[index, place // (3 * count), place % 3] = pair // (brightest + 1)
        pixels[index, place // (3 * count), place // 3 % count] = pair % (brightest + 1)
        await _check(dut, weights, pixels)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_products(dut: Dut) -> None:
    """Random operands; the largest slot, the most products of the largest operands, occurs."""
    start_clock(dut)
    channels, count = _length(dut), _pixels(dut)
    heaviest, brightest = _largest(dut)
    generator = rng()
    weights = random_operands(generator, (4000, channels, 3), heaviest)
    pixels = random_operands(generator, (4000, channels, count), brightest)
    most = channels * min(3, count) * heaviest * brightest
    assert slot_sums(weights, pixels).max() == most
    await _check(dut, weights, pixels)
