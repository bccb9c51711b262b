# SPDX-License-Identifier: Apache-2.0
"""The integer network: what training exports, the reference model runs and the core executes.

A network is a list of layers, each reading the result of the one before it or, with ``source``, of
an earlier one. Every layer computes, per output channel c::

    acc = sum(weight code * input code)                                        exact
    y   = clamp((acc * m[c] + r * mr + b[c]) >> s, 0, 2^output_bits - 1)       >> is floor
    y   = acc * m[c] + r * mr + b[c]                                           raw, the last layer

with r the code of the skip tensor (0 without one), then max-pools the codes when asked to.
Objects are checked when they are made, so a network that exists is well formed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ref_model.integer.ranges import (
    BIAS_BITS,
    CODE_BITS,
    MAX_SHIFT,
    MULTIPLIER_BITS,
    largest_weight,
    signed_range,
    smallest_weight,
)

INPUT = "input"
"""Name of the image among the tensors of a network; no layer may have it."""

Shape = tuple[int, int, int]
"""(channels, height, width) of one tensor."""

_INTEGER_FIELDS = (
    "shift", "weight_bits", "input_bits", "pool", "stride", "padding", "groups", "skip_multiplier",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class NetworkError(ValueError):
    """A layer or network breaks a rule of the integer format; the message says which."""


@dataclass(frozen=True, eq=False, repr=False)
class IntegerLayer:
    """One layer of an integer network.

    - ``weight`` holds codes: int8 (O, C/groups, kh, kw) for a conv, (O, C, H, W) for a linear
      layer, which spans its whole input map.
    - ``multiplier`` is int32 (O,), 18 bits used; ``bias`` int64 (O,), 46 bits used, and holds the
      half that turns floor into round half up.
    - ``output_bits`` is None for a raw layer: no shift, no clamp.
    - ``pool`` is 2 for a 2x2 max pool with stride 2 on the codes (an odd last row or column is
      dropped), 3 for a 3x3 one with stride 2 and padding 1 (rows 2v - 1 to 2v + 1, those that
      exist), else 1. ``padding`` is zero padding on all four sides.
    - ``skip`` names the tensor added before the shift (an earlier layer's output or "input"),
      scaled by ``skip_multiplier``; it has the shape of this layer's result before pooling.
    - ``source`` names the tensor that the layer reads when that is not the result of the layer
      before it (None): a shortcut's convolution reads what its block reads.

    Integer arrays of any type are taken; they are stored as above and made read-only.
    Raises NetworkError when a value lies outside its grid or a field outside its set.
    """

    name: str
    kind: Literal["conv", "linear"]
    weight: npt.NDArray[np.int8]
    multiplier: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int64]
    shift: int
    weight_bits: int
    input_bits: int
    output_bits: int | None
    pool: int = 1
    stride: int = 1
    padding: int = 0
    groups: int = 1
    skip: str | None = None
    skip_multiplier: int = 0
    source: str | None = None

    def __repr__(self) -> str:
        """One line, without the numbers."""
        bits = f"W{self.weight_bits}A{self.input_bits}"
        return f"<{self.kind} {self.name} {'x'.join(map(str, self.weight.shape))} {bits}>"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name) or self.name == INPUT:
            raise NetworkError(
                f"layer name {self.name!r}: use letters, digits, '_', '.', '-'; not {INPUT!r}"
            )
        if self.kind not in ("conv", "linear"):
            raise self._error(f"kind {self.kind!r} is not 'conv' or 'linear'")
        for name in _INTEGER_FIELDS:
            object.__setattr__(self, name, self._integer(name, getattr(self, name)))
        self._check_bits()
        self._check_geometry()
        self._check_arrays()

    @property
    def outputs(self) -> int:
        """Number of output channels."""
        return int(self.weight.shape[0])

    @property
    def inputs(self) -> int:
        """Number of input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the kernel; of the whole map for a linear layer."""
        return int(self.weight.shape[2]), int(self.weight.shape[3])

    @property
    def raw(self) -> bool:
        """True when the signed results leave without shift and clamp."""
        return self.output_bits is None

    def result_shape(self, source: Shape) -> Shape:
        """Shape of the result before pooling, for an input of shape ``source``.

        Raises NetworkError when the layer cannot take such an input.
        """
        channels, height, width = source
        if channels != self.inputs:
            raise self._error(f"takes {self.inputs} channels but its input has {channels}")
        if self.kind == "linear" and (height, width) != self.kernel:
            raise self._error(f"spans a map of {self.kernel} but its input is {(height, width)}")
        rows = (height + 2 * self.padding - self.kernel[0]) // self.stride + 1
        columns = (width + 2 * self.padding - self.kernel[1]) // self.stride + 1
        if rows < 1 or columns < 1:
            raise self._error(f"kernel {self.kernel} is larger than its padded input {source}")
        return self.outputs, rows, columns

    def output_shape(self, source: Shape) -> Shape:
        """Shape of the output (after pooling) for an input of shape ``source``."""
        channels, height, width = self.result_shape(source)
        if self.pool == 1:
            return channels, height, width
        if self.pool == 3:
            return channels, (height + 1) // 2, (width + 1) // 2
        if min(height, width) < 2:
            raise self._error(f"nothing is left of a {height} x {width} result after pooling")
        return channels, height // 2, width // 2

    def macs(self, source: Shape) -> int:
        """Nominal multiply-accumulates: every kernel tap at every position, padding included."""
        _, rows, columns = self.result_shape(source)
        return self.weight.size * rows * columns

    def _error(self, text: str) -> NetworkError:
        return NetworkError(f"layer {self.name}: {text}")

    def _integer(self, name: str, value: Any) -> int:
        try:
            return operator.index(value)
        except TypeError:
            raise self._error(f"{name} is {value!r}, not an integer") from None

    def _check_bits(self) -> None:
        for name in ("weight_bits", "input_bits"):
            if getattr(self, name) not in CODE_BITS:
                raise self._error(f"{name} {getattr(self, name)} is not one of {CODE_BITS}")
        if self.output_bits is not None:
            object.__setattr__(self, "output_bits", self._integer("output_bits", self.output_bits))
            if self.output_bits not in CODE_BITS:
                raise self._error(f"output_bits {self.output_bits} is not in {CODE_BITS} or None")
        if not 0 <= self.shift <= MAX_SHIFT:
            raise self._error(f"shift {self.shift} is not in 0..{MAX_SHIFT}")
        if self.raw and self.shift:
            raise self._error(f"shift {self.shift} in a raw layer, which does not shift")

    def _check_geometry(self) -> None:
        if self.pool not in (1, 2, 3):
            raise self._error(f"pool {self.pool} is not 1, 2 or 3")
        if self.raw and self.pool != 1:
            raise self._error("a raw layer cannot pool")
        if self.stride < 1 or self.padding < 0 or self.groups < 1:
            raise self._error(
                f"stride {self.stride}, padding {self.padding}, groups {self.groups}: "
                "stride and groups are at least 1, padding at least 0"
            )
        linear_only = (self.pool, self.stride, self.padding, self.groups) == (1, 1, 0, 1)
        if self.kind == "linear" and not linear_only:
            raise self._error("a linear layer has no pool, stride, padding or groups")
        low, high = signed_range(MULTIPLIER_BITS)
        if not low <= self.skip_multiplier <= high:
            raise self._error(f"skip_multiplier {self.skip_multiplier} is outside {low}..{high}")
        if self.skip is None and self.skip_multiplier:
            raise self._error("skip_multiplier without a skip tensor")

    def _check_arrays(self) -> None:
        grid = smallest_weight(self.weight_bits), largest_weight(self.weight_bits)
        weight = self._array("weight", self.weight, *grid, np.int8)
        if weight.ndim != 4 or 0 in weight.shape:
            raise self._error(f"weight has shape {weight.shape}, not four sizes of at least 1")
        if weight.shape[0] % self.groups:
            raise self._error(f"{weight.shape[0]} outputs do not make {self.groups} equal groups")
        multiplier = self._array(
            "multiplier", self.multiplier, *signed_range(MULTIPLIER_BITS), np.int32
        )
        bias = self._array("bias", self.bias, *signed_range(BIAS_BITS), np.int64)
        for name, array in (("multiplier", multiplier), ("bias", bias)):
            if array.shape != (weight.shape[0],):
                raise self._error(
                    f"{name} has shape {array.shape}, but there are {weight.shape[0]} outputs"
                )

    def _array(self, name: str, value: Any, low: int, high: int, dtype: Any) -> npt.NDArray[Any]:
        array = np.asarray(value)
        if array.dtype.kind not in "iu":
            raise self._error(f"{name} has type {array.dtype}, not integers")
        outside = (array < low) | (array > high)
        if outside.any():
            index = tuple(int(i) for i in np.argwhere(outside)[0])
            raise self._error(f"{name}{list(index)} is {array[index]}, outside {low}..{high}")
        stored = np.array(array, dtype=dtype, order="C")
        stored.setflags(write=False)
        object.__setattr__(self, name, stored)
        return stored


@dataclass(frozen=True, eq=False, repr=False)
class IntegerNetwork:
    """Layers in order, the last one raw; it classifies when its result is 1 x 1 x classes.

    ``input_shape`` is (C, H, W) of the image, ``input_bits`` the width of its codes (8: the bytes
    as they are). ``classes`` is the number of channels of the last layer. ``provenance`` says where
    the network comes from, in values that JSON can hold. ``stem``: the first layer is a 7x7
    convolution with stride 2, run over the channels that `stem.stem_channels` makes of an image;
    ``input_shape`` is theirs, ``image_shape`` that of the image.

    Raises NetworkError when a layer does not fit the shape or bit width of its input, a name is
    used twice, a source or skip tensor is missing, a skip tensor has another shape, or a layer but
    the last is raw.
    """

    name: str
    input_shape: Shape
    layers: tuple[IntegerLayer, ...]
    classes: int
    input_bits: int = 8
    provenance: Mapping[str, Any] = field(default_factory=dict)
    stem: bool = False

    @property
    def image_shape(self) -> Shape:
        """(C, H, W) of the images that the network is for."""
        channels, height, width = self.input_shape
        return (channels // 9, 2 * height, 2 * width) if self.stem else self.input_shape

    def __repr__(self) -> str:
        """One line, without the numbers."""
        shape = "x".join(map(str, self.image_shape))
        return (
            f"<IntegerNetwork {self.name}: {shape}, {len(self.layers)} layers, "
            f"{self.classes} classes>"
        )

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise NetworkError(f"network name {self.name!r}: use letters, digits, '_', '.', '-'")
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_shape", _shape(self.name, self.input_shape))
        if not self.layers:
            raise NetworkError(f"network {self.name}: has no layers")
        if self.stem and self.input_shape[0] % 9:
            raise NetworkError(
                f"network {self.name}: a stem makes 9 channels of each, not {self.input_shape[0]}"
            )
        if self.input_bits not in CODE_BITS:
            raise NetworkError(
                f"network {self.name}: input_bits {self.input_bits} is not one of {CODE_BITS}"
            )
        tensors: dict[str, Shape] = {INPUT: self.input_shape}
        bits = {INPUT: self.input_bits}
        previous = INPUT
        for layer in self.layers:
            if layer.name in tensors:
                raise NetworkError(f"network {self.name}: two layers are called {layer.name}")
            source = previous if layer.source is None else layer.source
            if source not in tensors:
                raise NetworkError(f"layer {layer.name}: no tensor {source!r} before it to read")
            if layer.input_bits != bits[source]:
                raise NetworkError(
                    f"layer {layer.name}: input_bits {layer.input_bits}, "
                    f"but its input has {bits[source]}"
                )
            if layer.raw != (layer is self.layers[-1]):
                raise NetworkError(
                    f"layer {layer.name}: the last layer is raw (output_bits None), and only it"
                )
            self._check_skip(layer, tensors[source], tensors)
            shape = layer.output_shape(tensors[source])
            tensors[layer.name], bits[layer.name] = shape, layer.output_bits or 0
            previous = layer.name
        if self.classes != shape[0]:
            raise NetworkError(
                f"network {self.name}: {self.classes} classes, but its result has {shape[0]}"
            )

    def _check_skip(self, layer: IntegerLayer, source: Shape, tensors: Mapping[str, Shape]) -> None:
        if layer.skip is None:
            return
        if layer.skip not in tensors:
            raise NetworkError(f"layer {layer.name}: no tensor {layer.skip!r} before it to add")
        if tensors[layer.skip] != layer.result_shape(source):
            raise NetworkError(
                f"layer {layer.name}: skip tensor {layer.skip} is {tensors[layer.skip]}, "
                f"the result {layer.result_shape(source)}"
            )

    def sources(self) -> tuple[str, ...]:
        """Name of the tensor that every layer reads, in order."""
        previous = (INPUT, *(layer.name for layer in self.layers))
        return tuple(
            name if layer.source is None else layer.source
            for layer, name in zip(self.layers, previous, strict=False)
        )

    def input_shapes(self) -> tuple[Shape, ...]:
        """Shape of every layer's input, in order."""
        shapes = {INPUT: self.input_shape}
        for layer, source in zip(self.layers, self.sources(), strict=True):
            shapes[layer.name] = layer.output_shape(shapes[source])
        return tuple(shapes[source] for source in self.sources())

    def output_shapes(self) -> tuple[Shape, ...]:
        """Shape of every layer's output (after pooling), in order."""
        sources = self.input_shapes()
        return tuple(layer.output_shape(s) for layer, s in zip(self.layers, sources, strict=True))

    def tensor_bits(self) -> dict[str, int]:
        """Code width of every tensor that holds codes: the image and all outputs but the last."""
        bits = {INPUT: self.input_bits}
        bits.update({x.name: x.output_bits for x in self.layers if x.output_bits is not None})
        return bits

    def layer_macs(self) -> tuple[int, ...]:
        """Nominal multiply-accumulates of every layer for one image, in order.

        A stem has those of its 7x7 kernel, not of the 3x3 one that is run over more channels.
        """
        found = [layer.macs(s) for layer, s in zip(self.layers, self.input_shapes(), strict=True)]
        if self.stem:
            _, rows, columns = self.layers[0].result_shape(self.input_shape)
            found[0] = self.layers[0].outputs * self.image_shape[0] * 7 * 7 * rows * columns
        return tuple(found)

    def summary(self) -> str:
        """A table of the layers: name, kind, shapes, bits, parameters, MACs (`summary`)."""
        from ref_model.integer.summary import summary

        return summary(self)

    def macs(self) -> int:
        """Nominal multiply-accumulates of one image."""
        return sum(self.layer_macs())


def _shape(name: str, shape: Any) -> Shape:
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = ()
    if len(sizes) != 3 or min(sizes) < 1:
        raise NetworkError(f"network {name}: input_shape {shape!r} is not three sizes above 0")
    return sizes[0], sizes[1], sizes[2]
