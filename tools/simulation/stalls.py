# SPDX-License-Identifier: Apache-2.0
"""Stall patterns: how many idle cycles a source or sink puts before each beat.

A pattern is an endless iterator of such numbers; None means no idle cycle ever.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

StallPattern = Iterator[int]


def random_stalls(probability: float = 0.5, longest: int = 4) -> StallPattern:
    """Before each beat, with this probability, 1 to `longest` idle cycles."""
    chance, pick = random.random, random.randint
    while True:
        yield pick(1, longest) if chance() < probability else 0


def bursty_stalls(longest_burst: int = 40, longest_gap: int = 60) -> StallPattern:
    """Bursts without an idle cycle, and long gaps between them: fills and empties every buffer."""
    while True:
        yield random.randint(1, longest_gap)
        yield from itertools.repeat(0, random.randint(0, longest_burst))


def repeating_stalls(idle: Sequence[int]) -> StallPattern:
    """The numbers of `idle` over and over: ``[1]`` gives every other cycle."""
    return itertools.cycle(idle)


PATTERNS = ("none", "random", "bursty", "alternate")


def stall_pattern(name: str) -> StallPattern | None:
    """The pattern of that name, one of PATTERNS: for tests parametrised by a text."""
    if name == "none":
        return None
    return {
        "random": random_stalls,
        "bursty": bursty_stalls,
        "alternate": lambda: repeating_stalls([1]),
    }[name]()
