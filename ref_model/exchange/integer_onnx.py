# SPDX-License-Identifier: Apache-2.0
"""An integer network as an ONNX model of integers alone, and back.

Opset 13; every layer is::

    ConvInteger (uint8 codes, weights + 128) -> Cast int64 -> Mul m [-> Add skip * mr] -> Add b
        -> Clip 0 .. 2^(s+bits) - 1 -> Div 2^s -> Cast uint8 [-> MaxPool]

The clamp comes before the shift, so that the division has no negative numbers: ONNX's integer
division truncates. The raw last layer ends with Add b. Every tensor of the network has its own name
in the model, the image is "input"; other tensors and the constants are called LAYER/PART.

The model's metadata hold each layer's fields. `from_onnx` reads those and the constants, writes the
model of the network that they describe, and accepts only an equal graph: whatever else the file
says is refused, not guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ref_model.exchange.errors import ModelFileError, UnsupportedModelError
from ref_model.integer.bounds import check_accumulators
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork, NetworkError, Shape

OPSET = 13
IR_VERSION = 8
FORMAT = "lsfq-integer-network 1"
BATCH = "N"
"""Name of the number of images, which is free."""
WEIGHT_ZERO = 128
"""Weights are uint8, the code plus this: onnxruntime is two to three times slower with int8."""

_FIELDS = ("name", "kind", "weight_bits", "input_bits", "output_bits", "shift", "stride", "padding",
           "groups", "pool", "skip", "skip_multiplier", "source")  # fmt: skip


def to_onnx(network: IntegerNetwork) -> onnx.ModelProto:
    """The model of ``network``: uint8 (N, C, H, W) in, int64 (N, classes, H, W) out.

    Raises UnsupportedModelError when an accumulator does not fit the 32 bits of ConvInteger.
    """
    try:
        check_accumulators(network, 32)
    except NetworkError as error:
        raise UnsupportedModelError(f"{error}; ONNX's ConvInteger has no more") from error
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    described: list[onnx.ValueInfoProto] = []
    shapes = network.output_shapes()
    for layer, source, shape in zip(network.layers, network.sources(), shapes, strict=True):
        nodes += _nodes(layer, source)
        constants += _constants(layer)
        described.append(_value(layer.name, shape, raw=layer.raw))
    graph = helper.make_graph(
        nodes, network.name, [_value(INPUT, network.input_shape, raw=False)], [described.pop()],
        constants, value_info=described,
    )  # fmt: skip
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lsfq",
    )
    fields = {
        "format": FORMAT,
        "input_shape": list(network.input_shape),
        "input_bits": network.input_bits,
        "classes": network.classes,
        "layers": [{name: getattr(layer, name) for name in _FIELDS} for layer in network.layers],
    }
    helper.set_model_props(model, {"lsfq": json.dumps(fields)})
    return model


def is_integer_model(model: onnx.ModelProto) -> bool:
    """Whether `to_onnx` made this model, or something that claims so."""
    return any(item.key == "lsfq" for item in model.metadata_props)


def from_onnx(model: onnx.ModelProto) -> IntegerNetwork:
    """The network of a model that `to_onnx` made; its provenance is empty.

    Raises ModelFileError when the model is not exactly what `to_onnx` writes for any network.
    """
    try:
        text = next(item.value for item in model.metadata_props if item.key == "lsfq")
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise ModelFileError(
                f"the file is of the format {fields['format']!r}; this program reads {FORMAT!r}"
            )
        network = _network(model, fields)
    except (KeyError, TypeError, ValueError, StopIteration, RecursionError) as error:
        raise ModelFileError(f"the model's fields of its layers are damaged ({error})") from error
    if to_onnx(network).graph != model.graph:
        raise ModelFileError(
            "the graph is not the one that `lsfq export --onnx` writes for the layers that the "
            "file names; export the network again"
        )
    return network


def _network(model: onnx.ModelProto, fields: dict[str, Any]) -> IntegerNetwork:
    arrays = {item.name: item for item in model.graph.initializer}

    def array(layer: str, part: str) -> npt.NDArray[Any]:
        return numpy_helper.to_array(arrays[f"{layer}/{part}"])

    layers = []
    for entry in fields["layers"]:
        name = entry["name"]
        layers.append(
            IntegerLayer(
                **{key: entry[key] for key in _FIELDS},
                weight=(array(name, "weight").astype(np.int16) - WEIGHT_ZERO).astype(np.int8),
                multiplier=array(name, "multiplier").reshape(-1),
                bias=array(name, "bias").reshape(-1),
            )
        )
    return IntegerNetwork(
        model.graph.name,
        fields["input_shape"],
        tuple(layers),
        fields["classes"],
        fields["input_bits"],
    )


def _value(name: str, shape: Shape, raw: bool) -> onnx.ValueInfoProto:
    kind = TensorProto.INT64 if raw else TensorProto.UINT8
    return helper.make_tensor_value_info(name, kind, [BATCH, *shape])


def _nodes(layer: IntegerLayer, source: str) -> Iterator[onnx.NodeProto]:
    """The nodes of one layer, in order."""
    steps = _Chain(layer.name, source)
    yield steps.node(
        "ConvInteger", "conv", "weight", "input_zero", "weight_zero",
        kernel_shape=list(layer.kernel), strides=[layer.stride] * 2, pads=[layer.padding] * 4,
        dilations=[1, 1], group=layer.groups,
    )  # fmt: skip
    yield steps.node("Cast", "accumulator", to=TensorProto.INT64)
    yield steps.node("Mul", "scaled", "multiplier")
    if layer.skip is not None:
        side = _Chain(layer.name, layer.skip)
        yield side.node("Cast", "skip", to=TensorProto.INT64)
        yield side.node("Mul", "skip_scaled", "skip_multiplier")
        yield steps.node("Add", "sum", "skip_scaled")
    if layer.raw:
        yield steps.node("Add", None, "bias")
        return
    yield steps.node("Add", "biased", "bias")
    yield steps.node("Clip", "clamped", "zero", "top")
    if layer.shift:
        yield steps.node("Div", "shifted", "divisor")
    yield steps.node("Cast", "codes" if layer.pool == 2 else None, to=TensorProto.UINT8)
    if layer.pool == 2:
        yield steps.node("MaxPool", None, kernel_shape=[2, 2], strides=[2, 2], dilations=[1, 1])


class _Chain:
    """Nodes of one layer, each reading the result of the one before it."""

    def __init__(self, layer: str, tensor: str) -> None:
        self.layer, self.tensor = layer, tensor

    def node(
        self, operator: str, result: str | None, *constants: str, **attributes: Any
    ) -> onnx.NodeProto:
        """One node; its result is LAYER/``result``, or the layer's own tensor for None."""
        inputs = [self.tensor, *(f"{self.layer}/{name}" for name in constants)]
        self.tensor = self.layer if result is None else f"{self.layer}/{result}"
        return helper.make_node(operator, inputs, [self.tensor], name=self.tensor, **attributes)


def _constants(layer: IntegerLayer) -> Iterator[onnx.TensorProto]:
    channels = (layer.outputs, 1, 1)
    arrays: dict[str, npt.NDArray[Any]] = {
        "weight": (layer.weight.astype(np.int16) + WEIGHT_ZERO).astype(np.uint8),
        "input_zero": np.array(0, np.uint8),
        "weight_zero": np.array(WEIGHT_ZERO, np.uint8),
        "multiplier": layer.multiplier.astype(np.int64).reshape(channels),
        "bias": layer.bias.reshape(channels),
    }
    if layer.skip is not None:
        arrays["skip_multiplier"] = np.array(layer.skip_multiplier, np.int64)
    if layer.output_bits is not None:
        arrays["zero"] = np.array(0, np.int64)
        arrays["top"] = np.array((1 << layer.shift + layer.output_bits) - 1, np.int64)
    if layer.shift:
        arrays["divisor"] = np.array(1 << layer.shift, np.int64)
    for name, array in arrays.items():
        yield numpy_helper.from_array(array, f"{layer.name}/{name}")
