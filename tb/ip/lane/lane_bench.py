# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the lane's bench."""

from __future__ import annotations

import cocotb
import numpy as np

from tb.support import Dut, rng, start_clock
from tb.support.pipeline import (
    operand_vectors,
    pack,
    random_operands,
    run_pipeline,
    signed,
    slot_sums,
    unpack,
)

VECTORS = 2000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_of_products(dut: Dut) -> None:
    """Random operands with all extremes, one vector a cycle, against plain products."""
    start_clock(dut)
    generator = rng()
    channels = int(dut.PIN.value)
    levels = (channels // 4).bit_length() - 1
    if int(dut.CODE_BITS.value) == 3:
        await _three_bits(dut, levels)
        return
    length = 2 if int(dut.MULTIPLIER.value) == 2 else 4
    weights = random_operands(generator, (VECTORS, channels, 3))
    pixels = random_operands(generator, (VECTORS, channels, 2))
    expected = slot_sums(weights, pixels)
    assert expected.max() == channels * 2 * 15 * 15
    # half of the words' weights have the offset, which addends that lsfq_offset_sum makes take away
    counted = generator.integers(0, 2, VECTORS)
    even, odd = (
        16 * length - pixels[:, :, k].reshape(VECTORS, -1, length).sum(axis=2) for k in range(2)
    )
    fields = np.stack([even, even + odd, even + odd, odd], axis=2) * counted[:, None, None]
    expected = expected - 8 * counted[:, None] * slot_sums(np.ones_like(weights), pixels)

    operands = operand_vectors(weights, pixels, length)
    trees = (channels // length).bit_length() - 1
    lower_latency = length + 2 + max(0, trees - 1)
    padding = len(operands) - VECTORS
    late = np.pad(counted, (lower_latency, padding))
    after = np.pad(fields, ((1, padding), (0, 0), (0, 0)))
    vectors = [
        (*operands[k], pack(after[k].reshape(-1).tolist(), 8), int(late[k]))
        for k in range(len(operands))
    ]
    # what comes after the last operands counts with them
    vectors += [
        (0, 0, pack(after[k].reshape(-1).tolist(), 8) if k < len(after) else 0, int(late[k]))
        for k in range(len(operands), len(late))
    ]
    results = await run_pipeline(
        dut, ("weights", "pixels", "addends", "lower"), vectors, ("slots",), 6 + levels
    )
    for index, (word,) in enumerate(results[: len(expected)]):
        slots = [signed(slot, 12 + levels) for slot in unpack(word, 12 + levels, 4)]
        assert slots == expected[index].tolist(), f"vector {index}: {slots}, not {expected[index]}"


async def _three_bits(dut: Dut, levels: int) -> None:
    """Weights from -3 to 3, stored as 0 to 6, and addends that lsfq_offset_sum makes."""
    channels, generator = int(dut.PIN.value), rng()
    stored = random_operands(generator, (VECTORS, channels, 3), 6)
    pixels = random_operands(generator, (VECTORS, channels, 4), 7)
    expected = slot_sums(stored - 3, pixels)
    chains = pixels.reshape(VECTORS * channels // 2, 2, 4)
    sums = slot_sums(np.ones((len(chains), 2, 3), np.int64), chains)
    addends = (np.array([64, 127, 127, 127, 127, 63]) - 3 * sums).reshape(VECTORS, -1)

    operands = operand_vectors(stored, pixels, 2, 3)
    late = [np.zeros_like(addends[0]), *addends]
    vectors = [
        (*pair, pack(fields.tolist(), 7), 1)
        for pair, fields in zip([*operands, (0, 0)], late, strict=True)
    ]
    results = await run_pipeline(
        dut, ("weights", "pixels", "addends", "lower"), vectors, ("slots",), 5 + levels
    )
    width = 10 + levels
    for index, (word,) in enumerate(results[:VECTORS]):
        slots = [(signed(slot, width) >> 1) + slot % 2 for slot in unpack(word, width, 6)]
        assert slots == expected[index].tolist(), f"vector {index}: {slots}, not {expected[index]}"
