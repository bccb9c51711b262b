# SPDX-License-Identifier: Apache-2.0
"""Layers that train in float or quantised, and that become one integer layer each.

A network is an `nn.Module` derived from `Network` whose ``forward`` calls these layers; see
`training.graph` for what it may do.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional

from ref_model.training.joint_norm import JointBatchNorm2d
from ref_model.training.quantizers import ActivationQuantizer, Scheme, WeightQuantizer


class Mode(Enum):
    """What the forward pass of a layer computes."""

    FLOAT = "float"
    """Float weights, ReLU."""
    CALIBRATE = "calibrate"
    """As QUANTIZED, each activation clip set from what arrives (no gradient)."""
    QUANTIZED = "quantised"
    """Weights and activations on their grids (fake quantisation), BatchNorm in float."""


class FixedNorm2d(JointBatchNorm2d):
    """A bias a channel in BatchNorm's place, for layers that have none.

    The scale is 1, and the statistics (mean 0, variance 1) stay as they are in training, too.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=0.0)
        self.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        mean, var = self.running_mean, self.running_var
        return functional.batch_norm(x, mean, var, self.weight, self.bias, False, 0.0, self.eps)


class ConvUnit(nn.Module):
    """Convolution, BatchNorm, residual addition, max pool, activation: one integer layer.

    ``forward(x, skip)`` adds ``skip``, a tensor of the result's shape, before the activation.
    Input and output are float32 (N, C, H, W). ``pool`` is 1 (none), 2, or 3: a 3x3 max pool with
    stride 2 and padding 1. The padding keeps the size of the map (kernel // 2), where ``padding``
    does not say otherwise. A kernel of 7 with stride 2 may read the image (`integer.stem`).

    The convolution has no bias: BatchNorm's mean can hold one. ``fixed_norm`` puts a bias in
    BatchNorm's place (`FixedNorm2d`). ``ceiling`` clips the activation in FLOAT mode (6 is ReLU6);
    quantised activations have a learned clip, which calibration does not set above it.

    ``linear`` leaves the activation out. The grid of the result is then signed: codes stay
    unsigned, and code ``activation_quantizer.zero`` means 0. A layer that pads such a tensor
    cannot be exported (zero padding would not mean 0); 1x1 layers, residual additions and
    classifiers can take it.

    The hardware pools *codes*, after requantisation. Both BatchNorm's output and its quantisation
    grow monotonically into the codes, so pooling before the activation gives the same values and
    leaves a quarter of the elements to quantise.
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
        kernel: int | tuple[int, int] = 3,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        pool: int = 1,
        linear: bool = False,
        ceiling: float | None = None,
        fixed_norm: bool = False,
    ) -> None:
        super().__init__()
        self.name = name
        self.pool = pool
        self.linear = linear
        self.ceiling = ceiling
        self.mode = Mode.FLOAT
        self.training_type = torch.float32
        if padding is None:
            padding = (kernel if isinstance(kernel, int) else kernel[0]) // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = FixedNorm2d(outputs) if fixed_norm else JointBatchNorm2d(outputs)
        self.weight_quantizer: WeightQuantizer = scheme.weight(weight_bits, outputs)
        self.activation_quantizer: ActivationQuantizer = scheme.activation(activation_bits, linear)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    @property
    def weight(self) -> Tensor:
        """Float weights (O, C/groups, kh, kw)."""
        return self.conv.weight

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        weight = self.conv.weight
        if self.mode is not Mode.FLOAT:
            weight = self.weight_quantizer(weight)
        x = self.norm(self._convolve_in_training_type(x, weight))
        if skip is not None:
            x = x + skip
        if self.pool > 1:
            x = max_pool(x, self.pool)
        if self.mode is Mode.FLOAT:
            return x if self.linear else self._activation(x)
        if self.mode is Mode.CALIBRATE:
            self.activation_quantizer.calibrate(x if self.ceiling is None else self._activation(x))
        quantised: Tensor = self.activation_quantizer(x)
        return quantised

    def _activation(self, x: Tensor) -> Tensor:
        """The float activation, in the place of ``x`` where it has no ceiling."""
        if self.ceiling is None:
            return functional.relu(x, inplace=True)
        return x.clamp(0.0, self.ceiling)

    def _convolve_in_training_type(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution; in training with operands of ``training_type``, result as the weights.

        Depthwise layers stay in float32: they wait for memory, not for multiplications.
        """
        if not self.training or self.conv.groups > 1:
            return self.convolve(x, weight)
        operands = x.to(self.training_type), weight.to(self.training_type)
        return self.convolve(*operands).to(weight.dtype)

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution alone, with the given weights."""
        conv = self.conv
        return functional.conv2d(x, weight, None, conv.stride, conv.padding, 1, conv.groups)

    @torch.no_grad()
    def initialise_weights(self) -> None:
        """Set the weight clip from the float weights, and the weights to start from."""
        self.conv.weight.copy_(self.weight_quantizer.initialise(self.conv.weight))


def max_pool(x: Tensor, pool: int) -> Tensor:
    """The max pool of a layer, of (N, C, H, W): ``pool`` as in `ConvUnit`."""
    if pool == 1:
        return x
    return functional.max_pool2d(x, 2) if pool == 2 else functional.max_pool2d(x, 3, 2, 1)


class HeadUnit(nn.Module):
    """1x1 convolution with bias: the last, raw layer of a network whose result is a map.

    Input float32 (N, C, H, W), output float32 (N, outputs, H, W). One weight clip, so that the raw
    results of all channels compare as they are.
    """

    def __init__(
        self, name: str, inputs: int, outputs: int, scheme: Scheme, weight_bits: int
    ) -> None:
        super().__init__()
        self.name = name
        self.mode = Mode.FLOAT
        self.conv = nn.Conv2d(inputs, outputs, 1)
        self.weight_quantizer: WeightQuantizer = scheme.weight(weight_bits)

    @property
    def weight(self) -> Tensor:
        """Float weights (O, C, 1, 1)."""
        return self.conv.weight

    @property
    def bias(self) -> Tensor:
        """Float bias (O,)."""
        bias = self.conv.bias
        assert bias is not None
        return bias

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight
        if self.mode is not Mode.FLOAT:
            weight = self.weight_quantizer(weight)
        return functional.conv2d(x, weight, self.bias)

    @torch.no_grad()
    def initialise_weights(self) -> None:
        """Set the weight clip from the float weights, and the weights to start from."""
        self.conv.weight.copy_(self.weight_quantizer.initialise(self.conv.weight))


class LinearUnit(ConvUnit):
    """Linear layer over the whole (C, H, W) map, BatchNorm, activation: one integer layer.

    A layer between others; the last one is a `ClassifierUnit`. It is computed as a convolution with
    a kernel of the map's size. Input float32 (N, C, H, W), output float32 (N, outputs, 1, 1).
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, int, int],
        outputs: int,
        scheme: Scheme,
        weight_bits: int,
        activation_bits: int,
        *,
        linear: bool = False,
        ceiling: float | None = None,
        fixed_norm: bool = False,
    ) -> None:
        channels, height, width = shape
        super().__init__(
            name,
            channels,
            outputs,
            scheme,
            weight_bits,
            activation_bits,
            kernel=(height, width),
            padding=0,
            linear=linear,
            ceiling=ceiling,
            fixed_norm=fixed_norm,
        )


class ClassifierUnit(nn.Module):
    """Linear layer with bias over the whole (C, H, W) map: the last, raw layer.

    With ``average`` it sees the mean of each channel instead. As an integer layer that is a linear
    layer over the map with each weight repeated at every position: the exact sum, no rounding
    between, and the divisor in the scale of the result.
    Its weights share one clip always, so that the raw results of the classes compare as they are.
    Input float32 (N, C, H, W), output float32 (N, classes).
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, int, int],
        classes: int,
        scheme: Scheme,
        weight_bits: int,
        *,
        average: bool = False,
    ) -> None:
        super().__init__()
        self.name = name
        self.shape = shape
        self.average = average
        self.mode = Mode.FLOAT
        self.linear = nn.Linear(shape[0] if average else shape[0] * shape[1] * shape[2], classes)
        self.weight_quantizer: WeightQuantizer = scheme.weight(weight_bits)

    @property
    def weight(self) -> Tensor:
        """Float weights (classes, C) with ``average``, else (classes, C * H * W)."""
        return self.linear.weight

    @property
    def bias(self) -> Tensor:
        """Float bias (classes,)."""
        return self.linear.bias

    @property
    def divisor(self) -> int:
        """What the sums over the map are divided by: its positions with ``average``, else 1."""
        return self.shape[1] * self.shape[2] if self.average else 1

    def gather(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the vectors that meet the weights: sums over the map, or all of it."""
        return x.sum((2, 3)) if self.average else x.flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.linear.weight
        if self.mode is not Mode.FLOAT:
            weight = self.weight_quantizer(weight)
        vectors = self.gather(x)
        if self.average:
            vectors = vectors / self.divisor
        return functional.linear(vectors, weight, self.linear.bias)

    @torch.no_grad()
    def initialise_weights(self) -> None:
        """Set the weight clip from the float weights, and the weights to start from."""
        self.linear.weight.copy_(self.weight_quantizer.initialise(self.linear.weight))


Unit = ConvUnit | ClassifierUnit | HeadUnit
UNITS = (ConvUnit, ClassifierUnit, HeadUnit)
"""Layers that have an integer form."""

RAW_UNITS = (ClassifierUnit, HeadUnit)
"""Of these the last one of a network."""


class Network(nn.Module):
    """Base of trainable networks: derive, make layers, and call them in ``forward``.

    ``forward`` takes images in [0, 1], float32 (N, C, H, W), and returns logits (N, classes), or
    with a `HeadUnit` as the last layer a map.
    ``input_shape`` is (C, H, W) of the image, whose codes are its bytes (value = code / 255).
    """

    input_step = 1.0 / 255.0
    input_bits = 8
    classifier: ClassifierUnit
    """The last layer of a network that classifies."""

    def __init__(self, input_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.input_shape = input_shape

    def units(self) -> list[Unit]:
        """All layers, in the order in which they were made."""
        return [unit for unit in self.modules() if isinstance(unit, UNITS)]

    def conv_units(self) -> list[ConvUnit]:
        """The convolution layers, in the order in which they were made."""
        return [unit for unit in self.units() if isinstance(unit, ConvUnit)]

    def set_mode(self, mode: Mode) -> None:
        """Choose what every layer's forward pass computes."""
        for unit in self.units():
            unit.mode = mode

    def set_training_type(self, dtype: torch.dtype) -> None:
        """Choose the operands' type of convolutions in training; evaluation is in float32."""
        for unit in self.conv_units():
            unit.training_type = dtype

    @torch.no_grad()
    def start_quantisation(self, images: Tensor) -> None:
        """Set every clip from the float network, layer after layer, and switch to QUANTIZED.

        ``images`` (float32 in [0, 1], some hundreds) calibrate the activations, each layer behind
        the quantised ones before it; BatchNorm's running statistics become those of ``images``.
        """
        for unit in self.units():
            unit.initialise_weights()
        self.set_mode(Mode.CALIBRATE)
        self.average_statistics([images])
        self.set_mode(Mode.QUANTIZED)
        self.train()

    @torch.no_grad()
    def average_statistics(self, batches: Iterable[Tensor]) -> None:
        """Make BatchNorm's running statistics their mean over ``batches``, weights as they are.

        ``batches`` (float32 in [0, 1]) are of one size. The moving averages that training leaves
        behind lag behind the weights, and quantisation makes them noisy.
        """
        norms = [unit.norm for unit in self.conv_units()]
        momenta = [norm.momentum for norm in norms]
        self.eval()
        for norm in norms:
            norm.train()
        for count, images in enumerate(batches, 1):
            for norm in norms:
                norm.momentum = 1.0 / count
            self(images)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        self.eval()
