# SPDX-License-Identifier: Apache-2.0
"""Integer constants of a trained network, derived in float64.

One layer computes, on integers alone, y = clamp((acc * m[c] + b[c]) >> s, 0, 2^bits - 1). With
S_in, S_w, S_out the steps (value of one code) of input, weights and output, and BatchNorm
gamma * (x - mean) / sqrt(var + eps) + beta per channel c::

    scale[c]  = S_in * S_w * gamma / sqrt(var + eps) / S_out
    offset[c] = (beta - mean * gamma / sqrt(var + eps)) / S_out
    y         = clamp(floor(acc * scale + offset + 1/2), 0, levels)      real numbers
    m[c]      = floor(scale * 2^s + 1/2)
    b[c]      = floor(offset * 2^s + 1/2) + 2^(s-1)                      (no half for s = 0)

BatchNorm stays out of the weight codes; gamma may be negative. `training.integer_stage` computes
its forward pass with these numbers and `training.export` writes the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ref_model.training.layers import ClassifierUnit, ConvUnit, Network
from ref_model.training.quantizers.base import FloatArray
from ref_model.training.rounding import round_half_up

MULTIPLIER_TARGET = 2**16 - 1
"""Largest |m| of a layer that the choice of the shift aims at; the hardware takes 2^17 - 1."""
BIAS_LIMIT = 2**45 - 1
"""Largest |b| (46 bits signed)."""
SHIFT_LIMIT = 40
"""Largest shift."""
ACCUMULATOR_LIMIT = 2**26 - 1
"""Largest |acc| the hardware is built for."""


class RangeError(ValueError):
    """A trained value does not fit the integer format; the message names layer and value."""


@dataclass(frozen=True)
class LayerConstants:
    """Integers of one layer.

    ``weight`` int16 codes, (O, C/groups, kh, kw) or (O, C, H, W); ``multiplier`` int32 (O,);
    ``bias`` int64 (O,); ``shift`` one for the layer. ``accumulator_bound`` is the largest |acc|
    any input can cause. The classifier has multiplier 1 and shift 0, and its bias holds no half.
    """

    name: str
    weight: npt.NDArray[np.int16]
    multiplier: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int64]
    shift: int
    accumulator_bound: int


def requantisation(
    name: str, scale: FloatArray, offset: FloatArray
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], int]:
    """(m int32, b int64, s) of one layer from real ``scale`` and ``offset`` (float64, per channel).

    s is the largest shift in 0 .. 40 with every |m| at most 2^16 - 1 and every |b| below 2^45.
    Raises RangeError when there is none or a value is not finite.
    """
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        raise RangeError(f"{name}: scale or offset is not finite")
    for shift in range(SHIFT_LIMIT, -1, -1):
        multiplier = round_half_up(np.ldexp(scale, shift))
        half = 2.0 ** (shift - 1) if shift else 0.0
        bias = round_half_up(np.ldexp(offset, shift)) + half
        if np.abs(multiplier).max() <= MULTIPLIER_TARGET and np.abs(bias).max() <= BIAS_LIMIT:
            return multiplier.astype(np.int32), bias.astype(np.int64), shift
    raise RangeError(
        f"{name}: no shift fits scale up to {np.abs(scale).max():g} and "
        f"offset up to {np.abs(offset).max():g}"
    )


def accumulator_bound(name: str, weight: npt.NDArray[np.int16], largest_code: int) -> int:
    """Largest |acc| that inputs in 0 .. ``largest_code`` can cause; RangeError beyond 2^26 - 1."""
    codes = weight.reshape(len(weight), -1).astype(np.int64)
    positive = np.where(codes > 0, codes, 0).sum(axis=1).max()
    negative = np.where(codes < 0, -codes, 0).sum(axis=1).max()
    bound = int(max(positive, negative)) * largest_code
    if bound > ACCUMULATOR_LIMIT:
        raise RangeError(f"{name}: accumulator reaches {bound}, the limit is {ACCUMULATOR_LIMIT}")
    return bound


def conv_constants(unit: ConvUnit, input_step: float, largest_code: int) -> LayerConstants:
    """Constants of a convolution with input codes 0 .. ``largest_code`` of ``input_step`` each."""
    weight, weight_step = unit.weight_quantizer.integer(_float64(unit.conv.weight))
    norm = unit.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = _float64(norm.weight) / np.sqrt(_float64(norm.running_var) + norm.eps)
    output_step = unit.activation_quantizer.integer_step()
    if not output_step > 0:
        raise RangeError(f"{unit.name}: activation step {output_step} is not positive")
    scale = factor * (input_step * weight_step / output_step)
    offset = (_float64(norm.bias) - _float64(norm.running_mean) * factor) / output_step
    multiplier, bias, shift = requantisation(unit.name, scale, offset)
    bound = accumulator_bound(unit.name, weight, largest_code)
    return LayerConstants(unit.name, weight, multiplier, bias, shift, bound)


def classifier_constants(
    unit: ClassifierUnit, input_step: float, largest_code: int
) -> LayerConstants:
    """Constants of the last layer: m = 1, b = floor(bias / (S_in * S_w) + 1/2), s = 0."""
    weight, weight_step = unit.weight_quantizer.integer(_float64(unit.linear.weight))
    weight = weight.reshape(-1, *unit.shape)
    bias = round_half_up(_float64(unit.linear.bias) / (input_step * weight_step))
    if not np.abs(bias).max() <= BIAS_LIMIT:
        raise RangeError(f"{unit.name}: bias up to {np.abs(bias).max():g} does not fit 46 bits")
    bound = accumulator_bound(unit.name, weight, largest_code)
    ones = np.ones(len(weight), np.int32)
    return LayerConstants(unit.name, weight, ones, bias.astype(np.int64), 0, bound)


def network_constants(network: Network) -> list[LayerConstants]:
    """Constants of every layer in order; RangeError when one does not fit its integer format."""
    layers = []
    step, largest = network.input_step, 2**network.input_bits - 1
    for unit in network.conv_units():
        layers.append(conv_constants(unit, step, largest))
        step = unit.activation_quantizer.integer_step()
        largest = unit.activation_quantizer.levels
    layers.append(classifier_constants(network.classifier, step, largest))
    return layers


def _float64(x: Tensor) -> FloatArray:
    """A float32 parameter or buffer as float64 (exact)."""
    array: FloatArray = x.detach().to(torch.float64).contiguous().numpy()
    return array
