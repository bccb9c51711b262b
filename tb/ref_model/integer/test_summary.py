# SPDX-License-Identifier: Apache-2.0
"""network.summary(): every layer in a line, with numbers that are counted here by hand."""

from __future__ import annotations

import numpy as np

from ref_model.integer import IntegerNetwork
from tb.ref_model.integer.builders import conv, linear, residual_network, small_vgg


def test_a_line_for_every_layer() -> None:
    network = small_vgg(np.random.default_rng(1))  # width 4, 8x8 images
    lines = [line.split() for line in network.summary().splitlines()]
    assert lines[2] == ["conv1", "conv", "3x3", "3x8x8", "4x8x8", "4x3x3x3", "W4A8", "A4",
                        str(4 * 27 + 8), "6,912"]  # fmt: skip
    assert lines[3] == ["conv2", "conv", "3x3", "pool", "2x2", "4x8x8", "8x4x4", "8x4x3x3", "W3A4",
                        "A4", str(8 * 36 + 16), "18,432"]  # fmt: skip
    assert lines[4] == ["classifier", "linear", "8x4x4", "10x1x1", "10x8x4x4", "W4A4", "raw",
                        "1,300", "1,280"]  # fmt: skip
    assert lines[5] == ["small_vgg", "3x8x8", "10x1x1", str(f"{116 + 304 + 1300:,}"), "26,624"]
    assert len(lines) == 6


def test_columns_are_lined_up() -> None:
    lines = residual_network(np.random.default_rng(2)).summary().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert any("+" in line for line in lines)  # the residual addition is named


def test_depthwise_groups_and_strides_are_named() -> None:
    rng = np.random.default_rng(3)
    layers = (
        conv(rng, "stem", 3, 8, input_bits=8, stride=2),
        conv(rng, "deep", 8, 8, groups=8),
        conv(rng, "wide", 8, 12, groups=4, kernel=1),
        linear(rng, "last", (12, 4, 4), 5),
    )
    text = IntegerNetwork("mixed", (3, 8, 8), layers, 5).summary()
    for words in ("conv 3x3 /2", "depthwise 3x3", "conv 1x1 4 groups"):
        assert words in text
