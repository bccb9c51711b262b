# SPDX-License-Identifier: Apache-2.0
"""Every line of the table of what models may hold (docs/bring_your_model.md) is one small model.

Its float outputs are the model's, and its integers, at 8 bits, rank and space the logits alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="converting models needs PyTorch")

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lsfq
from ref_model.hardware.core_config import CoreConfig
from ref_model.integer import run_network
from tb.ref_model.training.conversion.models import settle
from tb.ref_model.training.conversion.test_models import outputs, relative_error

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "bring_your_model.md"
SIZE = 8
CORE = CoreConfig(pin=4, pout=4)


class Body(nn.Module):
    """A stem, ``body(model, x)`` with layers by name, and an end for 8 channels."""

    def __init__(self, body: Callable[[Body, Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Linear(8, 6)
        self.layers = nn.ModuleDict(layers)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self, F.relu(self.stem(x)))
        if x.ndim == 4:
            x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        result: Tensor = self.head(x) if x.shape[1] == 8 else x
        return result

    def call(self, name: str, x: Tensor) -> Tensor:
        result: Tensor = self.layers[name](x)
        return result


def convolution(inputs: int = 8, outputs: int = 8, **options: int | str | bool) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, **{"padding": 1, **options})  # type: ignore[arg-type]


def functions(body: Callable[[Tensor], Tensor]) -> Callable[[], nn.Module]:
    """Models with a function of a convolution's result."""
    return lambda: Body(lambda m, x: body(m.call("conv", x)), conv=convolution())


def layers(*parts: nn.Module) -> Callable[[], nn.Module]:
    return lambda: Body(lambda m, x: m.call("parts", x), parts=nn.Sequential(*parts))


def in_place(m: Body, x: Tensor) -> Tensor:
    y = m.call("conv", x)
    y += x
    y.relu_()
    return y


def chain(m: Body, x: Tensor) -> Tensor:
    return F.relu(x + m.call("one", x) + m.call("two", x))


def two_tensors(m: Body, x: Tensor) -> Tensor:
    one, two = F.relu(m.call("one", x)), F.relu(m.call("two", x))
    return one + two


def shortcut(m: Body, x: Tensor) -> Tensor:
    y = F.relu(m.call("first", x))
    return F.relu(m.call("second", y) + m.call("short", x))


def classifier_of_ones(m: Body, x: Tensor) -> Tensor:
    return torch.flatten(m.call("last", F.adaptive_avg_pool2d(x, 1)), 1)


SUPPORTED: dict[str, list[Callable[[], nn.Module]]] = {
    "3x3 convolution, `padding=1`, stride 1 or 2": [
        layers(convolution(stride=2), nn.ReLU(), convolution(padding="same"), nn.ReLU()),
    ],
    "1x1 convolution, stride 1 or 2": [
        layers(nn.Conv2d(8, 12, 1), nn.ReLU(), nn.Conv2d(12, 8, 1, stride=2), nn.ReLU()),
    ],
    "depthwise 3x3 convolution (`groups` = channels)": [
        layers(convolution(groups=8, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU6()),
    ],
    "bias of a convolution or linear layer, or none": [
        layers(convolution(bias=False), nn.ReLU(), convolution(bias=True), nn.ReLU()),
    ],
    "`BatchNorm2d`, `BatchNorm1d` behind a convolution or linear layer": [
        layers(convolution(), nn.BatchNorm2d(8), nn.ReLU()),
        layers(convolution(), nn.BatchNorm2d(8, affine=False, momentum=None), nn.ReLU()),
        layers(nn.Flatten(), nn.Linear(512, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU()),
    ],
    "ReLU": [functions(F.relu), functions(lambda x: x.clamp(min=0)), functions(torch.relu_)],
    "ReLU6, and clips from 0 to another number": [
        functions(F.relu6), functions(lambda x: F.hardtanh(x, 0, 0.8)),
        functions(lambda x: torch.clamp(x, 0, 1.5)), layers(convolution(), nn.Hardtanh(0, 2.0)),
    ],
    "no activation, where 1x1 or linear layers or additions read the result": [
        layers(convolution(), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1), nn.ReLU()),
    ],
    "`MaxPool2d(2)`, before or behind the activation": [
        layers(convolution(), nn.ReLU(), nn.MaxPool2d(2), convolution(), nn.MaxPool2d(2, 2)),
        functions(lambda x: F.relu(F.max_pool2d(x, 2, ceil_mode=True))),
    ],
    "average of the whole map before the last linear layer": [
        lambda: Body(lambda m, x: x.mean((2, 3))), lambda: Body(lambda m, x: x.mean([-1, -2])),
        lambda: Body(lambda m, x: F.avg_pool2d(x, 8).squeeze(-1).squeeze(-1)),
        lambda: Body(lambda m, x: x.mean((2, 3), keepdim=True)),
    ],
    "adaptive average pool to the size that the map has": [layers(nn.AdaptiveAvgPool2d((8, 8)))],
    "flatten, `view`, `reshape` to (N, features)": [
        lambda: Body(lambda m, x: m.call("fc", x.view(x.size(0), -1)), fc=nn.Linear(512, 5)),
        lambda: Body(lambda m, x: m.call("fc", x.reshape(-1, 512)), fc=nn.Linear(512, 5)),
    ],
    "linear layers, also between others": [
        layers(nn.Flatten(), nn.Linear(512, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU()),
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 16), nn.ReLU(), nn.Linear(16, 4)),
    ],
    "convolution with a kernel of the map's size": [
        layers(nn.Conv2d(8, 8, 8), nn.ReLU()),
        lambda: Body(classifier_of_ones, last=nn.Conv2d(8, 5, 1)),
    ],
    "additions of tensors of one shape": [
        lambda: Body(in_place, conv=convolution()),
        lambda: Body(chain, one=convolution(), two=convolution()),
        lambda: Body(two_tensors, one=convolution(), two=convolution()),
        lambda: Body(shortcut, first=convolution(stride=2), second=convolution(),
                     short=nn.Conv2d(8, 8, 1, stride=2)),
        lambda: Body(lambda m, x: x + x),
    ],
    "dropout, `Identity`, `contiguous`, `detach`": [
        layers(nn.Dropout2d(), nn.Identity(), convolution(), nn.ReLU(), nn.Dropout(0.3)),
        functions(lambda x: F.relu(F.dropout(x, 0.5, False).contiguous())),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "number"), [(line, number) for line, found in SUPPORTED.items()
                         for number in range(len(found))],
)  # fmt: skip
def test_supported(line: str, number: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = settle(SUPPORTED[line][number]())
    pixels = torch.randint(0, 256, (12, 3, SIZE, SIZE), dtype=torch.uint8)
    images = pixels / 255
    expected = outputs(model, images)
    network = lsfq.quantize(model, images, 8, 8)
    torch.testing.assert_close(network(images), expected, rtol=1e-5, atol=1e-5)
    lsfq.calibrate(network, images)
    integers = lsfq.export(network, tmp_path / "n")
    raw = torch.from_numpy(run_network(integers, pixels.numpy())[integers.layers[-1].name])
    depthwise = any(layer.groups > 1 for layer in integers.layers)
    error = relative_error(expected, raw.reshape(len(pixels), -1).double())
    assert error < (0.5 if depthwise else 0.1)
    with lsfq.Accelerator(lsfq.Reference(CORE)) as accelerator:
        accelerator.load(integers)


def test_the_page_has_these_lines() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## What a model may hold")[1]
    lines = re.findall(r"^\| (.*?) \|", table.split("\n## ")[0], re.MULTILINE)
    assert lines[1:] == list(SUPPORTED)


@pytest.mark.parametrize("norm", [False, True])
def test_a_normalised_image_goes_into_the_first_layer(norm: bool, tmp_path: Path) -> None:
    """Exact where nothing is padded; else the report says by how much the border counts."""
    mean, std = (0.4, 0.5, 0.3), (0.2, 0.25, 0.3)
    torch.manual_seed(0)
    plain = [nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8) if norm else nn.Identity(), nn.ReLU()]
    model = settle(nn.Sequential(*plain, nn.Flatten(), nn.Linear(512, 4)))
    images = torch.rand(6, 3, SIZE, SIZE)
    column = [torch.tensor(x)[:, None, None] for x in (mean, std)]
    network = lsfq.quantize(model, images, mean=mean, std=std)
    expected = outputs(model, (images - column[0]) / column[1])
    torch.testing.assert_close(network(images), expected, rtol=1e-5, atol=1e-5)
    assert not network.report.notes

    model = settle(nn.Sequential(convolution(3), nn.ReLU(), nn.Flatten(), nn.Linear(512, 4)))
    network = lsfq.quantize(model, images, mean=mean, std=std)
    first, inside = network.conv_units()[0], (..., slice(1, -1), slice(1, -1))
    seen = F.relu(model[0]((images - column[0]) / column[1]))  # type: ignore[index]
    torch.testing.assert_close(first(images)[inside], seen[inside], rtol=1e-5, atol=1e-5)
    assert network.report.output_difference > 1e-5
    assert "border" in network.report.notes[0]
