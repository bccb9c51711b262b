# SPDX-License-Identifier: Apache-2.0
"""Read an ONNX file that somebody sent: nothing in it is run, and nothing is believed.

Sizes are checked before anything is allocated, data outside the file must lie in the file's own
folder, nodes are put in order and cycles refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, helper, numpy_helper

from ref_model.exchange.errors import ModelFileError, UnsupportedModelError

MAX_BYTES = 1 << 30
"""Bytes of a model and of the data beside it, at most."""
MAX_NODES = 100_000
MAX_RANK = 8


@dataclass(frozen=True)
class Node:
    """One operator: ``name`` for people, ``inputs`` (an empty name: left out), ``attributes``."""

    name: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Graph:
    """A model's graph: nodes in an order in which every input comes before it is read.

    ``input`` is the one tensor that is fed, ``input_shape`` its sizes without the batch (None where
    the file leaves one free), ``input_type`` an ONNX element type. ``constants`` are arrays by
    name.
    """

    nodes: Sequence[Node]
    input: str
    input_shape: tuple[int | None, ...]
    input_type: int
    output: str
    constants: Mapping[str, npt.NDArray[Any]]
    opset: int


def read_model(path: Path) -> onnx.ModelProto:
    """The model in ``path``, with its data.

    Raises ModelFileError for a file that is no ONNX model, is cut short or claims more data than it
    brings, OSError where it cannot be read.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ModelFileError(f"{path}: not a file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ModelFileError(f"{path}: {size} bytes; models of at most {MAX_BYTES} are read")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except (DecodeError, RecursionError) as error:
        raise ModelFileError(f"{path}: no ONNX model, or cut short") from error
    if not model.HasField("graph") or not model.graph.node or not model.opset_import:
        raise ModelFileError(
            f"{path}: no ONNX model: a graph, nodes or the operator set is missing"
        )
    try:
        _load_data(model, path.parent)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    return model


def _load_data(model: onnx.ModelProto, folder: Path) -> None:
    """Check the size of every constant, and bring in those that lie in other files."""
    total = 0
    attributes = (a for node in model.graph.node for a in node.attribute if a.HasField("t"))
    for tensor in (*model.graph.initializer, *(a.t for a in attributes)):
        total += _check_size(tensor)
        if total > MAX_BYTES:
            raise ModelFileError(f"its constants claim more than {MAX_BYTES} bytes")
        if tensor.data_location == TensorProto.EXTERNAL:
            _load_external(tensor, folder)


def _item_bytes(tensor: onnx.TensorProto) -> int:
    try:
        return int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    except (KeyError, TypeError, ValueError):
        raise ModelFileError(f"constant {tensor.name!r} is of no known type") from None


def _check_size(tensor: onnx.TensorProto) -> int:
    """Bytes of a constant; ModelFileError where it claims others than it has."""
    if len(tensor.dims) > MAX_RANK or any(size < 0 for size in tensor.dims):
        raise ModelFileError(f"constant {tensor.name!r} has the shape {list(tensor.dims)}")
    if tensor.data_type == TensorProto.STRING:
        return 0
    count: int = math.prod(tensor.dims)
    item = _item_bytes(tensor)
    if tensor.data_location == TensorProto.EXTERNAL:
        return count * item
    if tensor.HasField("raw_data"):
        found, wanted = len(tensor.raw_data), count * item
        fits = bool(found == wanted) or (item == 1 and found == (count + 1) // 2)  # 4-bit types
    else:
        lists = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data,
                 tensor.uint64_data)  # fmt: skip
        found, wanted = sum(len(data) for data in lists), count
        fits = found == wanted or found == (count + 1) // 2
    if not fits:
        raise ModelFileError(
            f"constant {tensor.name!r} of shape {list(tensor.dims)} claims {wanted} "
            f"{'bytes' if tensor.HasField('raw_data') else 'numbers'}, but brings {found}: the "
            "file is damaged"
        )
    return count * item


def _load_external(tensor: onnx.TensorProto, folder: Path) -> None:
    """Bring in a constant that lies in another file of the model's folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    name, base = entries.get("location", ""), folder.resolve()
    path = (base / name).resolve()
    if not name or Path(name).is_absolute() or not path.is_relative_to(base):
        raise ModelFileError(
            f"constant {tensor.name!r} lies in {name!r}, outside the model's folder; only files "
            "in the folder are read"
        )
    if not path.is_file():
        raise ModelFileError(f"constant {tensor.name!r} lies in {name!r}, which is not there")
    wanted = math.prod(tensor.dims) * _item_bytes(tensor)
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", wanted))
    except ValueError:
        raise ModelFileError(f"constant {tensor.name!r} lies at no place of {name!r}") from None
    if length != wanted or offset < 0 or offset + length > path.stat().st_size:
        raise ModelFileError(
            f"constant {tensor.name!r} of shape {list(tensor.dims)} is not in {name!r}: {length} "
            f"bytes at {offset} of {path.stat().st_size}"
        )
    with path.open("rb") as file:
        file.seek(offset)
        tensor.raw_data = file.read(length)
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def graph_of(model: onnx.ModelProto) -> Graph:
    """The graph of a model that `read_model` returned.

    Raises ModelFileError for cycles, names that nothing makes and the like, UnsupportedModelError
    for several inputs or outputs and for subgraphs.
    """
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise ModelFileError(f"{len(graph.node)} nodes; at most {MAX_NODES} are read")
    constants = {item.name: _array(item) for item in graph.initializer}
    if graph.sparse_initializer:
        raise UnsupportedModelError("sparse constants are not read: store them dense")
    fed = [item for item in graph.input if item.name not in constants]
    if len(fed) != 1 or len(graph.output) != 1:
        raise UnsupportedModelError(
            f"{len(fed)} inputs and {len(graph.output)} outputs; a network has one image and one "
            "result: export without the others"
        )
    nodes = []
    for index, proto in enumerate(graph.node):
        node = _node(proto, index)
        if node.operator == "Constant" and not node.domain:
            constants[node.outputs[0]] = _constant(node)
        else:
            nodes.append(node)
    (source,) = fed
    sizes = source.type.tensor_type.shape.dim
    opset = max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")),
                default=0)  # fmt: skip
    return Graph(
        _in_order(nodes, {source.name, *constants}), source.name,
        tuple(size.dim_value or None for size in sizes)[1:],
        source.type.tensor_type.elem_type, graph.output[0].name, constants, opset,
    )  # fmt: skip


def _array(tensor: onnx.TensorProto) -> npt.NDArray[Any]:
    try:
        array = numpy_helper.to_array(tensor)
    except (TypeError, ValueError, KeyError) as error:
        raise ModelFileError(f"constant {tensor.name!r} cannot be read ({error})") from error
    if array.dtype.kind not in "fiub":  # bfloat16 and other types that numpy does not have
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise UnsupportedModelError(f"constant {tensor.name!r} holds no numbers") from None
    return array


def _node(proto: onnx.NodeProto, index: int) -> Node:
    name = proto.name or next(iter(proto.output), "") or f"node {index}"
    attributes = {}
    for item in proto.attribute:
        if item.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            raise UnsupportedModelError(
                f"node {name}: {proto.op_type} holds a graph of its own; export the model without "
                "branches and loops"
            )
        attributes[item.name] = helper.get_attribute_value(item)
    if not proto.output:
        raise ModelFileError(f"node {name}: {proto.op_type} has no result")
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    return Node(name, proto.op_type, domain, tuple(proto.input), tuple(proto.output), attributes)


def _constant(node: Node) -> npt.NDArray[Any]:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if key in node.attributes:
            value = node.attributes[key]
            if key == "value":
                return _array(value)
            return np.asarray(value, np.float32 if "float" in key else np.int64)
    raise UnsupportedModelError(f"node {node.name}: a Constant that holds no numbers")


def _in_order(nodes: list[Node], known: set[str]) -> list[Node]:
    """``nodes`` so that each comes after those it reads; stable, and linear in their number."""
    makers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in makers or name in known:
                raise ModelFileError(f"node {node.name}: its result {name!r} is made twice")
            makers[name] = index
    missing, readers = [0] * len(nodes), [list[int]() for _ in nodes]
    for index, node in enumerate(nodes):
        for name in set(filter(None, node.inputs)) - known:
            if name not in makers:
                raise ModelFileError(f"node {node.name}: nothing makes its input {name!r}")
            missing[index] += 1
            readers[makers[name]].append(index)
    ready = [index for index, count in enumerate(missing) if not count][::-1]
    done = []
    while ready:
        index = ready.pop()
        done.append(nodes[index])
        for reader in reversed(readers[index]):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    if len(done) < len(nodes):
        stuck = next(node for node, count in zip(nodes, missing, strict=True) if count)
        raise ModelFileError(
            f"node {stuck.name}: reads what it helps to make; the graph has a cycle"
        )
    return done


def layer_name(node: Node) -> str:
    """A name for a layer, of a node's: "/stem/stem.0/Conv" gives "stem.0"."""
    parts = [part for part in re.split(r"[/:]+", node.name) if part]
    if len(parts) > 1 and re.fullmatch(rf"{node.operator}(_\d+)?", parts[-1]):
        parts.pop()
    parts = [
        part for part, after in zip(parts, [*parts[1:], ""], strict=True)
        if not after.startswith(f"{part}.")
    ]  # fmt: skip
    parts = [part for part in parts if part not in ("act_quant", "export_handler")] or parts
    text = re.sub(r"[^A-Za-z0-9_.-]+", "_", ".".join(parts)).lstrip("_.-")
    return text or node.operator.lower()
