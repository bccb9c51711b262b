# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the lane's bench."""

from __future__ import annotations

import cocotb

from tb.common import Dut, rng, start_clock
from tb.pipeline import operand_vectors, random_operands, run_pipeline, slot_sums, unpack

VECTORS = 2000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_of_products(dut: Dut) -> None:
    """Random operands with all extremes, one vector a cycle, against plain products."""
    start_clock(dut)
    generator = rng()
    channels = int(dut.PIN.value)
    levels = (channels // 4).bit_length() - 1
    length = 2 if int(dut.MULTIPLIER.value) == 2 else 4
    weights = random_operands(generator, (VECTORS, channels, 3))
    pixels = random_operands(generator, (VECTORS, channels, 2))
    expected = slot_sums(weights, pixels)
    assert expected.max() == channels * 2 * 15 * 15
    results = await run_pipeline(
        dut,
        ("weights", "pixels"),
        operand_vectors(weights, pixels, length),
        ("slots",),
        6 + levels,
    )
    for index, (word,) in enumerate(results[: len(expected)]):
        slots = unpack(word, 11 + levels, 4)
        assert slots == expected[index].tolist(), f"vector {index}: {slots}, not {expected[index]}"
