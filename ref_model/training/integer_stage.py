# SPDX-License-Identifier: Apache-2.0
"""The last training stage: the forward pass is the integer network's, code for code.

BatchNorm statistics are frozen. In every step the integer constants are derived anew from weights,
clips, gamma and beta (`constants`), and every layer computes floor((acc * m + b) / 2^s), exactly:

- codes are small integers held as float32; a convolution of them is exact in float32 while the
  accumulator bound stays below 2^24, in whatever order it adds, and runs in float64 beyond;
- requantisation runs in float64, where |acc * m + b| < 2^53 makes every operation exact.

The backward pass is that of the quantised graph: each exact tensor stands in for the real-valued
one it approximates (straight-through), so weights, clips, gamma, beta and biases keep learning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ref_model.training.constants import LayerConstants, network_constants
from ref_model.training.layers import ConvUnit, Network

FLOAT32_EXACT = 2**24
"""Integers up to here, and so every partial sum bounded by it, are exact in float32."""


class IntegerGraph:
    """The integer forward pass of ``network``, differentiable."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def __call__(self, pixels: Tensor, record: dict[str, Tensor] | None = None) -> Tensor:
        """uint8 images (N, C, H, W) -> logits float64 (N, classes), ranked as the integer results.

        ``record``, when given, receives each layer's output by name: codes after pooling as float32
        (N, C, H, W), and of the classifier the raw integers (N, classes) as float64.
        """
        network = self.network
        constants = network_constants(network)
        codes = pixels.to(torch.float32).contiguous(memory_format=torch.channels_last)
        step = torch.tensor(network.input_step)
        for unit, layer in zip(network.conv_units(), constants, strict=False):
            codes = _conv(unit, layer, codes, step)
            step = unit.activation_quantizer.step()
            if record is not None:
                record[unit.name] = codes.detach()
        return self._classify(constants[-1], codes, step, record)

    def _classify(
        self, layer: LayerConstants, codes: Tensor, step: Tensor, record: dict[str, Tensor] | None
    ) -> Tensor:
        unit = self.network.classifier
        weight = unit.linear.weight
        scale = step * unit.weight_quantizer.step(weight)
        exact = torch.from_numpy(layer.weight.reshape(weight.shape)).to(torch.float32)
        weight_codes = stand_in(
            exact, unit.weight_quantizer(weight) / unit.weight_quantizer.step(weight)
        )
        bias = stand_in(torch.from_numpy(layer.bias).to(torch.float64), unit.linear.bias / scale)
        if layer.accumulator_bound < FLOAT32_EXACT:
            accumulator = functional.linear(codes.flatten(1), weight_codes).to(torch.float64)
        else:
            accumulator = functional.linear(codes.flatten(1).double(), weight_codes.double())
        raw = accumulator + bias
        if record is not None:
            record[unit.name] = raw.detach()
        return raw * scale


def _conv(unit: ConvUnit, layer: LayerConstants, codes: Tensor, step: Tensor) -> Tensor:
    """Output codes of one convolution layer, after pooling."""
    weight_step = unit.weight_quantizer.step(unit.conv.weight)
    exact = torch.from_numpy(layer.weight).to(torch.float32)
    weight_codes = stand_in(exact, unit.weight_quantizer(unit.conv.weight) / weight_step)
    if layer.accumulator_bound < FLOAT32_EXACT:
        accumulator = unit.convolve(codes, weight_codes)
    else:
        accumulator = unit.convolve(codes.double(), weight_codes.double())
    result = requantise(accumulator.detach(), layer, unit.activation_quantizer.levels)
    if torch.is_grad_enabled():
        norm = unit.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * factor
        real = accumulator.to(torch.float32) * (step * weight_step * factor)[:, None, None]
        real = real + shift[:, None, None]
        quantizer = unit.activation_quantizer
        result = stand_in(result, quantizer(real) / quantizer.step())
    return functional.max_pool2d(result, unit.pool) if unit.pool > 1 else result


def requantise(accumulator: Tensor, layer: LayerConstants, levels: int) -> Tensor:
    """clamp((acc * m + b) >> s, 0, levels) per channel, exact; float32 codes.

    Dividing m and b by 2^s first changes exponents only, so nothing is rounded.
    """
    scale = 2.0**-layer.shift
    multiplier = torch.from_numpy(layer.multiplier * scale)[:, None, None]
    bias = torch.from_numpy(layer.bias * scale)[:, None, None]
    shifted = accumulator.to(torch.float64).mul_(multiplier).add_(bias)
    return shifted.floor_().clamp_(0, levels).to(torch.float32)


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
