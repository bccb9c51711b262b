# SPDX-License-Identifier: Apache-2.0
"""Layers that train in float or quantised, and that become one integer layer each."""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional

from ref_model.training.quantizers import ActivationQuantizer, Scheme, WeightQuantizer


class Mode(Enum):
    """What the forward pass of a layer computes."""

    FLOAT = "float"
    """Float weights, ReLU."""
    CALIBRATE = "calibrate"
    """As QUANTIZED, each activation clip set from what arrives (no gradient)."""
    QUANTIZED = "quantised"
    """Weights and activations on their grids (fake quantisation), BatchNorm in float."""


class ConvUnit(nn.Module):
    """Convolution, BatchNorm, optional 2x2 max pool, activation: one layer of the integer network.

    The hardware pools *codes*, after requantisation. Both BatchNorm's output and its quantisation
    grow monotonically into the codes, so pooling before the activation gives the same values and
    leaves a quarter of the elements to quantise.

    Input and output are float32 (N, C, H, W). ``pool`` is 1 (none) or 2.
    """

    def __init__(
        self,
        name: str,
        inputs: int,
        outputs: int,
        scheme: Scheme,
        weight_bits: int,
        activation_bits: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        pool: int = 1,
    ) -> None:
        super().__init__()
        self.name = name
        self.pool = pool
        self.mode = Mode.FLOAT
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)
        self.weight_quantizer: WeightQuantizer = scheme.weight(weight_bits)
        self.activation_quantizer: ActivationQuantizer = scheme.activation(activation_bits)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight
        if self.mode is not Mode.FLOAT:
            weight = self.weight_quantizer(weight)
        x = self.norm(self.convolve(x, weight))
        if self.pool > 1:
            x = functional.max_pool2d(x, self.pool)
        if self.mode is Mode.FLOAT:
            return functional.relu(x, inplace=True)
        if self.mode is Mode.CALIBRATE:
            self.activation_quantizer.calibrate(x)
        quantised: Tensor = self.activation_quantizer(x)
        return quantised

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution alone, with the given weights."""
        conv = self.conv
        return functional.conv2d(x, weight, None, conv.stride, conv.padding, 1, conv.groups)

    @torch.no_grad()
    def initialise_weights(self) -> None:
        """Set the weight clip from the float weights, and the weights to start from."""
        self.conv.weight.copy_(self.weight_quantizer.initialise(self.conv.weight))


class ClassifierUnit(nn.Module):
    """Linear layer with bias over the whole (C, H, W) map: the last, raw layer.

    Input float32 (N, C, H, W), output float32 (N, classes).
    """

    def __init__(
        self, name: str, shape: tuple[int, int, int], classes: int, scheme: Scheme, weight_bits: int
    ) -> None:
        super().__init__()
        self.name = name
        self.shape = shape
        self.mode = Mode.FLOAT
        self.linear = nn.Linear(shape[0] * shape[1] * shape[2], classes)
        self.weight_quantizer: WeightQuantizer = scheme.weight(weight_bits)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.linear.weight
        if self.mode is not Mode.FLOAT:
            weight = self.weight_quantizer(weight)
        return functional.linear(x.flatten(1), weight, self.linear.bias)

    @torch.no_grad()
    def initialise_weights(self) -> None:
        """Set the weight clip from the float weights, and the weights to start from."""
        self.linear.weight.copy_(self.weight_quantizer.initialise(self.linear.weight))


class Network(nn.Module):
    """A chain of `ConvUnit` ended by a `ClassifierUnit`.

    ``input_shape`` is (C, H, W) of the image, whose codes are its bytes (value = code / 255).
    """

    input_step = 1.0 / 255.0
    input_bits = 8

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        features: list[ConvUnit],
        classifier: ClassifierUnit,
    ) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.features = nn.ModuleList(features)
        self.classifier = classifier

    def conv_units(self) -> list[ConvUnit]:
        """The convolution layers in order."""
        return [unit for unit in self.features if isinstance(unit, ConvUnit)]

    def set_mode(self, mode: Mode) -> None:
        """Choose what every layer's forward pass computes."""
        for unit in self.conv_units():
            unit.mode = mode
        self.classifier.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Images in [0, 1] float32 (N, C, H, W) -> logits (N, classes)."""
        for unit in self.conv_units():
            x = unit.forward(x)
        return self.classifier.forward(x)

    @torch.no_grad()
    def start_quantisation(self, images: Tensor) -> None:
        """Set every clip from the float network, layer after layer, and switch to QUANTIZED.

        ``images`` (float32 in [0, 1], some hundreds) calibrate the activations, each layer behind
        the quantised ones before it; BatchNorm's running statistics become those of ``images``.
        """
        for unit in self.conv_units():
            unit.initialise_weights()
        self.classifier.initialise_weights()
        momenta = [unit.norm.momentum for unit in self.conv_units()]
        for unit in self.conv_units():
            unit.norm.momentum = 1.0
        self.train()
        self.set_mode(Mode.CALIBRATE)
        self(images)
        self.set_mode(Mode.QUANTIZED)
        for unit, momentum in zip(self.conv_units(), momenta, strict=True):
            unit.norm.momentum = momentum
