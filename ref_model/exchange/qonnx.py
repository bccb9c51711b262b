# SPDX-License-Identifier: Apache-2.0
"""An integer network as a QONNX model, for tools that read Quant nodes.

Opset 13 with Quant of qonnx.custom_op.general; every layer is, in float32::

    Quant weight -> Conv or MatMul -> Mul m / 2^s -> Add (b + 1/2) / 2^s - 1/2
        [-> Add skip * mr / 2^s] -> Quant [-> MaxPool]

All scales are 1: real numbers are codes. Quant rounds to the nearest, half to even, where the core
takes the floor of v / 2^s: with v + 1/2 in place of v no number is half way. The image is a float
tensor of the bytes 0 .. 255.

Float32 rounds products of more than 24 bits, so `to_qonnx` computes every accumulator and skip code
of every channel both ways first, and refuses a network in which one differs.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ref_model.exchange.errors import UnsupportedModelError
from ref_model.exchange.integer_onnx import BATCH, IR_VERSION, OPSET
from ref_model.integer.bounds import accumulator_range
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork
from ref_model.integer.ranges import largest_activation

DOMAIN = "qonnx.custom_op.general"
EXACT = 1 << 24
"""Integers up to this magnitude are exact in float32."""
_BLOCK = 1 << 22

Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


def constants(layer: IntegerLayer) -> tuple[Floats, Floats, np.float32]:
    """(factor, offset, factor of the skip code) of a layer in float32, the first two (O,)."""
    unit = Fraction(1, 1 << layer.shift)
    centre = Fraction(0) if layer.raw else Fraction(1, 2)
    offset = [(int(b) + centre) * unit - centre for b in layer.bias]
    factor = layer.multiplier.astype(np.float64) * float(unit)
    return (
        factor.astype(np.float32),
        np.array([float(x) for x in offset]).astype(np.float32),
        np.float32(layer.skip_multiplier * float(unit)),
    )


def check_float32(layer: IntegerLayer, skip_bits: int | None) -> int:
    """How many pairs of accumulator and skip code were compared, over all channels.

    Raises UnsupportedModelError, naming channel and accumulator, when float32 gives one of them
    another code.
    """
    reach = accumulator_range(layer)
    if reach.magnitude > EXACT:
        raise UnsupportedModelError(
            f"layer {layer.name}: accumulators up to {reach.magnitude} are not exact in float32; "
            "use --onnx, whose numbers are integers"
        )
    factor, offset, skip_factor = constants(layer)
    skips = 1 if skip_bits is None else largest_activation(skip_bits) + 1
    compared = 0
    for c in range(layer.outputs):
        for first in range(int(reach.low[c]), int(reach.high[c]) + 1, _BLOCK):
            acc = np.arange(first, min(first + _BLOCK, int(reach.high[c]) + 1))
            real = acc.astype(np.float32) * factor[c] + offset[c]
            exact = acc * int(layer.multiplier[c]) + int(layer.bias[c])
            for r in range(skips):
                x = real if skip_bits is None else real + np.float32(r) * skip_factor
                v = exact + r * layer.skip_multiplier
                if layer.output_bits is None:
                    wrong = x.astype(np.float64) != v
                else:
                    top = largest_activation(layer.output_bits)
                    wrong = np.clip(np.rint(x), 0, top) != np.clip(v >> layer.shift, 0, top)
                if wrong.any():
                    raise UnsupportedModelError(
                        f"layer {layer.name}: {int(wrong.sum())} accumulators get another code in "
                        f"float32, the first at channel {c}, accumulator {acc[wrong.argmax()]}; "
                        "use --onnx, whose numbers are integers"
                    )
                compared += len(acc)
    return compared


def to_qonnx(network: IntegerNetwork, progress: Progress | None = None) -> onnx.ModelProto:
    """The QONNX model of ``network``; ``progress`` counts layers that are checked.

    Raises UnsupportedModelError where float32 cannot give all codes.
    """
    bits = network.tensor_bits()
    for index, layer in enumerate(network.layers):
        check_float32(layer, None if layer.skip is None else bits[layer.skip])
        if progress is not None:
            progress(index + 1, len(network.layers))
    writer = _Writer()
    tensors = {INPUT: writer.quant(INPUT, network.input_bits, False, "input/codes")}
    flat: set[str] = set()
    for layer, source in zip(network.layers, network.sources(), strict=True):
        tensors[layer.name] = writer.layer(layer, tensors[source], source in flat, tensors)
        if layer.kind == "linear":
            flat.add(layer.name)
    shape = network.output_shapes()[-1]
    last = network.layers[-1]
    sizes = [shape[0]] if last.kind == "linear" else list(shape)
    graph = helper.make_graph(
        writer.nodes, network.name,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [BATCH, *network.input_shape])],
        [helper.make_tensor_value_info(last.name, TensorProto.FLOAT, [BATCH, *sizes])],
        writer.constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 2)]
    return helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="lsfq"
    )


class _Writer:
    """Nodes and constants in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.ArrayLike, kind: Any = np.float32) -> str:
        """A constant of this name."""
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        """A node whose result has this name; its own is that of the layer where it has weights."""
        weighted = operator in ("Conv", "MatMul")
        own = name.rpartition("/")[0] if weighted else f"{name}/{operator}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=own, **attributes))
        return name

    def quant(self, x: str, bits: int, signed: bool, name: str) -> str:
        """``x`` as codes of scale 1."""
        fields = [("scale", 1.0), ("zero", 0.0), ("bits", float(bits))]
        inputs = [self.constant(f"{name}/{field}", value) for field, value in fields]
        return self.node("Quant", name, x, *inputs, domain=DOMAIN, signed=int(signed), narrow=0,
                         rounding_mode="ROUND")  # fmt: skip

    def layer(self, layer: IntegerLayer, x: str, flat: bool, tensors: dict[str, str]) -> str:
        """One layer that reads ``x``, a vector where ``flat``; its tensor."""
        name = layer.name
        factor, offset, skip_factor = constants(layer)
        weight: Any = layer.weight
        if layer.kind == "linear":
            weight = weight.reshape(layer.outputs, -1).T
            x = x if flat else self.node("Flatten", f"{name}/flat", x, axis=1)
            form: tuple[int, ...] = (1, layer.outputs)
        else:
            target = [0, layer.inputs, 1, 1]
            if flat:
                x = self.node("Reshape", f"{name}/map", x,
                              self.constant(f"{name}/shape", target, np.int64))  # fmt: skip
            form = (1, layer.outputs, 1, 1)
        codes = self.constant(f"{name}/codes", weight)
        codes = self.quant(codes, layer.weight_bits, True, f"{name}/weight")
        if layer.kind == "linear":
            x = self.node("MatMul", f"{name}/sum", x, codes)
        else:
            x = self.node(
                "Conv", f"{name}/sum", x, codes, kernel_shape=list(layer.kernel),
                strides=[layer.stride] * 2, pads=[layer.padding] * 4, dilations=[1, 1],
                group=layer.groups,
            )  # fmt: skip
        x = self.node(
            "Mul", f"{name}/scaled", x, self.constant(f"{name}/factor", factor.reshape(form))
        )
        result = name if layer.raw and layer.skip is None else f"{name}/moved"
        x = self.node("Add", result, x, self.constant(f"{name}/offset", offset.reshape(form)))
        if layer.skip is not None:
            skip = self.node("Mul", f"{name}/skip", tensors[layer.skip],
                             self.constant(f"{name}/skip_factor", skip_factor))  # fmt: skip
            x = self.node("Add", name if layer.raw else f"{name}/added", x, skip)
        if layer.output_bits is None:
            return x
        x = self.quant(x, layer.output_bits, False, name if layer.pool == 1 else f"{name}/unpooled")
        if layer.pool == 2:
            x = self.node("MaxPool", name, x, kernel_shape=[2, 2], strides=[2, 2])
        return x
