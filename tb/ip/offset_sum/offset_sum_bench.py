# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the offset sum's bench.

Expected is 8 times (codes of 3 bits: 3 times) the slots of a chain whose weights are 1 where the
kernel has a tap, taken from the constants that keep every slot in its range.
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
    three = int(dut.CODE_BITS.value) == 3
    pixels = random_operands(generator, (VECTORS, channels, 4 if three else 2), 7 if three else 15)
    count = generator.integers(0, 2, VECTORS)
    present = [1, 1, 1] if not pointwise else [0, 1, 0] if three else [1, 0, 1]
    taps = np.broadcast_to(np.array(present), (VECTORS, length, 3))
    constants = length * np.array([128, 256, 256, 128])
    if three:
        constants = np.array([64, 127, 127, 127, 127, 63])
    chains = [
        constants - (3 if three else 8) * slot_sums(taps, pixels[:, first : first + length])
        for first in range(0, channels, length)
    ]
    expected = np.stack(chains, axis=1)
    if not three:
        expected = expected * count[:, None, None]
    bits, width, unit, slots = (3, 7, 1, 6) if three else (4, 8, 8, 4)
    vectors = [(pack(a.reshape(-1), bits), int(c)) for a, c in zip(pixels, count, strict=True)]
    results = await run_pipeline(dut, ("pixels", "count"), vectors, ("addends",), 1)
    for index, (word,) in enumerate(results):
        addends = [unit * field for field in unpack(word, width, slots * channels // length)]
        right = expected[index].reshape(-1).tolist()
        assert addends == right, f"vector {index}: {addends}, not {right}"
