# SPDX-License-Identifier: Apache-2.0
"""The solver of thresholds against brute force with fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest

from ref_model.integer import thresholds
from ref_model.integer.requantisation import RangeError
from ref_model.integer.thresholds import (
    CEILING,
    DOWN,
    EVEN,
    FLOOR,
    UP,
    RealConstants,
    Steps,
    differing_of,
    exact_steps,
    slopes,
    solve,
    solve_at,
)
from tools.hdl.bench import bench_seed

SEED = bench_seed()
HALF = Fraction(1, 2)


def rounded(x: Fraction, rounding: str, ties: int) -> int:
    """The nearest integer, as its name says; written without the solver's levels."""
    if rounding == FLOOR:
        return floor(x)
    if rounding == CEILING:
        return ceil(x)
    below = floor(x)
    if x - below != HALF:
        return below if x - below < HALF else below + 1
    if rounding == EVEN:
        return below if (below + ties) % 2 == 0 else below + 1
    return below + 1 if rounding == UP else below


def code(real: RealConstants, channel: int, acc: int, skip: int) -> int:
    """What the layer computes, in rationals."""
    x = real.scale[channel] * acc + real.skip_scale * skip + real.offset[channel]
    found = rounded(x, real.rounding, real.ties)
    return min(max(found, real.bottom), real.top) - real.bottom


def table(real: RealConstants, channel: int) -> Any:
    """Codes of every skip code and accumulator of a channel, (R, accumulators)."""
    accs = range(int(real.low[channel]), int(real.high[channel]) + 1)
    return np.array([[code(real, channel, a, r) for a in accs] for r in range(real.skip_codes)])


def core_table(real: RealConstants, channel: int, m: int, b: int, s: int, mr: int) -> Any:
    """The same as the core computes them."""
    accs = np.arange(int(real.low[channel]), int(real.high[channel]) + 1)
    r = np.arange(real.skip_codes)[:, None]
    return np.clip((accs * m + r * mr + b) >> s, 0, real.top - real.bottom)


def random_constants(rng: np.random.Generator, power_of_two: bool = False) -> RealConstants:
    """Some channels on small accumulators; with powers of two there are ties."""
    channels = 3
    denominator = 8 if power_of_two else int(rng.integers(3, 400))
    scale = [Fraction(int(x), denominator) for x in rng.integers(-25, 26, channels)]
    offset = [Fraction(int(x), denominator) for x in rng.integers(-900, 900, channels)]
    skips = int(rng.choice([1, 4]))
    low = rng.integers(-40, 1, channels)
    return RealConstants(
        scale, offset, low, low + rng.integers(1, 60, channels),
        *((0, 7) if rng.integers(2) else (-4, 3)),
        skip_scale=Fraction(int(rng.integers(-20, 20)), denominator) if skips > 1 else Fraction(0),
        skip_codes=skips,
        rounding=str(rng.choice([EVEN, UP, DOWN, FLOOR, CEILING])), ties=int(rng.integers(2)),
    )  # fmt: skip


@pytest.mark.parametrize("power_of_two", [False, True])
def test_steps_are_exact(power_of_two: bool) -> None:
    rng = np.random.default_rng([SEED, power_of_two])
    for _ in range(40):
        real = random_constants(rng, power_of_two)
        steps = exact_steps(real)
        for c in range(len(real.scale)):
            accs = np.arange(real.low[c], real.high[c] + 1)
            found = (steps.thresholds[c][:, :, None] <= accs * steps.sign[c]).sum(axis=1)
            assert (found == table(real, c)).all(), (real, c)


@pytest.mark.parametrize("power_of_two", [False, True])
def test_the_count_is_that_of_the_core(power_of_two: bool) -> None:
    rng = np.random.default_rng([SEED, 2, power_of_two])
    exact = 0
    for _ in range(60):
        real = random_constants(rng, power_of_two)
        steps = exact_steps(real)
        found = solve("layer", steps, slopes(real), real.skip_scale)
        first = None
        for c in range(len(real.scale)):
            m, b = int(found.multiplier[c]), int(found.bias[c])
            wrong = core_table(real, c, m, b, found.shift, found.skip_multiplier) != table(real, c)
            assert found.differing[c] == wrong.sum(), real
            if first is None and wrong.any():
                first = (c, int(real.low[c] + np.flatnonzero(wrong.any(axis=0))[0]))
        assert found.first == first
        exact += found.exact
    assert exact > 10


def brute_force(real: RealConstants, channel: int, s: int, mr: int, most: int) -> int:
    """The fewest differing accumulators of any m in -most .. most and any b."""
    wanted, best = table(real, channel), 10**9
    accs = np.arange(int(real.low[channel]), int(real.high[channel]) + 1)
    r = np.arange(real.skip_codes)[:, None]
    top = real.top - real.bottom
    for m in range(-most, most + 1):
        moved = accs * m + r * mr
        span = np.arange(-moved.max() - 2, (top << s) - moved.min() + (1 << s) + 2)
        codes = np.clip((moved + span[:, None, None]) >> s, 0, top)
        best = min(best, int((codes != wanted).sum(axis=(1, 2)).min()))
    return best


def test_what_is_exact_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one s and mr, beside every m and b that there is."""
    most = 31
    monkeypatch.setattr(thresholds, "MULTIPLIER_LIMIT", most)
    rng = np.random.default_rng([SEED, 3])
    verdicts = []
    for number in range(16):
        real = random_constants(rng, number % 2 == 1)
        for scale, s in itertools.product([max(map(abs, real.scale))], [2, 4]):
            if scale * 2**s > most:
                continue
            mr = floor(real.skip_scale * 2**s + HALF)
            found = solve_at(exact_steps(real), slopes(real), s, mr)
            assert found is not None
            for c in range(len(real.scale)):
                fewest = brute_force(real, c, s, mr, most)
                assert (found.differing[c] == 0) == (fewest == 0), (real, c, s)
                assert found.differing[c] >= fewest
                verdicts.append((fewest, int(found.differing[c])))
    assert sum(fewest == 0 for fewest, _ in verdicts) > 6
    assert sum(fewest > 0 for fewest, _ in verdicts) > 2
    assert sum(found for _, found in verdicts) <= 2 * sum(fewest for fewest, _ in verdicts)


def test_floats_never_decide_what_is_close() -> None:
    """Levels a hair beside an accumulator, at sizes where float64 cannot see the hair."""
    hair = Fraction(1, 10**40)
    for moved, at in ((hair, 0), (-hair, 1), (Fraction(0), 0)):
        real = RealConstants(
            [Fraction(1, 10**6)], [HALF - Fraction(123456, 10**6) + moved],
            np.array([-(2**26)]), np.array([2**26]), 0, 1,
        )  # fmt: skip
        assert exact_steps(real).thresholds.item() == 123456 + at


def test_dead_and_huge_channels() -> None:
    scale = [Fraction(0), Fraction(0), Fraction(10**400), Fraction(1, 10**400)]
    offset = [Fraction(99), Fraction(-99), Fraction(-1), Fraction(3)]
    low, high = np.full(4, -1000), np.full(4, 1000)
    real = RealConstants(scale, offset, low, high, 0, 15)
    found = solve("layer", exact_steps(real), slopes(real))
    assert found.exact
    for c in range(4):
        m, b = int(found.multiplier[c]), int(found.bias[c])
        assert (core_table(real, c, m, b, found.shift, 0) == table(real, c)).all()


def test_a_multiplier_that_no_rounding_of_the_ratio_gives() -> None:
    """A channel whose ratio is 50 times that of the others leaves them few bits."""
    rng = np.random.default_rng([SEED, 5])
    scale = [Fraction(50)] + [Fraction(int(x), 10**6) for x in rng.integers(10**4, 2 * 10**4, 60)]
    offset = [Fraction(int(x), 10**5) for x in rng.integers(-(10**5), 10**5, 61)]
    real = RealConstants(scale, offset, np.full(61, -2000), np.full(61, 2000), 0, 15)
    steps = exact_steps(real)
    found = solve("layer", steps, slopes(real))
    shift = found.shift
    m = np.array([floor(x * 2**shift + HALF) for x in scale], np.int32)
    b = np.array([floor((x + HALF) * 2**shift + HALF) for x in offset], np.int64)
    plain = differing_of(steps, np.minimum(m, 2**17 - 1), b, shift)
    assert found.differing.sum() < plain.sum()
    assert (found.differing <= plain).all()


def test_no_shift_fits() -> None:
    real = RealConstants(
        [Fraction(1, 3)], [Fraction(0)], np.array([0]), np.array([9]), 0, 3,
        skip_scale=Fraction(10**9), skip_codes=4,
    )  # fmt: skip
    with pytest.raises(RangeError, match="layer: no shift fits"):
        solve("layer", exact_steps(real), slopes(real), real.skip_scale)


def test_values_are_counted() -> None:
    steps = Steps(
        np.zeros((2, 4, 3), np.int64), np.array([0, -5]), np.array([9, 5]), np.ones(2, int)
    )
    assert steps.values == (10 + 11) * 4
