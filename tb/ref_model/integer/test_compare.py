# SPDX-License-Identifier: Apache-2.0
"""Differences are named by layer, channel, row, column and both values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ref_model.integer import first_difference, first_difference_of, network_difference
from ref_model.integer.compare import ShapeMismatchError
from tb.ref_model.integer.builders import small_vgg


def test_the_first_of_several_differences() -> None:
    expected = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    actual = expected.copy()
    actual[1, 2, 0, 1] = -1
    actual[0, 2, 1, 3] = 99
    difference = first_difference("conv1", expected, actual)
    assert str(difference) == (
        "conv1: image 0, channel 2, row 1, column 3: expected 48, got 99 (2 of 120 differ)"
    )
    assert first_difference("conv1", expected, expected.copy()) is None


def test_one_image_without_batch_axis() -> None:
    expected = np.zeros((3, 2, 2), np.uint8)
    actual = expected.astype(np.int64)
    actual[2, 1, 0] = -3
    difference = first_difference("x", expected, actual)
    assert difference is not None
    assert (difference.image, difference.channel, difference.row, difference.column) == (0, 2, 1, 0)
    assert (difference.expected, difference.actual) == (0, -3)


def test_shapes_and_missing_tensors() -> None:
    with pytest.raises(ShapeMismatchError, match="x: expected shape"):
        first_difference("x", np.zeros((1, 1, 1)), np.zeros((1, 1, 2)))
    with pytest.raises(ShapeMismatchError, match="x: the tensor is missing"):
        first_difference_of({"x": np.zeros((1, 1, 1))}, {})


def test_networks() -> None:
    network = small_vgg(np.random.default_rng(0))
    assert network_difference(network, small_vgg(np.random.default_rng(0))) is None
    bias = network.layers[1].bias.copy()
    bias[3] += 1
    changes = {
        "layer conv2: bias[3]": replace(network.layers[1], bias=bias),
        "layer conv2: shift: expected 12, got 11": replace(network.layers[1], shift=11),
    }
    for text, layer in changes.items():
        other = replace(network, layers=(network.layers[0], layer, network.layers[2]))
        assert str(network_difference(network, other)).startswith(text)
