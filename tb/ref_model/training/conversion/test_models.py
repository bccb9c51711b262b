# SPDX-License-Identifier: Apache-2.0
"""Models of strangers: the same float outputs, then integers, then the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="converting models needs PyTorch")

import torch
from torch import Tensor, nn
from torch.nn import functional

import lsfq
from ref_model.hardware.core_config import CoreConfig
from ref_model.integer import run_network
from ref_model.training.integer_stage import IntegerGraph
from ref_model.training.layers import Mode, Network
from ref_model.training.quantizers import WEIGHT_CLIPS
from tb.ref_model.training.conversion.models import LeNet, MobileNetV2, ResNet18, Vgg, settle
from tb.ref_model.training.ranks import plain_layout

CORE = CoreConfig(pin=8, pout=8)

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


@torch.no_grad()
def outputs(model: nn.Module, images: Tensor) -> Tensor:
    result: Tensor = model.eval()(images)
    return result


def integer_logits(network: Network, pixels: Tensor, folder: Path) -> Tensor:
    """Raw results (N, classes) of the exported network, float64."""
    integers = lsfq.export(network, folder)
    raw = run_network(integers, pixels.numpy())[integers.layers[-1].name]
    return torch.from_numpy(raw.reshape(len(pixels), -1)).double()


def relative_error(expected: Tensor, found: Tensor) -> float:
    """Size of the error in that of what differs between images; ``found`` in units of its own."""
    expected = expected.double()
    scale = (expected * found).sum() / (found * found).sum()
    spread = expected - expected.mean(0)
    return float((found * scale - expected).norm() / spread.norm())


def test_float_outputs_are_the_models_and_eight_bits_are_near(
    stranger: Made, tmp_path: Path
) -> None:
    model, pixels = stranger
    images = pixels / 255
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network = lsfq.quantize(model, images[:2], 8, 8)
    expected = outputs(model, images)
    assert not network.training
    torch.testing.assert_close(network(images), expected, rtol=1e-5, atol=1e-5)
    assert network.report.output_difference < 1e-5
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), f"quantize changed {name}"
    lsfq.calibrate(network, images)
    error = relative_error(expected, integer_logits(network, pixels, tmp_path / "n"))
    depthwise = any(layer.kind == "depthwise" for layer in network.report.layers)
    assert error < (0.6 if depthwise else 0.12), "depthwise layers have 4 bits"


def test_the_models_mode_comes_back() -> None:
    model = settle(Vgg())
    model.train()
    model.get_submodule("features.1").eval()
    modes = [module.training for module in model.modules()]
    assert lsfq.quantize(model, torch.rand(2, 3, 16, 16)).training
    assert [module.training for module in model.modules()] == modes


def test_four_bits_run_on_the_reference_core(stranger: Made, tmp_path: Path) -> None:
    """The core's program and the last stage of training give the codes of the integer network."""
    model, pixels = stranger
    network = lsfq.quantize(model, pixels / 255)
    lsfq.calibrate(network, pixels)
    integers = lsfq.export(network, tmp_path / "n")
    expected = run_network(integers, pixels.numpy())
    with lsfq.Accelerator(lsfq.Reference(CORE)) as accelerator:
        found = accelerator.load(tmp_path / "n").run(pixels.numpy())
    np.testing.assert_array_equal(found, expected[integers.layers[-1].name][:, :, 0, 0])
    record: dict[str, Tensor] = {}
    with torch.no_grad(), plain_layout():
        IntegerGraph(network)(pixels, record)
    for name, codes in record.items():
        exact = torch.from_numpy(expected[name].astype(np.int64)).reshape(codes.shape)
        assert torch.equal(codes.long(), exact), name


@pytest.mark.parametrize("clips", WEIGHT_CLIPS)
def test_fake_quantisation_is_the_integer_network_but_for_rounding(
    clips: str, tmp_path: Path
) -> None:
    pixels = torch.randint(0, 256, (24, 1, 12, 12), dtype=torch.uint8)
    network = lsfq.quantize(settle(LeNet()), pixels / 255, weight_clips=clips)
    lsfq.calibrate(network, pixels)
    with torch.no_grad():
        fake = network(pixels / 255)
    error = relative_error(fake, integer_logits(network, pixels, tmp_path / "n"))
    assert error < 0.1


def test_layers_have_the_models_names_and_read_what_it_reads(tmp_path: Path) -> None:
    model = settle(ResNet18())
    network = lsfq.quantize(model, torch.rand(2, 3, 16, 16))
    lsfq.calibrate(network, torch.rand(8, 3, 16, 16))
    integers = lsfq.export(network, tmp_path / "resnet18")
    assert integers.name == "resnet18"
    layers = {layer.name: layer for layer in integers.layers}
    assert len(layers) == 21
    sources = dict(zip(layers, integers.sources(), strict=True))
    assert layers["layer1.0.conv2"].skip == "conv1"
    assert layers["layer2.0.conv2"].skip == "layer2.0.downsample.0"
    assert sources["layer2.0.downsample.0"] == sources["layer2.0.conv1"] == "layer1.1.conv2"
    assert (layers["layer2.0.conv1"].stride, layers["fc"].kernel) == (2, (2, 2))
    assert [layer.name for layer in network.report.layers] == list(layers)


def test_a_hidden_linear_layer_is_an_integer_layer_of_its_own(tmp_path: Path) -> None:
    network = lsfq.quantize(settle(LeNet()), torch.rand(2, 1, 12, 12))
    lsfq.calibrate(network, torch.rand(8, 1, 12, 12))
    integers = lsfq.export(network, tmp_path / "lenet")
    kinds = [(x.kind, x.kernel, x.output_bits) for x in integers.layers]
    assert kinds == [
        ("conv", (3, 3), 4), ("conv", (3, 3), 4), ("linear", (3, 3), 4), ("linear", (1, 1), 4),
        ("linear", (1, 1), None),
    ]  # fmt: skip


def test_depthwise_layers_of_eight_bits_are_said_to_have_four(tmp_path: Path) -> None:
    network = lsfq.quantize(settle(MobileNetV2()), torch.rand(2, 3, 16, 16), 8, 8)
    reports = {layer.name: layer for layer in network.report.layers}
    depthwise = reports["features.2.conv.1.0"]
    assert (depthwise.kind, depthwise.weight_bits, depthwise.activation_bits) == ("depthwise", 4, 8)
    assert "W4 for W8" in depthwise.notes[0]
    before = reports["features.2.conv.0.0"]
    assert (before.weight_bits, before.activation_bits) == (8, 4)
    assert "read by the depthwise features.2.conv.1.0" in str(network.report)
    lsfq.calibrate(network, torch.rand(8, 3, 16, 16))
    integers = lsfq.export(network, tmp_path / "n")
    for layer in integers.layers:
        assert layer.weight_bits == reports[layer.name].weight_bits
        assert layer.output_bits == reports[layer.name].activation_bits
    with lsfq.Accelerator(lsfq.Reference(CORE)) as accelerator:
        accelerator.load(integers)


def test_bits_of_first_last_and_named_layers() -> None:
    network = lsfq.quantize(
        settle(Vgg()), torch.rand(2, 3, 16, 16), 3, 4, first_bits=8, last_bits=2,
        layer_bits={"features.8": (2, 3), "classifier.0": 8},
    )  # fmt: skip
    found = [(x.weight_bits, x.activation_bits) for x in network.report.layers]
    assert found == [(8, 4), (3, 4), (2, 3), (3, 4), (8, 4), (3, 4), (2, None)]
    bits = [unit.weight_quantizer.bits for unit in network.units()]
    assert bits == [pair[0] for pair in found]


def test_relu6_clips_in_float_and_bounds_the_clips() -> None:
    model = settle(MobileNetV2())
    with torch.no_grad():
        model.get_parameter("features.0.1.bias").fill_(9.0)
    images = torch.rand(8, 3, 16, 16)
    network = lsfq.quantize(model, images)
    torch.testing.assert_close(network(images), model(images), rtol=1e-5, atol=1e-5)
    first = network.conv_units()[0]
    assert float(first(images).detach().max()) == 6.0
    lsfq.calibrate(network, images)
    assert float(first.activation_quantizer.alpha.detach()) <= 6.0


def test_an_own_loop_trains_the_points_back() -> None:
    torch.manual_seed(0)
    model = settle(LeNet())
    images = torch.rand(40, 1, 12, 12)
    with torch.no_grad():
        labels = model(images).argmax(1)
    network = lsfq.quantize(model, images, 2, 2)
    lsfq.calibrate(network, images)
    start = {name: value.detach().clone() for name, value in network.named_parameters()}
    optimiser = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
    losses = []
    network.train()
    for _ in range(12):
        loss = functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    fixed = [name for name, value in network.named_parameters() if torch.equal(value, start[name])]
    assert all(name.endswith("norm.weight") for name in fixed), "the rest learns"


def test_fit_trains_on_the_integer_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = settle(LeNet())
    pixels = torch.randint(0, 256, (60, 1, 12, 12), dtype=torch.uint8)
    with torch.no_grad():
        labels = model(pixels / 255).argmax(1)
    batches = [(pixels[start::3], labels[start::3]) for start in range(3)]
    network = lsfq.quantize(model, pixels / 255, 2, 2)
    with plain_layout():
        results = lsfq.fit(network, batches, epochs=4, rate=0.02, integer_epochs=2, quiet=True)
    assert [(x.stage, x.epoch) for x in results] == [
        *(("quantised", n) for n in (1, 2, 3, 4)), ("integer", 1), ("integer", 2)
    ]  # fmt: skip
    assert results[-1].loss < results[0].loss
    assert not network.training
    assert all(unit.mode is Mode.QUANTIZED for unit in network.units())
    lsfq.export(network, tmp_path / "n")
