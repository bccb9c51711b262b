# SPDX-License-Identifier: Apache-2.0
"""Tensors in one memory: addresses such that no two of them meet while both are needed.

Time is a row of moments, one for each bit of a mask; a tensor's mask has the moments in which it
must be there. So tensors may live in any set of moments, also around the end of a loop.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SHUFFLES = 50
"""Random orders tried after the plain ones."""


@dataclass(frozen=True)
class Tensor:
    """Something of ``size`` words that is there in the moments of the mask ``alive``."""

    name: str
    size: int
    alive: int


def moments(first: int, last: int) -> int:
    """The mask of the moments ``first`` to ``last``, both included.

    >>> bin(moments(1, 3))
    '0b1110'
    """
    return (1 << last + 1) - (1 << first)


def needed_words(tensors: Sequence[Tensor], count: int) -> list[int]:
    """Words in use in each of ``count`` moments: no placement can do with less."""
    return [sum(x.size for x in tensors if x.alive >> moment & 1) for moment in range(count)]


def place(tensors: Sequence[Tensor], depth: int) -> list[int] | None:
    """Base address of every tensor in a memory of ``depth`` words; None when no way was found.

    Tensors are put into the gaps one after another, at the lowest or the highest place. A chain, in
    which every tensor meets the next one only, fits whenever its neighbours do: lowest and highest
    place in turns. For other networks several orders are tried, always the same ones.
    """
    for order, high in _orders(tensors):
        bases = _place_in_order(tensors, depth, order, high)
        if bases is not None:
            return bases
    return None


def _orders(tensors: Sequence[Tensor]) -> Iterator[tuple[list[int], list[bool]]]:
    """Orders of the tensors, and which of them go to the highest place."""
    count = len(tensors)
    given = list(range(count))
    large = sorted(given, key=lambda i: -tensors[i].size)
    turns = [i % 2 == 1 for i in given]
    low = [False] * count
    yield from ((given, turns), (large, low), (large, turns), (given, low))
    generator = random.Random(0)
    for _ in range(SHUFFLES if count > 2 else 0):
        yield generator.sample(given, count), turns


def _place_in_order(
    tensors: Sequence[Tensor], depth: int, order: Iterable[int], high: Sequence[bool]
) -> list[int] | None:
    bases = [0] * len(tensors)
    placed: list[int] = []
    for i in order:
        taken = sorted(
            (bases[j], bases[j] + tensors[j].size)
            for j in placed
            if tensors[j].alive & tensors[i].alive
        )
        gaps = list(_gaps(taken, depth, tensors[i].size))
        if not gaps:
            return None
        bases[i] = gaps[-1][1] - tensors[i].size if high[i] else gaps[0][0]
        placed.append(i)
    return bases


def _gaps(taken: Sequence[tuple[int, int]], depth: int, size: int) -> Iterator[tuple[int, int]]:
    """Free stretches (start, end) of at least ``size`` words, from low to high."""
    start = 0
    for first, last in (*taken, (depth, depth)):
        if first - start >= size:
            yield start, first
        start = max(start, last)
