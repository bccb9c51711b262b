# SPDX-License-Identifier: Apache-2.0
"""Tensors in the feature memory and on the streams, at every size and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.hardware.layout import (
    beats_to_result,
    bytes_to_image,
    fill_beats,
    image_to_bytes,
    result_to_beats,
    row_window,
    tensor_to_words,
    tensor_word_count,
    words_to_tensor,
)
from ref_model.integer.ranges import CODE_BITS

shapes = st.tuples(st.integers(1, 19), st.integers(1, 5), st.integers(1, 7))
pins = st.sampled_from([4, 8, 16])


def codes_of(shape: tuple[int, int, int], bits: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << bits, shape).astype(np.uint8)


@settings(max_examples=80)
@given(shapes, st.sampled_from(CODE_BITS), pins, st.integers(0, 99))
def test_words_by_the_address_formula(
    shape: tuple[int, int, int], bits: int, pin: int, seed: int
) -> None:
    codes = codes_of(shape, bits, seed)
    words = tensor_to_words(codes, bits, pin)
    channels, height, width = shape
    groups, pairs, digits = -(-channels // pin), -(-width // 2), 2 if bits == 8 else 1
    assert words.shape == (tensor_word_count(shape, bits, pin), pin)
    assert len(words) == digits * groups * height * pairs
    for c, y, x in np.ndindex(*shape):
        nibbles = []
        for d in range(digits):
            address = ((d * groups + c // pin) * height + y) * pairs + x // 2
            nibbles.append(int(words[address, c % pin]) >> (4 if x % 2 else 0) & 15)
        assert codes[c, y, x] == (nibbles[0] * 16 + nibbles[1] if digits == 2 else nibbles[0])
    if width % 2:
        last = words.reshape(digits * groups * height, pairs, pin)[:, -1]
        assert (last >> 4 == 0).all()
    np.testing.assert_array_equal(words_to_tensor(words, shape, bits), codes)


def test_channels_past_the_last_may_hold_anything() -> None:
    codes = codes_of((3, 2, 3), 4, 0)
    words = tensor_to_words(codes, 4, 4)
    words[:, 3] = 0xA5
    np.testing.assert_array_equal(words_to_tensor(words, (3, 2, 3), 4), codes)
    with pytest.raises(ValueError, match="3 words for a tensor"):
        words_to_tensor(words[:3], (3, 2, 3), 4)


@given(shapes, pins, st.integers(0, 99), st.integers(1, 16))
def test_image_stream(shape: tuple[int, int, int], pin: int, seed: int, beat: int) -> None:
    codes = codes_of(shape, 8, seed)
    data = image_to_bytes(codes, pin)
    if shape[0] <= pin:
        assert data == codes.transpose(1, 2, 0).tobytes()  # plain interleaved
    filled = fill_beats(data, beat)
    assert len(filled) % beat == 0
    assert len(filled) - len(data) < beat
    assert filled[: len(data)] == data
    assert not any(filled[len(data) :])
    np.testing.assert_array_equal(bytes_to_image(filled, shape, pin), codes)
    with pytest.raises(ValueError, match="bytes for an image"):
        bytes_to_image(data[:-1], shape, pin)


def test_image_stream_in_channel_groups() -> None:
    codes = np.arange(6 * 1 * 2).reshape(6, 1, 2).astype(np.uint8)
    # Group 0: channels 0..3 of x = 0, then of x = 1; group 1: channels 4, 5.
    assert list(image_to_bytes(codes, 4)) == [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 9, 11]


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_row_window(c: int, h: int, w: int, seed: int) -> None:
    codes = codes_of((c, h, w), 8, seed)
    window = row_window(codes)
    assert window.shape == (3 * c, h, w)
    for ky, k, y in np.ndindex(3, c, h):
        row = y + ky - 1
        expected = codes[k, row] if 0 <= row < h else np.zeros(w)
        np.testing.assert_array_equal(window[ky * c + k, y], expected)


@given(shapes, pins, st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_result_stream(shape: tuple[int, int, int], pout: int, sets: int, stride: int) -> None:
    result = np.random.default_rng(0).integers(-(2**62), 2**62, shape)
    beats = result_to_beats(result, pout, sets, stride)
    np.testing.assert_array_equal(beats_to_result(beats, shape, pout, sets, stride), result)
    with pytest.raises(ValueError, match="beats for a result"):
        beats_to_result(beats[1:], shape, pout, sets, stride)


def test_result_order() -> None:
    """(group, row, pair, set, pixel, channel) with channels numbered c, pixels y and x: c y x."""
    shape = (10, 2, 3)
    result = np.array([100 * c + 10 * y + x for c, y, x in np.ndindex(*shape)]).reshape(shape)
    one = result_to_beats(result, 4, 1).tolist()
    assert one[:10] == [0, 100, 200, 300, 1, 101, 201, 301, 2, 102]
    assert one[12] == 10  # the odd pixel of the last pair is left out, the next row begins
    assert one[24] == 400
    two = result_to_beats(result, 4, 2).tolist()
    assert two[:8] == [0, 100, 200, 300, 1, 101, 201, 301]
    assert two[8:12] == [400, 500, 600, 700]  # the second set of the same pair
    assert two[48:50] == [800, 900]


def test_result_order_of_stride_2() -> None:
    """A pair has one pixel: of two sets, both send it before the next pixel."""
    shape = (10, 2, 3)
    result = np.array([100 * c + 10 * y + x for c, y, x in np.ndindex(*shape)]).reshape(shape)
    two = result_to_beats(result, 4, 2, stride=2).tolist()
    assert two[:8] == [0, 100, 200, 300, 400, 500, 600, 700]
    assert two[8:12] == [1, 101, 201, 301]
    assert two[24:28] == [10, 110, 210, 310]  # the next row, after three pixels
    assert two[48:52] == [800, 900, 801, 901]
    one = result_to_beats(result, 4, 1, stride=2).tolist()
    assert one == result_to_beats(result, 4, 1).tolist()
