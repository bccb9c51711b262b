# SPDX-License-Identifier: Apache-2.0
"""The payload of a layer: requantisation constants and weight words, group after group.

A depthwise layer behind it has its kernels and constants between the two.

Weight codes are arranged by one function of the kernel, `word_order`, into an array
(group, word without digit, plane, lane, channel); the rest is the same for all kernels.

A 3-bit core has one digit a weight. Its words of a full map are those of a word's first two pixels,
then those of its last two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, pairs_of
from ref_model.integer.ranges import MULTIPLIER_BITS

CONSTANT_BYTES = 8
"""Bytes of the constants of one output channel, and of a depthwise kernel."""


@dataclass(frozen=True)
class PayloadShape:
    """What decides the size and the order of a payload.

    ``channels``, ``height``, ``width`` are those of the layer's input as stored (3C for 1x3);
    ``shared``: a full map with the same weights at every position; ``depthwise``: a depthwise layer
    runs behind this one.
    """

    kernel: Kernel
    channels: int
    height: int
    width: int
    outputs: int
    weight_bits: int
    shared: bool = False
    depthwise: bool = False

    def groups(self, config: CoreConfig) -> int:
        """Output channel groups."""
        return ceil_div(self.outputs, self.lanes(config))

    def lanes(self, config: CoreConfig) -> int:
        """Output channels of a group."""
        return config.pout * self.kernel.sets_of(config.code_bits)

    def phases(self, config: CoreConfig) -> int:
        """How often the array goes through a step's words for one digit of the input."""
        if config.code_bits == 4:
            return digits_of(self.weight_bits)
        return 2 if self.kernel is Kernel.FULL and self.width > 2 else 1

    def words(self, config: CoreConfig) -> int:
        """Weight words of one output channel group, all digits."""
        groups_in = ceil_div(self.channels, config.pin)
        steps = {
            Kernel.K1X1: groups_in,
            Kernel.K1X3: groups_in,
            Kernel.K3X3: 3 * groups_in,
            Kernel.FULL: groups_in
            * (1 if self.shared else self.height * ceil_div(self.width, config.pixels)),
        }
        return self.phases(config) * steps[self.kernel]

    def word_bytes(self, config: CoreConfig) -> int:
        """Bytes of one weight word."""
        planes = self.kernel.planes_of(config.code_bits)
        return planes * config.pin * config.pout * config.code_bits // 8

    def head_bytes(self, config: CoreConfig) -> int:
        """Bytes of a group before its weight words: constants, depthwise kernels and constants."""
        parts = 3 if self.depthwise else 1
        return parts * self.lanes(config) * CONSTANT_BYTES

    def bytes(self, config: CoreConfig) -> int:
        """Bytes of the whole payload."""
        words = self.words(config) * self.word_bytes(config)
        return self.groups(config) * (self.head_bytes(config) + words)

    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weight codes as stored: (O, C, kh, kw).

        1x3 has 3C channels and kh = 1; shared weights are two columns that are equal.
        """
        kernel = {
            Kernel.K1X1: (1, 1),
            Kernel.K1X3: (1, 3),
            Kernel.K3X3: (3, 3),
            Kernel.FULL: (1, 2) if self.shared else (self.height, self.width),
        }[self.kernel]
        return (self.outputs, self.channels, *kernel)


@dataclass(frozen=True)
class Payload:
    """Content of a payload: ``weight`` codes (O, C, kh, kw) as stored; constants (O,).

    ``depthwise`` is that of the layer behind: ``weight`` codes (O, 1, 3, 3).
    """

    weight: npt.NDArray[Any]
    multiplier: npt.NDArray[Any]
    bias: npt.NDArray[Any]
    depthwise: Payload | None = None


def pack_payload(payload: Payload, shape: PayloadShape, config: CoreConfig) -> bytes:
    """The bytes of a payload, for every group: constants, depthwise layer, weight words."""
    groups = shape.groups(config)

    def by_group(values: npt.NDArray[np.int64], absent: int = 0) -> npt.NDArray[np.int64]:
        """One number a channel as (group, channel), ``absent`` past the last."""
        padded = np.full(groups * shape.lanes(config), absent, np.int64)
        padded[: shape.outputs] = values
        return padded.reshape(groups, -1)

    head = by_group(_pack_constants(payload))
    if payload.depthwise is not None:
        behind = payload.depthwise
        kernels = by_group(_pack_kernels(behind.weight), ZERO_KERNEL)
        head = np.concatenate([head, kernels, by_group(_pack_constants(behind))], axis=1)
    ordered = word_order(payload.weight, shape, config)
    if config.code_bits == 4:
        words = _nibble_words(ordered, shape.weight_bits)
    else:
        words = ordered.reshape(*ordered.shape[:2], -1) + np.int16(3)
    packed = _pack_bits(words, config.code_bits)
    return b"".join(
        head[group].astype("<i8").tobytes() + packed[group].tobytes() for group in range(groups)
    )


def unpack_payload(data: bytes, shape: PayloadShape, config: CoreConfig) -> Payload:
    """Inverse of `pack_payload`. Raises ValueError when the length is not the payload's."""
    if len(data) != shape.bytes(config):
        raise ValueError(f"{len(data)} bytes for a payload of {shape.bytes(config)}")
    groups, words = shape.groups(config), shape.words(config)
    raw = np.frombuffer(data, np.uint8).reshape(groups, -1)
    size = shape.head_bytes(config)
    head = np.ascontiguousarray(raw[:, :size]).view("<i8")
    lanes = shape.lanes(config)
    constants, *behind = (
        head[:, first : first + lanes].reshape(-1)[: shape.outputs]
        for first in range(0, head.shape[1], lanes)
    )
    multiplier, bias = _unpack_constants(constants)
    depthwise = None
    if shape.depthwise:
        depthwise = Payload(_unpack_kernels(behind[0]), *_unpack_constants(behind[1]))
    packed = raw[:, size:].reshape(groups, words, -1)
    stored = _unpack_bits(packed, config.code_bits)
    if config.code_bits == 3:
        codes, digits = stored - 3, 1
    else:
        digits = digits_of(shape.weight_bits)
        parts = stored.reshape(groups, digits, words // digits, -1)
        codes = parts[:, 0] - 8 if digits == 1 else (parts[:, 0] << 4 | parts[:, 1]) - 128
    planes = shape.kernel.planes_of(config.code_bits)
    ordered = codes.reshape(groups, words // digits, planes, config.pout, config.pin)
    return Payload(restore_order(ordered, shape, config), multiplier, bias, depthwise)


def _pack_bits(words: npt.NDArray[np.int16], bits: int) -> npt.NDArray[np.uint8]:
    """Numbers of `bits` bits (..., numbers) as bytes (..., bytes), the first one lowest."""
    places = np.arange(bits, dtype=np.int16)
    return np.packbits(
        (words[..., None] >> places & 1).reshape(*words.shape[:-1], -1).astype(np.uint8),
        axis=-1, bitorder="little",
    )  # fmt: skip


def _unpack_bits(packed: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.int16]:
    """Inverse of `_pack_bits`."""
    single = np.unpackbits(packed, axis=-1, bitorder="little").astype(np.int16)
    places = np.int16(1) << np.arange(bits, dtype=np.int16)
    numbers: npt.NDArray[np.int16] = (single.reshape(*packed.shape[:-1], -1, bits) * places).sum(
        axis=-1, dtype=np.int16
    )
    return numbers


def _pack_constants(payload: Payload) -> npt.NDArray[np.int64]:
    """Multiplier and bias of every channel in 64 bits."""
    low = payload.multiplier.astype(np.int64) & (1 << MULTIPLIER_BITS) - 1
    packed: npt.NDArray[np.int64] = payload.bias.astype(np.int64) << MULTIPLIER_BITS | low
    return packed


def _unpack_constants(packed: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    multiplier = packed << 64 - MULTIPLIER_BITS >> 64 - MULTIPLIER_BITS
    return multiplier.astype(np.int32), packed >> MULTIPLIER_BITS


_KERNEL_SHIFTS = 4 * np.arange(9, dtype=np.int64).reshape(3, 3).T
"""Place of the weight of row j, column i: nibble 3*i + j."""
ZERO_KERNEL = 0x888888888
"""Nine weights of code 0."""


def _pack_kernels(weight: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A depthwise kernel (1, 3, 3) of every channel in 64 bits, without sign."""
    stored = weight[:, 0].astype(np.int64) + 8
    packed: npt.NDArray[np.int64] = (stored << _KERNEL_SHIFTS).sum(axis=(1, 2))
    return packed


def _unpack_kernels(packed: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    codes = (packed[:, None, None, None] >> _KERNEL_SHIFTS & 15) - 8
    return codes.astype(np.int16)


def word_order(
    weight: npt.NDArray[Any], shape: PayloadShape, config: CoreConfig
) -> npt.NDArray[np.int16]:
    """Weight codes (O, C, kh, kw) as (output group, word, plane, lane, channel).

    Words are those of one digit: kernel row and group (3x3), group (1x1, 1x3), or group, row, pair
    (full map). Weights that do not exist are the code 0. On a 3-bit core all words of a full map
    are here, first those of the even pairs.
    """
    outputs, channels, rows, columns = weight.shape
    groups, sets = shape.groups(config), shape.kernel.sets_of(config.code_bits)
    groups_in = ceil_div(channels, config.pin)
    full, halves = shape.kernel is Kernel.FULL, shape.phases(config)
    if full and shape.shared and config.code_bits == 3:  # the same two columns for both halves
        weight, columns = np.concatenate([weight] * halves, axis=3), columns * halves
    columns_even = ceil_div(columns, config.pixels) * config.pixels if full else columns
    padded = np.zeros(
        (groups * sets * config.pout, groups_in * config.pin, rows, columns_even), np.int16
    )
    padded[:outputs, :channels, :, :columns] = weight
    x = padded.reshape(groups, sets, config.pout, groups_in, config.pin, rows, columns_even)
    if full and config.code_bits == 3:  # word: half, group, row, step; plane: odd pixel, even pixel
        x = x.reshape(*x.shape[:6], columns_even // 4, 2, 2)[..., :halves, ::-1]
        x = x.transpose(0, 7, 3, 5, 6, 8, 1, 2, 4)
    elif full:  # word: group, row, pair; plane: odd pixel, even pixel
        x = x.reshape(*x.shape[:6], columns_even // 2, 2)[..., ::-1]
        x = x.transpose(0, 3, 5, 6, 7, 1, 2, 4)
    elif shape.kernel is Kernel.K1X1:  # word: group; plane: set
        x = x.transpose(0, 3, 5, 6, 1, 2, 4)
    else:  # word: kernel row, group; plane: kx = 2, 1, 0
        x = x[..., ::-1].transpose(0, 5, 3, 6, 1, 2, 4)
    planes = shape.kernel.planes_of(config.code_bits)
    return np.ascontiguousarray(x).reshape(groups, -1, planes, config.pout, config.pin)


def restore_order(
    ordered: npt.NDArray[Any], shape: PayloadShape, config: CoreConfig
) -> npt.NDArray[np.int16]:
    """Inverse of `word_order`: codes (O, C, kh, kw), those that do not exist dropped."""
    groups, _, _, pout, pin = ordered.shape
    groups_in = ceil_div(shape.channels, pin)
    outputs, channels, rows, columns = shape.weight_shape()
    if shape.kernel is Kernel.FULL and config.code_bits == 3:
        halves = shape.phases(config)
        x = ordered.reshape(groups, halves, groups_in, rows, -1, 2, pout, pin)[..., ::-1, :, :]
        x = x.transpose(0, 6, 2, 7, 3, 4, 1, 5)  # (..., step, half, pixel)
        if halves == 1:
            x = np.concatenate([x, np.zeros_like(x)], axis=6)
        x = x.reshape(groups * pout, groups_in * pin, rows, -1)
    elif shape.kernel is Kernel.FULL:
        x = ordered.reshape(groups, groups_in, rows, pairs_of(columns), 2, pout, pin)
        x = (
            x[..., ::-1, :, :]
            .transpose(0, 5, 1, 6, 2, 3, 4)
            .reshape(groups * pout, groups_in * pin, rows, -1)
        )
    elif shape.kernel is Kernel.K1X1:
        x = ordered.reshape(groups, groups_in, -1, pout, pin).transpose(0, 2, 3, 1, 4)
        x = x.reshape(-1, groups_in * pin, 1, 1)
    else:
        x = ordered.reshape(groups, rows, groups_in, 3, pout, pin)[..., ::-1, :, :]
        x = x.transpose(0, 4, 2, 5, 1, 3).reshape(groups * pout, groups_in * pin, rows, 3)
    return np.ascontiguousarray(x[:outputs, :channels, :, :columns])


def _nibble_words(ordered: npt.NDArray[np.int16], bits: int) -> npt.NDArray[np.int16]:
    """Codes of `word_order` as unsigned nibbles (group, word with digit outermost, nibble)."""
    flat = ordered.reshape(*ordered.shape[:2], -1)
    if digits_of(bits) == 1:
        return flat + np.int16(8)
    offset = flat + np.int16(128)
    return np.concatenate([offset >> 4, offset & 15], axis=1)
