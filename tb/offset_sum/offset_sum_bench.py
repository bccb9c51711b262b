# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the offset sum's bench.

Expected is what a lane gives whose weights are 1 where the kernel has a tap: the offset over the
offset.
"""

from __future__ import annotations

import cocotb
import numpy as np

from tb.common import Dut, rng, start
from tb.pipeline import pack, random_operands, run_pipeline, slot_sums, unpack

VECTORS = 1000


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pointwise=[False, True])
async def sums_of_pixels(dut: Dut, pointwise: bool) -> None:
    """Random pixels with all extremes, counted or not from one cycle to the next."""
    dut.pointwise.value = int(pointwise)
    await start(dut)
    generator = rng()
    channels = int(dut.PIN.value)
    levels = (channels // 4).bit_length() - 1
    pixels = random_operands(generator, (VECTORS, channels, 2))
    count = generator.integers(0, 2, VECTORS)
    taps = np.array([1, 0, 1] if pointwise else [1, 1, 1])
    expected = slot_sums(np.broadcast_to(taps, (VECTORS, channels, 3)), pixels) * count[:, None]
    vectors = [(pack(a.reshape(-1), 4), int(c)) for a, c in zip(pixels, count, strict=True)]
    results = await run_pipeline(dut, ("pixels", "count"), vectors, ("slots",), 6 + levels)
    for index, (word,) in enumerate(results):
        slots = unpack(word, 11 + levels, 4)
        assert slots == expected[index].tolist(), f"vector {index}: {slots}, not {expected[index]}"
