# SPDX-License-Identifier: Apache-2.0
"""What each ONNX operator does to constants, codes and unfinished sums.

``OPERATORS`` is the table of all that are read: (domain, name) -> function of the reader, the node
and its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ref_model.exchange.errors import UnsupportedModelError
from ref_model.exchange.layers import Builder, identity, result_shape, weight_bits
from ref_model.exchange.model_file import Node, layer_name
from ref_model.exchange.rational import each, rationals, square_root
from ref_model.exchange.values import Codes, Constant, Grid, Integers, Sum, Value
from ref_model.integer.network import INPUT
from ref_model.integer.thresholds import CEILING, DOWN, EVEN, FLOOR, UP


class Reading(Protocol):
    """What operators need of the reader."""

    builder: Builder
    opset: int

    def readers(self, name: str) -> int:
        """How many nodes read a tensor."""

    def split(self, codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
        """The positive and negative parts of a signed image."""


Inputs = Sequence[Value | None]
Operator = Callable[[Reading, Node, Inputs], Value]

QONNX = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""Domains under which Quant goes; the later ones are of older exporters."""

ROUNDINGS = {
    "ROUND": EVEN, "HALF_EVEN": EVEN, "FLOOR": FLOOR, "CEIL": CEILING, "HALF_UP": UP,
    "HALF_DOWN": DOWN,
}  # fmt: skip


def refuse(node: Node, text: str) -> UnsupportedModelError:
    """The error that names a node and says what to do."""
    return UnsupportedModelError(f"node {node.name} ({node.operator}): {text}")


def _constant(node: Node, inputs: Inputs, index: int, what: str) -> Constant:
    value = inputs[index] if index < len(inputs) else None
    if not isinstance(value, Constant):
        raise refuse(node, f"its {what} is not a constant of the file")
    return value


def _number(node: Node, inputs: Inputs, index: int, what: str) -> Fraction:
    values = {*_constant(node, inputs, index, what).exact().reshape(-1)}
    if len(values) != 1:
        raise refuse(node, f"one {what} for all channels is needed; quantise activations by tensor")
    number: Fraction = values.pop()
    return number


def _integer(node: Node, inputs: Inputs, index: int, what: str) -> int:
    number = _number(node, inputs, index, what)
    if number.denominator != 1:
        raise refuse(node, f"its {what} is {float(number):g}, not a whole number")
    return int(number)


def _sum(node: Node, value: Value | None) -> Sum:
    """A sum, of codes that of a layer that passes them on."""
    if isinstance(value, Codes):
        return identity("image" if value.tensor == INPUT else layer_name(node), value)
    if isinstance(value, Sum):
        return value
    raise refuse(node, "works on what is neither a tensor of the network nor quantised")


def _codes(node: Node, value: Value | None) -> Codes:
    if isinstance(value, Codes):
        return value
    if isinstance(value, Sum) and value.source.tensor == INPUT and value.skip is None:
        raise refuse(
            node,
            "reads an image with mean and deviation taken off but not quantised: put a quantiser "
            "of 8 bits between them, or fold them into the first layer's BatchNorm",
        )
    if isinstance(value, Sum):
        raise refuse(node, "reads a tensor that is not quantised: put a quantiser before it")
    raise refuse(node, "its first input is not a tensor of the network")


def convolution(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Conv."""
    codes = _codes(node, inputs[0])
    weight = _constant(node, inputs, 1, "weight")
    if weight.array.ndim != 4:
        raise refuse(node, f"a weight of {weight.array.ndim} axes; two-dimensional layers are read")
    if codes.flat:
        raise refuse(node, "reads a flattened map; use a linear layer")
    kernel, stride, padding, groups = _geometry(node, weight.array.shape, codes)
    if padding and codes.zero:
        if codes.image is None or groups != 1:
            raise refuse(
                node,
                "pads a signed tensor, where code 0 does not mean 0; a ReLU before the quantiser, "
                "or a 1x1 convolution without padding, would do",
            )
        codes, signs = reading.split(codes)
        integers, *_ = _weight_codes(node, weight)
        array = np.concatenate([integers, -integers], axis=1)
        assert signs.shape[0] == array.shape[1]
        weight = replace(weight, array=array)
    if codes.window is not None and kernel == 1:
        return _linear(node, codes, weight, inputs)
    if codes.window is not None:
        raise refuse(node, "a convolution behind an average pool; only 1x1 ones are read there")
    if weight.array.shape[1] * groups != codes.shape[0] or weight.array.shape[0] % groups:
        raise refuse(
            node,
            f"a weight of shape {list(weight.array.shape)} and {groups} groups on "
            f"{codes.shape[0]} channels",
        )
    shape = result_shape(node.name, codes.shape, weight.array.shape[0], kernel, stride, padding)
    return _weighted(
        node, codes, weight, inputs, shape, stride=stride, padding=padding, groups=groups
    )


def _geometry(node: Node, shape: tuple[int, ...], codes: Codes) -> tuple[int, int, int, int]:
    """(kernel, stride, padding, groups) of a convolution that the core runs."""
    kernels = tuple(node.attributes.get("kernel_shape", shape[2:]))
    strides = set(node.attributes.get("strides", [1]))
    dilations = set(node.attributes.get("dilations", [1]))
    pads = list(node.attributes.get("pads", [0]))
    groups = int(node.attributes.get("group", 1))
    automatic = node.attributes.get("auto_pad", b"NOTSET").decode()
    if kernels != shape[2:]:
        raise refuse(node, f"kernel {list(kernels)} but weights of shape {list(shape)}")
    if kernels not in ((1, 1), (3, 3)) or dilations != {1} or len(strides) != 1:
        raise refuse(
            node,
            f"a kernel of {' x '.join(map(str, kernels))} with strides {sorted(strides)} and "
            f"dilations {sorted(dilations)}; the core runs 3x3 and 1x1 with equal strides and no "
            "dilation",
        )
    (kernel, _), stride = kernels, strides.pop()
    if stride not in (1, 2):
        raise refuse(node, f"stride {stride}; the core runs 1 and 2")
    if groups < 1 or (groups != 1 and not groups == shape[0] == codes.shape[0]):
        raise refuse(node, f"{groups} groups; the core runs dense and depthwise convolutions")
    if automatic in ("SAME_UPPER", "SAME_LOWER") and stride == 1:
        pads = [kernel // 2] * 4
    elif automatic == "VALID":
        pads = [0]
    elif automatic != "NOTSET":
        raise refuse(node, f"padding {automatic} with stride {stride}; pad by 1 on all sides")
    if len(set(pads)) != 1:
        raise refuse(node, f"pads {pads} that differ; pad by 1 on all sides")
    if kernel == 3 and pads[0] == 0:
        raise refuse(
            node,
            "a 3x3 convolution without padding, which the core does not run; train the network "
            "with padding=1",
        )
    if pads[0] != kernel // 2:
        raise refuse(node, f"padding {pads[0]}; the core runs 3x3 with 1 and 1x1 with 0")
    if groups != 1 and kernel == 1:
        raise refuse(node, "a depthwise 1x1 convolution; the core runs depthwise layers of 3x3")
    return kernel, stride, pads[0], groups


def gemm(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Gemm."""
    codes = _codes(node, inputs[0])
    weight = _constant(node, inputs, 1, "weight")
    factors = (node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0))
    if factors != (1.0, 1.0) or node.attributes.get("transA", 0):
        raise refuse(node, "alpha and beta must be 1 and transA 0")
    if not node.attributes.get("transB", 0):
        weight = _turned(weight, (1, 0))
    return _linear(node, codes, weight, inputs)


def matrix_product(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """MatMul of a vector and a matrix of weights."""
    codes = _codes(node, inputs[0])
    return _linear(node, codes, _turned(_constant(node, inputs, 1, "weight"), (1, 0)), inputs[:2])


def _turned(weight: Constant, axes: Sequence[int]) -> Constant:
    if weight.array.ndim != len(axes):
        raise UnsupportedModelError(f"a weight of {weight.array.ndim} axes where {len(axes)} go")
    scale = weight.scale
    if scale is not None:
        scale = scale.reshape((1,) * (weight.array.ndim - scale.ndim) + scale.shape)
        scale = scale.transpose(axes)
    return Constant(weight.array.transpose(axes), scale, weight.bits)


def _linear(node: Node, codes: Codes, weight: Constant, inputs: Inputs) -> Value:
    """A linear layer over ``codes``, of weights (O, inputs), or (O, C, 1, 1) over a window."""
    channels, height, width = codes.shape
    if codes.window is None and not codes.flat and (height, width) != (1, 1):
        raise refuse(node, "a linear layer on a map; flatten it first")
    outputs = weight.array.shape[0]
    numbers = channels if codes.window else channels * height * width
    if weight.array.size != outputs * numbers:
        raise refuse(node, f"a weight of shape {list(weight.array.shape)} on {numbers} numbers")
    shape = (outputs, channels, *((1, 1) if codes.window else (height, width)))
    scale = weight.scale
    if scale is not None and scale.size > 1:
        scale = scale.reshape(-1, 1, 1, 1)
    square = Constant(weight.array.reshape(shape), scale, weight.bits)
    found = _weighted(node, codes, square, inputs, (outputs, 1, 1), kind="linear")
    if codes.window:
        found = replace(found, weight=np.tile(found.weight, (1, 1, *codes.window)))
    return replace(found, flat=True, offset=_centred(found, inputs, node))


def _weight_codes(
    node: Node, weight: Constant
) -> tuple[npt.NDArray[np.int64], list[Fraction], int | None]:
    """(codes, scale of each output channel, declared width) of quantised weights."""
    outputs = weight.array.shape[0]
    if weight.array.dtype.kind not in "iu" or weight.scale is None:
        raise refuse(node, "its weights are not quantised: put a quantiser before them")
    scale = weight.scale
    if scale.size > 1:
        full = (1,) * (weight.array.ndim - scale.ndim) + scale.shape
        if scale.size != outputs or full[0] != outputs:
            raise refuse(node, "weight scales of other axes than the output channel's")
    return weight.array.astype(np.int64), each(scale, outputs), weight.bits


def _weighted(
    node: Node, codes: Codes, weight: Constant, inputs: Inputs, shape: Any, **fields: Any
) -> Sum:
    """The sum of a layer with weights."""
    array, scale, bits = _weight_codes(node, weight)
    name = layer_name(node)
    found = Sum(
        name, codes, array, weight_bits(name, array, bits), shape,
        [x * codes.scale for x in scale], [Fraction(0)] * len(array), **fields,
    )  # fmt: skip
    return replace(found, offset=_centred(found, inputs, node))


def _centred(found: Sum, inputs: Inputs, node: Node) -> list[Fraction]:
    """Offsets of a layer: its bias, less what the zero of its source adds."""
    outputs = len(found.weight)
    bias = [Fraction(0)] * outputs
    if len(inputs) > 2 and inputs[2] is not None:
        bias = each(_constant(node, inputs, 2, "bias").exact(), outputs)
    sums = found.weight.reshape(outputs, -1).sum(axis=1).tolist()
    zero = found.source.zero
    return [b - a * zero * total for a, b, total in zip(found.scale, bias, sums, strict=True)]


def batch_norm(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """BatchNormalization with its running statistics."""
    unfinished = _sum(node, inputs[0])
    if node.attributes.get("training_mode", 0):
        raise refuse(node, "is in training mode; export the network in evaluation mode")
    gamma, beta, mean, variance = (
        each(_constant(node, inputs, i, "statistics").exact(), unfinished.shape[0])
        for i in range(1, 5)
    )
    epsilon = Fraction(np.float32(node.attributes.get("epsilon", 1e-5)).item())
    roots = [square_root(v + epsilon) for v in variance]
    if not all(roots):
        raise refuse(node, "a variance of 0 with no epsilon")
    factor = [g / root for g, root in zip(gamma, roots, strict=True)]
    moved = [b - m * f for b, m, f in zip(beta, mean, factor, strict=True)]
    return _affine(node, unfinished, factor, moved)


def _affine(node: Node, unfinished: Sum, factor: list[Fraction], moved: list[Fraction]) -> Sum:
    """factor * x + moved, by channel."""
    if unfinished.clamped:
        raise refuse(node, "comes behind a ReLU or Clip without a quantiser between them")
    if unfinished.pool != 1 and min(factor) < 0:
        raise refuse(node, "has a negative factor behind a max pool; put the pool behind it")
    scale = [x * f for x, f in zip(unfinished.scale, factor, strict=True)]
    offset = [x * f + b for x, f, b in zip(unfinished.offset, factor, moved, strict=True)]
    skip = unfinished.skip_scale
    if unfinished.skip is not None:
        if len(set(factor)) != 1:
            raise refuse(node, "scales channels by different factors behind an addition")
        skip *= factor[0]
    return replace(unfinished, scale=scale, offset=offset, skip_scale=skip)


def product(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Mul and Div by constants."""
    return _with_constant(node, inputs, lambda x: (x, None))


def quotient(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Div by a constant."""
    if not isinstance(inputs[1], Constant):
        raise refuse(node, "divides by a tensor")
    if 0 in inputs[1].exact().reshape(-1):
        raise refuse(node, "divides by 0")
    return _with_constant(node, inputs, lambda x: (1 / x, None))


def _channels(
    node: Node, constant: Constant, shape: tuple[int, int, int], flat: bool
) -> list[Fraction]:
    """A constant as one number a channel."""
    values, sizes = constant.exact(), list(constant.array.shape)
    if values.size > 1:
        axis = (-1 if flat else -3) % max(1, len(sizes))
        if len(sizes) < (1 if flat else 3) or sizes[axis] != values.size:
            raise refuse(node, f"a constant of shape {sizes}, which is not one number a channel")
    return each(values, shape[0])


def _with_constant(node: Node, inputs: Inputs, meaning: Callable[[Any], tuple[Any, Any]]) -> Value:
    """``meaning`` of each constant: (factor, summand), None for what is not there."""
    first, second = inputs[0], inputs[1]
    if isinstance(first, Constant) and not isinstance(second, Constant):
        first, second = second, first
    if not isinstance(second, Constant):
        raise refuse(node, "multiplies two tensors")
    if isinstance(first, Codes) and second.array.size == 1:
        factor, summand = meaning(second.exact().reshape(-1)[0])
        if summand is None:
            return replace(first, scale=first.scale * factor)
    unfinished = _sum(node, first)
    numbers = _channels(node, second, unfinished.shape, unfinished.flat)
    pairs = [meaning(x) for x in numbers]
    one, nothing = Fraction(1), Fraction(0)
    return _affine(
        node, unfinished, [one if f is None else f for f, _ in pairs],
        [nothing if b is None else b for _, b in pairs],
    )  # fmt: skip


def addition(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Add: of a constant, or of two tensors, a residual addition."""
    first, second = inputs[0], inputs[1]
    if isinstance(first, Constant) or isinstance(second, Constant):
        return _with_constant(node, inputs, lambda x: (None, x))
    if isinstance(first, Sum) and isinstance(second, Sum):
        raise refuse(node, "adds two tensors of which none is quantised; quantise one of them")
    if isinstance(second, Sum):
        first, second = second, first
    unfinished, skip = _sum(node, first), _codes(node, second)
    if isinstance(first, Codes) and first.tensor == INPUT:
        unfinished, skip = identity(layer_name(node), skip), first
    if unfinished.skip is not None or unfinished.clamped or unfinished.pool != 1:
        raise refuse(node, "adds behind another addition, a ReLU or a pool without a quantiser")
    if skip.window is not None or skip.shape != unfinished.shape:
        raise refuse(node, f"adds tensors of shapes {unfinished.shape} and {skip.shape}")
    if unfinished.kind == "linear":
        raise refuse(node, "adds to the result of a linear layer, which the core does not do")
    return replace(unfinished, skip=skip, skip_scale=skip.scale)


def difference(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Sub of a constant."""
    if not isinstance(inputs[1], Constant):
        raise refuse(node, "subtracts a tensor")
    return _with_constant(node, inputs, lambda x: (None, -x))


def relu(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Relu."""
    return _bounded(reading, node, inputs[0], Fraction(0), None)


def clip(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Clip, of real numbers or of the integers between QuantizeLinear and DequantizeLinear."""
    bounds = [node.attributes.get("min"), node.attributes.get("max")]
    ends: list[Fraction | None] = [None if x is None else Fraction(x) for x in bounds]
    for index in (1, 2):
        if index < len(inputs) and inputs[index] is not None:
            ends[index - 1] = _number(node, inputs, index, "bound")
    low, high = ends
    value = inputs[0]
    if isinstance(value, Constant):
        if value.scale is not None:
            raise refuse(node, "clips constants that are quantised already")
        kind = value.array.dtype
        if kind.kind not in "iu":
            raise refuse(node, "clips constants that are not integers")
        bottom, top = np.iinfo(kind).min, np.iinfo(kind).max
        bottom = bottom if low is None else max(bottom, int(low))
        top = top if high is None else min(top, int(high))
        return replace(value, array=value.array.clip(bottom, top), bits=(top - bottom).bit_length())
    if isinstance(value, Integers):
        grid = value.grid
        bottom = grid.bottom if low is None else max(grid.bottom, int(low))
        top = grid.top if high is None else min(grid.top, int(high))
        return replace(value, grid=replace(grid, bottom=bottom, top=max(top, bottom)))
    return _bounded(reading, node, value, low, high)


def _bounded(
    reading: Reading, node: Node, value: Value | None, low: Fraction | None, high: Fraction | None
) -> Value:
    """``value`` clamped; codes that are not changed by that stay what they are."""
    if isinstance(value, Codes) and value.window is None and value.scale > 0:
        least = -value.scale * value.zero
        most = value.scale * (value.largest - value.zero)
        if (low is None or low <= least) and (high is None or high >= most):
            return value
        if value.zero.denominator == 1:
            grid = Grid(value.scale, 0, -int(value.zero), value.largest - int(value.zero))
            changed = _bounded(reading, node, identity(layer_name(node), value), low, high)
            assert isinstance(changed, Sum)
            return reading.builder.finish(changed, grid)
    unfinished = _sum(node, value)
    if low is not None:
        low = low if unfinished.low is None else max(low, unfinished.low)
    if high is not None:
        high = high if unfinished.high is None else min(high, unfinished.high)
    return replace(
        unfinished,
        low=unfinished.low if low is None else low,
        high=unfinished.high if high is None else high,
    )


def max_pool(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """MaxPool of 2x2 with stride 2."""
    attributes = node.attributes
    fields = (
        list(attributes.get("kernel_shape", [])), list(attributes.get("strides", [1, 1])),
        set(attributes.get("pads", [0])), set(attributes.get("dilations", [1])),
        attributes.get("ceil_mode", 0), attributes.get("auto_pad", b"NOTSET"),
    )  # fmt: skip
    if fields[:5] != ([2, 2], [2, 2], {0}, {1}, 0) or fields[5] not in (b"NOTSET", b"VALID"):
        raise refuse(node, "the core pools 2x2 with stride 2, without padding and ceil_mode")
    value = inputs[0]
    if isinstance(value, Codes) and value.scale > 0:
        return reading.builder.pool(value, layer_name(node), reading.readers(node.inputs[0]))
    unfinished = _sum(node, value)
    channels, height, width = unfinished.shape
    if unfinished.pool != 1 or unfinished.kind == "linear" or min(height, width) < 2:
        raise refuse(node, "pools what is pooled already, or no map")
    return replace(unfinished, pool=2, shape=(channels, height // 2, width // 2))


def average_pool(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """AveragePool over the whole map, GlobalAveragePool and ReduceMean over rows and columns."""
    value = inputs[0]
    if not isinstance(value, Codes):
        raise refuse(node, "averages a tensor that is not quantised: put a quantiser before it")
    window = value.shape[1:]
    if value.window is not None or value.flat:
        raise refuse(node, "averages a vector")
    flat = False
    if node.operator == "AveragePool":
        kernel = tuple(node.attributes.get("kernel_shape", ()))
        pads = set(node.attributes.get("pads", [0]))
        if kernel != window or pads != {0}:
            raise refuse(
                node, f"a kernel of {list(kernel)} on a map of {list(window)}; the core averages "
                "whole maps only"
            )  # fmt: skip
    elif node.operator == "ReduceMean":
        axes = node.attributes.get("axes")
        if axes is None and len(inputs) > 1 and isinstance(inputs[1], Constant):
            axes = inputs[1].array.tolist()
        if sorted(x % 4 for x in axes or []) != [2, 3]:
            raise refuse(node, f"means over the axes {axes}; rows and columns, [2, 3], are read")
        flat = not node.attributes.get("keepdims", 1)
    return replace(value, scale=value.scale / (window[0] * window[1]), window=window, flat=flat)


def flatten(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Flatten, Reshape and Squeeze to a vector; of constants, any Reshape."""
    value = inputs[0]
    if isinstance(value, Constant):
        return _reshaped(node, value, inputs)
    if not isinstance(value, Codes | Sum):
        raise refuse(node, "works between QuantizeLinear and DequantizeLinear")
    shape = (value.shape[0], 1, 1) if isinstance(value, Codes) and value.window else value.shape
    numbers = shape[0] * shape[1] * shape[2]
    if node.operator == "Flatten":
        fits = node.attributes.get("axis", 1) == 1
    elif node.operator == "Reshape":
        target = _constant(node, inputs, 1, "shape").array.reshape(-1).tolist()
        if len(target) == 4 and tuple(target[1:]) == shape:
            return replace(value, flat=False)
        fits = len(target) == 2 and target[1] in (-1, numbers)
    else:
        fits = shape[1:] == (1, 1)
    if not fits:
        raise refuse(node, "only reshaping to (images, numbers) is read")
    if isinstance(value, Sum) and shape[1:] != (1, 1):
        raise refuse(node, "flattens a tensor that is not quantised: put the quantiser before it")
    return replace(value, flat=True)


def _reshaped(node: Node, value: Constant, inputs: Inputs) -> Constant:
    if value.scale is not None and value.scale.size > 1:
        raise refuse(node, "reshapes weights with a scale a channel; quantise them after that")
    if node.operator == "Reshape":
        target = _constant(node, inputs, 1, "shape").array.reshape(-1).tolist()
    elif node.operator == "Flatten":
        target = [value.array.shape[0] if value.array.ndim else 1, -1]
    else:
        target = [size for size in value.array.shape if size != 1]
    try:
        return replace(value, array=value.array.reshape(target))
    except ValueError:
        raise refuse(node, f"shape {list(value.array.shape)} is not {target}") from None


def unsqueeze(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Unsqueeze of a constant."""
    value = _constant(node, inputs, 0, "input")
    axes = node.attributes.get("axes")
    if axes is None:
        axes = _constant(node, inputs, 1, "axes").array.reshape(-1).tolist()
    if value.scale is not None and value.scale.size > 1:
        raise refuse(node, "reshapes weights with a scale a channel; quantise them after that")
    return replace(value, array=np.expand_dims(value.array, tuple(axes)))


def transpose(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Transpose of weights."""
    value = inputs[0]
    if not isinstance(value, Constant):
        raise refuse(node, "turns a tensor; only weights may be, the order is (N, C, H, W)")
    axes = node.attributes.get("perm", range(value.array.ndim)[::-1])
    if sorted(axes) != list(range(value.array.ndim)):
        raise refuse(node, f"axes {list(axes)} of {value.array.ndim}")
    return _turned(value, list(axes))


def same(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Identity, Dropout and Cast between floats."""
    value = inputs[0]
    if value is None or (isinstance(value, Integers) and node.operator != "Identity"):
        raise refuse(node, "has nothing to work on")
    return value


def quantise(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """Quant of QONNX."""
    scale, bits = _constant(node, inputs, 1, "scale"), _integer(node, inputs, 3, "bit width")
    signed, narrow = node.attributes.get("signed", 1), node.attributes.get("narrow", 0)
    mode = node.attributes.get("rounding_mode", b"ROUND").decode().upper()
    if mode not in ROUNDINGS:
        raise refuse(node, f"rounding {mode!r} is not one of {', '.join(ROUNDINGS)}")
    if not 1 <= bits <= 32:
        raise refuse(node, f"{bits} bits")
    bottom = -(1 << bits - 1) + bool(narrow) if signed else 0
    top = (1 << bits - 1) - 1 if signed else (1 << bits) - 1 - bool(narrow)
    if isinstance(inputs[0], Constant):
        zero = _zeros(node, inputs, 2, inputs[0].array)
        return _quantised(node, inputs[0], scale, zero, bottom, top, bits, ROUNDINGS[mode])
    zero_point = _integer(node, inputs, 2, "zero point")
    step = _number(node, inputs, 1, "scale")
    return _finished(reading, node, inputs[0], Grid(step, zero_point, bottom, top, ROUNDINGS[mode]))


def bipolar(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """BipolarQuant of QONNX: the scale with the sign of the number, + for 0."""
    value, scale = inputs[0], _constant(node, inputs, 1, "scale")
    if isinstance(value, Constant):
        signs = np.where(value.array >= 0, 1, -1)
        return Constant(signs, scale.exact(), 2)
    step = _number(node, inputs, 1, "scale")
    unfinished = _sum(node, value)
    if step <= 0:
        raise refuse(node, "a scale that is not positive")
    codes = reading.builder.finish(unfinished, Grid(step, 1, 0, 1, FLOOR))
    # codes of one bit: floor(x / step + 1), at least 1 from 0 on; real numbers -1 and 1 steps
    thirds = codes.largest
    return replace(codes, scale=2 * step / thirds, zero=Fraction(thirds, 2))


def _zeros(node: Node, inputs: Inputs, index: int, like: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    values = _constant(node, inputs, index, "zero point").exact()
    if any(x.denominator != 1 for x in values.reshape(-1)):
        raise refuse(node, "a zero point that is not a whole number")
    return values.astype(np.int64)


def _quantised(
    node: Node, value: Constant, scale: Constant, zero: npt.NDArray[np.int64],
    bottom: int, top: int, bits: int, rounding: str,
) -> Constant:  # fmt: skip
    """Constants as integers: float64 tells the ties of quotients of two float32 apart."""
    if value.scale is not None:
        raise refuse(node, "quantises constants that are quantised already")
    exact = scale.exact()
    if any(x <= 0 for x in exact.reshape(-1)):
        raise refuse(node, "a scale that is not positive")
    if value.array.dtype.kind == "f" and not np.isfinite(value.array).all():
        raise refuse(node, "a weight is NaN or infinite")
    try:
        x = value.array.astype(np.float64) / exact.astype(np.float64) + zero
        np.broadcast_to(exact, value.array.shape)
    except ValueError:
        raise refuse(
            node, f"a scale of shape {list(exact.shape)} for {list(value.array.shape)}"
        ) from None
    roundings: dict[str, Callable[[Any], Any]] = {
        EVEN: np.rint, FLOOR: np.floor, CEILING: np.ceil,
        UP: lambda x: np.floor(x + 0.5), DOWN: lambda x: np.ceil(x - 0.5),
    }  # fmt: skip
    codes = np.clip(roundings[rounding](x), bottom, top).astype(np.int64) - zero
    return Constant(codes, exact, bits)


def _finished(reading: Reading, node: Node, value: Value | None, grid: Grid) -> Value:
    """Codes of ``grid``."""
    if grid.scale <= 0:
        raise refuse(node, "a scale that is not positive")
    if isinstance(value, Codes) and value.window is None:
        kept = value.zero == grid.zero - grid.bottom and value.scale == grid.scale
        if kept and value.largest <= grid.top - grid.bottom:
            return value
    return reading.builder.finish(_sum(node, value), grid)


def quantize_linear(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """QuantizeLinear, of ONNX."""
    kinds = {np.dtype(np.int8): (-128, 127), np.dtype(np.uint8): (0, 255)}
    zero_type = np.dtype(np.uint8)
    if len(inputs) > 2 and inputs[2] is not None:
        zero_type = _constant(node, inputs, 2, "zero point").array.dtype
    if zero_type not in kinds:
        raise refuse(node, f"codes of type {zero_type}; int8 and uint8 are read")
    bottom, top = kinds[zero_type]
    value, scale = inputs[0], _constant(node, inputs, 1, "scale")
    if isinstance(value, Constant):
        axis = node.attributes.get("axis", 1)
        scale = _on_axis(scale, value.array.ndim, axis)
        zero: npt.NDArray[np.int64] = np.zeros(1, np.int64)
        if len(inputs) > 2 and inputs[2] is not None:
            zero = _zeros(node, inputs, 2, value.array)
            zero = np.reshape(zero, scale.array.shape if zero.size > 1 else (1,))
        found = _quantised(node, value, scale, zero, bottom, top, 8, EVEN)
        return Constant(found.array + zero, None, 8)
    zero_point = (
        0 if len(inputs) < 3 or inputs[2] is None else _integer(node, inputs, 2, "zero point")
    )
    step = _number(node, inputs, 1, "scale")
    if not isinstance(value, Codes | Sum):
        raise refuse(node, "quantises integers")
    return Integers(value, Grid(step, zero_point, bottom, top, EVEN, zero_after=True))


def _on_axis(constant: Constant, rank: int, axis: int) -> Constant:
    """A constant of one axis, laid along ``axis``."""
    if constant.array.size == 1:
        return replace(constant, array=constant.array.reshape(-1))
    shape = [1] * rank
    if constant.array.ndim != 1 or not -rank <= axis < rank:
        raise UnsupportedModelError(f"a scale of shape {list(constant.array.shape)}, axis {axis}")
    shape[axis] = -1
    return replace(constant, array=constant.array.reshape(shape))


def dequantize_linear(reading: Reading, node: Node, inputs: Inputs) -> Value:
    """DequantizeLinear, of ONNX."""
    value = inputs[0]
    if isinstance(value, Integers):
        step = _number(node, inputs, 1, "scale")
        zero = (
            0 if len(inputs) < 3 or inputs[2] is None else _integer(node, inputs, 2, "zero point")
        )
        if (step, zero) != (value.grid.scale, value.grid.zero):
            raise refuse(node, "another scale or zero point than its QuantizeLinear has")
        return _finished(reading, node, value.value, value.grid)
    if not isinstance(value, Constant) or value.array.dtype.kind not in "iu":
        raise refuse(node, "reads what QuantizeLinear did not make")
    scale = _on_axis(_constant(node, inputs, 1, "scale"), value.array.ndim,
                     node.attributes.get("axis", 1))  # fmt: skip
    zero_points: Any = 0
    if len(inputs) > 2 and inputs[2] is not None:
        zero_points = _on_axis(
            Constant(_zeros(node, inputs, 2, value.array)), value.array.ndim,
            node.attributes.get("axis", 1),
        ).array  # fmt: skip
    codes = value.array.astype(np.int64) - zero_points
    return Constant(codes, rationals(scale.array), value.bits)


OPERATORS: dict[tuple[str, str], Operator] = {
    ("", "Add"): addition,
    ("", "AveragePool"): average_pool,
    ("", "BatchNormalization"): batch_norm,
    ("", "Cast"): same,
    ("", "Clip"): clip,
    ("", "Conv"): convolution,
    ("", "DequantizeLinear"): dequantize_linear,
    ("", "Div"): quotient,
    ("", "Dropout"): same,
    ("", "Flatten"): flatten,
    ("", "Gemm"): gemm,
    ("", "GlobalAveragePool"): average_pool,
    ("", "Identity"): same,
    ("", "MatMul"): matrix_product,
    ("", "MaxPool"): max_pool,
    ("", "Mul"): product,
    ("", "QuantizeLinear"): quantize_linear,
    ("", "ReduceMean"): average_pool,
    ("", "Relu"): relu,
    ("", "Reshape"): flatten,
    ("", "Squeeze"): flatten,
    ("", "Sub"): difference,
    ("", "Transpose"): transpose,
    ("", "Unsqueeze"): unsqueeze,
    **{(domain, "Quant"): quantise for domain in QONNX},
    **{(domain, "BipolarQuant"): bipolar for domain in QONNX},
}
