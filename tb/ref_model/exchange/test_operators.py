# SPDX-License-Identifier: Apache-2.0
"""Every operator of the table in docs/onnx.md: what is imported, and what is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx: Any = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from ref_model.exchange.check import compare  # noqa: E402
from ref_model.exchange.errors import ExchangeError, UnsupportedModelError  # noqa: E402
from ref_model.exchange.importer import Pixels, import_file, import_model  # noqa: E402
from ref_model.exchange.operators import OPERATORS, QONNX  # noqa: E402
from ref_model.hardware.core_config import CoreConfig  # noqa: E402
from ref_model.hardware.plan import plan_network  # noqa: E402
from tb.ref_model.exchange.graphs import Maker, save  # noqa: E402

PAGE = Path(__file__).parents[3] / "docs" / "onnx.md"
Case = Callable[[Maker], str]


def stem(make: Maker, channels: int = 6, **fields: Any) -> str:
    """A first layer with ReLU and codes."""
    x = make.conv(make.image, 3, channels, bias=True, **fields)
    return make.quant(make.node("Relu", x), 0.11)


def norm(make: Maker, x: str, channels: int, least: float = -1.5) -> str:
    values = [make.rng.uniform(least, 1.5, channels), make.rng.normal(0, 0.3, channels),
              make.rng.normal(0, 0.3, channels), make.rng.uniform(0.3, 2, channels)]  # fmt: skip
    return make.node("BatchNormalization", x, *map(make.constant, values))


def of_conv(make: Maker) -> str:
    x = stem(make)
    x = make.quant(make.node("Relu", make.conv(x, 6, 6, group=6)), 0.1)
    x = make.quant(make.node("Relu", make.conv(x, 6, 8, 1, strides=[2, 2])), 0.15)
    return make.head(make.quant(make.conv(x, 8, 4, 3), 0.1), 4, 4)


def of_batch_norm(make: Maker) -> str:
    x = norm(make, make.conv(make.image, 3, 6), 6)
    x = make.quant(make.node("Relu", x), 0.2)
    x = make.quant(make.node("Relu", norm(make, x, 6)), 0.15)
    return make.head(x, 6, 8)


def of_relu(make: Maker) -> str:
    x = make.quant(make.conv(make.image, 3, 6), 0.2, 4, signed=True)
    x = make.quant(make.node("Relu", make.conv(x, 6, 6, 1)), 0.2)
    return make.head(make.node("Relu", make.node("Relu", x)), 6, 8)


def of_clip(make: Maker) -> str:
    """ReLU6 before the quantiser, a clip behind codes of both signs."""
    ends = [make.constant(0.0), make.constant(1.0)]
    x = make.quant(make.node("Clip", make.conv(make.image, 3, 6), *ends), 0.07)
    x = make.quant(make.conv(x, 6, 6), 0.3, 4, signed=True)
    return make.head(make.node("Clip", x, make.constant(-0.9), make.constant(1.2)), 6, 8)


def of_max_pool(make: Maker) -> str:
    """Behind codes, before them, of a tensor that is read twice, and of the image."""
    pool: Any = {"kernel_shape": [2, 2], "strides": [2, 2]}
    image = make.node("MaxPool", make.image, **pool)
    x = make.quant(make.node("Relu", make.conv(image, 3, 6)), 0.11)
    y = make.node("MaxPool", x, **pool)
    z = make.quant(make.node("MaxPool", norm(make, make.conv(x, 6, 6), 6), **pool), 0.2)
    return make.head(make.quant(make.node("Add", y, z), 0.3), 6, 2)


def of_average(make: Maker, average: Callable[[str], str]) -> str:
    """Before a quantiser and a convolution."""
    x = make.quant(average(stem(make)), 0.05)
    x = make.quant(make.node("Relu", make.conv(x, 6, 7, 1)), 0.1)
    return make.head(x, 7, 1)


def of_global_average(make: Maker) -> str:
    return of_average(make, lambda x: make.node("GlobalAveragePool", x))


def of_average_pool(make: Maker) -> str:
    average = make.node("AveragePool", stem(make), kernel_shape=[8, 8])
    return make.linear(make.node("Flatten", average), 6)


def of_mean(make: Maker) -> str:
    return make.linear(make.node("ReduceMean", stem(make), axes=[2, 3], keepdims=0), 6)


def of_add(make: Maker) -> str:
    """A constant, a residual addition to a sum, and one of two tensors of codes of both signs."""
    x = stem(make)
    y = make.node("Add", make.conv(x, 6, 6), make.constant(make.rng.normal(0, 1, (1, 6, 1, 1))))
    y = make.quant(make.node("Add", y, x), 0.2, 4, signed=True)
    z = make.quant(make.conv(y, 6, 6, 1), 0.2, 4, signed=True)
    return make.head(make.quant(make.node("Relu", make.node("Add", z, y)), 0.3), 6, 8)


def of_sub(make: Maker) -> str:
    x = make.node("Sub", make.conv(make.image, 3, 6), make.constant(0.3))
    return make.head(make.quant(x, 0.1), 6, 8)


def of_mul(make: Maker) -> str:
    """Of a sum by channels, of codes by one number, and of codes by channels."""
    factors = [make.constant(make.rng.uniform(-2, 2, (6, 1, 1))) for _ in range(2)]
    x = make.quant(make.node("Mul", make.conv(make.image, 3, 6), factors[0]), 0.2)
    x = make.quant(make.conv(make.node("Mul", make.constant(0.5), x), 6, 6), 0.1)
    return make.head(make.quant(make.node("Mul", x, factors[1]), 0.2), 6, 8)


def of_div(make: Maker) -> str:
    x = make.node("Div", make.conv(make.image, 3, 6), make.constant(0.7))
    return make.head(make.quant(x, 0.2), 6, 8)


def of_mat_mul(make: Maker) -> str:
    """A hidden layer and the last one, with the bias added behind it."""
    x = make.node("Flatten", stem(make))
    weight = make.weight(make.codes(384, 7), make.rng.uniform(0.01, 0.02, 7), axis=1)
    x = make.node("MatMul", x, weight)
    x = make.quant(make.node("Relu", make.node("Add", x, make.constant(np.arange(7) / 5))), 0.2)
    weight = make.weight(make.codes(7, 4), 0.1)
    return make.node("Add", make.node("MatMul", x, weight), make.constant(make.rng.normal(size=4)))


def of_gemm(make: Maker) -> str:
    x = make.node("Flatten", stem(make))
    weight = make.weight(make.codes(384, 7), make.rng.uniform(0.01, 0.02, 7), axis=1)
    x = make.quant(make.node("Relu", make.node("Gemm", x, weight)), 0.2)
    return make.linear(x, 7)


def of_reshape(make: Maker) -> str:
    target = make.constant([0, -1], np.int64)
    return make.linear(make.node("Reshape", stem(make), target), 384)


def of_squeeze(make: Maker) -> str:
    x = make.node("GlobalAveragePool", stem(make))
    return make.linear(make.node("Squeeze", x, make.constant([2, 3], np.int64)), 6)


def of_unsqueeze(make: Maker) -> str:
    """Of a constant."""
    moved = make.node("Unsqueeze", make.constant(np.arange(6) / 7), make.constant([1, 2], np.int64))
    x = make.node("Add", make.conv(make.image, 3, 6), moved)
    return make.head(make.quant(x, 0.1), 6, 8)


def of_transpose(make: Maker) -> str:
    """Of weights."""
    x = make.node("Flatten", stem(make))
    weight = make.weight(make.codes(5, 384), make.rng.uniform(0.01, 0.02, 5), axis=0)
    return make.node("MatMul", x, make.node("Transpose", weight, perm=[1, 0]))


def of_passing(make: Maker, operator: str, **fields: Any) -> str:
    x = make.node(operator, make.conv(make.image, 3, 6), **fields)
    return make.head(make.node(operator, make.quant(x, 0.1), **fields), 6, 8)


def of_quantisers(make: Maker) -> str:
    """Widths and ends that the core has not: 5 bits, narrow, 2 codes; an 8-bit image."""
    x = make.quant(make.image, 1 / 255, 8)
    x = make.quant(make.node("Relu", make.conv(x, 3, 6)), 0.05, 5)
    x = make.quant(make.conv(x, 6, 6), 0.4, 4, signed=True, narrow=True)
    x = make.quant(make.node("Relu", make.conv(x, 6, 6, 1)), 0.4, 4, narrow=True)
    x = make.quant(make.node("Relu", make.conv(x, 6, 6, bits=8)), 2.0, 8)
    return make.head(make.quant(make.conv(x, 6, 6, bits=2), 9.0, 1), 6, 8)


def of_softmax(make: Maker) -> str:
    """At the end, with a quantiser before it: left out."""
    return make.node("Softmax", make.quant(make.head(stem(make), 6, 8), 0.001, 8, signed=True))


CASES: dict[str, Case] = {
    "Add": of_add, "AveragePool": of_average_pool, "BatchNormalization": of_batch_norm,
    "Cast": lambda make: of_passing(make, "Cast", to=onnx.TensorProto.FLOAT),
    "Clip": of_clip, "Conv": of_conv, "DequantizeLinear": of_quantisers, "Div": of_div,
    "Dropout": lambda make: of_passing(make, "Dropout"), "Flatten": of_conv, "Gemm": of_gemm,
    "GlobalAveragePool": of_global_average, "Identity": lambda make: of_passing(make, "Identity"),
    "MatMul": of_mat_mul, "MaxPool": of_max_pool, "Mul": of_mul, "QuantizeLinear": of_quantisers,
    "ReduceMean": of_mean, "Relu": of_relu, "Reshape": of_reshape, "Softmax": of_softmax,
    "Squeeze": of_squeeze, "Sub": of_sub, "Transpose": of_transpose, "Unsqueeze": of_unsqueeze,
}  # fmt: skip
IN_QONNX = {"Quant": of_quantisers, "BipolarQuant": lambda make: bipolar(make)}


def bipolar(make: Maker) -> str:
    """Weights and codes of -1 and 1."""
    one = make.constant(0.25)
    domain = QONNX[0]
    weight = make.constant(make.rng.normal(size=(6, 3, 3, 3)))
    weight = make.node("BipolarQuant", weight, one, domain=domain)
    x = make.node("Conv", make.image, weight, kernel_shape=[3, 3], pads=[1] * 4)
    x = make.node("BipolarQuant", norm(make, x, 6), make.constant(0.7), domain=domain)
    return make.head(make.quant(make.conv(x, 6, 8, 1), 0.1), 8, 8)


def imported_equals_graph(make: Maker, build: Case, path: Path) -> None:
    """Import a graph and run both on images; every code is equal, or the report says why not."""
    save(make.model(build(make)), path)
    found = import_file(path, allow_inexact=1000)
    images = make.rng.integers(0, 256, (40, *make.shape)).astype(np.uint8)
    images[:2] = [[[[0]]], [[[255]]]]
    compared = compare(path, found, images, Pixels())
    assert compared.codes
    assert compared.classes == 0
    assert compared.own <= found.differing, found.reports
    assert found.differing <= 1e-4 * sum(report.values for report in found.reports)
    plan_network(found.network, CoreConfig(4, 4))


@pytest.mark.parametrize("name", CASES)
def test_imported(name: str, tmp_path: Path) -> None:
    imported_equals_graph(Maker(sorted(CASES).index(name)), CASES[name], tmp_path / "x.onnx")


@pytest.mark.parametrize("name", [*IN_QONNX, "Conv", "Add", "Relu", "Clip", "MatMul", "Transpose"])
def test_imported_with_quant_nodes(name: str, tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="qonnx, the oracle, is not installed")
    case = {**CASES, **IN_QONNX}[name]
    imported_equals_graph(Maker(3, "qonnx"), case, tmp_path / "x.onnx")


def test_a_signed_image_is_split(tmp_path: Path) -> None:
    """A mean and a deviation, then codes of both signs, padded: with ends cut off, and without."""
    deviation = (Fraction(1, 4), Fraction(1, 3), Fraction(1))
    pixels = Pixels(mean=(Fraction(1, 2),) * 3, deviation=deviation)
    for scale, layers in ((0.02, 1), (0.012, 2)):
        make = Maker(5)
        x = make.quant(make.image, scale, 8, signed=True)
        save(make.model(make.head(stem_of(make, x), 6, 8)), tmp_path / "x.onnx")
        found = import_file(tmp_path / "x.onnx", pixels=pixels, allow_inexact=20)
        assert len(found.network.layers) == 2 + layers
        images = make.rng.integers(0, 256, (40, 3, 8, 8)).astype(np.uint8)
        compared = compare(tmp_path / "x.onnx", found, images, pixels)
        assert compared.own <= found.differing
        assert compared.classes == 0


def stem_of(make: Maker, x: str) -> str:
    return make.quant(make.node("Relu", make.conv(x, 3, 6)), 0.3)


def test_an_image_of_bytes_and_one_of_codes(tmp_path: Path) -> None:
    """Bytes that are cast need no factor; a quantiser that changes nothing needs no layer."""
    make = Maker(6)
    x = make.node("Cast", make.image, to=onnx.TensorProto.FLOAT)
    x = make.quant(x, 1.0, 8)
    model = make.model(make.head(make.quant(make.conv(x, 3, 4), 9.0), 4, 8), onnx.TensorProto.UINT8)
    save(model, tmp_path / "x.onnx")
    found = import_file(tmp_path / "x.onnx", allow_inexact=20)
    assert len(found.network.layers) == 2
    images = make.rng.integers(0, 256, (20, 3, 8, 8)).astype(np.uint8)
    assert compare(tmp_path / "x.onnx", found, images, Pixels()).own <= found.differing


def test_a_vector_of_numbers(tmp_path: Path) -> None:
    make = Maker(7, shape=(12,))
    x = make.linear(make.image, 12, 9)
    save(make.model(make.linear(make.quant(make.node("Relu", x), 0.1), 9)), tmp_path / "x.onnx")
    found = import_file(tmp_path / "x.onnx", allow_inexact=9)
    images = make.rng.integers(0, 256, (20, 12, 1, 1)).astype(np.uint8)
    compared = compare(tmp_path / "x.onnx", found, images, Pixels())
    assert (compared.classes, compared.own) == (0, 0)


def conv_with(**fields: Any) -> Case:
    return lambda make: make.conv(stem(make), 6, 6, **fields)


def pool_with(**fields: Any) -> Case:
    whole: Any = {"kernel_shape": [2, 2], "strides": [2, 2], **fields}
    return lambda make: make.node("MaxPool", stem(make), **whole)


def float_weights(make: Maker) -> str:
    weight = make.constant(make.rng.normal(size=(4, 6, 3, 3)))
    return make.node("Conv", stem(make), weight, pads=[1] * 4)


REFUSED: dict[str, tuple[Case, str]] = {
    "no padding": (conv_with(pads=[0] * 4), "3x3 convolution without padding.*padding=1"),
    "5x5": (conv_with(kernel=5), "a kernel of 5 x 5"),
    "stride 3": (conv_with(strides=[3, 3]), "stride 3"),
    "dilation": (conv_with(dilations=[2, 2]), r"dilations \[2\]"),
    "groups": (conv_with(group=2), "2 groups"),
    "uneven pads": (conv_with(pads=[0, 0, 1, 1]), "differ"),
    "SAME_UPPER": (lambda make: make.node(
        "Conv", stem(make), make.weight(make.codes(6, 6, 3, 3), 0.1), auto_pad="SAME_UPPER",
        strides=[2, 2]), "padding SAME_UPPER with stride 2"),
    "pool 3x3": (pool_with(kernel_shape=[3, 3]), "pools 2x2"),
    "ceil_mode": (pool_with(ceil_mode=1), "pools 2x2"),
    "average 2x2": (lambda make: make.node(
        "AveragePool", stem(make), kernel_shape=[2, 2], strides=[2, 2]), "whole maps only"),
    "float weights": (float_weights, "weights are not quantised"),
    "float input": (lambda make: make.conv(make.conv(stem(make), 6, 6), 6, 6), "not quantised"),
    "padded signs": (lambda make: make.conv(
        make.quant(make.conv(stem(make), 6, 6), 0.1, 4, signed=True), 6, 6), "pads a signed"),
    "two sums": (lambda make: make.node(
        "Add", make.conv(stem(make), 6, 6), make.conv(make.image, 3, 6)), "none is quantised"),
    "shapes": (lambda make: make.node(
        "Add", make.conv(stem(make), 6, 6, strides=[2, 2]), stem(make)), "adds tensors of shapes"),
    "product": (lambda make: make.node("Mul", stem(make), stem(make)), "multiplies two tensors"),
    "sigmoid": (lambda make: make.node("Sigmoid", make.conv(stem(make), 6, 6)),
                "the operator Sigmoid is not read"),
    "resize": (lambda make: make.node("Resize", stem(make)), "the operator Resize is not read"),
    "domain": (lambda make: make.node("Relu", stem(make), domain="else.where"),
               "Relu of else.where is not read"),
    "softmax inside": (lambda make: make.head(make.node("Softmax", stem(make)), 6, 8),
                       "Softmax is not read"),
    "relu, then norm": (lambda make: norm(make, make.node("Relu", make.conv(stem(make), 6, 6)), 6),
                        "behind a ReLU"),
    "relu at the end": (lambda make: make.node("Relu", make.head(stem(make), 6, 8)), "plain sums"),
    "16 bits": (lambda make: make.head(
        make.quant(make.conv(stem(make), 6, 6), 0.001, 9), 6, 8), "512 codes"),
    "scale 0": (lambda make: make.head(
        make.quant(make.conv(stem(make), 6, 6), 0.0), 6, 8), "not positive"),
    "channel scales": (lambda make: make.head(make.node(
        "QuantizeLinear", make.conv(stem(make), 6, 6), make.constant([0.1] * 5 + [0.2]),
        make.constant(0, np.uint8)), 6, 8), "one scale for all channels"),
    "flat map": (lambda make: make.node("MatMul", stem(make), make.weight(make.codes(8, 8), 0.1)),
                 "flatten it first"),
    "odd weight": (lambda make: make.linear(make.node("Flatten", stem(make)), 385),
                   "on 384 numbers"),
    "odd kernel": (lambda make: make.conv(stem(make), 5, 6), "on 6 channels"),
    "nan": (lambda make: make.quant(
        make.node("Mul", stem(make), make.constant(np.nan)), 0.1), "NaN or infinite"),
    "division by 0": (lambda make: make.node("Div", stem(make), make.constant(0.0)), "by 0"),
    "no weight": (lambda make: make.node("Conv", stem(make)), "its weight is not a constant"),
    "missing input": (lambda make: make.node("Add", stem(make)), "an input is missing"),
    "transposed tensor": (lambda make: make.node("Transpose", stem(make), perm=[0, 2, 3, 1]),
                          "turns a tensor"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    build, said = REFUSED[name]
    make = Maker(1, "qonnx" if name == "16 bits" else "qcdq")
    model = make.model(build(make))
    with pytest.raises(UnsupportedModelError, match=said) as caught:
        import_model(model, allow_inexact=100)
    assert re.match("(node|layer) ", str(caught.value)), caught.value


@pytest.mark.parametrize("sizes", [(3, None, None), (3, 8), ()])
def test_images_without_sizes(sizes: Any) -> None:
    make = Maker(1, shape=sizes)
    with pytest.raises(UnsupportedModelError, match="one image of fixed channels"):
        import_model(make.model(stem(make)))


def test_a_mean_without_a_quantiser() -> None:
    make = Maker(1)
    model = make.model(make.head(stem(make), 6, 8))
    with pytest.raises(UnsupportedModelError, match="put a quantiser of 8 bits between them"):
        import_model(model, pixels=Pixels(mean=(Fraction(1, 2),)))
    with pytest.raises(ExchangeError, match="for each of the 3 channels"):
        import_model(model, pixels=Pixels(mean=(Fraction(1, 2),) * 2))


def test_the_page_lists_what_is_read() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == sorted(rows)
    assert {*rows} == {name for _, name in OPERATORS} | {"Softmax"}
    assert {*rows} == {*CASES, *IN_QONNX}
