# SPDX-License-Identifier: Apache-2.0
"""Tensors in one memory: addresses such that no two of them meet while both are needed.

Time is a row of moments, one for each bit of a mask; a tensor's mask has the moments in which it
must be there. So tensors may live in any set of moments, also around the end of a loop.

A tensor may *take* the place of another one, and both then lie in one place: the result of a
residual addition is written over the tensor that is added, pair by pair.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SHUFFLES = 50
"""Random orders tried after the plain ones."""


@dataclass(frozen=True)
class Tensor:
    """Something of ``size`` words that is there in the moments of the mask ``alive``.

    It may take the place of the tensor called ``takes``, which has the same size.
    """

    name: str
    size: int
    alive: int
    takes: str | None = None


def moments(first: int, last: int) -> int:
    """The mask of the moments ``first`` to ``last``, both included.

    >>> bin(moments(1, 3))
    '0b1110'
    """
    return (1 << last + 1) - (1 << first)


def needed_words(tensors: Sequence[Tensor], count: int) -> list[int]:
    """Words in use in each of ``count`` moments: no placement can do with less."""
    return [sum(x.size for x in alive_in(tensors, moment)) for moment in range(count)]


def alive_in(tensors: Sequence[Tensor], moment: int) -> list[Tensor]:
    """The tensors that need words of their own in a moment."""
    there = [tensor for tensor in tensors if tensor.alive >> moment & 1]
    names = {tensor.name for tensor in there}
    return [tensor for tensor in there if tensor.takes not in names]


def place(tensors: Sequence[Tensor], depth: int) -> list[int] | None:
    """Base address of every tensor in a memory of ``depth`` words; None when no way was found.

    Tensors are put into the gaps one after another, at the lowest or the highest place. A chain, in
    which every tensor meets the next one only, fits whenever its neighbours do: lowest and highest
    place in turns. For other networks several orders are tried, always the same ones. A tensor
    takes another's place only where the memory would not do without; then where it can.
    """
    for taking in _takings(tensors, depth):
        groups = _grouped(tensors, taking)
        merged = [_merged([tensors[i] for i in group]) for group in groups]
        for order, high in _orders(merged):
            bases = _place_in_order(merged, depth, order, high)
            if bases is not None:
                found = {i: base for group, base in zip(groups, bases, strict=True) for i in group}
                return [found[i] for i in range(len(tensors))]
    return None


def _takings(tensors: Sequence[Tensor], depth: int) -> list[list[int]]:
    """Which tensors take another one's place: sets to try."""
    places = {tensor.name: tensor for tensor in tensors}
    able = [i for i, tensor in enumerate(tensors) if tensor.takes in places]
    full = 0
    for moment in range(max(tensor.alive for tensor in tensors).bit_length() if able else 0):
        if sum(tensor.size for tensor in tensors if tensor.alive >> moment & 1) > depth:
            full |= 1 << moment
    needed = [i for i in able if tensors[i].alive & places[tensors[i].takes or ""].alive & full]
    return [needed, able] if able != needed else [needed]


def _grouped(tensors: Sequence[Tensor], taking: Sequence[int]) -> list[list[int]]:
    """Indices of the tensors that lie in one place, place by place."""
    index = {tensor.name: i for i, tensor in enumerate(tensors)}
    group = [[i] for i in range(len(tensors))]
    for i in taking:
        together = group[index[tensors[i].takes or ""]] + group[i]
        for j in together:
            group[j] = together
    return [members for i, members in enumerate(group) if min(members) == i]


def _merged(tensors: Sequence[Tensor]) -> Tensor:
    """One tensor in place of several that lie in one place."""
    alive = 0
    for tensor in tensors:
        alive |= tensor.alive
    return Tensor(tensors[0].name, tensors[0].size, alive)


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
