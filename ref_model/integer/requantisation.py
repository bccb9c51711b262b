# SPDX-License-Identifier: Apache-2.0
"""From a real scale and offset to the integers m, b and s of one layer.

::

    y    = clamp(floor(acc * scale[c] + offset[c] + 1/2), 0, levels)      real numbers
    m[c] = floor(scale[c] * 2^s + 1/2)
    b[c] = floor(offset[c] * 2^s + 1/2) + 2^(s-1)                         (no half for s = 0)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ref_model.integer.ranges import BIAS_BITS, MAX_SHIFT

FloatArray = npt.NDArray[np.float64]

MULTIPLIER_TARGET = 2**16 - 1
"""Largest |m| of a layer that the choice of the shift aims at; the hardware takes 2^17 - 1."""
BIAS_LIMIT = 2 ** (BIAS_BITS - 1) - 1
"""Largest |b|."""


class RangeError(ValueError):
    """A value does not fit the integer format; the message names layer and value."""


def round_half_up(x: FloatArray) -> FloatArray:
    """floor(x + 1/2), elementwise, in float64."""
    rounded: FloatArray = np.floor(x + 0.5)
    return rounded


def requantisation(
    name: str, scale: FloatArray, offset: FloatArray, skip_scale: float = 0.0
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], int]:
    """(m int32, b int64, s) of one layer from real ``scale`` and ``offset`` (float64, per channel).

    s is the largest shift in 0 .. 40 with every |m|, and ``skip_scale`` * 2^s, at most 2^16 - 1 and
    every |b| below 2^45. Raises RangeError when there is none or a value is not finite.
    """
    if not (np.isfinite(scale).all() and np.isfinite(offset).all() and np.isfinite(skip_scale)):
        raise RangeError(f"{name}: scale or offset is not finite")
    largest = max(np.abs(scale).max(), abs(skip_scale))
    for shift in range(MAX_SHIFT, -1, -1):
        multiplier = round_half_up(np.ldexp(scale, shift))
        half = 2.0 ** (shift - 1) if shift else 0.0
        bias = round_half_up(np.ldexp(offset, shift)) + half
        highest = round_half_up(np.ldexp(np.array(largest), shift))
        if highest <= MULTIPLIER_TARGET and np.abs(bias).max() <= BIAS_LIMIT:
            return multiplier.astype(np.int32), bias.astype(np.int64), shift
    raise RangeError(
        f"{name}: no shift fits scale up to {largest:g} and offset up to {np.abs(offset).max():g}"
    )
