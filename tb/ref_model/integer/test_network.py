# SPDX-License-Identifier: Apache-2.0
"""A network that breaks a rule is refused with a message that names layer and rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ref_model.integer import IntegerNetwork, NetworkError, run_network
from ref_model.integer.execute import run_layer
from tb.ref_model.integer.builders import conv, linear, residual_network, small_vgg

RNG = np.random.default_rng(3)

BAD_LAYERS: dict[str, tuple[dict[str, Any], str]] = {
    "weight above the grid": ({"weight": np.full((2, 2, 3, 3), 8)}, r"weight\[0, 0, 0, 0\] is 8"),
    "weight below the grid": ({"weight": np.full((2, 2, 3, 3), -9)}, r"outside -8..7"),
    "weight below the narrow grid of 3 bits": (
        {"weight": np.full((2, 2, 3, 3), -4), "weight_bits": 3},
        r"outside -3..3",
    ),
    "weight of floats": ({"weight": np.ones((2, 2, 3, 3))}, "not integers"),
    "weight of another rank": ({"weight": np.ones((2, 2, 3), int)}, "four sizes"),
    "no channels": ({"weight": np.ones((2, 0, 3, 3), int)}, "four sizes"),
    "multiplier over 18 bits": ({"multiplier": np.array([0, 2**17])}, r"multiplier\[1\] is 131072"),
    "bias over 46 bits": ({"bias": np.array([-(2**45) - 1, 0])}, r"bias\[0\]"),
    "constants of another length": ({"bias": np.zeros(3, int)}, "2 outputs"),
    "shift": ({"shift": 41}, "shift 41 is not in 0..40"),
    "negative shift": ({"shift": -1}, "shift -1"),
    "shift of a float": ({"shift": 1.5}, "shift is 1.5, not an integer"),
    "weight bits": ({"weight_bits": 5}, "weight_bits 5"),
    "input bits": ({"input_bits": 1}, "input_bits 1"),
    "output bits": ({"output_bits": 6}, "output_bits 6"),
    "raw with shift": ({"output_bits": None}, "raw layer"),
    "raw with pool": ({"output_bits": None, "shift": 0, "pool": 2}, "raw layer cannot pool"),
    "pool": ({"pool": 4}, "pool 4"),
    "stride": ({"stride": 0}, "stride 0"),
    "padding": ({"padding": -1}, "padding -1"),
    "groups": ({"groups": 3}, "3 equal groups"),
    "skip multiplier": ({"skip": "input", "skip_multiplier": 2**17}, "skip_multiplier 131072"),
    "skip multiplier alone": ({"skip_multiplier": 1}, "without a skip tensor"),
    "kind": ({"kind": "pool"}, "kind 'pool'"),
    "linear with padding": ({"kind": "linear"}, "linear layer has no"),
}


@pytest.mark.parametrize(("fields", "message"), BAD_LAYERS.values(), ids=BAD_LAYERS.keys())
def test_bad_layer(fields: dict[str, Any], message: str) -> None:
    good = conv(RNG, "layer", 2, 2)
    with pytest.raises(NetworkError, match=message):
        replace(good, **fields)


@pytest.mark.parametrize("name", ["", "input", "a b", "../up", "-x", None])
def test_bad_names(name: str) -> None:
    with pytest.raises(NetworkError, match="name"):
        conv(RNG, name, 2, 2)


def chain(*layers: Any, classes: int = 4, shape: Any = (2, 6, 6), bits: int = 4) -> IntegerNetwork:
    return IntegerNetwork("n", shape, layers, classes, input_bits=bits)


LAST = conv(RNG, "last", 2, 4, output_bits=None, shift=0)
BAD_NETWORKS: dict[str, tuple[Callable[[], IntegerNetwork], str]] = {
    "empty": (chain, "no layers"),
    "last not raw": (lambda: chain(conv(RNG, "a", 2, 4)), "layer a: the last layer is raw"),
    "raw in the middle": (lambda: chain(LAST, replace(LAST, name="b")), "layer last: the last"),
    "channels": (lambda: chain(conv(RNG, "a", 2, 3), LAST), "takes 2 channels .* has 3"),
    "bits": (lambda: chain(conv(RNG, "a", 2, 2, output_bits=3), LAST), "input_bits 4, .* has 3"),
    "image bits": (lambda: chain(LAST, bits=8), "input_bits 4, but its input has 8"),
    "image bits outside": (lambda: chain(LAST, bits=7), "input_bits 7"),
    "same name twice": (lambda: chain(conv(RNG, "last", 2, 2), LAST), "two layers are called last"),
    "classes": (lambda: chain(LAST, classes=5), "5 classes"),
    "linear map": (
        lambda: chain(linear(RNG, "a", (2, 5, 6), 4)), r"spans a map of \(5, 6\)"
    ),
    "kernel too large": (
        lambda: chain(replace(LAST, padding=0), shape=(2, 2, 2)), "larger than its padded input"
    ),
    "pool of one row": (
        lambda: chain(conv(RNG, "a", 2, 2, pool=2), LAST, shape=(2, 1, 6)), "nothing is left"
    ),
    "skip unknown": (
        lambda: chain(conv(RNG, "a", 2, 2, skip="b"), replace(LAST, name="b")), "no tensor 'b'"
    ),
    "skip of another shape": (
        lambda: chain(conv(RNG, "a", 2, 3, skip="input"), conv(RNG, "b", 3, 2), LAST), "skip tensor"
    ),
    "source unknown": (lambda: chain(replace(LAST, source="b")), "no tensor 'b' before it to read"),
    "source of another width": (
        lambda: chain(
            conv(RNG, "a", 2, 2, output_bits=3), conv(RNG, "b", 2, 2, input_bits=3),
            replace(LAST, source="a"),
        ),
        "layer last: input_bits 4, but its input has 3",
    ),
    "shape": (lambda: chain(LAST, shape=(2, 6)), "input_shape"),
    "shape of floats": (lambda: chain(LAST, shape=(2, 6, 6.0)), "input_shape"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), BAD_NETWORKS.values(), ids=BAD_NETWORKS.keys())
def test_bad_network(make: Callable[[], IntegerNetwork], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


def test_shapes_and_work() -> None:
    network = small_vgg(RNG)
    assert network.input_shapes() == ((3, 8, 8), (4, 8, 8), (8, 4, 4))
    assert network.output_shapes() == ((4, 8, 8), (8, 4, 4), (10, 1, 1))
    assert network.macs() == 4 * 3 * 9 * 64 + 8 * 4 * 9 * 64 + 10 * 8 * 16
    assert network.tensor_bits() == {"input": 8, "conv1": 4, "conv2": 4}
    assert residual_network(RNG).output_shapes()[-2:] == ((6, 1, 1), (5, 1, 1))


def test_layers_read_the_tensor_that_they_name() -> None:
    layers = (
        conv(RNG, "a", 2, 3, stride=2),
        conv(RNG, "side", 2, 3, kernel=1, stride=2, source="input"),
        conv(RNG, "b", 3, 3, source="a", skip="side"),
        conv(RNG, "last", 3, 4, output_bits=None, shift=0),
    )
    network = chain(*layers)
    assert network.sources() == ("input", "input", "a", "b")
    assert network.input_shapes() == ((2, 6, 6), (2, 6, 6), (3, 3, 3), (3, 3, 3))
    images = RNG.integers(0, 16, (3, 2, 6, 6))
    tensors = run_network(network, images)
    assert (tensors["side"] == run_layer(layers[1], images)).all()
    assert (tensors["b"] == run_layer(layers[2], tensors["a"], tensors["side"])).all()


def test_arrays_are_copies_and_read_only() -> None:
    bias = np.zeros(2, np.int64)
    layer = conv(RNG, "a", 2, 2, bias=bias)
    bias[0] = 5
    assert layer.bias[0] == 0
    assert [a.dtype.name for a in (layer.weight, layer.multiplier, layer.bias)] == [
        "int8",
        "int32",
        "int64",
    ]
    with pytest.raises(ValueError, match="read-only"):
        layer.bias[0] = 1
