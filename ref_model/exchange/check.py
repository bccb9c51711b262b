# SPDX-License-Identifier: Apache-2.0
"""Run a graph and the network that was imported from it on the same images, and compare.

The graph runs in onnxruntime, or, where it has Quant nodes, in the executor of the package qonnx,
both in float32: rounding errors of theirs may move a code by one near the middle of two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from ref_model.exchange.errors import ExchangeError
from ref_model.exchange.importer import Imported, Pixels
from ref_model.exchange.integer_onnx import is_integer_model
from ref_model.exchange.model_file import graph_of, read_model
from ref_model.exchange.onnx_runtime import OnnxRuntime
from ref_model.integer import INPUT, run_network
from ref_model.integer.execute import check_images, run_layer

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Comparison:
    """``differing`` of ``codes`` in all tensors, ``classes`` differing of ``images``.

    ``own`` counts the codes that differ where each layer is fed with the graph's codes: an error of
    the first layer otherwise counts in all that follow. ``tensors`` has a line (tensor, differing,
    of how many) for every tensor that differs; a class counts as differing unless
    the graph's two best results are equal to six digits.
    """

    images: int
    codes: int
    differing: int
    own: int
    classes: int
    tensors: tuple[tuple[str, int, int], ...]

    def __str__(self) -> str:
        lines = [
            f"{self.images} images: {self.differing} of {self.codes} codes differ "
            f"({self.own} where each layer is fed with the graph's codes), "
            f"{self.classes} classes differ"
        ]
        lines += [f"  {name}: {wrong} of {size} codes" for name, wrong, size in self.tensors]
        return "\n".join(lines)


def compare(path: Path, imported: Imported, images: Array, pixels: Pixels) -> Comparison:
    """Compare the graph in ``path`` with its network on uint8 ``images`` (N, C, H, W).

    Raises ExchangeError where what runs the graph is not installed, NetworkError for images that do
    not fit.
    """
    network = imported.network
    images = check_images(network, images)
    model = read_model(path)
    names = [imported.result, *(name for name, _ in imported.tensors.values())]
    if is_integer_model(model):
        names = [layer.name for layer in network.layers]
    graph = run_graph(model, _fed(model, images, pixels), names)
    ours = run_network(network, images)
    theirs = {INPUT: images}
    for tensor, (name, codes) in imported.tensors.items():
        real = graph[name].astype(np.float64) / float(codes.scale) + float(codes.zero)
        theirs[tensor] = np.rint(real).astype(np.int64).reshape(ours[tensor].shape)
    if is_integer_model(model):
        theirs |= graph
    lines, total, own = [], 0, 0
    sources = dict(zip((x.name for x in network.layers), network.sources(), strict=True))
    for layer in network.layers:
        if layer.name not in theirs:
            continue
        wrong = int(np.count_nonzero(theirs[layer.name] != ours[layer.name]))
        total += theirs[layer.name].size
        if wrong:
            lines.append((layer.name, wrong, int(theirs[layer.name].size)))
        skip = None if layer.skip is None else theirs.get(layer.skip, ours[layer.skip])
        source = theirs.get(sources[layer.name], ours[sources[layer.name]])
        alone = run_layer(layer, source, skip)
        own += int(np.count_nonzero(theirs[layer.name] != alone))
    results = graph[imported.result].reshape(len(images), -1).astype(np.float64)
    mine = ours[network.layers[-1].name].reshape(len(images), -1)
    classes = mine.argmax(axis=1)
    best = results.max(axis=1)
    span = np.abs(results).max(axis=1)
    missed = best - results[range(len(images)), classes] > 1e-6 * span
    return Comparison(
        len(images),
        total,
        sum(wrong for _, wrong, _ in lines),
        own,
        int(missed.sum()),
        tuple(lines),
    )


def _fed(model: onnx.ModelProto, images: Array, pixels: Pixels) -> Array:
    """The images as the graph wants them."""
    constants = {item.name for item in model.graph.initializer}
    (fed,) = (item for item in model.graph.input if item.name not in constants)
    kind = fed.type.tensor_type
    sizes = len(kind.shape.dim)
    shaped = images if sizes == 4 else images.reshape(len(images), -1)
    return shaped if kind.elem_type == onnx.TensorProto.UINT8 else pixels.real(shaped)


def run_graph(model: onnx.ModelProto, fed: Array, names: Iterable[str]) -> dict[str, Array]:
    """The tensors ``names`` of ``model`` for the input ``fed``, by onnxruntime or by qonnx."""
    names = list(dict.fromkeys(names))
    if not any(node.domain not in ("", "ai.onnx") for node in model.graph.node):
        return OnnxRuntime(_without_shapes(model, None), names)(fed)
    return _by_qonnx(model, fed, names)


def _without_shapes(model: onnx.ModelProto, batch: int | None) -> onnx.ModelProto:
    """``model`` for any number of images, or for ``batch``, unless a Reshape fixes it."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    if _fixed_batch(model):
        return changed
    constants = {item.name for item in model.graph.initializer}
    for item in (*changed.graph.input, *changed.graph.output):
        sizes = item.type.tensor_type.shape.dim
        if item.name in constants or not sizes:
            continue
        if batch is None:
            sizes[0].dim_param = "N"
        else:
            sizes[0].dim_value = batch
    if not is_integer_model(model):
        del changed.graph.value_info[:]
    return changed


def _fixed_batch(model: onnx.ModelProto) -> bool:
    """Whether a Reshape names the number of images; 0 keeps it."""
    graph = graph_of(model)
    targets = [
        graph.constants[node.inputs[1]].reshape(-1)
        for node in graph.nodes
        if node.operator == "Reshape" and node.inputs[1] in graph.constants
    ]
    return any(target.size and target[0] > 0 for target in targets)


def _by_qonnx(model: onnx.ModelProto, fed: Array, names: list[str]) -> dict[str, Array]:
    try:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes
    except ImportError as error:
        raise ExchangeError(
            f"running a graph with Quant nodes needs the package qonnx ({error}): pip install qonnx"
        ) from error
    step = 1 if _fixed_batch(model) else len(fed)
    wrapper = ModelWrapper(_without_shapes(model, step)).transform(InferShapes())
    constants = {item.name for item in model.graph.initializer}
    (name,) = (item.name for item in model.graph.input if item.name not in constants)
    parts = []
    for start in range(0, len(fed), step):
        context = execute_onnx(wrapper, {name: fed[start : start + step]}, True)
        parts.append([context[x] for x in names])
    return {
        x: np.concatenate(column) for x, column in zip(names, zip(*parts, strict=True), strict=True)
    }
