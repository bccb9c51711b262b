# SPDX-License-Identifier: Apache-2.0
"""Tensors as words of the feature memory and as bytes of the streams, in both directions.

A word holds PIN channels of two neighbouring pixels and is written here as PIN bytes: byte ``c``
has the even pixel's nibble of channel ``c`` in its low half and the odd pixel's in its high half.
With codes of 3 bits a word holds four pixels and is written as PIN numbers of 12 bits, the first
pixel's digit lowest.
Formats: docs/stream_format.md. Every function takes and gives one image's tensor, (C, H, W).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.hardware.core_config import ceil_div
from ref_model.integer.network import Shape

Codes = npt.NDArray[np.uint8]
"""uint8 codes (C, H, W)."""

Words = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""Feature memory words, (words, PIN): uint8, with codes of 3 bits uint16."""


def digits_of(bits: int, code_bits: int = 4) -> int:
    """Digits of one code, nibbles or 3 bits: 1 for 2 and 3 bits; 8 bits are 2 nibbles."""
    return ceil_div(bits, code_bits)


def pixels_of(code_bits: int) -> int:
    """Neighbouring pixels in a word of the feature memory."""
    return 4 if code_bits == 3 else 2


def pairs_of(width: int) -> int:
    """Pixel pairs of one row, T."""
    return ceil_div(width, 2)


def tensor_word_count(shape: Shape, bits: int, pin: int, code_bits: int = 4) -> int:
    """Words that a tensor takes in the feature memory: D * G * H * T."""
    channels, height, width = shape
    steps = ceil_div(width, pixels_of(code_bits))
    return digits_of(bits, code_bits) * ceil_div(channels, pin) * height * steps


def tensor_to_words(codes: Codes, bits: int, pin: int, code_bits: int = 4) -> Words:
    """Words of a tensor in the order of their addresses: digit, channel group, row, step.

    Channels past C and pixels past W are 0.
    """
    channels, height, width = codes.shape
    pixels = pixels_of(code_bits)
    groups, steps = ceil_div(channels, pin), ceil_div(width, pixels)
    padded = np.zeros((groups * pin, height, steps * pixels), np.uint16)
    padded[:channels, :, :width] = codes
    digits = np.stack(_to_digits(padded, digits_of(bits, code_bits), code_bits))
    digits = digits.reshape(-1, groups, pin, height, steps, pixels)
    places = code_bits * np.arange(pixels, dtype=np.uint16)
    packed = (digits << places).sum(axis=-1).transpose(0, 1, 3, 4, 2).reshape(-1, pin)
    words: Words = packed.astype(np.uint8 if code_bits == 4 else np.uint16)
    return words


def words_to_tensor(words: Words, shape: Shape, bits: int, code_bits: int = 4) -> Codes:
    """Inverse of `tensor_to_words`; raises ValueError when the number of words does not fit."""
    channels, height, width = shape
    pin, pixels, digits = words.shape[1], pixels_of(code_bits), digits_of(bits, code_bits)
    if len(words) != tensor_word_count(shape, bits, pin, code_bits):
        raise ValueError(f"{len(words)} words for a tensor {shape} of {bits} bits at PIN = {pin}")
    groups, steps = ceil_div(channels, pin), ceil_div(width, pixels)
    packed = words.reshape(digits, groups, height, steps, pin).transpose(0, 1, 4, 2, 3)
    places = code_bits * np.arange(pixels, dtype=np.uint16)
    parts = packed[..., None] >> places & (1 << code_bits) - 1
    parts = parts.reshape(digits, groups * pin, height, steps * pixels)[:, :channels, :, :width]
    codes = np.zeros(shape, np.uint16)
    for part in parts:
        codes = codes << code_bits | part
    return np.ascontiguousarray(codes.astype(np.uint8))


def row_window(codes: Codes) -> Codes:
    """The three rows of a 3x3 window as channels: (3C, H, W), channel ky*C + c is row y + ky - 1.

    Rows outside the image are 0.
    """
    padded = np.pad(codes, ((0, 0), (1, 1), (0, 0)))
    height = codes.shape[1]
    return np.concatenate([padded[:, ky : ky + height] for ky in range(3)])


def image_to_bytes(codes: Codes, pin: int) -> bytes:
    """The image stream without its filling: for each row, channel group, column: the channels."""
    groups = [codes[start : start + pin] for start in range(0, len(codes), pin)]
    rows = range(codes.shape[1])
    return b"".join(group[:, y].T.tobytes() for y in rows for group in groups)


def bytes_to_image(data: bytes, shape: Shape, pin: int) -> Codes:
    """Inverse of `image_to_bytes`, which may be filled up; ValueError when it is short."""
    channels, height, width = shape
    flat = np.frombuffer(data, np.uint8)
    if len(flat) < channels * height * width:
        raise ValueError(f"{len(flat)} bytes for an image {shape}")
    rows = flat[: channels * height * width].reshape(height, channels * width)
    image = np.empty(shape, np.uint8)
    for first in range(0, channels, pin):
        last = min(first + pin, channels)
        part = rows[:, first * width : last * width].reshape(height, width, last - first)
        image[first:last] = part.transpose(2, 0, 1)
    return image


def images_to_bytes(images: npt.NDArray[Any], pin: int, beat_bytes: int) -> bytes:
    """The image packet of a pass: images (N, C, H, W), each filled to whole beats."""
    return b"".join(fill_beats(image_to_bytes(image, pin), beat_bytes) for image in images)


def fill_beats(data: bytes, beat_bytes: int) -> bytes:
    """``data`` filled with zeros to whole beats of a port that is ``beat_bytes`` wide."""
    return data + bytes(-len(data) % beat_bytes)


def result_order(
    shape: Shape, pout: int, sets: int, stride: int = 1, images: int = 1
) -> npt.NDArray[np.intp]:
    """Index into the flat (N, C, H, W) results of every beat of a raw layer, in order.

    ``shape`` is (C, H, W), N is ``images``; ``sets`` is 2 for kernel 1x1 (channel groups of
    2 * POUT), else 1. With ``stride`` 2 every pair has one pixel of the result, else two.
    """
    channels, height, width = shape
    size = channels * height * width
    pixels = 1 if stride == 2 else 2
    beats = []
    for first in range(0, channels, pout * sets):
        group = []
        for y in range(height):
            for pair in range(0, width, pixels):
                for start in range(first, min(first + pout * sets, channels), pout):
                    for x in range(pair, min(pair + pixels, width)):
                        lanes = np.arange(start, min(start + pout, channels))
                        group.append((lanes * height + y) * width + x)
        one = np.concatenate(group)
        beats += [one + image * size for image in range(images)]
    return np.concatenate(beats)


def result_to_beats(
    result: npt.NDArray[np.int64], pout: int, sets: int, stride: int = 1
) -> npt.NDArray[np.int64]:
    """The result stream of a raw layer's result (C, H, W): one int64 a beat."""
    shape = (result.shape[0], result.shape[1], result.shape[2])
    return result.reshape(-1)[result_order(shape, pout, sets, stride)]


def beats_to_result(
    beats: npt.ArrayLike, shape: Shape, pout: int, sets: int, stride: int = 1
) -> npt.NDArray[np.int64]:
    """Inverse of `result_to_beats`; raises ValueError when the number of beats differs."""
    values = np.asarray(beats, np.int64)
    order = result_order(shape, pout, sets, stride)
    if values.shape != order.shape:
        raise ValueError(f"{values.size} beats for a result {shape}, which has {order.size}")
    result = np.empty(order.size, np.int64)
    result[order] = values
    return result.reshape(shape)


def _to_digits(codes: npt.NDArray[Any], digits: int, code_bits: int = 4) -> list[npt.NDArray[Any]]:
    """Digits of codes, the most significant first."""
    return [codes >> code_bits * n & (1 << code_bits) - 1 for n in reversed(range(digits))]
