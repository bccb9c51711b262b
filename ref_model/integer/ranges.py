# SPDX-License-Identifier: Apache-2.0
"""Number ranges of the integer network: the one place where they are written down."""

from __future__ import annotations

CODE_BITS = (2, 3, 4, 8)
"""Widths that weight and activation codes may have."""

MULTIPLIER_BITS = 18
"""Width of the signed requantisation multiplier m."""

BIAS_BITS = 46
"""Width of the signed requantisation bias b."""

MAX_SHIFT = 40
"""Largest requantisation shift s; the smallest is 0."""

ACCUMULATOR_BITS = 27
"""Default width of the core's signed accumulator (its parameter ACC_W)."""


def largest_weight(bits: int) -> int:
    """Largest weight code, 2^(bits-1) - 1; the smallest is its negative (narrow, symmetric).

    >>> [largest_weight(bits) for bits in CODE_BITS]
    [1, 3, 7, 127]
    """
    return (1 << (bits - 1)) - 1


def largest_activation(bits: int) -> int:
    """Largest activation code, 2^bits - 1; the smallest is 0.

    >>> [largest_activation(bits) for bits in CODE_BITS]
    [3, 7, 15, 255]
    """
    return (1 << bits) - 1


def signed_range(bits: int) -> tuple[int, int]:
    """Smallest and largest two's complement number of ``bits`` bits.

    >>> signed_range(18)
    (-131072, 131071)
    """
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
