# SPDX-License-Identifier: Apache-2.0
"""Convolution, requantisation and pooling against definitions written out in plain Python."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.integer import convolution
from ref_model.integer.arithmetic import (
    convolve_int64,
    max_pool_2x2,
    scale_and_add,
    shift_and_clamp,
)
from ref_model.integer.convolution import (
    FLOAT32_EXACT,
    FLOAT64_EXACT,
    Convolution,
    exact_float,
)
from ref_model.integer.ranges import CODE_BITS, largest_activation, largest_weight

IntArray = npt.NDArray[np.int64]


def direct(x: IntArray, w: IntArray, stride: int, padding: int, groups: int) -> IntArray:
    """The textbook sum, one Python integer at a time."""
    n, _, height, width = x.shape
    outputs, depth, kh, kw = w.shape
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    result = np.zeros((n, outputs, rows, columns), np.int64)
    for i, o, y, z in np.ndindex(*result.shape):
        first = o // (outputs // groups) * depth
        for c, ky, kx in np.ndindex(depth, kh, kw):
            row, column = y * stride + ky - padding, z * stride + kx - padding
            if 0 <= row < height and 0 <= column < width:
                result[i, o, y, z] += int(x[i, first + c, row, column]) * int(w[o, c, ky, kx])
    return result


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[IntArray, IntArray, int, int, int]:
    """(codes, weight, stride, padding, groups) with the extremes of every bit width."""
    bits, weight_bits = draw(st.sampled_from(CODE_BITS)), draw(st.sampled_from(CODE_BITS))
    groups, depth, share = (draw(st.integers(1, 3)) for _ in range(3))
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    size = (draw(st.integers(3, 6)), draw(st.integers(3, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    top, limit = largest_activation(bits), largest_weight(weight_bits)
    codes = rng.integers(0, top + 1, (draw(st.integers(1, 2)), groups * depth, *size))
    weight = rng.integers(-limit, limit + 1, (groups * share, depth, *kernel))
    if draw(st.booleans()):
        codes[:] = top
    if draw(st.booleans()):
        weight[:] = draw(st.sampled_from([-limit, limit]))
    return codes, weight, draw(st.integers(1, 3)), draw(st.integers(0, 2)), groups


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_judge_is_the_textbook_sum(case: tuple[IntArray, IntArray, int, int, int]) -> None:
    np.testing.assert_array_equal(convolve_int64(*case), direct(*case))


@settings(max_examples=150, deadline=None)
@given(
    convolutions(),
    st.sampled_from([1, FLOAT32_EXACT + 1, FLOAT64_EXACT + 1]),
    st.sampled_from([1, 300, 2000, 1 << 20]),
)
def test_every_fast_path_equals_the_judge(
    case: tuple[IntArray, IntArray, int, int, int], bound: int, block: int
) -> None:
    """By rows, by images or all at once, in every type that sums can have."""
    codes, weight, *geometry = case
    fast = Convolution(weight.astype(np.int8), bound, *geometry)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "BLOCK_BYTES", block)
        result = fast(codes.astype(np.uint8))
    expected = convolve_int64(*case)
    np.testing.assert_array_equal(result.astype(np.int64), expected)
    np.testing.assert_array_equal(fast(codes.astype(np.uint8)), expected)  # nothing is left over


def test_float_types_end_where_they_stop_being_exact() -> None:
    assert exact_float(2**24) is np.float32
    assert exact_float(2**24 + 1) is np.float64
    assert exact_float(2**53) is np.float64
    assert exact_float(2**53 + 1) is None
    assert np.float32(2**24) + np.float32(1) == np.float32(2**24)  # why the limit is there
    # 2^24 + 1 as a sum that float32 loses, and the path that the bound selects keeps.
    count = 2**24 // (127 * 255) + 3
    codes = np.full((1, count, 1, 1), 255, np.uint8)
    weight = np.full((1, count, 1, 1), 127, np.int8)
    codes[0, -1] = weight[0, -1] = 1
    exact = convolve_int64(codes, weight)
    assert exact[0, 0, 0, 0] % 2 == 1
    assert exact[0, 0, 0, 0] > 2**24
    assert Convolution(weight, int(exact.max()))(codes)[0, 0, 0, 0] == exact[0, 0, 0, 0]
    assert int(Convolution(weight, 1)(codes)[0, 0, 0, 0]) != exact[0, 0, 0, 0]


@settings(deadline=None)
@given(
    acc=st.integers(-(2**26) + 1, 2**26 - 1),
    multiplier=st.integers(-(2**17), 2**17 - 1),
    bias=st.integers(-(2**45), 2**45 - 1),
    shift=st.integers(0, 40),
    bits=st.sampled_from(CODE_BITS),
    skip=st.integers(0, 255),
    skip_multiplier=st.integers(-(2**17), 2**17 - 1),
)
def test_requantisation_is_a_floor_and_a_clamp(
    acc: int, multiplier: int, bias: int, shift: int, bits: int, skip: int, skip_multiplier: int
) -> None:
    scaled = scale_and_add(
        np.full((1, 1, 1, 1), acc),
        np.array([multiplier], np.int32),
        np.array([bias], np.int64),
        np.full((1, 1, 1, 1), skip, np.uint8),
        skip_multiplier,
    )
    exact = acc * multiplier + bias + skip * skip_multiplier
    assert int(scaled[0, 0, 0, 0]) == exact
    code = int(shift_and_clamp(scaled, shift, bits)[0, 0, 0, 0])
    assert code == min(max(math.floor(Fraction(exact, 2**shift)), 0), 2**bits - 1)


@given(
    numerator=st.integers(-(2**20), 2**20),
    shift=st.integers(1, 20),
    bits=st.sampled_from(CODE_BITS),
)
def test_a_half_in_the_bias_rounds_half_up(numerator: int, shift: int, bits: int) -> None:
    scaled = np.array([[[[numerator + 2 ** (shift - 1)]]]], np.int64)
    code = int(shift_and_clamp(scaled, shift, bits)[0, 0, 0, 0])
    value = Fraction(numerator, 2**shift)
    nearest = math.floor(value) + (value - math.floor(value) >= Fraction(1, 2))
    assert code == min(max(nearest, 0), 2**bits - 1)


@pytest.mark.parametrize("half", [1, 3, 5, 7, 29])
def test_ties_go_up_not_to_even(half: int) -> None:
    """half / 2 is a tie: round half up gives (half + 1) / 2 whether that is even or odd."""
    scaled = np.array([[[[half * 4 + 4]]]], np.int64)  # half/2 * 2^3 + 2^2
    assert shift_and_clamp(scaled, 3, 4)[0, 0, 0, 0] == (half + 1) // 2


@given(st.integers(1, 5), st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32))
def test_max_pool_takes_the_largest_of_each_block(c: int, h: int, w: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 256, (2, c, h, w)).astype(np.uint8)
    pooled = max_pool_2x2(codes)
    assert pooled.shape == (2, c, h // 2, w // 2)
    for index in np.ndindex(*pooled.shape):
        n, k, y, x = index
        assert pooled[index] == codes[n, k, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max()
