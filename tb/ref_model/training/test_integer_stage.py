# SPDX-License-Identifier: Apache-2.0
"""The integer graph of PyTorch and the integer reference model agree on every code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="compares PyTorch's integer graph with numpy's")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfq.files import SAMPLE
from ref_model.datasets import CIFAR10, read_records
from ref_model.integer import check_accumulators, run_network
from ref_model.integer.requantisation import BIAS_LIMIT, RangeError, requantisation
from ref_model.training.augment import to_unit
from ref_model.training.config import TrainingConfig
from ref_model.training.constants import accumulator_bound, network_constants
from ref_model.training.export import to_integer_network
from ref_model.training.integer_stage import IntegerGraph, stand_in
from ref_model.training.layers import Network
from ref_model.training.quantizers import QUANTIZERS, WEIGHT_CLIPS
from ref_model.training.untrained import untrained_network

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "networks" / "vgg7_w32_w4a4" / "checkpoint.pt"


def sample(count: int = 64) -> np.ndarray:
    """Real CIFAR-10 test images, uint8 (count, 3, 32, 32)."""
    path = SAMPLE
    return read_records(path, CIFAR10).pixels[:count]


BY_CLIPS = pytest.mark.parametrize("clips", WEIGHT_CLIPS)


def calibrated(**options: object) -> Network:
    """An untrained network whose clips and BatchNorm fit the sample, gammas of both signs."""
    config = TrainingConfig(**{"width": 8, "seed": 5, **options})  # type: ignore[arg-type]
    network = untrained_network(config, torch.from_numpy(sample()))
    torch.nn.init.uniform_(network.classifier.linear.bias, -1, 1)
    return network


def assert_same_codes(network: Network, pixels: np.ndarray) -> None:
    """Compare every tensor of every layer; the message names layer and place."""
    ours: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        logits = IntegerGraph(network)(torch.from_numpy(pixels), ours)
    integer = to_integer_network(network)
    check_accumulators(integer)
    reference = run_network(integer, pixels)
    assert list(ours) == list(reference)[1:]
    for name, tensor in ours.items():
        expected = reference[name].reshape(tensor.shape)
        wrong = np.argwhere(tensor.numpy() != expected)
        assert len(wrong) == 0, f"{name}: {len(wrong)} differ, first at {wrong[0]}"
    raw = reference[list(reference)[-1]].reshape(len(pixels), -1)
    assert (logits.argmax(1).numpy() == raw.argmax(1)).all()


@BY_CLIPS
@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_every_code_of_every_layer_agrees(quantizer: str, clips: str) -> None:
    assert_same_codes(calibrated(quantizer=quantizer, weight_clips=clips), sample())


@pytest.mark.parametrize(
    ("model", "bits"), [("mobilenetv2", 3), ("mobilenetv2", 4), ("resnet8", 3), ("resnet8", 8)]
)
def test_codes_agree_with_a_clip_a_channel(model: str, bits: int) -> None:
    network = calibrated(
        model=model, weight_bits=(bits,), activation_bits=(bits,), weight_clips="channel"
    )
    for unit in network.conv_units():
        _, steps = unit.weight_quantizer.integer(unit.weight.detach().double().numpy())
        assert len(np.unique(steps)) > 1, unit.name
    assert network.classifier.weight_quantizer.alpha.shape == ()
    assert_same_codes(network, sample(4))


@pytest.mark.parametrize(
    ("model", "width", "weights", "activations"),
    [("mobilenetv2", 32, 4, 4), ("mobilenetv2", 8, 3, 3), ("mobilenetv2", 8, 2, 8),
     ("resnet20", 16, 4, 4), ("resnet20", 8, 3, 3), ("resnet20", 8, 8, 2), ("resnet20", 8, 8, 8),
     ("resnet8", 16, 4, 4), ("resnet8", 16, 3, 3)],
)  # fmt: skip
def test_codes_agree_in_networks_with_residuals_and_depthwise_layers(
    model: str, width: int, weights: int, activations: int
) -> None:
    """Strides, depthwise layers, additions of signed and unsigned tensors, averages."""
    network = calibrated(
        model=model, width=width, weight_bits=(weights,), activation_bits=(activations,)
    )
    integer = to_integer_network(network)
    assert any(layer.skip is not None for layer in integer.layers)
    assert any(layer.stride == 2 for layer in integer.layers)
    assert_same_codes(network, sample(4))


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_every_quantiser_has_a_signed_grid(quantizer: str) -> None:
    assert_same_codes(calibrated(model="resnet20", width=8, quantizer=quantizer), sample(4))


def test_a_signed_tensor_means_the_same_in_both_graphs() -> None:
    """At 8 bits the integer graph is the real-valued one but for rounding, zeros included."""
    network = calibrated(model="resnet20", width=8, weight_bits=(8,), activation_bits=(8,))
    pixels = torch.from_numpy(sample(16))
    with torch.no_grad():
        logits = network(to_unit(pixels))
        difference = (IntegerGraph(network)(pixels) - logits).abs().mean()
    assert float(difference) < 0.03 * float(logits.abs().mean())


@pytest.mark.parametrize(
    ("weights", "activations"),
    [((2,) * 7, (2,) * 6), ((3,) * 7, (3,) * 6), ((8,) * 7, (8,) * 6),
     ((8, 2, 3, 4, 2, 3, 8), (2, 3, 4, 8, 2, 4))],
    ids=["W2A2", "W3A3", "W8A8", "mixed"],
)  # fmt: skip
def test_codes_agree_at_every_bit_width(
    weights: tuple[int, ...], activations: tuple[int, ...]
) -> None:
    network = calibrated(weight_bits=weights, activation_bits=activations)
    assert_same_codes(network, sample(16))


def test_codes_agree_beyond_float32() -> None:
    """8-bit layers wide enough that an accumulator needs more than 24 bits."""
    network = calibrated(width=20, weight_bits=(8,) * 7, activation_bits=(8,) * 6)
    with torch.no_grad():
        network.classifier.linear.weight.fill_(1.0)
    assert network_constants(network)[-1].accumulator_bound > 2**24
    assert_same_codes(network, sample(4))


@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped checkpoint is not there")
def test_shipped_network_agrees_on_real_images() -> None:
    from ref_model.training.checkpoint import load_network

    network, _, _ = load_network(SHIPPED)
    assert_same_codes(network, sample())


def test_the_comparison_can_fail() -> None:
    network = calibrated()
    pixels = sample(8)
    reference = run_network(to_integer_network(network), pixels)
    ours: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        network.conv_units()[2].norm.bias.add_(0.02)
        IntegerGraph(network)(torch.from_numpy(pixels), ours)
    assert (ours["conv2"].numpy() == reference["conv2"]).all()
    assert (ours["conv3"].numpy() != reference["conv3"]).any()


@BY_CLIPS
def test_forward_is_the_same_with_and_without_gradients(clips: str) -> None:
    network = calibrated(weight_clips=clips)
    pixels = torch.from_numpy(sample(8))
    graph = IntegerGraph(network)
    with torch.no_grad():
        quiet = graph(pixels)
    loud = graph(pixels)
    assert torch.equal(quiet, loud.detach())
    torch.autograd.backward(loud.square().sum())
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


@BY_CLIPS
def test_gradients_are_those_of_the_quantised_graph(clips: str) -> None:
    """At 8 bits the integer and the quantised graph nearly coincide, gradients too.

    Not more than nearly: one code apart, and another pixel wins a pool or passes a ReLU.
    """
    network = calibrated(weight_bits=(8,) * 7, activation_bits=(8,) * 6, weight_clips=clips)
    pixels = torch.from_numpy(sample(32))
    target = torch.arange(32) % 10
    gradients = []
    for forward in (IntegerGraph(network), lambda x: network(to_unit(x))):
        loss = torch.nn.functional.cross_entropy(forward(pixels), target)
        inputs = list(network.parameters())
        gradients.append(torch.autograd.grad(loss, inputs))
    names = [name for name, _ in network.named_parameters()]
    for name, ours, theirs in zip(names, *gradients, strict=True):
        if "alpha" not in name:  # a clip's gradient is a small sum of rounding residues
            similarity = torch.cosine_similarity(ours.flatten(), theirs.flatten(), 0)
            assert similarity > 0.7, f"{name}: {similarity}"


def test_a_channels_step_is_a_factor_of_its_multiplier() -> None:
    """m / 2^s is what one code of the accumulator is worth in steps of the result."""
    network = calibrated(weight_clips="channel")
    first, second = network.conv_units()[:2]
    constants = network_constants(network)
    alpha, norm = second.weight_quantizer.alpha.detach().double(), second.norm
    assert norm.running_var is not None
    factor = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    steps = [float(unit.activation_quantizer.alpha.detach()) / 15 for unit in (first, second)]
    worth = (steps[0] * alpha / 7 * factor / steps[1]).detach().numpy()
    multiplier, shift = constants[1].multiplier, constants[1].shift
    np.testing.assert_allclose(multiplier / 2.0**shift, worth, rtol=0, atol=0.51 / 2**shift)
    assert float(alpha.max() / alpha.min()) > 1.1
    assert (constants[-1].multiplier == 1).all(), "classes compare as they are"


@pytest.mark.parametrize(("clips", "bits"), [("layer", 4), ("channel", 8)])
def test_integer_graph_is_close_to_the_quantised_one(clips: str, bits: int) -> None:
    """At 4 bits, a code that rounding moves in an early layer moves many behind it."""
    network = calibrated(weight_clips=clips, weight_bits=(bits,), activation_bits=(bits,))
    pixels = torch.from_numpy(sample())
    with torch.no_grad():
        logits = network(to_unit(pixels))
        difference = (IntegerGraph(network)(pixels) - logits).abs().mean()
    assert float(difference) < 0.03 * float(logits.abs().mean())


def test_stand_in_passes_value_and_gradient() -> None:
    real = torch.tensor([0.1, 2.9], requires_grad=True)
    y = stand_in(torch.tensor([0.0, 3.0], dtype=torch.float64), real)
    assert y.tolist() == [0.0, 3.0]
    torch.autograd.backward(y, torch.tensor([5.0, 7.0], dtype=torch.float64))
    assert real.grad is not None
    assert real.grad.tolist() == [5.0, 7.0]


@given(
    scale=st.lists(st.floats(-0.5, 0.5).filter(lambda x: abs(x) > 1e-6), min_size=1, max_size=8),
    offset=st.floats(-500, 500),
    accumulator=st.integers(-(2**20), 2**20),
)
@settings(max_examples=200, deadline=None)
def test_constants_reproduce_the_real_valued_requantisation(
    scale: list[float], offset: float, accumulator: int
) -> None:
    """Within the constants' own rounding, and exactly round half up when they have none."""
    scales = np.array(scale)
    multiplier, bias, shift = requantisation("x", scales, np.full(len(scale), offset))
    assert np.abs(multiplier).max() <= 2**16 - 1
    assert np.abs(bias).max() <= BIAS_LIMIT
    assert 0 <= shift <= 40
    for m, b, s in zip(multiplier.tolist(), bias.tolist(), scales, strict=True):
        ours = (accumulator * m + b) >> shift
        exact = accumulator * s + offset
        slack = (abs(accumulator) / 2 + 1) / 2**shift
        assert exact - 0.5 - slack <= ours <= exact + 0.5 + slack


def test_largest_multiplier_fills_its_bits() -> None:
    multiplier, _, shift = requantisation("x", np.array([3e-4, -7e-4]), np.zeros(2))
    assert 2**15 <= np.abs(multiplier).max() < 2**16
    assert multiplier[1] == np.floor(-7e-4 * 2.0**shift + 0.5)


def test_large_biases_lower_the_shift() -> None:
    _, bias, shift = requantisation("x", np.array([1e-9]), np.array([1e4]))
    assert np.abs(bias).max() <= BIAS_LIMIT
    assert shift < 40


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(RangeError, match="conv3"):
        requantisation("conv3", np.array([np.inf]), np.zeros(1))
    with pytest.raises(RangeError, match="conv3"):
        requantisation("conv3", np.array([1e9]), np.zeros(1))
    with pytest.raises(RangeError, match="conv9: accumulator"):
        accumulator_bound("conv9", np.full((1, 4096, 3, 3), 127, np.int16), 255)
