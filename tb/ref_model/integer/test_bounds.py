# SPDX-License-Identifier: Apache-2.0
"""The accumulator bound is reached by an input, and never passed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.integer import IntegerNetwork, NetworkError, accumulator_range, check_accumulators
from ref_model.integer.execute import accumulate
from ref_model.integer.ranges import CODE_BITS, largest_activation
from tb.ref_model.integer.builders import linear


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CODE_BITS), st.sampled_from(CODE_BITS), st.integers(1, 4), st.integers(0, 2**32)
)
def test_bound_is_tight(input_bits: int, weight_bits: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (channels, 3, 2)
    layer = linear(rng, "raw", shape, 5, input_bits=input_bits, weight_bits=weight_bits)
    reach = accumulator_range(layer)
    top = largest_activation(input_bits)
    highest = accumulate(layer, (layer.weight > 0) * np.uint8(top), judge=True)
    lowest = accumulate(layer, (layer.weight < 0) * np.uint8(top), judge=True)
    # Image o is made for output o, so the diagonal holds the extremes.
    assert (highest[np.arange(5), np.arange(5), 0, 0] == reach.high).all()
    assert (lowest[np.arange(5), np.arange(5), 0, 0] == reach.low).all()
    some = accumulate(layer, rng.integers(0, top + 1, (20, *shape)).astype(np.uint8), judge=True)
    assert (some[..., 0, 0] <= reach.high).all()
    assert (some[..., 0, 0] >= reach.low).all()
    assert 2 ** (reach.bits - 2) <= reach.magnitude < 2 ** (reach.bits - 1) or not reach.magnitude


def test_proof_stops_exactly_at_the_accumulator_width() -> None:
    rng = np.random.default_rng(0)
    weight = np.array([7, 7, 2, -7, 0, 1]).reshape(2, 3, 1, 1)  # reaches 16 * 15 = 240 = 2^8 - 16
    layer = linear(rng, "wide", (3, 1, 1), 2, weight=weight)
    network = IntegerNetwork("n", (3, 1, 1), (layer,), 2, input_bits=4)
    assert accumulator_range(layer).bits == 9
    check_accumulators(network, 9)
    with pytest.raises(
        NetworkError, match=r"layer wide: channel 0 can reach \|acc\| = 240.* 9 bits"
    ):
        check_accumulators(network, 8)


def test_a_layer_of_zeros_needs_one_bit() -> None:
    layer = linear(
        np.random.default_rng(0), "zero", (3, 1, 1), 2, weight=np.zeros((2, 3, 1, 1), int)
    )
    assert accumulator_range(layer).bits == 1
