# SPDX-License-Identifier: Apache-2.0
"""Networks made of Brevitas' layers, as its users write them, and its exporters."""

from __future__ import annotations

import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn


def brevitas() -> Any:
    """Brevitas' layers."""
    import brevitas.nn as layers

    return layers


def activation(bits: int, **fields: Any) -> Any:
    """A ReLU with unsigned codes of ``bits`` bits."""
    return brevitas().QuantReLU(bit_width=bits, return_quant_tensor=False, **fields)


def signed(bits: int) -> Any:
    """A quantiser of both signs."""
    return brevitas().QuantIdentity(bit_width=bits, return_quant_tensor=False)


def conv(inputs: int, outputs: int, kernel: int, bits: int = 4, **fields: Any) -> Any:
    """A convolution, padded so that its size stays."""
    fields = {"padding": kernel // 2, "bias": False, **fields}
    return brevitas().QuantConv2d(inputs, outputs, kernel, weight_bit_width=bits, **fields)


def linear(inputs: int, outputs: int, bits: int = 4, **fields: Any) -> Any:
    """A linear layer."""
    fields = {"bias": True, **fields}
    return brevitas().QuantLinear(inputs, outputs, weight_bit_width=bits, **fields)


def vgg(per_channel: bool = False) -> nn.Module:
    """Convolutions with BatchNorm, ReLU and pools, then two linear layers."""
    fields: Any = {"weight_scaling_per_output_channel": per_channel}
    return nn.Sequential(
        conv(3, 8, 3, 8 if per_channel else 4, **fields), nn.BatchNorm2d(8), activation(4),
        conv(8, 16, 3, bias=True, **fields), nn.BatchNorm2d(16), nn.MaxPool2d(2), activation(4),
        conv(16, 16, 3, stride=2, **fields), nn.BatchNorm2d(16), activation(4), nn.MaxPool2d(2),
        nn.Flatten(), linear(64, 12, **fields), activation(4), linear(12, 10, **fields),
    )  # fmt: skip


class MobileNetBlocks(nn.Module):
    """A stem and two inverted residual blocks, one with its addition."""

    def __init__(self) -> None:
        super().__init__()
        fields: Any = {"weight_scaling_per_output_channel": True}
        norm = nn.BatchNorm2d
        self.stem = nn.Sequential(conv(3, 8, 3, **fields), norm(8), activation(4))
        self.project = nn.Sequential(conv(8, 8, 1, **fields), norm(8))
        self.shared = signed(4)
        self.block = nn.Sequential(
            conv(8, 24, 1, **fields), norm(24), activation(4),
            conv(24, 24, 3, groups=24, **fields), norm(24), activation(4),
            conv(24, 8, 1, **fields), norm(8),
        )  # fmt: skip
        self.down = nn.Sequential(
            conv(8, 24, 1, **fields), norm(24), activation(4),
            conv(24, 24, 3, groups=24, stride=2, **fields), norm(24), activation(4),
            conv(24, 16, 1, **fields), norm(16), activation(4),
        )  # fmt: skip
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.shared(self.project(self.stem(x)))
        x = self.shared(x + self.shared(self.block(x)))
        result: Tensor = self.classifier(self.pool(self.down(x)).flatten(1))
        return result


class ResNet(nn.Module):
    """Two residual blocks, one with a convolution in its shortcut; a signed image of 8 bits."""

    def __init__(self) -> None:
        super().__init__()
        norm = nn.BatchNorm2d
        self.image = signed(8)
        self.stem = nn.Sequential(conv(3, 8, 3), norm(8), activation(4))
        self.first = nn.Sequential(conv(8, 8, 3), norm(8), activation(4), conv(8, 8, 3), norm(8))
        self.shared = activation(4)
        self.relu = activation(4)
        self.second = nn.Sequential(
            conv(8, 16, 3, stride=2), norm(16), activation(4), conv(16, 16, 3), norm(16)
        )
        self.shortcut = nn.Sequential(conv(8, 16, 1, stride=2), norm(16))
        self.sum = signed(4)
        self.relu2 = activation(4)
        self.pool = nn.AvgPool2d(8)
        self.classifier = linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(self.image(x))
        x = self.relu(self.shared(self.first(x)) + x)
        x = self.relu2(self.sum(self.second(x)) + self.sum(self.shortcut(x)))
        result: Tensor = self.classifier(self.pool(x).flatten(1))
        return result


NETWORKS = {
    "per_tensor": vgg,
    "per_channel": lambda: vgg(per_channel=True),
    "mobilenet": MobileNetBlocks,
    "resnet": ResNet,
}


def ready(name: str, images: Tensor) -> nn.Module:
    """A network with random weights whose quantisers and statistics have seen ``images``."""
    torch.manual_seed(7)
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            with torch.no_grad():
                module.weight[::5] *= -1
    network.train()
    with torch.no_grad():
        for _ in range(40):
            network(images)
    return network.eval()


def exported(network: nn.Module, example: Tensor, dialect: str) -> bytes:
    """The ONNX file that Brevitas writes, ``dialect`` "qonnx" or "qcdq"."""
    from brevitas.export import export_onnx_qcdq, export_qonnx

    export = {"qonnx": export_qonnx, "qcdq": export_onnx_qcdq}[dialect]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export(network, args=example, export_path=buffer, opset_version=13, dynamo=False)
    return buffer.getvalue()
