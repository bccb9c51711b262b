# SPDX-License-Identifier: Apache-2.0
"""Networks with random weights: the same every time, and with codes that spread out."""

from __future__ import annotations

import numpy as np
import pytest

from ref_model.integer import NetworkError, network_difference, run_network
from ref_model.integer.synthetic import (
    LayerShape,
    synthetic_images,
    synthetic_network,
    vgg7,
)


def test_the_same_seed_gives_the_same_network() -> None:
    assert network_difference(vgg7(8), vgg7(8)) is None
    assert network_difference(vgg7(8), vgg7(8, seed=2)) is not None


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_codes_reach_every_level(bits: int) -> None:
    """Of images the constants were not made from, too: no tensor is constant or all clamped."""
    network = vgg7(8, bits=bits)
    images = synthetic_images(np.random.default_rng(99), 2, network.input_shape)
    tensors = run_network(network, images)
    for layer in network.layers[:-1]:
        counts = np.bincount(tensors[layer.name].ravel(), minlength=2**bits) / len(images)
        assert counts.size == 2**bits
        if bits < 8:
            assert counts.min() > 0, layer.name
        assert counts.max() < 0.7 * counts.sum(), layer.name
    assert any((layer.multiplier < 0).any() for layer in network.layers)
    assert len(np.unique(tensors["classifier"])) > 10


def test_the_published_shape() -> None:
    network = vgg7(2)
    assert [layer.outputs for layer in network.layers] == [2, 2, 4, 4, 8, 8, 10]
    assert [layer.pool for layer in network.layers] == [1, 2, 1, 2, 1, 2, 1]
    assert network.output_shapes()[-2] == (8, 4, 4)
    assert network.provenance["weights"] == "random, untrained"


def test_shapes_that_make_no_network_are_refused() -> None:
    with pytest.raises(NetworkError, match="only it"):
        synthetic_network("n", (3, 8, 8), [LayerShape("a", 4)])
