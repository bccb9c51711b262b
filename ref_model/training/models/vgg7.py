# SPDX-License-Identifier: Apache-2.0
"""VGG7 for 32x32 images: 2 x (w), 2 x (2w), 2 x (4w) channels, then a classifier.

Six 3x3 convolutions (stride 1, padding 1), a 2x2 max pool after every second one, and a linear
layer over the flattened 4x4 map. Width 128 is the paper's network (128-128-256-256-512-512).
"""

from __future__ import annotations

from collections.abc import Sequence

from ref_model.training.layers import ClassifierUnit, ConvUnit, Network
from ref_model.training.quantizers import Scheme

WEIGHT_LAYERS = 7
"""Layers with weights: conv1 .. conv6 and the classifier."""
ACTIVATION_LAYERS = 6
"""Layers with a quantised output: conv1 .. conv6."""


def vgg7(
    width: int,
    classes: int,
    scheme: Scheme,
    weight_bits: Sequence[int],
    activation_bits: Sequence[int],
) -> Network:
    """Build VGG7 with first-stage ``width``; one entry of ``weight_bits`` (7) and
    ``activation_bits`` (6) a layer. Raises ValueError for a wrong number of entries.
    """
    if len(weight_bits) != WEIGHT_LAYERS or len(activation_bits) != ACTIVATION_LAYERS:
        raise ValueError(
            f"VGG7 takes {WEIGHT_LAYERS} weight and {ACTIVATION_LAYERS} activation bit widths, "
            f"got {len(weight_bits)} and {len(activation_bits)}"
        )
    features = []
    inputs = 3
    for index, factor in enumerate((1, 1, 2, 2, 4, 4)):
        features.append(
            ConvUnit(
                f"conv{index + 1}",
                inputs,
                width * factor,
                scheme,
                weight_bits[index],
                activation_bits[index],
                pool=1 + index % 2,
            )
        )
        inputs = width * factor
    classifier = ClassifierUnit("classifier", (inputs, 4, 4), classes, scheme, weight_bits[-1])
    return Network((3, 32, 32), features, classifier)
