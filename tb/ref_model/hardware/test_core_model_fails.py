# SPDX-License-Identifier: Apache-2.0
"""The comparison with the core model notices one wrong weight, constant, shift, or pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.program import encode_network
from ref_model.integer import IntegerNetwork
from tb.ref_model.hardware.test_core_model import assert_core_agrees
from tb.ref_model.integer.builders import conv, linear

CONFIG = CoreConfig(8, 4)


def sensitive(rng: np.random.Generator) -> IntegerNetwork:
    """Three layers with 8-bit codes in the middle of their range, so that every number counts."""
    middle = {"input_bits": 8, "output_bits": 8, "shift": 14, "bias": np.full(6, 128 << 14)}
    layers = (
        conv(rng, "conv1", 3, 6, multiplier=np.full(6, 100), **middle),
        conv(rng, "conv2", 6, 6, multiplier=np.full(6, -90), pool=2, **middle),
        linear(rng, "classifier", (6, 4, 4), 10, input_bits=8),
    )
    return IntegerNetwork("sensitive", (3, 8, 8), layers, 10)


def changed(network: IntegerNetwork, index: int, what: str) -> IntegerNetwork:
    """``network`` with one number of one layer off by one."""
    layer = network.layers[index]
    value = getattr(layer, what)
    if what == "shift":
        fresh = value + 1
    else:
        fresh = value.copy()
        where = (-1,) * fresh.ndim
        fresh[where] += -1 if fresh[where] > 0 else 1
    layers = list(network.layers)
    layers[index] = replace(layer, **{what: fresh})
    return replace(network, layers=tuple(layers))


@pytest.mark.parametrize(
    ("index", "what"),
    [(0, "weight"), (1, "weight"), (2, "weight"), (1, "multiplier"), (2, "bias"), (0, "shift")],
)
def test_one_wrong_number_is_noticed(index: int, what: str) -> None:
    rng = np.random.default_rng(1)
    network = sensitive(rng)
    image = rng.integers(0, 256, (3, 8, 8)).astype(np.uint8)
    packet = encode_network(changed(network, index, what), CONFIG)
    assert_core_agrees(network, image, CONFIG)
    with pytest.raises(AssertionError):
        assert_core_agrees(network, image, CONFIG, packet)
