# SPDX-License-Identifier: Apache-2.0
"""Which layers run as one block, and that it does not change what they compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.fusion import fuse
from ref_model.hardware.plan import plan_network
from ref_model.integer import IntegerLayer, IntegerNetwork
from ref_model.integer.execute import run_layer
from tb.ref_model.integer.builders import conv, linear

RNG = np.random.default_rng(3)


def layer(name: str, inputs: int, outputs: int, **fields: Any) -> IntegerLayer:
    return conv(RNG, name, inputs, outputs, **fields)


def depthwise(name: str, channels: int, **fields: Any) -> IntegerLayer:
    return conv(RNG, name, channels, channels, groups=channels, **fields)


def names(*layers: IntegerLayer) -> list[str]:
    last = linear(RNG, "last", (layers[-1].outputs, 6, 6), 2)
    network = IntegerNetwork("n", (4, 6, 6), (*layers, last), 2, input_bits=4)
    return [fused.name for fused in fuse(network)][:-1]


def test_an_inverted_residual_is_two_blocks() -> None:
    block = (
        layer("b1.expand", 4, 8, kernel=1), depthwise("b1.depthwise", 8),
        layer("b1.project", 8, 4, kernel=1, skip="input"),
    )  # fmt: skip
    assert names(*block) == ["b1.expand+depthwise", "b1.project"]


def test_names_of_other_blocks_stay_whole() -> None:
    assert names(layer("stem", 4, 8), depthwise("b1.depthwise", 8)) == ["stem+b1.depthwise"]


def test_a_depthwise_layer_alone_reads_through_a_layer_that_hands_on() -> None:
    alone = depthwise("d", 4)
    network = IntegerNetwork("n", (4, 6, 6), (alone, linear(RNG, "last", (4, 6, 6), 2)), 2, 4)
    fused = fuse(network)[0]
    assert (fused.name, fused.hands_on, fused.parts) == ("d", True, (alone,))
    codes = RNG.integers(0, 16, (2, 4, 6, 6)).astype(np.uint8)
    np.testing.assert_array_equal(run_layer(fused.layer, codes), codes)
    assert plan_network(network, CoreConfig(4, 4)).layers[0].macs == alone.macs((4, 6, 6))


def test_what_cannot_be_fused_is_stored() -> None:
    """Results that something else reads too, pooled ones, and those of a residual addition."""
    first, behind = layer("a", 4, 4), depthwise("d", 4)
    other = layer("e", 4, 4, kernel=1, skip="a")
    assert names(first, behind, other) == ["a", "d", "e"]
    other = layer("e", 4, 4, kernel=1, source="a")
    assert names(first, behind, other) == ["a", "d", "e"]
    assert names(layer("a", 4, 4, skip="input"), behind) == ["a", "d"]
    assert names(depthwise("a", 4), behind) == ["a", "d"]
    pooled = IntegerNetwork(
        "n", (4, 6, 6),
        (layer("a", 4, 4, pool=2), behind, linear(RNG, "last", (4, 3, 3), 2)), 2, 4,
    )  # fmt: skip
    assert [fused.name for fused in fuse(pooled)] == ["a", "d", "last"]


def test_a_fused_layer_runs_where_the_depthwise_one_stands() -> None:
    """What lies between them does not read either."""
    between = layer("c", 4, 4, source="input")
    behind = depthwise("d", 8, source="a")
    assert names(layer("a", 4, 8), between, behind) == ["c", "a+d"]
