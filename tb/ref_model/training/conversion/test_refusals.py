# SPDX-License-Identifier: Apache-2.0
"""What cannot become a network for the core is refused by name, with what to use instead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="converting models needs PyTorch")

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

import lsfq
from tb.ref_model.training.conversion.models import LeNet, Vgg

SIZE = 8


def conv(inputs: int = 8, outputs: int = 8, kernel: int = 3, **options: object) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, **{"padding": kernel // 2, **options})  # type: ignore[arg-type]


def around(probe: nn.Module, channels: int = 8, size: int = SIZE) -> nn.Module:
    """A model whose layer "probe" reads the ReLU'd result of a convolution (8, 8, 8)."""
    parts: dict[str, nn.Module] = {
        "stem": conv(3),
        "relu": nn.ReLU(),
        "probe": probe,
        "flatten": nn.Flatten(),
        "head": nn.Linear(channels * size * size, 4),
    }
    return nn.Sequential(OrderedDict(parts))


class Written(nn.Module):
    """A model whose forward is ``body(model, x)``, with layers to call in it."""

    def __init__(
        self, body: Callable[[Written, Tensor], Any], features: int = 8, **parts: nn.Module
    ) -> None:
        super().__init__()
        self.stem = conv(3)
        self.conv = conv()
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(features, 4)
        self.offset = nn.Parameter(torch.ones(8, SIZE, SIZE))
        for name, part in parts.items():
            setattr(self, name, part)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.body(self, x)
        return result

    def end(self, x: Tensor) -> Tensor:
        """Average, flatten, linear."""
        result: Tensor = self.head(torch.flatten(self.pool(x), 1))
        return result


def first(m: Written, x: Tensor) -> Tensor:
    return functional.relu(m.stem(x))


def gate(m: Written, x: Tensor) -> Tensor:
    """Squeeze and excitation, without its layers."""
    x = first(m, x)
    return m.end(x * torch.sigmoid(m.pool(x)))


def same_layer_again(m: Written, x: Tensor) -> Tensor:
    x = functional.relu(m.conv(first(m, x)))
    return m.end(functional.relu(m.conv(x)))


def both_sides_of_relu(m: Written, x: Tensor) -> Tensor:
    y = m.stem(x)
    return m.end(functional.relu(y) + y)


def two_pools(m: Written, x: Tensor) -> Tensor:
    return m.end(functional.max_pool2d(functional.max_pool2d(first(m, x), 2), 2))


def hidden_average(m: Written, x: Tensor) -> Tensor:
    y = torch.flatten(m.pool(first(m, x)), 1)
    result: Tensor = m.head(functional.relu(m.get_submodule("hidden")(y)))
    return result


def attention(m: Written, x: Tensor) -> Tensor:
    y = first(m, x)
    return m.end(torch.matmul(y, y))


def depends_on_values(m: Written, x: Tensor) -> Tensor:
    return m.end(first(m, x) if float(x.sum()) > 3 else m.conv(first(m, x)))


def two_results(m: Written, x: Tensor) -> tuple[Tensor, Tensor]:
    y = first(m, x)
    return m.end(y), y


def split(m: Written, x: Tensor) -> Tensor:
    one, other = first(m, x).chunk(2, dim=1)
    return m.end(torch.cat([other, one], 1))


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[str, ...]]] = {
    "groups": (
        lambda: around(conv(groups=2)), ("layer probe (Conv2d)", "2 groups", "depthwise")),
    "depthwise multiplier": (
        lambda: around(conv(outputs=16, groups=8), 16), ("layer probe", "8 to 16", "groups=1")),
    "depthwise 1x1": (
        lambda: around(conv(kernel=1, groups=8)), ("layer probe", "depthwise 1x1", "3x3")),
    "5x5": (lambda: around(conv(kernel=5)), ("layer probe", "5x5 kernel", "two 3x3")),
    "7x7 stem": (
        lambda: around(conv(kernel=7, stride=2), size=4), ("layer probe", "7x7 kernel", "3x3")),
    "1x3": (
        lambda: around(nn.Conv2d(8, 8, (1, 3), padding=(0, 1))), ("layer probe", "1x3 kernel")),
    "unpadded 3x3": (
        lambda: around(conv(padding=0), size=6), ("layer probe", "padding 0", "padding=1")),
    "padded 1x1": (
        lambda: around(conv(kernel=1, padding=1), size=10), ("layer probe", "use padding=0")),
    "valid": (lambda: around(conv(padding="valid"), size=6), ("layer probe", "padding=1")),
    "stride 3": (lambda: around(conv(stride=3), size=3), ("layer probe", "stride 3", "1 or 2")),
    "uneven stride": (
        lambda: around(conv(stride=(1, 2)), 4, 16 // 2), ("layer probe", "stride 1x2")),
    "dilation": (
        lambda: around(conv(padding=2, dilation=2)), ("layer probe", "dilation", "dilation 1")),
    "reflected padding": (
        lambda: around(conv(padding_mode="reflect")), ("layer probe", "pad", "padding=1")),
    "transposed": (
        lambda: around(nn.ConvTranspose2d(8, 8, 2, 2), size=16), ("layer probe", "do not grow")),
    "SiLU": (lambda: around(nn.SiLU()), ("layer probe (SiLU)", "nn.ReLU6")),
    "PReLU": (lambda: around(nn.PReLU()), ("layer probe (PReLU)", "nn.ReLU")),
    "LeakyReLU": (lambda: around(nn.LeakyReLU()), ("layer probe (LeakyReLU)", "nn.ReLU")),
    "Hardtanh": (lambda: around(nn.Hardtanh()), ("layer probe (Hardtanh)", "clip to -1")),
    "GELU": (
        lambda: Written(lambda m, x: m.end(functional.gelu(m.stem(x)))),
        ("gelu in Written.forward", "nn.ReLU")),
    "adaptive average 2x2": (
        lambda: around(nn.AdaptiveAvgPool2d(2), size=2),
        ("layer probe (AdaptiveAvgPool2d)", "(8, 8, 8) to (8, 2, 2)", "AdaptiveAvgPool2d(1)")),
    "average pool": (lambda: around(nn.AvgPool2d(2), size=4), ("layer probe", "stride 2")),
    "adaptive max pool": (lambda: around(nn.AdaptiveMaxPool2d(1), size=1), ("layer probe",)),
    "overlapping max pool": (
        lambda: around(nn.MaxPool2d(3, 2, 1), size=4), ("layer probe", "max pool of 3", "2d(2)")),
    "max pool rounded up": (
        lambda: around(nn.Sequential(conv(stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                     conv(), nn.MaxPool2d(2), conv(stride=2), nn.ReLU(),
                                     conv(stride=1), nn.MaxPool2d(2, ceil_mode=True)), size=1),
        ("layer probe.8 (MaxPool2d)", "rounded up")),
    "two pools": (lambda: Written(two_pools), ("max_pool2d in Written.forward", "second pool")),
    "pooled image": (
        lambda: nn.Sequential(nn.MaxPool2d(2), conv(3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)),
        ("layer 0 (MaxPool2d)", "the image itself")),
    "GroupNorm": (lambda: around(nn.GroupNorm(2, 8)), ("layer probe (GroupNorm)", "BatchNorm2d")),
    "LayerNorm": (lambda: around(nn.LayerNorm([8, 8])), ("layer probe (LayerNorm)", "BatchNorm2d")),
    "BatchNorm behind ReLU": (
        lambda: around(nn.BatchNorm2d(8)), ("layer probe (BatchNorm2d)", "its activation")),
    "BatchNorm of the image": (
        lambda: nn.Sequential(nn.BatchNorm2d(3), conv(3), nn.Flatten(), nn.Linear(512, 4)),
        ("layer 0 (BatchNorm2d)", "mean= and std=")),
    "BatchNorm without statistics": (
        lambda: around(nn.Sequential(conv(), nn.BatchNorm2d(8, track_running_stats=False))),
        ("layer probe.1 (BatchNorm2d)", "track_running_stats=True")),
    "BatchNorm called again": (
        lambda: Written(lambda m, x: m.end(m.norm(m.conv(functional.relu(m.norm(m.stem(x))))))),
        ("layer norm (BatchNorm2d)", "used twice", "module for each")),
    "reused module": (
        lambda: Written(same_layer_again), ("layer conv (Conv2d)", "used twice", "each call")),
    "concatenation": (
        lambda: Written(lambda m, x: m.end(torch.cat([first(m, x)[:, :4]] * 2, 1))),
        ("in Written.forward", "whole tensors")),
    "joined branches": (
        lambda: Written(lambda m, x: m.end(torch.cat([first(m, x)] * 2, 1)), 16),
        ("cat in Written.forward", "x + y")),
    "gate": (lambda: Written(gate), ("sigmoid in Written.forward", "no integer form")),
    "product": (
        lambda: Written(lambda m, x: m.end(first(m, x) * 0.5)), ("mul in Written", "gates")),
    "normalisation inside": (
        lambda: Written(lambda m, x: m.end(first(m, (x - 0.5) / 0.25))),
        ("sub in Written.forward", "mean= and std=")),
    "constant": (
        lambda: Written(lambda m, x: m.end(first(m, x) + m.offset)),
        ("add in Written.forward", "constant", "bias")),
    "weighted addition": (
        lambda: Written(lambda m, x: m.end(torch.add(m.conv(y := first(m, x)), y, alpha=2))),
        ("add in Written.forward", "alpha=2")),
    "addition over channels": (
        lambda: Written(lambda m, x: m.end(first(m, x) + m.get_submodule("thin")(x)),
                        thin=conv(3, 1)),
        ("add in Written.forward", "(1, 8, 8)", "1x1 convolution")),
    "negative numbers padded": (
        lambda: around(nn.Sequential(conv(), conv())),
        ("layer probe.1 (Conv2d)", "layer probe.0 (Conv2d), which has no activation", "nn.ReLU")),
    "depthwise layer of the image": (
        lambda: nn.Sequential(conv(3, 3, groups=3), nn.Flatten(), nn.Linear(192, 4)),
        ("layer 0 (Conv2d)", "8 bits")),
    "both sides of ReLU": (
        lambda: Written(both_sides_of_relu), ("relu in Written.forward", "layer stem (Conv2d)")),
    "hidden layer behind an average": (
        lambda: Written(hidden_average, hidden=nn.Linear(8, 8)), ("layer hidden", "an average")),
    "linear layer of a map": (
        lambda: around(nn.Linear(8, 8)), ("layer probe (Linear)", "last dimension", "nn.Flatten")),
    "attention": (lambda: Written(attention), ("matmul in Written.forward", "fixed weights")),
    "parts": (lambda: Written(split), ("in Written.forward", "whole tensors")),
    "other order": (
        lambda: around(nn.PixelUnshuffle(2), 32, 4), ("layer probe (PixelUnshuffle)",)),
    "permuted": (
        lambda: Written(lambda m, x: m.end(first(m, x).permute(0, 2, 1, 3))),
        ("permute in Written.forward", "order")),
    "larger map": (
        lambda: around(nn.Upsample(scale_factor=2), size=16), ("layer probe (Upsample)", "grow")),
    "softmax": (
        lambda: nn.Sequential(around(nn.Identity()), nn.Softmax(1)),
        ("layer 1 (Softmax)", "changes no class")),
    "activation at the end": (
        lambda: nn.Sequential(around(nn.Identity()), nn.ReLU()), ("layer 1 (ReLU)", "nn.Linear")),
    "map at the end": (lambda: nn.Sequential(conv(3), nn.ReLU()), ("Sequential.forward", "logits")),
    "no linear layer at the end": (
        lambda: nn.Sequential(conv(3), nn.ReLU(), nn.Flatten()), ("end in nn.Linear",)),
    "two results": (lambda: Written(two_results), ("Written.forward", "one tensor")),
    "values decide": (lambda: Written(depends_on_values), ("torch.export cannot follow",)),
    "computed weights": (
        lambda: around(weight_norm(conv())), ("computed in forward", "remove_parametrizations")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refused_by_name(name: str) -> None:
    make, words = CASES[name]
    with pytest.raises(lsfq.UnsupportedLayerError) as caught:
        lsfq.quantize(make().eval(), torch.rand(2, 3, SIZE, SIZE))
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_float64_is_refused() -> None:
    with pytest.raises(ValueError, match="float32"):
        lsfq.quantize(Vgg().double(), torch.rand(2, 3, 16, 16, dtype=torch.float64))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"weight_bits": 5}, "weight_bits 5: choose one of"),
        ({"activation_bits": 1}, "activation_bits 1: choose one of"),
        ({"first_bits": 6}, "first_bits 6"),
        ({"layer_bits": {"conv9": 4}}, "no layer is called 'conv9'; there are conv1, conv2, fc1"),
        ({"layer_bits": {"conv1": (4, 5)}}, "layer_bits"),
        ({"layer_bits": {"conv1": (4, 4, 4)}}, "give .weights, activations."),
        ({"quantizer": "best"}, "unknown quantiser 'best'"),
        ({"weight_clips": "row"}, "weight clips 'row'"),
        ({"mean": (0.5, 0.5, 0.5)}, "mean: give 1 numbers"),
        ({"std": (0.0,)}, "above 0"),
    ],
)
def test_wrong_arguments(options: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        lsfq.quantize(LeNet().eval(), torch.rand(1, 1, 12, 12), **options)  # type: ignore[arg-type]


def test_images_that_are_no_pixels_are_refused(tmp_path: Path) -> None:
    network = lsfq.quantize(LeNet(), torch.rand(1, 1, 12, 12))
    with pytest.raises(ValueError, match="pixels / 255"):
        lsfq.calibrate(network, torch.randn(4, 1, 12, 12))
    with pytest.raises(ValueError, match="none to train on"):
        lsfq.fit(network, [])
    with pytest.raises(ValueError, match="quantisation was never started"):
        lsfq.export(network, tmp_path / "n")
    lsfq.calibrate(network, torch.rand(4, 1, 12, 12))
    with pytest.raises(ValueError, match="calibrated already"):
        lsfq.calibrate(network, torch.rand(4, 1, 12, 12))
