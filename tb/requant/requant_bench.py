# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the requantisation's bench; expected is the reference model's arithmetic."""

from __future__ import annotations

import random

import cocotb
import numpy as np
import numpy.typing as npt

from ref_model.integer.arithmetic import scale_and_add, shift_and_clamp
from ref_model.integer.ranges import BIAS_BITS, CODE_BITS, MAX_SHIFT, MULTIPLIER_BITS
from tb.common import Dut, rng, start
from tb.pipeline import pack, run_pipeline, signed, unpack

LATENCY = 5
RAW_W = 47
INPUTS = ("pixel_valid", "pixel_set", "pixel_end", "pixel", "offset", "constants")
OUTPUTS = ("code_valid", "code_set", "code_end", "code", "raw")

Array = npt.NDArray[np.int64]


def _numbers(generator: np.random.Generator, bits: int, shape: tuple[int, int]) -> Array:
    """Signed numbers of `bits`: uniform, short ones, both ends and their neighbours, 0, 1, -1."""
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    corners = np.array([low, low + 1, -1, 0, 1, high - 1, high])
    short = generator.integers(low, high + 1, shape) >> generator.integers(0, bits, shape)
    numbers: Array = np.where(
        generator.random(shape) < 0.3, generator.choice(corners, shape), short
    )
    return numbers


def _aimed_bias(generator: np.random.Generator, product: Array, shift: int, bits: int) -> Array:
    """Biases that put acc*m + b on or beside a multiple of 2^shift, in and around the codes' range.

    The half sits in the bias, so a multiple is a tie, and one less is the floor below it.
    """
    top = 1 << bits
    code = generator.choice(
        [-2, -1, 0, 1, 2, top // 2, top - 2, top - 1, top, top + 1], product.shape
    )
    delta = generator.choice([-1, 0, 1], product.shape)
    bias: Array = (code.astype(np.int64) << shift) + delta - product
    return bias


async def _check(dut: Dut, vectors: int, shift: int, bits: int, events: dict[str, int]) -> None:
    generator = rng()
    lanes, acc_w = int(dut.POUT.value), int(dut.ACC_W.value)
    shape = (vectors, lanes)
    acc, m = _numbers(generator, acc_w, shape), _numbers(generator, MULTIPLIER_BITS, shape)
    b = _numbers(generator, BIAS_BITS, shape)
    aimed = _aimed_bias(generator, acc * m, shift, bits)
    fits = np.abs(aimed) < 1 << BIAS_BITS - 1
    b = np.where(fits & (generator.random(shape) < 0.7), aimed, b)
    offset = generator.integers(0, 1 << acc_w, vectors)
    tags = generator.integers(0, 2, (vectors, 3))

    dut.shift.value, dut.out_bits.value = shift, bits
    stimulus = [
        (
            *(int(tag) for tag in tags[k]),
            pack((acc[k] + 8 * offset[k]).tolist(), acc_w),
            int(offset[k]),
            pack(
                (int(y) << 18 | int(x) & (1 << 18) - 1 for x, y in zip(m[k], b[k], strict=True)), 64
            ),
        )
        for k in range(vectors)
    ]
    results = await run_pipeline(dut, INPUTS, stimulus, OUTPUTS, LATENCY)

    # the reference model's axes: (vector, channel, row, column)
    scaled = np.stack(
        [scale_and_add(acc[k][None, :, None, None], m[k], b[k])[0, :, 0, 0] for k in range(vectors)]
    )
    raw = scaled >> shift
    codes = shift_and_clamp(scaled.copy(), shift, bits)
    events["low"] += int((raw < 0).sum())
    events["high"] += int((raw >= 1 << bits).sum())
    inside = (raw >= 0) & (raw < 1 << bits)
    events["tie"] += int((inside & (shift > 0) & (scaled & (1 << shift) - 1 == 0)).sum())
    events["floor of a negative"] += int(((scaled < 0) & (raw << shift != scaled)).sum())
    for k, (valid, chosen, end, code, raw_word) in enumerate(results):
        where = f"shift {shift}, {bits} bits, acc {acc[k]}, m {m[k]}, b {b[k]}"
        assert (valid, chosen, end) == tuple(tags[k].tolist()), f"tags of vector {k}"
        if valid:
            got = [signed(value, RAW_W) for value in unpack(raw_word, RAW_W, lanes)]
            assert got == raw[k].tolist(), f"raw {got}, expected {raw[k]}: {where}"
            got = unpack(code, 8, lanes)
            assert got == codes[k].tolist(), f"codes {got}, expected {codes[k]}: {where}"


async def _open(dut: Dut) -> None:
    for name in (*INPUTS, "clear", "shift", "out_bits"):
        getattr(dut, name).value = 0
    await start(dut)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_reference(dut: Dut) -> None:
    """Every shift and output width; ties, both clamps, floors and the ends of acc, m and b."""
    await _open(dut)
    events = {"low": 0, "high": 0, "tie": 0, "floor of a negative": 0}
    for shift in range(MAX_SHIFT + 1):
        for bits in CODE_BITS:
            await _check(dut, 12, shift, bits, events)
    assert min(events.values()) > 100, events


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def clear_drops_pixels(dut: Dut) -> None:
    """No pixel that was under way at `clear` leaves."""
    await _open(dut)
    for _ in range(5):
        vectors = [(1, *[random.getrandbits(1) for _ in range(2)], 0, 0, 0)] * LATENCY
        await run_pipeline(dut, INPUTS, vectors, OUTPUTS, 0)
        dut.clear.value = 1
        idle = [(0, 0, 0, 0, 0, 0)]
        await run_pipeline(dut, INPUTS, idle, OUTPUTS, 0)
        dut.clear.value = 0
        results = await run_pipeline(dut, INPUTS, idle * 10, OUTPUTS, 1)
        assert not any(valid for valid, *_ in results)
