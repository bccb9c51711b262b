# SPDX-License-Identifier: Apache-2.0
"""Layers of networks for larger images: 7x7 stem, 3x3 max pool, a map as the result."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ref_model.integer import run_network
from ref_model.integer.network import IntegerNetwork
from ref_model.training.export import to_integer_network
from ref_model.training.integer_stage import IntegerGraph
from ref_model.training.layers import ConvUnit, HeadUnit, Network
from ref_model.training.quantizers import Scheme
from ref_model.training.untrained import scaled_to

SCHEME = Scheme("lsfq", True, True, "layer")


class Detector(Network):
    """A 7x7 stem with a 3x3 pool, a layer with a 3x3 pool, and a map."""

    def __init__(self, linear: bool = False, kernel: int = 7) -> None:
        super().__init__((3, 24, 20))
        self.stem = ConvUnit("stem", 3, 8, SCHEME, 4, 4, kernel=kernel, stride=2, pool=3)
        self.second = ConvUnit("second", 8, 6, SCHEME, 4, 4, pool=3, linear=linear)
        self.head = HeadUnit("head", 6, 5, SCHEME, 4)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.second(self.stem(x)))
        return result


def quantised(network: Network) -> tuple[Network, IntegerNetwork]:
    torch.manual_seed(0)
    network.start_quantisation(torch.rand(4, *network.input_shape))
    network.eval()
    return network, to_integer_network(network)


@pytest.mark.parametrize("linear", [False, True])
def test_every_code_is_the_integer_models(linear: bool) -> None:
    network, integer = quantised(Detector(linear))
    assert integer.stem
    assert integer.input_shape == (27, 12, 10)
    assert [(x.kernel, x.stride, x.pool) for x in integer.layers] == [
        ((3, 3), 1, 3), ((3, 3), 1, 3), ((1, 1), 1, 1),
    ]  # fmt: skip
    pixels = torch.randint(0, 256, (3, 3, 24, 20), dtype=torch.uint8)
    record: dict[str, Tensor] = {}
    result = IntegerGraph(network)(pixels, record)
    tensors = run_network(integer, pixels.numpy())
    for name, tensor in record.items():
        np.testing.assert_array_equal(tensor.numpy(), tensors[name])
    assert result.shape == (3, 5, 3, 3)
    assert result.requires_grad
    float_result = network(pixels / 255)
    assert np.corrcoef(float_result.detach().ravel(), result.detach().ravel())[0, 1] > 0.99


def test_a_3x3_stem_stays_as_it_is() -> None:
    _, integer = quantised(Detector(kernel=3))
    assert not integer.stem
    assert integer.image_shape == (3, 24, 20)


def test_images_are_scaled_to_the_nearest_pixels() -> None:
    pixels = torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2)
    assert scaled_to(pixels, (1, 2, 4))[0, 0].tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
