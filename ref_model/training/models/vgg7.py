# SPDX-License-Identifier: Apache-2.0
"""VGG7 for 32x32 images: 2 x (w), 2 x (2w), 2 x (4w) channels, then a classifier.

Six 3x3 convolutions (stride 1, padding 1), a 2x2 max pool after every second one, and a linear
layer over the flattened 4x4 map. Width 128 is the paper's network (128-128-256-256-512-512).
"""

from __future__ import annotations

from torch import Tensor, nn

from ref_model.training.layers import Network
from ref_model.training.models.builder import Builder


class Vgg7(Network):
    """conv1 .. conv6 and the classifier; ``build.width`` channels in the first stage."""

    def __init__(self, build: Builder, classes: int) -> None:
        super().__init__((3, 32, 32))
        features = []
        inputs = 3
        for index, factor in enumerate((1, 1, 2, 2, 4, 4)):
            outputs = build.width * factor
            features.append(build.conv(f"conv{index + 1}", inputs, outputs, pool=1 + index % 2))
            inputs = outputs
        self.features = nn.Sequential(*features)
        self.classifier = build.classifier((inputs, 4, 4), classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x))
        return logits
