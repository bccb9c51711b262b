# SPDX-License-Identifier: Apache-2.0
"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ref_model.training.layers import Network
from ref_model.training.models import mobilenetv2, resnet, ultranet, vgg7
from ref_model.training.models.builder import Builder


@dataclass(frozen=True)
class Model:
    """How to build a network, and what it needs to be told.

    ``build`` makes the network from a `Builder` and a number of classes. ``weight_layers`` and
    ``activation_layers`` count the layers with weights and those with a quantised output.
    ``classes`` are those of a network for images that no set here has; 0: those of the image set.
    Not ``classifies``: its result is a map.
    """

    build: Callable[[Builder, int], Network]
    default_width: int
    weight_layers: int
    activation_layers: int
    classes: int = 0
    classifies: bool = True


MODELS = {
    "vgg7": Model(vgg7.Vgg7, 32, 7, 6),
    "mobilenetv2": Model(mobilenetv2.MobileNetV2, 32, 53, 52),
    "resnet20": Model(resnet.ResNet20, 16, 22, 21),
    "resnet8": Model(resnet.ResNet8, 16, 10, 9),
    "ultranet": Model(ultranet.UltraNet, 16, 9, 8, ultranet.OUTPUTS, False),
    "mobilenetv2_224": Model(mobilenetv2.MobileNetV2Large, 32, 53, 52, 1000),
    "resnet18": Model(resnet.ResNet18, 64, 21, 20, 1000),
}
"""The networks that training knows; ``default_width`` is the width of their first layer."""
