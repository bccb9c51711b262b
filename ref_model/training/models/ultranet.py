# SPDX-License-Identifier: Apache-2.0
"""UltraNet, the detector of a DAC System Design Contest, for images of 3 x 160 x 320.

Eight 3x3 convolutions, a 2x2 max pool behind each of the first four, and a 1x1 layer whose raw map
of 10 x 20 is the result: 36 numbers a place, six boxes of six. Width 16 is the published network
(16-32-64-64-64-64-64-64); here written from its layer table.
"""

from __future__ import annotations

from torch import Tensor, nn

from ref_model.training.layers import Network
from ref_model.training.models.builder import Builder

FACTORS = (1, 2, 4, 4, 4, 4, 4, 4)
POOLED = 4
OUTPUTS = 36


class UltraNet(Network):
    """conv0 .. conv7 and the head; ``build.width`` channels in the first layer."""

    def __init__(self, build: Builder, outputs: int) -> None:
        super().__init__((3, 160, 320))
        features = []
        inputs = 3
        for index, factor in enumerate(FACTORS):
            channels = build.width * factor
            pool = 2 if index < POOLED else 1
            features.append(build.conv(f"conv{index}", inputs, channels, pool=pool))
            inputs = channels
        self.features = nn.Sequential(*features)
        self.head = build.head("head", inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.features(x))
        return result
