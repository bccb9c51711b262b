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
    """Largest weight code, 2^(bits-1) - 1; training's smallest is its negative (narrow, symmetric).

    >>> [largest_weight(bits) for bits in CODE_BITS]
    [1, 3, 7, 127]
    """
    return (1 << (bits - 1)) - 1


def smallest_weight(bits: int) -> int:
    """Smallest weight code that a network may have: two's complement, but narrow for 3 bits.

    The core stores w + 8 in four bits (w + 128 in eight), which holds -2, -8 and -128. A code -4 is
    stored as one of 4 bits: cores for 3 bits store w + 3.

    >>> [smallest_weight(bits) for bits in CODE_BITS]
    [-2, -3, -8, -128]
    """
    return -3 if bits == 3 else -(1 << (bits - 1))


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
