# SPDX-License-Identifier: Apache-2.0
"""Fast exact convolution: matrix products in floating point, where a bound proves them exact.

The numbers are those of the judge, `arithmetic.convolve_int64`. When no partial sum of an output's
terms can exceed 2^24 (2^53), every product and every partial sum is an integer that float32
(float64) holds, so nothing is rounded and the order of the additions does not matter. Beyond 2^53
the judge itself runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.arithmetic import convolve_int64

Array = npt.NDArray[Any]

FLOAT32_EXACT = 2**24
"""Every integer of at most this magnitude is exact in float32."""

FLOAT64_EXACT = 2**53
"""Every integer of at most this magnitude is exact in float64."""

BLOCK_BYTES = 1 << 20
"""The matrix of windows is made in pieces of about this size, which stay in the cache."""


def exact_float(bound: int) -> type[np.float32 | np.float64] | None:
    """The fastest float type in which sums bounded by ``bound`` are exact; None: use integers.

    ``bound`` is the largest magnitude that any partial sum of one output's terms can have
    (`bounds.AccumulatorRange.magnitude`).
    """
    if bound <= FLOAT32_EXACT:
        return np.float32
    return np.float64 if bound <= FLOAT64_EXACT else None


class Convolution:
    """A convolution whose weights are laid out once and used for any number of images.

    ``weight`` (O, C/groups, kh, kw) holds integers; ``bound`` is as in `exact_float`.
    """

    def __init__(
        self, weight: Array, bound: int, stride: int = 1, padding: int = 0, groups: int = 1
    ) -> None:
        self.weight, self.stride, self.padding, self.groups = weight, stride, padding, groups
        self._kind = exact_float(bound)
        outputs, depth, *kernel = weight.shape
        self._depthwise = groups == outputs and depth == 1
        if self._kind is not None:
            # group, kernel row, kernel column, input, output: the order of a window's codes
            taps = weight.reshape(groups, -1, depth, *kernel).transpose(0, 3, 4, 2, 1)
            if self._depthwise:
                taps = taps.transpose(1, 2, 3, 4, 0)  # all groups side by side, as channels lie
            self._taps = np.ascontiguousarray(taps, self._kind)

    def __call__(self, codes: Array) -> Array:
        """Accumulators (N, O, Ho, Wo) for ``codes`` (N, C, H, W).

        They are whole numbers in the type they were summed in: float32, float64 or int64.
        """
        if self._kind is None:
            return convolve_int64(codes, self.weight, self.stride, self.padding, self.groups)
        windows = self._windows(codes)
        result = np.empty((*windows.shape[:3], len(self.weight)), self._kind)
        if self._depthwise:
            self._sum_taps(windows, result)
        else:
            self._multiply(windows, result)
        return result.transpose(0, 3, 1, 2)

    def _windows(self, codes: Array) -> Array:
        """A view (N, Ho, Wo, kh, kw, C) of the padded codes; nothing is copied but the padding."""
        pad = (self.padding, self.padding)
        x = codes.transpose(0, 2, 3, 1)
        x = np.pad(x, ((0, 0), pad, pad, (0, 0))) if self.padding else np.ascontiguousarray(x)
        windows = np.lib.stride_tricks.sliding_window_view(x, self.weight.shape[2:], axis=(1, 2))
        return windows[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)

    def _multiply(self, windows: Array, result: Array) -> None:
        """Windows times weights into ``result`` (N, Ho, Wo, O), some images or rows at a time."""
        images, rows, columns, *window = windows.shape
        depth, share = self._taps.shape[-2:]
        matrices = self._taps.reshape(self.groups, -1, share)
        row_bytes = columns * matrices.shape[1] * self._taps.itemsize
        row_step = min(rows, max(1, BLOCK_BYTES // row_bytes))
        image_step = max(1, min(images, BLOCK_BYTES // (row_bytes * rows)))
        buffer = np.empty((image_step, row_step, columns, *window[:2], depth), self._kind)
        for image in range(0, images, image_step):
            for row in range(0, rows, row_step):
                place = slice(image, image + image_step), slice(row, row + row_step)
                part, target = windows[place], result[place]
                block = buffer[: part.shape[0], : part.shape[1]]
                for group, matrix in enumerate(matrices):
                    np.copyto(block, part[..., group * depth : (group + 1) * depth])
                    product = block.reshape(-1, len(matrix)) @ matrix
                    lanes = slice(group * share, (group + 1) * share)
                    target[..., lanes] = product.reshape(*target.shape[:3], share)

    def _sum_taps(self, windows: Array, result: Array) -> None:
        """One multiplication a channel and kernel tap, summed into ``result`` (N, Ho, Wo, C)."""
        result[:] = 0
        product = np.empty_like(result)
        for ky, kx in np.ndindex(*self.weight.shape[2:]):
            np.multiply(windows[:, :, :, ky, kx], self._taps[ky, kx, 0, 0], out=product)
            result += product
