# SPDX-License-Identifier: Apache-2.0
"""Integers m, b and s that reproduce a layer's exact step functions, or proof that there are none.

What a quantised layer computes is, for each output channel and each code r of its skip tensor, a
step function of the accumulator: *thresholds*, the accumulators at which the output code goes up.
They follow from the layer's real constants without any rounding (`exact_steps`, with rationals).
The core reproduces the threshold t of code k and skip code r when ::

    m * t       + mr * r + b >= k * 2^s            reaches k at t,
    m * (t - 1) + mr * r + b <= k * 2^s - 1        and not before.

For given s and mr, and for one m, these are lower and upper limits of b. The largest lower limit
is a convex function of m, the smallest upper limit a concave one: their difference is convex, so a
search by halving finds the m at which it is smallest, and the m that have a b are an interval. So
whether exact constants exist is decided, not guessed (reconstructed; no source is known).
Where there are none, the channel gets constants of few differing accumulators, which are counted.

Everything happens for rising step functions; channels with a falling one are mirrored (acc, m and
the thresholds change sign).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from ref_model.integer.ranges import BIAS_BITS, MAX_SHIFT, MULTIPLIER_BITS, signed_range
from ref_model.integer.requantisation import RangeError

IntArray = npt.NDArray[np.int64]

MULTIPLIER_LIMIT = signed_range(MULTIPLIER_BITS)[1]
BIAS_LOW, BIAS_HIGH = signed_range(BIAS_BITS)
_FAR = 1 << 60
"""Beyond every limit of b; stands for a limit that does not exist."""
_BLOCK = 1 << 20
"""Numbers of a temporary array, about."""
NEIGHBOURS = 6
"""Multipliers on either side that are tried where none is exact."""

EVEN, UP, DOWN, FLOOR, CEILING = "half even", "half up", "half down", "floor", "ceiling"
"""How real numbers become codes; the core itself rounds half up."""


@dataclass(frozen=True)
class RealConstants:
    """A layer before rounding, in rationals: x = scale[c] * acc + skip_scale * r + offset[c].

    ``low`` and ``high`` int64 (O,) bound the accumulators. The code is x, rounded by ``rounding``,
    clamped to ``bottom`` .. ``top``, minus ``bottom``. ``skip_codes`` are the codes 0 .. of r.
    ``ties`` is added to codes for what is even: a zero point that the source adds after rounding.
    """

    scale: Sequence[Fraction]
    offset: Sequence[Fraction]
    low: IntArray
    high: IntArray
    bottom: int
    top: int
    skip_scale: Fraction = Fraction(0)
    skip_codes: int = 1
    rounding: str = UP
    ties: int = 0


@dataclass(frozen=True)
class Steps:
    """Rising step functions: ``thresholds`` int64 (O, R, K), ascending in k.

    [c, r, k] is the smallest accumulator in low .. high whose code is at least k + 1 beside skip
    code r; ``low`` where all are, high + 1 where none is. ``sign`` int64 (O,) is -1 where channel c
    is mirrored: thresholds, ``low`` and ``high`` are then of -acc.
    """

    thresholds: IntArray
    low: IntArray
    high: IntArray
    sign: IntArray

    @property
    def values(self) -> int:
        """Pairs of accumulator and skip code that are in range, over all channels."""
        skips: int = self.thresholds.shape[1]
        return int((self.high - self.low + 1).sum()) * skips


@dataclass(frozen=True)
class Solution:
    """Constants of a layer and how they differ from its steps.

    ``differing`` int64 (O,) counts the pairs (accumulator, skip code) whose code differs; ``first``
    is the first of them as (channel, accumulator), None when there is none.
    """

    multiplier: npt.NDArray[np.int32]
    bias: IntArray
    shift: int
    skip_multiplier: int
    differing: IntArray
    first: tuple[int, int] | None

    @property
    def exact(self) -> bool:
        """Whether every accumulator gets its code."""
        return self.first is None


def exact_steps(real: RealConstants) -> Steps:
    """The step functions of ``real``, exactly."""
    sign = np.array([-1 if scale < 0 else 1 for scale in real.scale], np.int64)
    low = np.where(sign > 0, real.low, -real.high)
    high = np.where(sign > 0, real.high, -real.low)
    shape = (len(sign), real.skip_codes, real.top - real.bottom)
    thresholds = np.empty(shape, np.int64)
    for channel, (scale, offset) in enumerate(zip(real.scale, real.offset, strict=True)):
        thresholds[channel] = _thresholds(
            real, abs(scale), offset, int(low[channel]), int(high[channel])
        )
    return Steps(thresholds, low, high, sign)


def _level(real: RealConstants, code: int) -> tuple[Fraction, bool]:
    """x reaches ``code`` at this number, or beyond it only (True)."""
    half = Fraction(1, 2)
    if real.rounding == EVEN:
        return code - half, (code + real.ties) % 2 == 1
    if real.rounding == FLOOR:
        return Fraction(code), False
    if real.rounding == CEILING:
        return Fraction(code - 1), True
    return code - half, real.rounding == DOWN


def _thresholds(
    real: RealConstants, scale: Fraction, offset: Fraction, low: int, high: int
) -> IntArray:
    """Thresholds (R, K) of one channel.

    In float64 with a bound of its error; in rationals where that does not decide.
    """
    codes = range(real.bottom + 1, real.top + 1)
    levels = [_level(real, code) for code in codes]
    shifts = [real.skip_scale * r + offset for r in range(real.skip_codes)]
    if scale == 0:
        reached = [[s > x or (s == x and not beyond) for x, beyond in levels] for s in shifts]
        return np.where(np.array(reached, bool).reshape(len(shifts), -1), low, high + 1)

    def exact(shift: Fraction, level: tuple[Fraction, bool]) -> int:
        x = (level[0] - shift) / scale
        first = floor(x) + 1 if level[1] else ceil(x)
        return min(max(first, low), high + 1)

    try:
        divisor, moved = float(scale), np.array([float(shift) for shift in shifts])[:, None]
        wanted = np.array([float(x) for x, _ in levels])
        with np.errstate(all="ignore"):
            x = (wanted - moved) / divisor
            error = np.ldexp((np.abs(wanted) + np.abs(moved) + 1) / divisor, -48)
            sure = np.isfinite(x) & (np.abs(x - np.rint(x)) > error) & (error < 0.25)
            far = np.isfinite(x) & ((x + error < low - 1) | (x - error > high + 2))
            found = np.clip(np.ceil(np.where(sure | far, x, 0)), low, high + 1).astype(np.int64)
    except OverflowError:  # a number beyond float64
        sure = far = np.zeros((len(shifts), len(levels)), bool)
        found = np.zeros(sure.shape, np.int64)
    for r, k in np.argwhere(~(sure | far)):
        found[r, k] = exact(shifts[r], levels[k])
    return found


def solve(
    name: str, steps: Steps, scale: npt.NDArray[np.float64], skip_scale: Fraction = Fraction(0)
) -> Solution:
    """Constants for ``steps`` of the fewest differing accumulators that the search finds.

    Exact ones are found whenever they exist for the shift and skip multiplier that are tried: the
    largest shift that 18 bits of m and mr allow, the one above it, where multipliers smaller than
    the ratio may do, a smaller one only where no b fits, and mr's rounded value and its neighbours.
    ``scale`` float64 (O,), not negative, is the slope of each channel in codes an accumulator,
    where the search begins (`slopes`); ``skip_scale`` that of the skip code. Raises RangeError when
    no shift fits.
    """
    largest = _largest_shift(name, scale, skip_scale, steps)
    best: Solution | None = None
    for shift in (largest, largest + 1, *range(largest - 1, -1, -1)):
        if shift > MAX_SHIFT:
            continue
        if shift < largest and best is not None:
            return best
        for skip_multiplier in _skip_multipliers(steps, skip_scale, shift):
            found = solve_at(steps, scale, shift, skip_multiplier)
            if found is None:
                continue
            if found.exact:
                return found
            if best is None or found.differing.sum() < best.differing.sum():
                best = found
    if best is None:
        raise RangeError(f"{name}: no shift fits scale up to {scale.max():g} and its offsets")
    return best


def slopes(real: RealConstants) -> npt.NDArray[np.float64]:
    """|scale| of every channel as float64, infinite beyond its range."""
    return np.array([_float(abs(scale)) for scale in real.scale])


def _float(x: Fraction) -> float:
    try:
        return float(x)
    except OverflowError:
        return float("inf")


def _largest_shift(
    name: str, scale: npt.NDArray[np.float64], skip_scale: Fraction, steps: Steps
) -> int:
    """The largest shift at which every |m| and |mr| has 18 bits.

    Channels without a threshold in range do not count: any m does for them.
    """
    inside = (steps.thresholds > steps.low[:, None, None]) & (
        steps.thresholds <= steps.high[:, None, None]
    )
    moving = inside.any(axis=(1, 2))
    # a step over all codes from one accumulator to the next needs no larger slope than this
    steepest = np.minimum(scale[moving], steps.thresholds.shape[2] + 1)
    slope = max(steepest.max(initial=0.0), _float(abs(skip_scale)))
    for shift in range(MAX_SHIFT, -1, -1):
        if floor(np.ldexp(slope, shift) + 0.5) <= MULTIPLIER_LIMIT:
            return shift
    raise RangeError(f"{name}: no shift fits scale up to {slope:g}")


def _skip_multipliers(steps: Steps, skip_scale: Fraction, shift: int) -> list[int]:
    """mr, rounded half up, then its neighbours; 0 alone without a skip tensor."""
    if steps.thresholds.shape[1] == 1:
        return [0]
    nearest = floor(skip_scale * (1 << shift) + Fraction(1, 2))
    near = (nearest, nearest + 1, nearest - 1, nearest + 2, nearest - 2)
    return [mr for mr in near if abs(mr) <= MULTIPLIER_LIMIT]


def solve_at(
    steps: Steps, scale: npt.NDArray[np.float64], shift: int, skip_multiplier: int
) -> Solution | None:
    """Constants for one shift and skip multiplier; None when a bias does not fit.

    ``scale`` float64 (O,), not negative, is where the search for multipliers begins.
    """
    outputs, skips, codes = steps.thresholds.shape
    block = max(1, _BLOCK // (skips * codes + 1))
    multiplier, bias = np.zeros(outputs, np.int64), np.zeros(outputs, np.int64)
    differing = np.zeros(outputs, np.int64)
    for first in range(0, outputs, block):
        part = slice(first, first + block)
        limits = _Limits.of(steps, part, shift, skip_multiplier)
        wanted = np.minimum(np.ldexp(scale[part], shift) + 0.5, MULTIPLIER_LIMIT)
        multiplier[part], gap = limits.best(np.floor(wanted).astype(np.int64))
        bias[part] = limits.bias(multiplier[part])
        for c in np.flatnonzero(gap > 0).tolist():
            m, b, count = limits.fewest(c, int(multiplier[first + c]))
            multiplier[first + c], bias[first + c], differing[first + c] = m, b, count
    if bias.min() < BIAS_LOW or bias.max() > BIAS_HIGH:
        return None
    wrong = np.flatnonzero(differing).tolist()
    place = None
    if wrong:
        c = wrong[0]
        place = (c, _first_differing(steps, c, int(multiplier[c]), int(bias[c]), shift,
                                     skip_multiplier))  # fmt: skip
    signed = (multiplier * steps.sign).astype(np.int32)
    return Solution(signed, bias, shift, skip_multiplier, differing, place)


def reached(
    steps: Steps, multiplier: IntArray, bias: IntArray, shift: int, skip_multiplier: int
) -> IntArray:
    """Thresholds (O, R, K) that the core has with these constants; ``multiplier`` not below 0."""
    k = np.arange(1, steps.thresholds.shape[2] + 1, dtype=np.int64)
    r = np.arange(steps.thresholds.shape[1], dtype=np.int64)[:, None]
    missing = (k << shift) - skip_multiplier * r - bias[:, None, None]
    slope = multiplier[:, None, None]
    low, end = steps.low[:, None, None], steps.high[:, None, None] + 1
    flat = np.where(missing <= 0, low, end)
    rising = -(-missing // np.maximum(slope, 1))
    result: IntArray = np.clip(np.where(slope == 0, flat, rising), low, end)
    return result


def count_differing(exact: IntArray, found: IntArray) -> IntArray:
    """How many accumulators get another code from ``found`` than from ``exact`` thresholds, (O,).

    Both (O, R, K), ascending in k: codes differ from the smaller to the larger of the two
    thresholds of any k; overlapping stretches count once.
    """
    start, end = np.minimum(exact, found), np.maximum(exact, found)
    before = np.concatenate([start[..., :1], end[..., :-1]], axis=-1)
    counts: IntArray = np.maximum(end - np.maximum(start, before), 0).sum(axis=(1, 2))
    return counts


def differing_of(
    steps: Steps,
    multiplier: npt.NDArray[np.int32],
    bias: IntArray,
    shift: int,
    skip_multiplier: int = 0,
) -> IntArray:
    """How many accumulators of each channel any constants get wrong, int64 (O,)."""
    rising = multiplier * steps.sign
    found = reached(steps, rising, bias, shift, skip_multiplier)
    return count_differing(steps.thresholds, found)


def _first_differing(
    steps: Steps, channel: int, multiplier: int, bias: int, shift: int, skip_multiplier: int
) -> int:
    """The first accumulator of a channel whose code differs beside some skip code."""
    one = _channel(steps, channel)
    found = reached(one, np.array([multiplier]), np.array([bias]), shift, skip_multiplier)
    start = np.minimum(one.thresholds, found)
    end = np.maximum(one.thresholds, found) - 1
    wrong = start <= end
    sign = int(steps.sign[channel])
    return int(start[wrong].min()) if sign > 0 else int(-end[wrong].max())


def _channel(steps: Steps, channel: int) -> Steps:
    part = slice(channel, channel + 1)
    return Steps(steps.thresholds[part], steps.low[part], steps.high[part], steps.sign[part])


@dataclass(frozen=True)
class _Limits:
    """Limits of b for some channels, one shift and one skip multiplier.

    ``level`` (R, K) is k * 2^s - mr * r; ``at`` (C, R, K) the thresholds, ``has_lower`` where they
    are reached at all, ``has_upper`` where the accumulator before them exists.
    """

    steps: Steps
    shift: int
    skip_multiplier: int
    level: IntArray
    at: IntArray
    has_lower: npt.NDArray[np.bool_]
    has_upper: npt.NDArray[np.bool_]

    @staticmethod
    def of(steps: Steps, part: slice, shift: int, skip_multiplier: int) -> _Limits:
        at, low, high = steps.thresholds[part], steps.low[part], steps.high[part]
        k = np.arange(1, at.shape[2] + 1, dtype=np.int64)
        r = np.arange(at.shape[1], dtype=np.int64)[:, None]
        return _Limits(
            Steps(at, low, high, steps.sign[part]), shift, skip_multiplier,
            (k << shift) - skip_multiplier * r, at,
            at <= high[:, None, None], at > low[:, None, None],
        )  # fmt: skip

    def lower(self, multiplier: IntArray) -> IntArray:
        """Smallest b of every threshold, (C, R, K), for one m a channel."""
        wanted: IntArray = self.level - multiplier[:, None, None] * self.at
        return np.where(self.has_lower, wanted, -_FAR)

    def upper(self, multiplier: IntArray) -> IntArray:
        """Largest b of every threshold."""
        wanted: IntArray = self.level - 1 - multiplier[:, None, None] * (self.at - 1)
        return np.where(self.has_upper, wanted, _FAR)

    def gap(self, multiplier: IntArray) -> IntArray:
        """Largest lower minus smallest upper limit, (C,): at most 0 where some b is exact."""
        low = self.lower(multiplier).max(axis=(1, 2), initial=-_FAR)
        high = self.upper(multiplier).min(axis=(1, 2), initial=_FAR)
        gap: IntArray = low - high
        return gap

    def best(self, wanted: IntArray) -> tuple[IntArray, IntArray]:
        """(m, gap): ``wanted`` where that is exact, else the m of the smallest gap."""
        found, gap = wanted.copy(), self.gap(wanted)
        if (gap <= 0).all():
            return found, gap
        low, high = np.zeros_like(wanted), np.full_like(wanted, MULTIPLIER_LIMIT)
        while (low < high).any():
            middle = (low + high) // 2
            falling = self.gap(np.minimum(middle + 1, high)) < self.gap(middle)
            low = np.where(falling & (low < high), middle + 1, low)
            high = np.where(falling, high, middle)
        smallest = self.gap(low)
        take = (gap > 0) & (smallest < gap)
        return np.where(take, low, found), np.where(take, smallest, gap)

    def bias(self, multiplier: IntArray) -> IntArray:
        """The b in the middle of its limits, or the nearest to 0 without one side."""
        low = self.lower(multiplier).max(axis=(1, 2), initial=-_FAR)
        high = self.upper(multiplier).min(axis=(1, 2), initial=_FAR)
        middle = low + (high - low) // 2
        one_sided = np.where(low <= -_FAR, np.minimum(high, 0), np.maximum(low, 0))
        result: IntArray = np.where((low <= -_FAR) | (high >= _FAR), one_sided, middle)
        return result

    def fewest(self, channel: int, centre: int) -> tuple[int, int, int]:
        """(m, b, count) of the fewest differing accumulators near ``centre``, for one channel.

        The b that are tried are the limits of all thresholds; of very many, an even share.
        """
        one = _channel(self.steps, channel)
        limits = _Limits.of(one, slice(None), self.shift, self.skip_multiplier)
        best = (0, 0, _FAR)
        for step in sorted(range(-NEIGHBOURS, NEIGHBOURS + 1), key=abs):
            m = centre + step
            if not 0 <= m <= MULTIPLIER_LIMIT:
                continue
            slope = np.array([m])
            low, high = limits.lower(slope), limits.upper(slope)
            at_limits = np.concatenate([low[limits.has_lower], high[limits.has_upper]])
            biases = np.unique(at_limits)
            biases = biases[:: max(1, len(biases) // 400)]
            rows = max(1, _BLOCK // (one.thresholds.size + 1))
            for first in range(0, len(biases), rows):
                some = biases[first : first + rows]
                many = Steps(*(np.repeat(x, len(some), axis=0) for x in
                               (one.thresholds, one.low, one.high, one.sign)))  # fmt: skip
                found = reached(many, np.full(len(some), m), some, self.shift, self.skip_multiplier)
                counts = count_differing(many.thresholds, found)
                index = int(counts.argmin())
                if counts[index] < best[2]:
                    best = (m, int(some[index]), int(counts[index]))
        return best
