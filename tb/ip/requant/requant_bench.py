# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the requantisation's bench; expected is the reference model's arithmetic."""

from __future__ import annotations

import random

import cocotb
import numpy as np
import numpy.typing as npt

from ref_model.integer.arithmetic import scale_and_add, shift_and_clamp
from ref_model.integer.ranges import BIAS_BITS, CODE_BITS, MAX_SHIFT, MULTIPLIER_BITS
from tb.support import Dut, rng, start
from tb.support.pipeline import pack, run_pipeline, signed, unpack

RAW_W = 47
TAGS = ("pair_valid", "pair_set", "pair_both", "pair_row_end", "pair_end")
INPUTS = (*TAGS, "term_a", "term_b", "no_a", "no_b", "constants", "residue")
IDLE = (*([0] * len(TAGS)), 0, 0, 0, 0, 0, 0)
RAW_OUTPUTS = ("raw_valid", "raw_set", "raw_both", "raw_end", "raw")
CODE_OUTPUTS = ("code_valid", "code_set", "code_both", "code_row_end", "code_end", "code")
VALID = ("raw_valid", "code_valid")

Array = npt.NDArray[np.int64]


def _raw_latency(dut: Dut) -> int:
    return int(dut.TERMS.value) + 2


def _terms(generator: np.random.Generator, acc: Array, bits: int, kind: int) -> tuple[Array, Array]:
    """Two terms of the sum `acc`, modulo 2^bits; with kind 1 (2) the first (second) is no part."""
    other = _numbers(generator, bits, acc.shape)
    if kind == 1:
        return other, acc
    if kind == 2:
        return acc, other
    return other, acc - other


def _numbers(generator: np.random.Generator, bits: int, shape: tuple[int, ...]) -> Array:
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
    m, b = _numbers(generator, MULTIPLIER_BITS, shape), _numbers(generator, BIAS_BITS, shape)
    # two pixels share the constants: the first one's code is aimed at
    acc = np.stack([_numbers(generator, acc_w, shape) for _ in range(2)], axis=1)
    # without residual addition what comes there must not matter
    skip = generator.integers(0, 256, (vectors, 2, lanes))
    skip = np.where(
        generator.random(skip.shape) < 0.5, generator.choice([0, 15, 255], skip.shape), skip
    )
    factor = int(_numbers(generator, MULTIPLIER_BITS, (1, 1))[0, 0])
    added = skip * factor * int(dut.SKIP.value)
    aimed = _aimed_bias(generator, acc[:, 0] * m + added[:, 0], shift, bits)
    fits = np.abs(aimed) < 1 << BIAS_BITS - 1
    b = np.where(fits & (generator.random(shape) < 0.7), aimed, b)
    acc = np.where(generator.random((vectors, 1, 1)) < 0.5, acc, acc[:, ::-1])
    # the number of terms that the sums come in; with one the second must not matter
    two = int(dut.TERMS.value) == 2
    kinds = generator.integers(0, 3, vectors) if two else np.full(vectors, 2)
    terms = [_terms(generator, acc[k], acc_w, int(kinds[k])) for k in range(vectors)]
    tags = generator.integers(0, 2, (vectors, len(TAGS)))

    raw_only = int(generator.random() < 0.2)
    dut.shift.value, dut.out_bits.value, dut.raw_only.value = shift, bits, raw_only
    late = np.concatenate([np.zeros_like(added[:1]), skip[:-1] * factor])  # a cycle after its pair
    stimulus = [
        (
            *(int(tag) for tag in tags[k]),
            pack(terms[k][0].reshape(-1).tolist(), acc_w),
            pack(terms[k][1].reshape(-1).tolist(), acc_w),
            int(kinds[k] == 1) if two else random.getrandbits(1),
            int(kinds[k] == 2) if two else random.getrandbits(1),
            pack(
                (int(y) << 18 | int(x) & (1 << 18) - 1 for x, y in zip(m[k], b[k], strict=True)), 64
            ),
            pack(late[k].reshape(-1).tolist(), 26),
        )
        for k in range(vectors)
    ]
    outputs = (*RAW_OUTPUTS, *CODE_OUTPUTS)
    # the codes' latency is the longer one: a vector's raw outputs come that much earlier
    early = 2
    ending = (*IDLE[:-1], pack((skip[-1] * factor).reshape(-1).tolist(), 26))
    vectors_in = [*stimulus, ending, *[IDLE] * (early - 1)]
    results = await run_pipeline(dut, INPUTS, vectors_in, outputs, _raw_latency(dut))

    # the reference model's axes: (vector, channel, row, column)
    scaled = np.stack(
        [scale_and_add(acc[k].T[None, :, None, :], m[k], b[k])[0, :, 0].T for k in range(vectors)]
    )
    scaled += added
    floor = scaled >> shift
    codes = shift_and_clamp(scaled.copy(), shift, bits)
    events["low"] += int((floor < 0).sum())
    events["high"] += int((floor >= 1 << bits).sum())
    inside = (floor >= 0) & (floor < 1 << bits)
    events["tie"] += int((inside & (shift > 0) & (scaled & (1 << shift) - 1 == 0)).sum())
    events["floor of a negative"] += int(((scaled < 0) & (floor << shift != scaled)).sum())
    latest: list[int] | None = None
    for k in range(vectors):
        where = f"shift {shift}, {bits} bits, acc {acc[k]}, m {m[k]}, b {b[k]}, mr {factor}"
        valid, chosen, both, row_end, end = tags[k].tolist()
        *raw_tags, raw_word = results[k][: len(RAW_OUTPUTS)]
        *code_tags, code_word = results[k + early][len(RAW_OUTPUTS) :]
        assert raw_tags == [valid, chosen, both, end], f"raw tags of vector {k}"
        coded = int(valid and not raw_only)
        assert code_tags == [coded, chosen, both, row_end, end], f"tags of vector {k}"
        if valid:
            latest = scaled[k].reshape(-1).tolist()
        if coded:
            got = unpack(code_word, 8, 2 * lanes)
            assert got == codes[k].reshape(-1).tolist(), f"codes {got}, not {codes[k]}: {where}"
        if latest is not None:
            got = [signed(value, RAW_W) for value in unpack(raw_word, RAW_W, 2 * lanes)]
            assert got == latest, f"raw {got}, not {latest}: {where}"


async def _open(dut: Dut) -> None:
    for name in (*INPUTS, "shift", "out_bits", "raw_only"):
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
async def reset_drops_pairs(dut: Dut) -> None:
    """No pair that was under way at a reset leaves."""
    await _open(dut)
    for _ in range(5):
        vectors = [(1, *[random.getrandbits(1) for _ in TAGS[1:]], *IDLE[len(TAGS) :])]
        vectors *= _raw_latency(dut) + 2
        await run_pipeline(dut, INPUTS, vectors, VALID, 0)
        dut.aresetn.value = 0
        await run_pipeline(dut, INPUTS, [IDLE], VALID, 0)
        dut.aresetn.value = 1
        results = await run_pipeline(dut, INPUTS, [IDLE] * 10, VALID, 1)
        assert not any(any(valid) for valid in results)
