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


def strided_result() -> IntegerNetwork:
    """One raw 1x1 layer of stride 2, 3 to 8 channels, over an image of 4x4 8-bit codes.

    Result (c, y, x) is 100*c + the code of channel 0 at (2y, 2x).
    """
    weight = np.zeros((8, 3, 1, 1), np.int8)
    weight[:, 0] = 1
    layer = IntegerLayer(
        "last", "conv", weight, np.ones(8, np.int32), 100 * np.arange(8), 0, 4, 8, None, stride=2
    )
    return IntegerNetwork("strided_result", (3, 4, 4), (layer,), 8)


STRIDED_RESULT_IMAGE = np.stack([np.add.outer(10 * np.arange(4), np.arange(4))] * 3)
"""Codes (3, 4, 4) for `strided_result`: 10*y + x at row y, column x, in every channel."""

STRIDED_RESULT_BEATS = [
    0, 100, 200, 300, 400, 500, 600, 700,  # row 0, column 0: both sets of four channels
    2, 102, 202, 302, 402, 502, 602, 702,  # row 0, column 1: the code at (0, 2)
    20, 120, 220, 320, 420, 520, 620, 720,
    22, 122, 222, 322, 422, 522, 622, 722,
]  # fmt: skip
"""The result stream of `strided_result`, worked out by hand: two sets at POUT = 4, else one."""


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
