# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 (Sandler et al., arXiv:1801.04381, table 2), and its form for 32x32 images.

In that form the stem and the second stage have stride 1 instead of 2, so the maps are 32, 32, 16,
8, 8, 4, 4; in the paper's, for 224x224 images, 112, 56, 28, 14, 14, 7, 7.
A block expands its channels t times by a 1x1 layer, filters them by a depthwise 3x3 one, and
projects them by a 1x1 layer without activation; where neither size nor channels change, the
block's input is added to that. The result of a projection is signed, and only 1x1 layers and
additions read it (see `ConvUnit`).

Width 32 is the network of the paper (multiplier 1.0); every channel count but the classifier's
scales with it and is rounded to a multiple of 8, as in the authors' code.
"""

from __future__ import annotations

from torch import Tensor, nn

from ref_model.training.layers import Network
from ref_model.training.models.builder import Builder

STEM = 32
HEAD = 1280
BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks and stride of the seven stages."""


def scaled(channels: int, width: int) -> int:
    """``channels`` of the paper's network in one whose first layer has ``width``.

    The nearest multiple of 8, at least 8, and never less than 90 % of the exact number.
    """
    exact = channels * width / STEM
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded


class InvertedResidual(nn.Module):
    """Expand (left out for t = 1), depthwise, project, and add the input where it fits."""

    def __init__(
        self, build: Builder, name: str, inputs: int, outputs: int, expansion: int, stride: int
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.expand: nn.Module = (
            build.conv(f"{name}.expand", inputs, hidden, kernel=1)
            if expansion > 1
            else nn.Identity()
        )
        self.depthwise = build.conv(
            f"{name}.depthwise", hidden, hidden, stride=stride, groups=hidden
        )
        self.project = build.conv(f"{name}.project", hidden, outputs, kernel=1, linear=True)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.depthwise(self.expand(x))
        result: Tensor = self.project(wide, skip=x) if self.residual else self.project(wide)
        return result


class MobileNetV2(Network):
    """stem, block1 .. block17, head, classifier; stem and second stage have ``stride``."""

    def __init__(self, build: Builder, classes: int, size: int = 32, stride: int = 1) -> None:
        super().__init__((3, size, size))
        channels = build.width
        self.stem = build.conv("stem", 3, channels, stride=stride)
        blocks: list[nn.Module] = []
        size //= stride
        for stage, (expansion, wanted, count, first_stride) in enumerate(BLOCKS):
            for index in range(count):
                step = (stride if stage == 1 else first_stride) if index == 0 else 1
                outputs = scaled(wanted, build.width)
                name = f"block{len(blocks) + 1}"
                blocks.append(InvertedResidual(build, name, channels, outputs, expansion, step))
                channels = outputs
                size //= step
        self.blocks = nn.Sequential(*blocks)
        head = max(HEAD, scaled(HEAD, build.width))
        self.head = build.conv("head", channels, head, kernel=1)
        self.classifier = build.classifier((head, size, size), classes, average=True)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.head(self.blocks(self.stem(x))))
        return logits


class MobileNetV2Large(MobileNetV2):
    """The paper's network for 224x224 images: stem and second stage with stride 2."""

    def __init__(self, build: Builder, classes: int) -> None:
        super().__init__(build, classes, 224, 2)
