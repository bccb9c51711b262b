# SPDX-License-Identifier: Apache-2.0
"""Small networks for the tests of the integer model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ref_model.integer import IntegerLayer, IntegerNetwork
from ref_model.integer.ranges import largest_weight

Rng = np.random.Generator


def conv(rng: Rng, name: str, inputs: int, outputs: int, **fields: Any) -> IntegerLayer:
    """A convolution with random weights and constants; ``fields`` replace the defaults."""
    kernel = fields.pop("kernel", 3)
    groups = fields.get("groups", 1)
    values: dict[str, Any] = {
        "kind": "conv",
        "weight_bits": 4,
        "input_bits": 4,
        "output_bits": 4,
        "shift": 12,
        "padding": kernel // 2,
    }
    values.update(fields)
    limit = largest_weight(values["weight_bits"])
    shape = (outputs, inputs // groups, kernel, kernel)
    return IntegerLayer(
        name=name,
        weight=values.pop("weight", rng.integers(-limit, limit + 1, shape)),
        multiplier=values.pop("multiplier", rng.integers(-400, 400, outputs)),
        bias=values.pop("bias", rng.integers(-(2**15), 2**15, outputs)),
        **values,
    )


def linear(rng: Rng, name: str, shape: tuple[int, int, int], outputs: int, **fields: Any) -> Any:
    """A raw linear layer over a map (C, H, W); ``fields`` replace the defaults."""
    values: dict[str, Any] = {"weight_bits": 4, "input_bits": 4, "output_bits": None, "shift": 0}
    values.update(fields)
    limit = largest_weight(values["weight_bits"])
    return IntegerLayer(
        name=name,
        kind="linear",
        weight=values.pop("weight", rng.integers(-limit, limit + 1, (outputs, *shape))),
        multiplier=values.pop("multiplier", np.ones(outputs, np.int32)),
        bias=values.pop("bias", rng.integers(-1000, 1000, outputs)),
        **values,
    )


def small_vgg(rng: Rng, width: int = 4, size: int = 8) -> IntegerNetwork:
    """8-bit image, two 3x3 layers with one pool, classifier of ten."""
    layers = (
        conv(rng, "conv1", 3, width, input_bits=8, shift=15, multiplier=np.full(width, 60)),
        conv(rng, "conv2", width, 2 * width, weight_bits=3, pool=2),
        linear(rng, "classifier", (2 * width, size // 2, size // 2), 10),
    )
    return IntegerNetwork("small_vgg", (3, size, size), layers, 10, provenance={"made": "here"})


def residual_network(rng: Rng) -> IntegerNetwork:
    """Stem, depthwise stride 2 with a shortcut beside it, an inverted residual block with its
    addition, average pool, raw.
    """
    layers = (
        conv(rng, "stem", 3, 6, input_bits=8, shift=16),
        conv(rng, "shortcut", 6, 6, kernel=1, stride=2),
        conv(rng, "down", 6, 6, groups=6, stride=2, source="stem", skip="shortcut",
             skip_multiplier=-300),
        conv(rng, "expand", 6, 18, kernel=1),
        conv(rng, "depthwise", 18, 18, groups=18, output_bits=3),
        conv(rng, "project", 18, 6, kernel=1, input_bits=3, skip="down", skip_multiplier=700),
        conv(rng, "average", 6, 6, kernel=4, padding=0, groups=6, weight=np.ones((6, 1, 4, 4), int),
             weight_bits=2, output_bits=8),
        conv(rng, "classifier", 6, 5, kernel=1, input_bits=8, output_bits=None, shift=0),
    )  # fmt: skip
    return IntegerNetwork("residual", (3, 8, 8), layers, 5)
