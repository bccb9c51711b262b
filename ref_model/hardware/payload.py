# SPDX-License-Identifier: Apache-2.0
"""The payload of a layer: requantisation constants and weight words, group after group.

Weight codes are arranged by one function of the kernel, `word_order`, into an array
(group, word without digit, plane, lane, channel); the rest is the same for all kernels.
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
"""Bytes of the constants of one output channel."""


@dataclass(frozen=True)
class PayloadShape:
    """What decides the size and the order of a payload.

    ``channels``, ``height``, ``width`` are those of the layer's input as stored (3C for 1x3);
    ``shared``: a full map with the same weights at every position.
    """

    kernel: Kernel
    channels: int
    height: int
    width: int
    outputs: int
    weight_bits: int
    shared: bool = False

    def groups(self, config: CoreConfig) -> int:
        """Output channel groups."""
        return ceil_div(self.outputs, config.pout * self.kernel.sets)

    def words(self, config: CoreConfig) -> int:
        """Weight words of one output channel group, all digits."""
        groups_in = ceil_div(self.channels, config.pin)
        steps = {
            Kernel.K1X1: groups_in,
            Kernel.K1X3: groups_in,
            Kernel.K3X3: 3 * groups_in,
            Kernel.FULL: groups_in * (1 if self.shared else self.height * pairs_of(self.width)),
        }
        return digits_of(self.weight_bits) * steps[self.kernel]

    def word_bytes(self, config: CoreConfig) -> int:
        """Bytes of one weight word."""
        return self.kernel.planes * config.pin * config.pout // 2

    def bytes(self, config: CoreConfig) -> int:
        """Bytes of the whole payload."""
        constants = config.pout * self.kernel.sets * CONSTANT_BYTES
        return self.groups(config) * (constants + self.words(config) * self.word_bytes(config))

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
    """Content of a payload: ``weight`` codes (O, C, kh, kw) as stored; constants (O,)."""

    weight: npt.NDArray[Any]
    multiplier: npt.NDArray[Any]
    bias: npt.NDArray[Any]


def pack_payload(payload: Payload, shape: PayloadShape, config: CoreConfig) -> bytes:
    """The bytes of a payload, for every group: constants, then weight words."""
    lanes = config.pout * shape.kernel.sets
    groups = shape.groups(config)
    constants = np.zeros(groups * lanes, np.int64)
    mask = (1 << MULTIPLIER_BITS) - 1
    constants[: shape.outputs] = payload.bias.astype(np.int64) << MULTIPLIER_BITS | (
        payload.multiplier.astype(np.int64) & mask
    )
    words = _nibble_words(word_order(payload.weight, shape, config), shape.weight_bits)
    packed = (words[..., ::2] | words[..., 1::2] << 4).astype(np.uint8)
    return b"".join(
        constants[group * lanes : (group + 1) * lanes].astype("<i8").tobytes()
        + packed[group].tobytes()
        for group in range(groups)
    )


def unpack_payload(data: bytes, shape: PayloadShape, config: CoreConfig) -> Payload:
    """Inverse of `pack_payload`. Raises ValueError when the length is not the payload's."""
    if len(data) != shape.bytes(config):
        raise ValueError(f"{len(data)} bytes for a payload of {shape.bytes(config)}")
    lanes = config.pout * shape.kernel.sets
    groups, words = shape.groups(config), shape.words(config)
    raw = np.frombuffer(data, np.uint8).reshape(groups, -1)
    head = lanes * CONSTANT_BYTES
    constants = np.ascontiguousarray(raw[:, :head]).view("<i8").reshape(-1)[: shape.outputs]
    multiplier = constants << 64 - MULTIPLIER_BITS >> 64 - MULTIPLIER_BITS
    packed = raw[:, head:].reshape(groups, words, -1)
    nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(groups, words, -1)
    digits = digits_of(shape.weight_bits)
    parts = nibbles.reshape(groups, digits, words // digits, -1).astype(np.int16)
    codes = parts[:, 0] - 8 if digits == 1 else (parts[:, 0] << 4 | parts[:, 1]) - 128
    ordered = codes.reshape(groups, words // digits, shape.kernel.planes, config.pout, config.pin)
    weight = restore_order(ordered, shape)
    return Payload(weight, multiplier.astype(np.int32), constants >> MULTIPLIER_BITS)


def word_order(
    weight: npt.NDArray[Any], shape: PayloadShape, config: CoreConfig
) -> npt.NDArray[np.int16]:
    """Weight codes (O, C, kh, kw) as (output group, word, plane, lane, channel).

    Words are those of one digit: kernel row and group (3x3), group (1x1, 1x3), or group, row, pair
    (full map). Weights that do not exist are the code 0.
    """
    outputs, channels, rows, columns = weight.shape
    groups, sets = shape.groups(config), shape.kernel.sets
    groups_in = ceil_div(channels, config.pin)
    columns_even = pairs_of(columns) * 2 if shape.kernel is Kernel.FULL else columns
    padded = np.zeros(
        (groups * sets * config.pout, groups_in * config.pin, rows, columns_even), np.int16
    )
    padded[:outputs, :channels, :, :columns] = weight
    x = padded.reshape(groups, sets, config.pout, groups_in, config.pin, rows, columns_even)
    if shape.kernel is Kernel.FULL:  # word: group, row, pair; plane: odd pixel, even pixel
        x = x.reshape(*x.shape[:6], columns_even // 2, 2)[..., ::-1]
        x = x.transpose(0, 3, 5, 6, 7, 1, 2, 4)
    elif shape.kernel is Kernel.K1X1:  # word: group; plane: set
        x = x.transpose(0, 3, 5, 6, 1, 2, 4)
    else:  # word: kernel row, group; plane: kx = 2, 1, 0
        x = x[..., ::-1].transpose(0, 5, 3, 6, 1, 2, 4)
    planes = shape.kernel.planes
    return np.ascontiguousarray(x).reshape(groups, -1, planes, config.pout, config.pin)


def restore_order(ordered: npt.NDArray[Any], shape: PayloadShape) -> npt.NDArray[np.int16]:
    """Inverse of `word_order`: codes (O, C, kh, kw), those that do not exist dropped."""
    groups, _, _, pout, pin = ordered.shape
    groups_in = ceil_div(shape.channels, pin)
    outputs, channels, rows, columns = shape.weight_shape()
    if shape.kernel is Kernel.FULL:
        x = ordered.reshape(groups, groups_in, rows, pairs_of(columns), 2, pout, pin)
        x = (
            x[..., ::-1, :, :]
            .transpose(0, 5, 1, 6, 2, 3, 4)
            .reshape(groups * pout, groups_in * pin, rows, -1)
        )
    elif shape.kernel is Kernel.K1X1:
        x = ordered.reshape(groups, groups_in, 2, pout, pin).transpose(0, 2, 3, 1, 4)
        x = x.reshape(groups * 2 * pout, groups_in * pin, 1, 1)
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
