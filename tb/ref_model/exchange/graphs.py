# SPDX-License-Identifier: Apache-2.0
"""Quantised ONNX graphs made by hand, in both dialects."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"


class Maker:
    """A graph in the making; every method returns the name of a tensor.

    ``dialect`` is "qcdq" (QuantizeLinear, Clip, DequantizeLinear) or "qonnx" (Quant).
    """

    def __init__(self, seed: int = 0, dialect: str = "qcdq", shape: Any = (3, 8, 8)) -> None:
        self.rng = np.random.default_rng(seed)
        self.dialect, self.shape = dialect, shape
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.image = "image"

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        """A constant."""
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """One node."""
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes)
        )
        return name

    def quant(
        self, x: str, scale: float, bits: int = 4, signed: bool = False, narrow: bool = False
    ) -> str:
        """``x`` on a grid."""
        if self.dialect == "qonnx":
            fields = [self.constant(v) for v in (scale, 0.0, float(bits))]
            return self.node("Quant", x, *fields, domain=QONNX, signed=int(signed),
                             narrow=int(narrow), rounding_mode="ROUND")  # fmt: skip
        low = -(1 << bits - 1) + narrow if signed else 0
        high = (1 << bits - 1) - 1 if signed else (1 << bits) - 1 - narrow
        kind = np.int8 if signed else np.uint8
        zero, step = self.constant(0, kind), self.constant(scale)
        x = self.node("QuantizeLinear", x, step, zero)
        x = self.node("Clip", x, self.constant(low, kind), self.constant(high, kind))
        return self.node("DequantizeLinear", x, step, zero)

    def weight(self, codes: Any, scale: Any, bits: int = 4, axis: int = 0) -> str:
        """Quantised weights of the integers ``codes``, one scale or one a channel of ``axis``."""
        codes = np.asarray(codes)
        if self.dialect == "qonnx":
            shape = [1] * codes.ndim
            if np.ndim(scale):
                shape[axis] = -1
            steps = np.reshape(np.asarray(scale, np.float32), shape)
            fields = [self.constant(v) for v in (steps, 0.0, float(bits))]
            return self.node("Quant", self.constant(codes * steps), *fields, domain=QONNX,
                             signed=1, narrow=0, rounding_mode="ROUND")  # fmt: skip
        zero = np.zeros(np.shape(scale), np.int8)
        return self.node("DequantizeLinear", self.constant(codes, np.int8), self.constant(scale),
                         self.constant(zero, np.int8), axis=axis)  # fmt: skip

    def codes(self, *shape: int, bits: int = 4) -> Any:
        """Random weight codes, the smallest among them."""
        found = self.rng.integers(-(1 << bits - 1), 1 << bits - 1, shape)
        found.flat[0] = -(1 << bits - 1)
        return found

    def conv(
        self, x: str, inputs: int, outputs: int, kernel: int = 3, bias: bool = False, **fields: Any
    ) -> str:
        """A convolution with a scale a channel, padded so that its size stays."""
        bits, groups = fields.pop("bits", 4), fields.get("group", 1)
        steps = self.rng.uniform(0.02, 0.05, outputs)
        weight = self.weight(self.codes(outputs, inputs // groups, kernel, kernel, bits=bits),
                             steps, bits)  # fmt: skip
        fields.setdefault("pads", [kernel // 2] * 4)
        more = [self.constant(self.rng.normal(0, 0.2, outputs))] if bias else []
        return self.node("Conv", x, weight, *more, kernel_shape=[kernel] * 2, **fields)

    def linear(self, x: str, inputs: int, outputs: int = 5) -> str:
        """A linear layer with a bias."""
        weight = self.weight(self.codes(outputs, inputs), 0.03)
        bias = self.constant(self.rng.normal(0, 0.2, outputs))
        return self.node("Gemm", x, weight, bias, transB=1)

    def head(self, x: str, channels: int, size: int) -> str:
        """Flatten and a linear layer: how most cases end."""
        return self.linear(self.node("Flatten", x), channels * size * size)

    def model(self, result: str, kind: int = TensorProto.FLOAT, outputs: int | None = None) -> Any:
        """The whole model."""
        graph = helper.make_graph(
            self.nodes, "graph",
            [helper.make_tensor_value_info(self.image, kind, ["N", *self.shape])],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
            self.constants,
        )  # fmt: skip
        opsets = [helper.make_opsetid("", 13)]
        if self.dialect == "qonnx":
            opsets.append(helper.make_opsetid(QONNX, 2))
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def save(model: Any, path: Any) -> None:
    """Write a model."""
    path.write_bytes(model.SerializeToString())


def plain(dialect: str = "qcdq", seed: int = 0) -> Any:
    """A small network of both kinds of layers."""
    make = Maker(seed, dialect)
    x = make.quant(make.node("Relu", make.conv(make.image, 3, 6, bias=True)), 0.12)
    x = make.quant(make.node("Relu", make.conv(x, 6, 8, strides=[2, 2])), 0.2)
    return make.model(make.head(x, 8, 4))


def weightless(model: Any) -> Any:
    """The same model, its constants gone."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.initializer[:]
    return copy
