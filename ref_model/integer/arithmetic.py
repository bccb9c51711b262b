# SPDX-License-Identifier: Apache-2.0
"""Exact integer arithmetic of one layer: convolution, requantisation, pooling.

`convolve_int64` is the judge of convolutions: plain int64 sums. `convolution.Convolution` gives the
same numbers faster.

Rounding: every shift is arithmetic, that is floor. Round half up is floor after adding a half,
and the half lives in the bias.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.ranges import largest_activation

IntArray = npt.NDArray[np.int64]


def convolve_int64(
    codes: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
) -> IntArray:
    """Accumulators of a convolution by int64 sums, one kernel tap after the other.

    ``codes`` (N, C, H, W) and ``weight`` (O, C/groups, kh, kw) are integers; the result is int64
    (N, O, Ho, Wo). A linear layer is the convolution whose kernel is the map.
    """
    x = _pad(codes.astype(np.int64), padding)
    w = weight.astype(np.int64)
    outputs, depth, kernel_rows, kernel_columns = w.shape
    rows = (x.shape[2] - kernel_rows) // stride + 1
    columns = (x.shape[3] - kernel_columns) // stride + 1
    result = np.zeros((len(x), outputs, rows, columns), np.int64)
    share = outputs // groups
    for group in range(groups):
        channels = slice(group * depth, (group + 1) * depth)
        lanes = slice(group * share, (group + 1) * share)
        for ky in range(kernel_rows):
            for kx in range(kernel_columns):
                window = x[:, channels, ky::stride, kx::stride][:, :, :rows, :columns]
                result[:, lanes] += np.einsum("oc,nchw->nohw", w[lanes, :, ky, kx], window)
    return result


def scale_and_add(
    accumulator: npt.NDArray[Any],
    multiplier: npt.NDArray[Any],
    bias: npt.NDArray[Any],
    skip: npt.NDArray[Any] | None = None,
    skip_multiplier: int = 0,
) -> IntArray:
    """acc * m[c] + b[c] + skip * skip_multiplier as int64.

    ``accumulator`` and ``skip`` are whole numbers (N, O, H, W), ``multiplier`` and ``bias`` (O,).
    """
    result: IntArray = accumulator.astype(np.int64)
    result *= multiplier.astype(np.int64)[:, None, None]
    result += bias.astype(np.int64)[:, None, None]
    if skip is not None:
        result += skip.astype(np.int64) * skip_multiplier
    return result


def shift_and_clamp(scaled: IntArray, shift: int, bits: int) -> npt.NDArray[np.uint8]:
    """clamp(floor(scaled / 2^shift), 0, 2^bits - 1) as uint8 codes; ``scaled`` is overwritten."""
    scaled >>= shift
    np.clip(scaled, 0, largest_activation(bits), out=scaled)
    return scaled.astype(np.uint8)


def max_pool_2x2(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The largest of each 2 x 2 block of (N, C, H, W); an odd last row or column is dropped."""
    height, width = codes.shape[2] // 2 * 2, codes.shape[3] // 2 * 2
    x = codes[:, :, :height, :width]
    columns = np.maximum(x[:, :, :, ::2], x[:, :, :, 1::2])
    pooled: npt.NDArray[Any] = np.maximum(columns[:, :, ::2], columns[:, :, 1::2])
    return pooled


def max_pool_3x3(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The largest of rows and columns 2v - 1 to 2v + 1 of (N, C, H, W), as far as they exist.

    That is a 3x3 max pool with stride 2 and padding 1: ceil(H / 2) x ceil(W / 2) are left.
    """
    pooled = codes
    for axis in (2, 3):
        x = np.moveaxis(pooled, axis, 0)
        middle = x[::2].copy()
        after, before = x[1::2], x[1::2][: len(middle) - 1]
        np.maximum(middle[: len(after)], after, out=middle[: len(after)])
        np.maximum(middle[1:], before, out=middle[1:])
        pooled = np.moveaxis(middle, 0, axis)
    return np.ascontiguousarray(pooled)


def max_pool(codes: npt.NDArray[Any], pool: int) -> npt.NDArray[Any]:
    """The pool of a layer: 1 none, 2 `max_pool_2x2`, 3 `max_pool_3x3`."""
    if pool == 1:
        return codes
    return max_pool_2x2(codes) if pool == 2 else max_pool_3x3(codes)


def _pad(x: npt.NDArray[Any], padding: int) -> npt.NDArray[Any]:
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))) if padding else x
