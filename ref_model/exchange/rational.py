# SPDX-License-Identifier: Apache-2.0
"""Constants of ONNX graphs as exact rational numbers.

A float is a rational; sums, products and quotients stay exact. Only a square root is rounded, to
256 bits behind the binary point.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.exchange.errors import UnsupportedModelError

ROOT_BITS = 256

Rationals = npt.NDArray[np.object_]
"""An array of Fractions."""


def rationals(values: npt.ArrayLike) -> Rationals:
    """Numbers of any type as Fractions; UnsupportedModelError for one that is not finite."""
    array = np.asarray(values)
    result = np.empty(array.shape, object)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UnsupportedModelError("a constant is NaN or infinite")
    flat = [Fraction(x) for x in array.reshape(-1).tolist()]
    result.reshape(-1)[:] = flat
    return result


def square_root(x: Fraction) -> Fraction:
    """The root of x, rounded down to 256 bits behind the point; UnsupportedModelError below 0."""
    if x < 0:
        raise UnsupportedModelError("a square root of a negative number")
    return Fraction(isqrt((x.numerator << 2 * ROOT_BITS) // x.denominator), 1 << ROOT_BITS)


def each(values: Any, count: int) -> list[Fraction]:
    """``count`` Fractions from an array of one or of ``count`` values."""
    array = np.asarray(values, object).reshape(-1)
    if array.size not in (1, count):
        raise UnsupportedModelError(f"{array.size} constants for {count} channels")
    flat: list[Fraction] = list(array) * (count if array.size == 1 else 1)
    return flat
