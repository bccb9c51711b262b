# SPDX-License-Identifier: Apache-2.0
"""What a network's forward may do, and how what it may not do is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

import torch
from torch import Tensor, nn
from torch.nn import functional

from lsfq import Accelerator, Reference
from ref_model.datasets import CIFAR10, read_records
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.plan import plan_network
from ref_model.integer import run_network
from ref_model.training.config import ConfigError, TrainingConfig
from ref_model.training.export import to_integer_network
from ref_model.training.graph import UnsupportedLayerError, trace
from ref_model.training.layers import ClassifierUnit, ConvUnit, Network
from ref_model.training.models import MODELS
from ref_model.training.models.mobilenetv2 import scaled
from ref_model.training.quantizers import Scheme
from ref_model.training.untrained import untrained_integer_network

SCHEME = Scheme()
SAMPLE = Path(__file__).parents[2] / "networks" / "cifar10_sample" / "test_batch.bin"


class Own(Network):
    """A user's network: two layers, a classifier, and whatever ``body`` does between them."""

    def __init__(self, body: Callable[[Own, Tensor], Tensor], **second: bool | int) -> None:
        super().__init__((3, 8, 8))
        self.first = ConvUnit("first", 3, 4, SCHEME, 4, 4, **second)  # type: ignore[arg-type]
        self.second = ConvUnit("second", 4, 4, SCHEME, 4, 4)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout()
        self.nothing = nn.Identity()
        self.classifier = ClassifierUnit("classifier", (4, 8, 8), 10, SCHEME, 4)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.body(self, self.first(x)))
        return logits


def branch(network: Own, x: Tensor) -> Tensor:
    """What depends on the values of a tensor."""
    return network.second.forward(x) if x.sum() > 0 else x


def test_steps_say_who_reads_what() -> None:
    network = Own(lambda n, x: n.second(n.nothing(x), skip=x))
    steps = trace(network)
    assert [(s.unit.name, s.source, s.skip) for s in steps] == [
        ("first", "input", None), ("second", "first", "first"), ("classifier", "second", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda n, x: n.relu(n.second(x)), ("layer relu", "ReLU", "linear=True")),
        (lambda n, x: functional.relu(n.second(x)), ("relu", "linear=True")),
        (lambda n, x: n.pool(n.second(x)), ("layer pool", "MaxPool2d", "pool=2")),
        (lambda n, x: n.second(x) + x, ("add", "skip=")),
        (lambda n, x: n.second(x).mean((2, 3)), ("mean", "average=True")),
        (lambda n, x: torch.sigmoid(n.second(x)), ("sigmoid", "ConvUnit and ClassifierUnit")),
        (lambda n, x: n.drop(x), ("layer drop", "Dropout")),
        (lambda n, x: n.second(n.second(x)), ("layer second", "twice")),
        (branch, ("Own.forward depends on values",)),
        (lambda n, x: n.classifier(x), ("layer classifier", "twice")),
    ],
)
def test_what_has_no_integer_form_is_refused_by_name(
    body: Callable[[Own, Tensor], Tensor], words: tuple[str, ...]
) -> None:
    with pytest.raises(UnsupportedLayerError) as caught:
        to_integer_network(Own(body))
    for word in words:
        assert word in str(caught.value)


def test_a_network_must_end_in_its_classifier() -> None:
    class Headless(Own):
        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.first(x)
            return result

    with pytest.raises(UnsupportedLayerError, match="must be a ClassifierUnit"):
        trace(Headless(lambda _, x: x))


def test_padding_of_a_signed_tensor_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="layer second: pads a signed tensor"):
        to_integer_network(Own(lambda n, x: n.second(x), linear=True))


@pytest.mark.parametrize("model", MODELS)
def test_models_have_the_layers_they_say(model: str) -> None:
    """Otherwise bit widths would go to the wrong layers, or run out."""
    config = TrainingConfig(model=model)
    network = config.build()
    assert len(network.units()) == MODELS[model].weight_layers == len(config.weight_bits)
    assert len(network.conv_units()) == MODELS[model].activation_layers
    assert [step.unit for step in trace(network)] == network.units()


def test_mobilenet_has_the_papers_size() -> None:
    network = TrainingConfig(model="mobilenetv2").build()
    weights = sum(x.numel() for name, x in network.named_parameters() if "alpha" not in name)
    assert weights == 3_504_872 - 990 * 1281, "torchvision's count, with 10 classes for 1000"
    network.start_quantisation(torch.rand(2, 3, 32, 32))
    integer = to_integer_network(network)
    assert len(integer.layers) == 53
    assert sum(layer.skip is not None for layer in integer.layers) == 10
    assert {layer.groups for layer in integer.layers if "depthwise" in layer.name} >= {32, 960}
    assert integer.layers[-1].weight.shape == (10, 1280, 4, 4)


def test_channels_scale_to_multiples_of_eight() -> None:
    assert [scaled(c, 32) for c in (16, 24, 32, 64, 96, 160, 320)] == [16, 24, 32, 64, 96, 160, 320]
    assert [scaled(c, 16) for c in (16, 24, 32, 320)] == [8, 16, 16, 160]


def test_resnet_shortcuts_read_the_blocks_input() -> None:
    network = TrainingConfig(model="resnet20").build()
    network.start_quantisation(torch.rand(2, 3, 32, 32))
    layers = {layer.name: layer for layer in to_integer_network(network).layers}
    assert layers["stage2.block1.first"].source == "stage1.block3.second"
    assert layers["stage2.block1.shortcut"].source is None
    assert layers["stage2.block1.second"].skip == "stage2.block1.shortcut"
    assert layers["stage1.block1.second"].skip == "stem"


def test_resnet8_has_the_layers_of_mlperf_tiny() -> None:
    network = TrainingConfig(model="resnet8").build()
    weights = sum(unit.weight.numel() for unit in network.units())
    biases, norms = 3 * (16 + 32 + 64), 4 * (3 * 16 + 2 * 32 + 2 * 64)
    assert weights + biases + norms + 10 == 78_666, "Keras' count; its shortcuts have no BatchNorm"
    network.start_quantisation(torch.rand(2, 3, 32, 32))
    integer = to_integer_network(network)
    found = [(layer.weight.shape, layer.stride, layer.skip) for layer in integer.layers]
    assert found == [
        ((16, 3, 3, 3), 1, None),
        ((16, 16, 3, 3), 1, None),
        ((16, 16, 3, 3), 1, "stem"),
        ((32, 16, 1, 1), 2, None),
        ((32, 16, 3, 3), 2, None),
        ((32, 32, 3, 3), 1, "stage2.block1.shortcut"),
        ((64, 32, 1, 1), 2, None),
        ((64, 32, 3, 3), 2, None),
        ((64, 64, 3, 3), 1, "stage3.block1.shortcut"),
        ((10, 64, 8, 8), 1, None),
    ]
    assert integer.output_shapes()[-2] == (64, 8, 8)
    assert integer.sources()[4] == "stage1.block1.second"


@pytest.mark.parametrize("bits", [4, 3])
def test_resnet8_runs_whole_on_the_reference_backend(bits: int) -> None:
    """The planner takes every layer, and a program made of the plan gives the network's results."""
    pixels = read_records(SAMPLE, CIFAR10).pixels
    config = TrainingConfig(model="resnet8", weight_bits=(bits,), activation_bits=(bits,))
    network = untrained_integer_network(config, torch.from_numpy(pixels))
    core = CoreConfig(pin=16, pout=16)
    plan = plan_network(network, core, 8)
    outputs = dict(zip((x.name for x in network.layers), network.output_shapes(), strict=True))
    assert [layer.last.name for layer in plan.layers] == list(outputs)
    assert [layer.output for layer in plan.layers] == list(outputs.values())
    with Accelerator(Reference(core)) as accelerator:
        results = accelerator.load(network).run(pixels[:8])
    assert (results == run_network(network, pixels[:8])["classifier"].reshape(8, 10)).all()


def test_bit_widths_must_be_as_many_as_layers() -> None:
    with pytest.raises(ConfigError, match="needs 1 or 22 numbers"):
        TrainingConfig(model="resnet20", weight_bits=(4, 4))
