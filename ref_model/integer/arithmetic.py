# SPDX-License-Identifier: Apache-2.0
"""Exact integer arithmetic of one layer: convolution, requantisation, pooling.

Convolutions exist twice. `convolve_int64` is the judge: plain int64 sums. `convolve` gives the same
numbers faster: it multiplies matrices in float32 or float64 where the accumulator bound proves
that every product, partial sum and result is an integer the float type holds exactly (so the
order of the additions does not matter), and calls the judge elsewhere.

Rounding: every shift is arithmetic, that is floor. Round half up is floor after adding a half,
and the half lives in the bias.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.ranges import largest_activation

IntArray = npt.NDArray[np.int64]

FLOAT32_EXACT = 2**24
"""Every integer of at most this magnitude is exact in float32."""

FLOAT64_EXACT = 2**53
"""Every integer of at most this magnitude is exact in float64."""


def exact_float(bound: int) -> type[np.float32 | np.float64] | None:
    """The fastest float type in which sums bounded by ``bound`` are exact; None: use integers.

    ``bound`` is the largest magnitude that any partial sum of one output's terms can have
    (`bounds.AccumulatorRange.magnitude`).
    """
    if bound <= FLOAT32_EXACT:
        return np.float32
    return np.float64 if bound <= FLOAT64_EXACT else None


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


def convolve(
    codes: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    bound: int,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
) -> npt.NDArray[Any]:
    """The numbers of `convolve_int64`, by float matrix products where ``bound`` proves them exact.

    ``bound`` is as in `exact_float`. The result is a whole number in whatever type it was summed
    in: float32, float64 or int64.
    """
    kind = exact_float(bound)
    if kind is None:
        return convolve_int64(codes, weight, stride, padding, groups)
    outputs, depth, kernel_rows, kernel_columns = weight.shape
    x = _pad(codes, padding)
    rows = (x.shape[2] - kernel_rows) // stride + 1
    columns = (x.shape[3] - kernel_columns) // stride + 1
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1), dtype=kind)
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    if groups == 1:
        matrix = weight.astype(kind).transpose(2, 3, 1, 0).reshape(-1, outputs)
        flat: npt.NDArray[Any] = windows.reshape(-1, len(matrix)) @ matrix
        return flat.reshape(len(x), rows, columns, outputs).transpose(0, 3, 1, 2)
    result = np.zeros((len(x), rows, columns, outputs), kind)
    taps = weight.astype(kind).reshape(groups, outputs // groups, *weight.shape[1:])
    for ky in range(kernel_rows):
        for kx in range(kernel_columns):
            tap = windows[:, :, :, ky, kx].reshape(*windows.shape[:3], groups, 1, depth)
            product = tap @ taps[:, :, :, ky, kx].transpose(0, 2, 1)
            result += product.reshape(result.shape)
    return result.transpose(0, 3, 1, 2)


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


def _pad(x: npt.NDArray[Any], padding: int) -> npt.NDArray[Any]:
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))) if padding else x
