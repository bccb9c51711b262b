# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the offset sum's bench.

Expected is 8 times the slots of a chain whose weights are 1 where the kernel has a tap, taken from
the constants that keep every slot in its range.
"""

from __future__ import annotations

import cocotb
import numpy as np

from tb.support import Dut, rng, start_clock
from tb.support.pipeline import pack, random_operands, run_pipeline, slot_sums, unpack

VECTORS = 1000


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pointwise=[False, True])
async def sums_of_pixels(dut: Dut, pointwise: bool) -> None:
    """Random pixels with all extremes, counted or not from one cycle to the next."""
    dut.pointwise.value = int(pointwise)
    start_clock(dut)
    generator = rng()
    channels, length = int(dut.PIN.value), int(dut.LENGTH.value)
    pixels = random_operands(generator, (VECTORS, channels, 2))
    count = generator.integers(0, 2, VECTORS)
    taps = np.broadcast_to(np.array([1, 0, 1] if pointwise else [1, 1, 1]), (VECTORS, length, 3))
    constants = length * np.array([128, 256, 256, 128])
    chains = [
        constants - 8 * slot_sums(taps, pixels[:, first : first + length])
        for first in range(0, channels, length)
    ]
    expected = np.stack(chains, axis=1) * count[:, None, None]
    vectors = [(pack(a.reshape(-1), 4), int(c)) for a, c in zip(pixels, count, strict=True)]
    results = await run_pipeline(dut, ("pixels", "count"), vectors, ("addends",), 1)
    for index, (word,) in enumerate(results):
        addends = [8 * field for field in unpack(word, 8, 4 * channels // length)]
        right = expected[index].reshape(-1).tolist()
        assert addends == right, f"vector {index}: {addends}, not {right}"
