# SPDX-License-Identifier: Apache-2.0
"""Addresses: tensors that are there at the same time never meet, and chains fit when they can."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.hardware.placement import Tensor, moments, needed_words, place

COUNT = 6
sizes = st.integers(1, 40)
tensors = st.lists(
    st.builds(Tensor, st.just("x"), sizes, st.integers(1, (1 << COUNT) - 1)), min_size=1, max_size=9
)


@settings(max_examples=200, deadline=None)
@given(tensors, st.integers(0, 60))
def test_placed_tensors_never_meet(chosen: list[Tensor], spare: int) -> None:
    depth = max(needed_words(chosen, COUNT)) + spare
    bases = place(chosen, depth)
    if bases is None:
        assert spare < sum(x.size for x in chosen), "there is room to put them in a row"
        return
    for i, (base, tensor) in enumerate(zip(bases, chosen, strict=True)):
        assert 0 <= base <= depth - tensor.size
        for other, there in zip(bases[:i], chosen[:i], strict=True):
            if tensor.alive & there.alive:
                assert base + tensor.size <= other or other + there.size <= base


@settings(max_examples=100, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=30))
def test_a_chain_fits_exactly(chain: list[int]) -> None:
    """Each tensor meets the next one only: the largest pair of neighbours is enough."""
    chosen = [Tensor("x", size, moments(max(i - 1, 0), i)) for i, size in enumerate(chain)]
    depth = max(needed_words(chosen, len(chain)))
    assert place(chosen, depth) is not None
    assert place(chosen, depth - 1) is None


@given(tensors)
def test_what_is_needed_bounds_every_placement(chosen: list[Tensor]) -> None:
    needed = max(needed_words(chosen, COUNT))
    assert place(chosen, needed - 1) is None


def test_places_are_taken_again() -> None:
    """Around the end of a loop, too: alive in moments 0 and 3 of four."""
    around = Tensor("around", 7, moments(0, 0) | moments(3, 3))
    middle = Tensor("middle", 7, moments(1, 2))
    assert place([around, middle], 7) == [0, 0]
