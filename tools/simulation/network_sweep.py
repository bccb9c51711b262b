# SPDX-License-Identifier: Apache-2.0
"""One layer in many shapes on the simulated core: does its cost grow as the schedule says?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ref_model.integer.network import IntegerNetwork
from ref_model.integer.synthetic import LayerShape, synthetic_images, synthetic_network
from tools.simulation.network_run import NetworkRun


@dataclass(frozen=True)
class SweptLayer:
    """A convolution of ``kernel``: ``size`` x ``size`` pixels, ``channels`` in, ``outputs`` out.

    ``swept`` says which of these the series changes.
    """

    swept: str
    size: int
    channels: int
    outputs: int
    kernel: int = 3
    bits: int = 4

    @property
    def name(self) -> str:
        """Such as 3x3 16x16x32-64 4 bit."""
        shape = f"{self.size}x{self.size}x{self.channels}-{self.outputs}"
        return f"{self.kernel}x{self.kernel} {shape} {self.bits} bit"

    def network(self) -> IntegerNetwork:
        """The layer, and a classifier behind it that ends the network."""
        layers = [
            LayerShape("layer", self.outputs, self.kernel, 1, 4, self.bits),
            LayerShape("end", 10, None, 1, 4, None),
        ]
        name = f"sweep_{self.name.replace(' ', '_')}"
        shape = (self.channels, self.size, self.size)
        return synthetic_network(name, shape, layers, input_bits=self.bits)


def swept_layers() -> Iterator[SweptLayer]:
    """Image size, input channels and output channels one at a time; then 1x1 and 8 bit.

    None so small that the pipeline's latency, once a layer, is 2 % of it.
    """
    for size in (10, 12, 13, 14, 16, 20, 24, 27, 28, 32):
        yield SweptLayer("image size", size, 32, 128)
    for channels in (16, 24, 40, 48, 64, 96, 128):
        yield SweptLayer("input channels", 16, channels, 96)
    for outputs in (16, 24, 48, 64, 96, 192):
        yield SweptLayer("output channels", 24, 32, outputs)
    for channels, outputs in ((32, 96), (64, 96), (96, 96), (144, 96), (144, 32), (144, 192)):
        yield SweptLayer("1x1", 24, channels, outputs, kernel=1)
    yield SweptLayer("1x1", 32, 16, 96, kernel=1)
    yield SweptLayer("1x1", 32, 24, 144, kernel=1)
    for size in (10, 12, 16):
        yield SweptLayer("8 bit", size, 32, 64, bits=8)


def measure(layer: SweptLayer, run: NetworkRun) -> dict[str, str | int]:
    """Cycles of the layer, counted and scheduled; BenchError where a tensor differs."""
    network = layer.network()
    images = synthetic_images(np.random.default_rng(1), 1, network.input_shape, layer.bits)
    _, report = run(network, images)
    return {
        "swept": layer.swept,
        "layer": layer.name,
        "schedule": report["layers"][0]["schedule"],
        "cycles": report["passes"][0]["layers"][0]["cycles"],
    }
