# SPDX-License-Identifier: Apache-2.0
"""ResNets (He et al., arXiv:1512.03385): ResNet-20 and ResNet-8 for 32x32 images, ResNet-18.

ResNet-20 (section 4.2) has a 3x3 stem and three stages with (w), (2w), (4w) channels on maps of 32,
16 and 8; a stage has three blocks in ResNet-20 and one in ResNet-8, the image classifier of MLPerf
Tiny (arXiv:2106.07597).
A block is two 3x3 layers, and its input is added before the second one's activation. Where the
second and the third stage begin, the first layer has stride 2 and the input passes a 1x1 layer of
stride 2 (option B of the paper; CIFAR's option A adds zero channels, which is no layer). That 1x1
layer has no activation, so its result is signed, and only the addition reads it. Width 16 is the
network of the papers.

ResNet-18 (table 1) is for 224x224 images: a 7x7 stem of stride 2, a 3x3 max pool of stride 2, and
four stages of two blocks with (w), (2w), (4w), (8w) channels; width 64 is the network of the paper.
"""

from __future__ import annotations

from torch import Tensor, nn

from ref_model.training.layers import ConvUnit, Network
from ref_model.training.models.builder import Builder


class BasicBlock(nn.Module):
    """Two 3x3 layers and the addition of the input."""

    def __init__(self, build: Builder, name: str, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.shortcut: ConvUnit | None = None
        if stride != 1 or inputs != outputs:
            self.shortcut = build.conv(
                f"{name}.shortcut", inputs, outputs, kernel=1, stride=stride, linear=True
            )
        self.first = build.conv(f"{name}.first", inputs, outputs, stride=stride)
        self.second = build.conv(f"{name}.second", outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.shortcut is None else self.shortcut(x)
        result: Tensor = self.second(self.first(x), skip=skip)
        return result


class ResNet(Network):
    """stem, stage1.block1 .. stage3.blockN, classifier; ``stage_blocks`` is N."""

    def __init__(self, build: Builder, classes: int, stage_blocks: int) -> None:
        super().__init__((3, 32, 32))
        channels = build.width
        self.stem = build.conv("stem", 3, channels)
        blocks = []
        for stage, factor in enumerate((1, 2, 4), 1):
            for index in range(1, stage_blocks + 1):
                stride = 2 if stage > 1 and index == 1 else 1
                outputs = build.width * factor
                name = f"stage{stage}.block{index}"
                blocks.append(BasicBlock(build, name, channels, outputs, stride))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.classifier = build.classifier((channels, 8, 8), classes, average=True)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.blocks(self.stem(x)))
        return logits


class ResNet20(ResNet):
    """Nine blocks."""

    def __init__(self, build: Builder, classes: int) -> None:
        super().__init__(build, classes, 3)


class ResNet8(ResNet):
    """Three blocks."""

    def __init__(self, build: Builder, classes: int) -> None:
        super().__init__(build, classes, 1)


class ResNet18(Network):
    """stem, stage1.block1 .. stage4.block2, classifier."""

    def __init__(self, build: Builder, classes: int) -> None:
        super().__init__((3, 224, 224))
        channels = build.width
        self.stem = build.conv("stem", 3, channels, kernel=7, stride=2, pool=3)
        blocks = []
        for stage, factor in enumerate((1, 2, 4, 8), 1):
            for index in (1, 2):
                stride = 2 if stage > 1 and index == 1 else 1
                outputs = build.width * factor
                name = f"stage{stage}.block{index}"
                blocks.append(BasicBlock(build, name, channels, outputs, stride))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.classifier = build.classifier((channels, 7, 7), classes, average=True)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.blocks(self.stem(x)))
        return logits
