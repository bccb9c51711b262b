# SPDX-License-Identifier: Apache-2.0
"""The last training stage: the forward pass is the integer network's, code for code.

BatchNorm statistics are frozen. In every step the integer constants are derived anew from weights,
clips, gamma and beta (`constants`), and every layer computes floor((acc * m + r * mr + b) / 2^s),
exactly:

- codes are small integers held as float32; a convolution of them is exact in float32 while the
  accumulator bound stays below 2^24, in whatever order it adds, and runs in float64 beyond;
- a GPU's convolution may take an algorithm with fractions (Winograd's, say): its sums are rounded
  to integers, which is exact while it errs by less than a half;
- requantisation runs in float64, where |acc * m + r * mr + b| < 2^53 makes every operation exact.

The backward pass is that of the quantised graph: each exact tensor stands in for the real-valued
one it approximates (straight-through), so weights, clips, gamma, beta and biases keep learning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ref_model.integer.network import INPUT
from ref_model.training.constants import LayerConstants, network_constants
from ref_model.training.graph import trace
from ref_model.training.layers import (
    ClassifierUnit,
    ConvUnit,
    HeadUnit,
    Network,
    Unit,
    max_pool,
)
from ref_model.training.quantizers.base import over_channels

FLOAT32_EXACT = 2**24
"""Integers up to here, and so every partial sum bounded by it, are exact in float32."""


@dataclass(frozen=True)
class Codes:
    """A tensor of the integer graph: codes as float32, and what they mean.

    A code stands for (code - zero) * step; ``step`` is differentiable.
    """

    codes: Tensor
    step: Tensor
    zero: int = 0


class IntegerGraph:
    """The integer forward pass of ``network``, differentiable."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._steps = trace(network)

    def __call__(self, pixels: Tensor, record: dict[str, Tensor] | None = None) -> Tensor:
        """uint8 images (N, C, H, W) -> logits float64 (N, classes), ranked as the integer results.

        ``record``, when given, receives each layer's output by name: codes after pooling as float32
        (N, C, H, W), and of the classifier the raw integers (N, classes) as float64.
        """
        network = self.network
        codes = pixels.to(torch.float32).contiguous(memory_format=torch.channels_last)
        tensors = {INPUT: Codes(codes, torch.tensor(network.input_step, device=pixels.device))}
        constants = network_constants(network, self._steps)
        for step, layer in zip(self._steps[:-1], constants, strict=False):
            assert isinstance(step.unit, ConvUnit)
            skip = None if step.skip is None else tensors[step.skip]
            tensors[step.unit.name] = _conv(step.unit, layer, tensors[step.source], skip)
            if record is not None:
                record[step.unit.name] = tensors[step.unit.name].codes.detach()
        last = self._steps[-1]
        if isinstance(last.unit, HeadUnit):
            return _head(last.unit, constants[-1], tensors[last.source], record)
        assert isinstance(last.unit, ClassifierUnit)
        return _classify(last.unit, constants[-1], tensors[last.source], record)


def _head(
    unit: HeadUnit, layer: LayerConstants, source: Codes, record: dict[str, Tensor] | None
) -> Tensor:
    """The map of the last layer."""
    scale = source.step * unit.weight_quantizer.step(unit.weight)
    weight_codes = _weight_codes(unit, layer.weight)
    exact = source.codes, weight_codes
    if layer.accumulator_bound >= FLOAT32_EXACT:
        exact = source.codes.double(), weight_codes.double()
    accumulator = functional.conv2d(*exact).to(torch.float64)
    sums = weight_codes.sum((1, 2, 3)).to(torch.float64) * source.zero
    bias = stand_in(_column(layer.bias, scale)[:, 0, 0], unit.bias / scale - sums)
    raw = accumulator + bias[:, None, None]
    if record is not None:
        record[unit.name] = raw.detach()
    return raw * scale


def _classify(
    unit: ClassifierUnit, layer: LayerConstants, source: Codes, record: dict[str, Tensor] | None
) -> Tensor:
    """Logits of the last layer."""
    scale = source.step * unit.weight_quantizer.step(unit.weight) / unit.divisor
    # An averaged map has the same weights at every position: they meet the sums instead.
    exact = layer.weight[:, :, 0, 0] if unit.average else layer.weight
    weight_codes = _weight_codes(unit, exact)
    vectors = unit.gather(source.codes)
    if layer.accumulator_bound < FLOAT32_EXACT:
        accumulator = functional.linear(vectors, weight_codes).to(torch.float64)
    else:
        accumulator = functional.linear(vectors.double(), weight_codes.double())
    sums = weight_codes.sum(1).to(torch.float64) * (source.zero * unit.divisor)
    bias = stand_in(_column(layer.bias, scale)[:, 0, 0], unit.linear.bias / scale - sums)
    raw = accumulator + bias
    if record is not None:
        record[unit.name] = raw.detach()
    return raw * scale


def _conv(unit: ConvUnit, layer: LayerConstants, source: Codes, skip: Codes | None) -> Codes:
    """Output of one convolution layer, after pooling."""
    quantizer = unit.activation_quantizer
    weight_codes = _weight_codes(unit, layer.weight)
    if layer.accumulator_bound < FLOAT32_EXACT:
        accumulator = unit.convolve(source.codes, weight_codes)
    else:
        accumulator = unit.convolve(source.codes.double(), weight_codes.double())
    sums = accumulator.detach()
    result = requantise(
        sums.round() if sums.is_cuda else sums,
        layer,
        quantizer.levels,
        None if skip is None else skip.codes,
    )
    if torch.is_grad_enabled():
        norm = unit.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * factor
        scale = source.step * unit.weight_quantizer.step(unit.weight) * factor
        if source.zero:
            shift = shift - weight_codes.sum((1, 2, 3)) * source.zero * scale
        real = accumulator.to(torch.float32) * scale[:, None, None] + shift[:, None, None]
        if skip is not None:
            real = real + (skip.codes - skip.zero) * skip.step
        result = stand_in(result, quantizer(real) / quantizer.step())
    return Codes(max_pool(result, unit.pool), quantizer.step(), quantizer.zero)


def _weight_codes(unit: Unit, exact: npt.NDArray[np.int16]) -> Tensor:
    """Weight codes in the shape of the unit's weights; the gradient goes to weights and clip."""
    weight, quantizer = unit.weight, unit.weight_quantizer
    codes = torch.from_numpy(exact.reshape(weight.shape)).to(weight.device, torch.float32)
    if not torch.is_grad_enabled():
        return codes
    step = over_channels(quantizer.step(weight), weight)
    return stand_in(codes, quantizer(weight) / step)


def requantise(
    accumulator: Tensor, layer: LayerConstants, levels: int, skip: Tensor | None = None
) -> Tensor:
    """clamp((acc * m + r * mr + b) >> s, 0, levels) per channel, exact; float32 codes.

    Dividing m, mr and b by 2^s first changes exponents only, so nothing is rounded.
    """
    scale = 2.0**-layer.shift
    shifted = accumulator * _column(layer.multiplier * scale, accumulator)
    shifted += _column(layer.bias * scale, accumulator)
    if skip is not None:
        shifted.add_(skip.detach().to(torch.float64), alpha=layer.skip_multiplier * scale)
    return shifted.floor_().clamp_(0, levels).to(torch.float32)


def _column(values: npt.NDArray[Any], like: Tensor) -> Tensor:
    """One number a channel as float64 (C, 1, 1), on the device of ``like``."""
    return torch.from_numpy(values).to(like.device, torch.float64)[:, None, None]


def stand_in(exact: Tensor, real: Tensor) -> Tensor:
    """``exact`` forward, bit for bit; the gradient goes to ``real``, the tensor it approximates."""
    return _stand_in(exact, real)


class _StandIn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, exact: Tensor, real: Tensor) -> Tensor:
        ctx.dtype = real.dtype
        return exact.view_as(exact)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        return None, grad.to(ctx.dtype)


_stand_in: Callable[[Tensor, Tensor], Tensor] = _StandIn.apply
