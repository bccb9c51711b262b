# SPDX-License-Identifier: Apache-2.0
"""Integer constants of a trained network, derived in float64.

One layer computes, on integers alone, y = clamp((acc * m[c] + r * mr + b[c]) >> s, 0, 2^bits - 1).
With S_in, S_w, S_r, S_out the steps (value of one code) of input, weights (one a layer, or one a
channel c; the classifier: one a layer), skip tensor and output,
z_in, z_r, z_out the codes that stand for 0 (0 but for signed tensors), W[c] the sum of a channel's
weight codes, and BatchNorm gamma * (x - mean) / sqrt(var + eps) + beta per channel c::

    scale[c]  = S_in * S_w * gamma / sqrt(var + eps) / S_out
    offset[c] = (beta - mean * gamma / sqrt(var + eps)) / S_out
    m[c]      = floor(scale * 2^s + 1/2)
    mr        = floor(S_r / S_out * 2^s + 1/2)
    b[c]      = floor(offset * 2^s + 1/2) + z_out * 2^s + 2^(s-1) - z_in * W[c] * m[c] - z_r * mr

(without the half for s = 0), which is y = clamp(floor(x / S_out + 1/2) + z_out, 0, levels) for the
real-valued result x. The zeros cost nothing: they are taken away from acc and r exactly, in b.
BatchNorm stays out of the weight codes; gamma may be negative. `training.integer_stage` computes
its forward pass with these numbers and `training.export` writes the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ref_model.integer.bounds import range_of_weights
from ref_model.integer.network import INPUT
from ref_model.integer.ranges import ACCUMULATOR_BITS, signed_range
from ref_model.integer.requantisation import (
    BIAS_LIMIT,
    FloatArray,
    RangeError,
    requantisation,
    round_half_up,
)
from ref_model.integer.thresholds import (
    RealConstants,
    differing_of,
    exact_steps,
    slopes,
)
from ref_model.integer.thresholds import (
    solve as solve_thresholds,
)
from ref_model.training.graph import Step, UnsupportedLayerError, trace
from ref_model.training.layers import (
    ClassifierUnit,
    ConvUnit,
    HeadUnit,
    Network,
    Unit,
)
from ref_model.training.quantizers.base import ActivationQuantizer


@dataclass(frozen=True)
class LayerConstants:
    """Integers of one layer.

    ``weight`` int16 codes, (O, C/groups, kh, kw) or (O, C, H, W); ``multiplier`` int32 (O,);
    ``bias`` int64 (O,); ``shift`` one for the layer. ``accumulator_bound`` is the largest |acc|
    any input can cause. The classifier has multiplier 1 and shift 0, and its bias holds no half.
    ``skip_multiplier`` is 0 without a skip tensor. ``agreement`` is there where it was asked for.
    ``result_step`` times a result of a map's last layer is the real number, 0.0 of other layers.
    """

    name: str
    weight: npt.NDArray[np.int16]
    multiplier: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int64]
    shift: int
    accumulator_bound: int
    skip_multiplier: int = 0
    agreement: Agreement | None = None
    result_step: float = 0.0


@dataclass(frozen=True)
class Agreement:
    """How a layer's integers keep to its real scale and offset.

    ``values`` accumulators, with skip codes, are in range; ``differing`` of them get another code
    than real numbers give them; ``rounded`` would with scale and offset rounded by themselves.
    """

    values: int
    differing: int
    rounded: int


@dataclass(frozen=True)
class Grid:
    """Codes 0 .. ``largest`` of one tensor; a code stands for (code - ``zero``) * ``step``."""

    step: float
    largest: int
    zero: int = 0

    @staticmethod
    def of(quantizer: ActivationQuantizer) -> Grid:
        """The grid of a layer's output."""
        return Grid(quantizer.integer_step(), quantizer.levels, quantizer.zero)


def accumulator_bound(name: str, weight: npt.NDArray[np.int16], largest_code: int) -> int:
    """Largest |acc| that inputs in 0 .. ``largest_code`` can cause; RangeError beyond 2^26 - 1."""
    bound = range_of_weights(weight, largest_code).magnitude
    limit = signed_range(ACCUMULATOR_BITS)[1]
    if bound > limit:
        raise RangeError(f"{name}: accumulator reaches {bound}, the limit is {limit}")
    return bound


def conv_constants(
    unit: ConvUnit, source: Grid, skip: Grid | None = None, solve: bool = False
) -> LayerConstants:
    """Constants of a convolution that reads a tensor of grid ``source`` and adds one of ``skip``.

    With ``solve`` they are those of the fewest accumulators that get another code than the real
    scale and offset give them (`ref_model.integer.thresholds`), instead of the rounded ones.
    Raises RangeError when a value does not fit or is not finite, UnsupportedLayerError when the
    layer pads a signed tensor, whose zero is not code 0.
    """
    check_numbers(unit)
    if source.zero and unit.conv.padding != (0, 0):
        raise UnsupportedLayerError(
            f"layer {unit.name}: pads a signed tensor, where code 0 does not mean 0; "
            "a ConvUnit(linear=True) may be read by 1x1 layers, residual additions and classifiers"
        )
    weight, weight_step = unit.weight_quantizer.integer(_float64(unit.weight))
    norm = unit.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = _float64(norm.weight) / np.sqrt(_float64(norm.running_var) + norm.eps)
    result = Grid.of(unit.activation_quantizer)
    scale = factor * (source.step * weight_step / result.step)
    offset = (_float64(norm.bias) - _float64(norm.running_mean) * factor) / result.step
    skip_scale = skip.step / result.step if skip is not None else 0.0
    multiplier, bias, shift = requantisation(unit.name, scale, offset, skip_scale)
    skip_multiplier = int(round_half_up(np.ldexp(np.array(skip_scale), shift)))
    bias += result.zero << shift
    bias -= source.zero * _sums(weight) * multiplier
    if skip is not None:
        bias -= skip.zero * skip_multiplier
    _check_bias(unit.name, bias)
    bound = accumulator_bound(unit.name, weight, source.largest)
    rounded = LayerConstants(unit.name, weight, multiplier, bias, shift, bound, skip_multiplier)
    if not solve:
        return rounded
    zeros = offset + result.zero - source.zero * _sums(weight) * scale
    return _solved(rounded, source, skip, result, scale, zeros, skip_scale)


def _solved(
    rounded: LayerConstants, source: Grid, skip: Grid | None, result: Grid,
    scale: FloatArray, offset: FloatArray, skip_scale: float,
) -> LayerConstants:  # fmt: skip
    """The constants of the fewest differing accumulators, the ``rounded`` ones where none is fewer.

    ``offset`` is that of the accumulator of codes as they are stored.
    """
    reach = range_of_weights(rounded.weight, source.largest)
    slope = Fraction(skip_scale)
    moved = Fraction(0) if skip is None else slope * skip.zero
    real = RealConstants(
        [Fraction(float(x)) for x in scale], [Fraction(float(x)) - moved for x in offset],
        reach.low, reach.high, 0, result.largest,
        slope, 1 if skip is None else skip.largest + 1,
    )  # fmt: skip
    steps = exact_steps(real)
    before = int(
        differing_of(
            steps, rounded.multiplier, rounded.bias, rounded.shift, rounded.skip_multiplier
        ).sum()
    )
    found = (
        solve_thresholds(f"layer {rounded.name}", steps, slopes(real), slope) if before else None
    )
    after = before if found is None else int(found.differing.sum())
    agreement = Agreement(steps.values, min(before, after), before)
    if found is None or after >= before:
        return replace(rounded, agreement=agreement)
    return replace(
        rounded, multiplier=found.multiplier, bias=found.bias, shift=found.shift,
        skip_multiplier=found.skip_multiplier, agreement=agreement,
    )  # fmt: skip


def classifier_constants(unit: ClassifierUnit, source: Grid) -> LayerConstants:
    """Constants of the last layer: m = 1, b = floor(bias / scale + 1/2) - z_in * W[c], s = 0.

    ``scale`` is S_in * S_w, divided by the number of positions where the map is averaged.
    Raises RangeError as `conv_constants` does.
    """
    check_numbers(unit)
    weight, weight_step = unit.weight_quantizer.integer(_float64(unit.weight))
    classes, channels, height, width = len(weight), *unit.shape
    if unit.average:
        weight = np.broadcast_to(weight[:, :, None, None], (classes, channels, height, width))
    weight = np.ascontiguousarray(weight).reshape(classes, channels, height, width)
    scale = source.step * weight_step / unit.divisor
    bias = round_half_up(_float64(unit.linear.bias) / scale) - source.zero * _sums(weight)
    _check_bias(unit.name, bias)
    bound = accumulator_bound(unit.name, weight, source.largest)
    ones = np.ones(classes, np.int32)
    return LayerConstants(unit.name, weight, ones, bias.astype(np.int64), 0, bound)


def head_constants(unit: HeadUnit, source: Grid) -> LayerConstants:
    """Constants of the last layer of a map, as `classifier_constants` without its divisor."""
    check_numbers(unit)
    weight, weight_step = unit.weight_quantizer.integer(_float64(unit.weight))
    step = float(source.step * weight_step)
    bias = round_half_up(_float64(unit.bias) / step)
    bias = bias - source.zero * _sums(weight)
    _check_bias(unit.name, bias)
    bound = accumulator_bound(unit.name, weight, source.largest)
    ones = np.ones(len(weight), np.int32)
    return LayerConstants(
        unit.name, weight, ones, bias.astype(np.int64), 0, bound, result_step=step
    )


def check_numbers(unit: Unit) -> None:
    """RangeError, naming the layer, for a weight or constant that is NaN or infinite, or a clip
    that is not positive: such numbers have no code, and conversion would make up one.
    """
    for name, values in (*unit.named_parameters(), *unit.named_buffers()):
        if not bool(torch.isfinite(values).all()):
            wrong = int((~torch.isfinite(values)).sum())
            raise RangeError(
                f"{unit.name}: {wrong} of {values.numel()} numbers of {name} are NaN or infinite"
            )
    clips = {"weight": unit.weight_quantizer.alpha}
    if isinstance(unit, ConvUnit):
        clips["activation"] = unit.activation_quantizer.alpha
    for name, clip in clips.items():
        least = float(clip.detach().min())
        if not least > 0:
            raise RangeError(f"{unit.name}: {name} clip {least:g} is not positive")


def network_constants(
    network: Network, steps: tuple[Step, ...] | None = None, solve: bool = False
) -> list[LayerConstants]:
    """Constants of every layer, in the order of ``steps`` (those of `graph.trace` by default).

    ``solve`` is that of `conv_constants`.

    Raises RangeError when one does not fit its integer format, UnsupportedLayerError when the
    network has no integer form.
    """
    grids = {INPUT: Grid(network.input_step, 2**network.input_bits - 1)}
    layers = []
    for step in trace(network) if steps is None else steps:
        source = grids[step.source]
        if isinstance(step.unit, ClassifierUnit):
            layers.append(classifier_constants(step.unit, source))
            continue
        if isinstance(step.unit, HeadUnit):
            layers.append(head_constants(step.unit, source))
            continue
        skip = None if step.skip is None else grids[step.skip]
        layers.append(conv_constants(step.unit, source, skip, solve))
        grids[step.unit.name] = Grid.of(step.unit.activation_quantizer)
    return layers


def _sums(weight: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """Sum of the weight codes of each output channel."""
    sums: npt.NDArray[np.int64] = weight.reshape(len(weight), -1).sum(axis=1, dtype=np.int64)
    return sums


def _check_bias(name: str, bias: npt.NDArray[np.int64] | FloatArray) -> None:
    largest = np.abs(bias).max()
    if not largest <= BIAS_LIMIT:
        raise RangeError(f"{name}: bias up to {largest:g} does not fit 46 bits")


def _float64(x: Tensor) -> FloatArray:
    """A float32 parameter or buffer as float64 (exact)."""
    array: FloatArray = x.detach().to("cpu", torch.float64).contiguous().numpy()
    return array
