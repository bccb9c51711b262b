# SPDX-License-Identifier: Apache-2.0
"""Models of strangers, with the shape of their images."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("torch", reason="converting models needs PyTorch")

import torch
from torch import nn

from tb.ref_model.training.conversion.models import LeNet, MobileNetV2, ResNet18, Vgg, settle

Made = tuple[nn.Module, torch.Tensor]
"""A model in evaluation mode, and bytes of images for it."""

MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int]]] = {
    "vgg": (Vgg, (3, 16, 16)),
    "vgg_without_norm": (lambda: Vgg(norm=False), (3, 16, 16)),
    "lenet": (LeNet, (1, 12, 12)),
    "resnet18": (ResNet18, (3, 16, 16)),
    "mobilenetv2": (MobileNetV2, (3, 16, 16)),
}


@pytest.fixture(params=MODELS)
def stranger(request: pytest.FixtureRequest) -> Made:
    make, shape = MODELS[request.param]
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (24, *shape), dtype=torch.uint8, generator=generator)
    return settle(make()), pixels
