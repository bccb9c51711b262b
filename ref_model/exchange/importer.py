# SPDX-License-Identifier: Apache-2.0
"""From a QONNX or QCDQ graph to an integer network, exactly or not at all.

Nodes are walked in order; what a tensor stands for is in `values`, what an operator does in
`operators`. Where a quantiser ends a sum, `layers.Builder` finds integers with exactly its
thresholds, or counts the accumulators that differ.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from ref_model.exchange.errors import InexactImportError, UnsupportedModelError
from ref_model.exchange.integer_onnx import from_onnx, is_integer_model
from ref_model.exchange.layers import Builder, identity
from ref_model.exchange.model_file import Graph, Node, graph_of, read_model
from ref_model.exchange.operators import OPERATORS
from ref_model.exchange.values import Codes, Constant, LayerReport, Sum, Value
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.fusion import fuse
from ref_model.integer import INPUT, IntegerNetwork, NetworkError, check_accumulators
from ref_model.integer.requantisation import RangeError

PASSING = {"Identity", "Flatten", "Reshape", "Softmax", "LogSoftmax", "Dropout", "Squeeze", "Quant",
           "QuantizeLinear", "DequantizeLinear", "Clip"}  # fmt: skip
"""Operators that the results may go through at the end: they leave the largest result largest, up
to equal ones. They are left out."""


@dataclass(frozen=True)
class Pixels:
    """What the graph is fed with for a byte p: (p * scale - mean[c]) / deviation[c]."""

    scale: Fraction = Fraction(1, 255)
    mean: tuple[Fraction, ...] = (Fraction(0),)
    deviation: tuple[Fraction, ...] = (Fraction(1),)

    def real(self, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The graph's input for uint8 images (N, C, ...)."""
        shape = (1, -1, *[1] * (images.ndim - 2))
        mean = np.array([float(x) for x in self.mean]).reshape(shape)
        deviation = np.array([float(x) for x in self.deviation]).reshape(shape)
        real: npt.NDArray[np.float64] = (images * float(self.scale) - mean) / deviation
        return real.astype(np.float32)


@dataclass(frozen=True)
class Imported:
    """What `import_model` made: the network, a report of each layer, and for every tensor of codes
    the name that the graph has for its real numbers and what they mean.
    """

    network: IntegerNetwork
    reports: Sequence[LayerReport]
    tensors: Mapping[str, tuple[str, Codes]]
    result: str
    """The graph's tensor that holds the results."""
    notes: Sequence[str]

    @property
    def differing(self) -> int:
        """Accumulator values of all layers whose code differs."""
        return sum(report.differing for report in self.reports)


def import_file(
    path: Path,
    name: str | None = None,
    pixels: Pixels | None = None,
    allow_inexact: int = 0,
    ties_up: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """The integer network of the ONNX file ``path``; see `import_model`.

    A file that `lsfq export --onnx` wrote gives back the network it was written from. Raises
    ModelFileError and OSError, too, for files that cannot be read.
    """
    model = read_model(path)
    origin = {"imported": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    if is_integer_model(model):
        network = from_onnx(model)
        network = replace(network, name=name or network.name, provenance=origin)
        return Imported(network, (), {}, network.layers[-1].name, ("written by lsfq export",))
    found = import_model(
        model, name or _network_name(path), pixels, allow_inexact, ties_up, progress
    )
    report = {
        "values": sum(x.values for x in found.reports),
        "differing": found.differing,
        "layers": {
            x.name: {"differing": x.differing, "channel": x.channel, "accumulator": x.accumulator,
                     "ties": x.ties}
            for x in found.reports if x.differing
        },
    }  # fmt: skip
    network = replace(found.network, provenance={**origin, "thresholds": report})
    return replace(found, network=network)


def _network_name(path: Path) -> str:
    letters = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in path.stem)
    return letters.lstrip("_.-") or "imported"


def import_model(
    model: onnx.ModelProto,
    name: str = "imported",
    pixels: Pixels | None = None,
    allow_inexact: int = 0,
    ties_up: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """The integer network of a quantised graph, whose input means ``pixels``.

    ``ties_up`` reads round half to even as round half up. Raises UnsupportedModelError for what has
    no integer form, naming the node, and InexactImportError when more than ``allow_inexact``
    accumulator values get another code than the graph gives them.
    """
    reader = _Reader(graph_of(model), pixels or Pixels(), ties_up)
    try:
        found = reader.read(name, progress)
    except (RangeError, NetworkError, UnsupportedNetworkError) as error:
        raise UnsupportedModelError(str(error)) from error
    if found.differing > allow_inexact:
        raise InexactImportError(_inexact(found))
    return found


def _inexact(found: Imported) -> str:
    wrong = [report for report in found.reports if report.differing]
    total, ties = found.differing, sum(report.ties for report in wrong)
    advice = f"--allow-inexact {total} takes the network as it is"
    if ties:
        advice += f"; {ties} are ties that the graph rounds to even, --ties-up rounds them up"
    values = sum(report.values for report in found.reports)
    return f"{total} of {values} accumulator values differ ({wrong[0]}); {advice}"


class _Reader:
    """A walk over one graph."""

    def __init__(self, graph: Graph, pixels: Pixels, ties_up: bool) -> None:
        self.graph, self.pixels, self.opset = graph, pixels, graph.opset
        self.builder = Builder(ties_up)
        self.values: dict[str, Value] = {key: Constant(x) for key, x in graph.constants.items()}
        self.tensors: dict[str, tuple[str, Codes]] = {}
        self.notes: list[str] = []
        self._counts = Counter(name for node in graph.nodes for name in node.inputs)
        self._counts[graph.output] += 1
        self._parts: dict[str, tuple[Codes, npt.NDArray[np.int64]]] = {}
        self._left_out = self._passing_nodes()

    def readers(self, name: str) -> int:
        """How many nodes read a tensor."""
        return self._counts[name]

    def split(self, codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
        """The positive and negative parts of a signed image, made once."""
        if codes.tensor not in self._parts:
            unused = self.builder.layers and self.builder.layers[-1].name == codes.tensor
            if unused and self.builder.layers[-1].name != INPUT and len(self.builder.layers) == 1:
                self.builder.layers.pop()
                self.builder.reports.pop()
                self.tensors.pop(codes.tensor, None)
            self._parts[codes.tensor] = self.builder.split_image(codes)
        return self._parts[codes.tensor]

    def read(self, name: str, progress: Callable[[int, int], None] | None) -> Imported:
        """The whole network."""
        image = self._image()
        result = self.graph.output
        for index, node in enumerate(self.graph.nodes):
            if node.outputs[0] in self._left_out:
                continue
            value = self._run(node)
            self.values[node.outputs[0]] = value
            plain = isinstance(value, Codes) and value.window is None and value.scale
            if isinstance(value, Codes) and plain and value.tensor != INPUT:
                self.tensors[value.tensor] = (node.outputs[0], value)
            if progress is not None:
                progress(index + 1, len(self.graph.nodes))
        while result in self._left_out:
            node = self._left_out[result]
            if node.operator not in ("Identity", "Flatten", "Reshape"):
                self.notes.append(f"{node.name} ({node.operator}) at the end is left out")
            result = node.inputs[0]
        last = self.values.get(result)
        if isinstance(last, Codes):
            last = identity("result", last)
        if not isinstance(last, Sum):
            raise UnsupportedModelError(
                f"the graph's result {result!r} is not computed from its image"
            )
        self.builder.finish_raw(last)
        network = IntegerNetwork(
            name, image, tuple(self.builder.layers), self.builder.layers[-1].outputs
        )
        fuse(network)
        check_accumulators(network)
        made = {layer.name for layer in network.layers}
        tensors = {key: found for key, found in self.tensors.items() if key in made}
        return Imported(network, self.builder.reports, tensors, result, self.notes)

    def _image(self) -> tuple[int, int, int]:
        """Put the image among the values; its shape."""
        sizes = self.graph.input_shape
        if len(sizes) not in (1, 3) or None in sizes:
            raise UnsupportedModelError(
                f"the input has the sizes {list(sizes)} behind the batch: one image of fixed "
                "channels, rows and columns is needed; export the model with an example image"
            )
        channels, height, width = (*[int(x or 0) for x in sizes], 1, 1)[:3]
        shape = (channels, height, width)
        kinds = onnx.TensorProto
        if self.graph.input_type not in (kinds.FLOAT, kinds.UINT8, kinds.DOUBLE, kinds.FLOAT16):
            raise UnsupportedModelError("the input holds neither real numbers nor bytes")
        scale = Fraction(1) if self.graph.input_type == kinds.UINT8 else self.pixels.scale
        codes = Codes(INPUT, shape, scale, Fraction(0), 255, flat=len(sizes) == 1)
        counts = {len(self.pixels.mean), len(self.pixels.deviation)} - {1}
        if counts - {channels} or min(map(abs, self.pixels.deviation)) == 0:
            raise UnsupportedModelError(
                f"give one mean and one deviation, not 0, for each of the {channels} channels"
            )
        plain = set(self.pixels.mean) == {0} and set(self.pixels.deviation) == {1}
        if plain:
            self.values[self.graph.input] = codes
            return shape
        deviation = [1 / x for x in self.pixels.deviation] * channels
        mean = list(self.pixels.mean) * channels
        unfinished = identity("image", codes)
        self.values[self.graph.input] = replace(
            unfinished,
            scale=[scale * deviation[c] for c in range(channels)],
            offset=[-mean[c] * deviation[c] for c in range(channels)],
        )
        return shape

    def _run(self, node: Node) -> Value:
        operator = OPERATORS.get((node.domain, node.operator))
        if operator is None:
            where = f" of {node.domain}" if node.domain else ""
            raise UnsupportedModelError(
                f"node {node.name}: the operator {node.operator}{where} is not read; "
                "docs/onnx.md lists those that are"
            )
        inputs = [self.values[name] if name else None for name in node.inputs]
        try:
            return operator(self, node, inputs)
        except UnsupportedModelError as error:
            if str(error).startswith(("node ", "layer ")):
                raise
            raise UnsupportedModelError(f"node {node.name} ({node.operator}): {error}") from error
        except IndexError as error:
            raise UnsupportedModelError(
                f"node {node.name} ({node.operator}): an input is missing"
            ) from error

    def _passing_nodes(self) -> dict[str, Node]:
        """Nodes at the end that only pass results on, by the tensor that they make."""
        makers = {name: node for node in self.graph.nodes for name in node.outputs}
        found: dict[str, Node] = {}
        tensor = self.graph.output
        while self._counts[tensor] == 1 and tensor in makers:
            node = makers[tensor]
            if node.operator not in PASSING:
                break
            found[tensor] = node
            tensor = node.inputs[0]
        return found
