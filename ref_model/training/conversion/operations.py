# SPDX-License-Identifier: Apache-2.0
"""An ordinary model as a list of few kinds of operations, read by torch.export.

`read_operations` looks at the model in evaluation mode. What does nothing there (dropout, identity,
copies) is gone, functions and modules look alike, and what the core cannot run is refused by name.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ref_model.training.conversion.refusals import module_path, operation, place, refusal, refuse
from ref_model.training.errors import UnsupportedLayerError

IMAGE = -1
"""Stands for the image among the inputs of operations; others are indices into their list."""

Shape = tuple[int, ...]
"""Shape of one image's tensor: (C, H, W) or (features,)."""


@dataclass(frozen=True)
class Operation:
    """What all kinds have: where it comes from, the operations that it reads, its result's shape.

    ``path`` is the name of the module, or of what calls the function.
    """

    place: str
    path: str
    inputs: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True)
class Convolution(Operation):
    """Weights (O, C / groups, kh, kw), a bias (O,) or none; 3x3 with padding 1, or 1x1."""

    weight: Tensor
    bias: Tensor | None
    stride: int
    padding: int
    groups: int


@dataclass(frozen=True)
class Linear(Operation):
    """Weights (O, features), a bias (O,) or none."""

    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True)
class Norm(Operation):
    """BatchNorm of a channel: (x - mean) / sqrt(var + eps) * weight + bias, each (C,)."""

    weight: Tensor | None
    bias: Tensor | None
    mean: Tensor
    var: Tensor
    eps: float
    momentum: float


@dataclass(frozen=True)
class Activation(Operation):
    """ReLU; with a ceiling the clip to 0 .. ``ceiling`` (6 for ReLU6)."""

    ceiling: float | None = None


@dataclass(frozen=True)
class Addition(Operation):
    """The sum of two tensors of one shape."""


@dataclass(frozen=True)
class MaxPool(Operation):
    """2x2 with stride 2; an odd last row or column is dropped."""


@dataclass(frozen=True)
class Average(Operation):
    """The mean of every channel over the whole map."""


@dataclass(frozen=True)
class Flatten(Operation):
    """(C, H, W) to (C * H * W,)."""


def read_operations(model: nn.Module, example: Tensor) -> list[Operation]:
    """The operations between the image and the result of ``model``, in order; the last gives it.

    ``example`` is (N, C, H, W), float32. Raises UnsupportedLayerError, with the layer's name and
    what to use instead, for a model that torch.export cannot follow or the core cannot run.
    """
    with evaluating(model), _silent():
        try:
            program = torch.export.export(model, (example,))
        except Exception as error:  # torch.export has many classes of its own for what it cannot do
            first = str(error).strip().splitlines() or [type(error).__name__]
            raise UnsupportedLayerError(
                f"{type(model).__name__}: torch.export cannot follow its forward ({first[0]}); let "
                "it call the same layers for every image, whatever the values of its tensors"
            ) from error
    return _Reader(program).operations


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within: ``model`` is in evaluation mode; its modules' modes come back after it."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Within: nothing is logged; what torch.export cannot do comes as an error, too."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


_NOTHING = {
    "dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "identity", "clone",
    "contiguous", "alias", "detach", "lift_fresh_copy",
}  # fmt: skip
"""Operations that hand a tensor on, in evaluation mode."""


class _Reader:
    """Goes through an exported graph once; ``operations`` are what it found."""

    def __init__(self, program: ExportedProgram) -> None:
        self.operations: list[Operation] = []
        self._constants = _constants(program)
        self._indices: dict[fx.Node, int] = {}
        self._called: dict[str, str] = {}
        result = _result(program)
        needed = _needed(result)
        images = set(program.graph_signature.user_inputs)
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name in images:
                self._indices[node] = IMAGE
            elif node in needed and any(x in self._indices for x in node.all_input_nodes):
                self._indices[node] = self._read(node)
        if self._indices.get(result, IMAGE) != len(self.operations) - 1 or not self.operations:
            raise refuse("forward", "its result is no layer's", "end in nn.Linear")

    def _read(self, node: fx.Node) -> int:
        """Index of the operation that gives the result of ``node``."""
        name = operation(node)
        given = _arguments(node)
        if name in _NOTHING:
            return self._index(node, given)
        reader = _READERS.get(name)
        if reader is None:
            raise refusal(node)
        found = reader(self, node, given)
        if isinstance(found, int):
            return found
        self.operations.append(found)
        return len(self.operations) - 1

    def _index(self, node: fx.Node, given: dict[str, Any], name: str = "") -> int:
        """The operation that gives an argument (the first one) of ``node``."""
        source = given[name] if name else next(iter(given.values()))
        if not isinstance(source, fx.Node) or source not in self._indices:
            raise refusal(
                node,
                f"{operation(node)} with a constant has no integer form here",
                "give the convolution or linear layer before it a bias",
            )
        return self._indices[source]

    def _common(self, node: fx.Node, *inputs: int) -> tuple[str, str, tuple[int, ...], Shape]:
        """The fields that all operations have."""
        return place(node), module_path(node), inputs, _shape(node)

    def _constant(self, node: fx.Node, source: Any) -> Tensor | None:
        """A weight or a number a channel; they have to be the model's own, not computed."""
        if source is None:
            return None
        if source not in self._constants:
            raise refusal(
                node,
                "its weights are computed in forward",
                "make them parameters (torch.nn.utils.parametrize.remove_parametrizations does)",
            )
        value = self._constants[source][1]
        if value.dtype != torch.float32:
            raise refusal(node, f"its numbers are {value.dtype}", "call model.float() first")
        return value.detach()

    def _own_path(self, node: fx.Node, source: Any) -> str:
        """Name of the layer whose weights ``source`` is; refused where it is called again."""
        target = self._constants[source][0] if source in self._constants else ""
        if target in self._called:
            raise refusal(
                node,
                f"{target} is used twice",
                "every integer layer has its own weights: make a module for each call",
            )
        self._called[target] = place(node)
        return target.removesuffix(".weight") or module_path(node)

    def conv2d(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        weight = self._weight(node, given)
        groups = given["groups"]
        outputs, inputs, rows, columns = weight.shape
        inputs *= groups
        kernel, stride = (rows, columns), _pair(given["stride"])
        padding = _padding(node, given["padding"], kernel, stride)
        source = self._index(node, given, "input")
        path = self._own_path(node, given["weight"])
        bias = self._constant(node, given["bias"])
        common = (place(node), path, (source,), _shape(node))
        if _pair(given["dilation"]) != (1, 1):
            raise refusal(node, f"dilation {given['dilation']}", "use dilation 1")
        if groups == 1 and padding == (0, 0) and _shape(given["input"])[1:] == kernel:
            return Linear(*common, weight.flatten(1), bias)
        if groups != 1 and not groups == inputs == outputs:
            raise refusal(
                node,
                f"a grouped convolution ({groups} groups, {inputs} to {outputs} channels)",
                "use groups=1, or a depthwise layer with one filter a channel",
            )
        if kernel not in ((3, 3), (1, 1)):
            deep = "; two 3x3 layers see as far as one 5x5" if kernel == (5, 5) else ""
            raise refusal(
                node, f"a {rows}x{columns} kernel", f"use 3x3 with padding=1, or 1x1{deep}"
            )
        if kernel == (1, 1) and groups != 1:
            raise refusal(
                node, "a depthwise 1x1 kernel", "use 3x3 with padding=1, or nn.BatchNorm2d"
            )
        if padding != (rows // 2, columns // 2):
            raise refusal(
                node,
                f"a {rows}x{columns} kernel with padding {_short(padding)}",
                f"use padding={rows // 2}, which keeps the size of the map",
            )
        if stride not in ((1, 1), (2, 2)):
            raise refusal(node, f"stride {_short(stride)}", "use stride 1 or 2 in both directions")
        return Convolution(*common, weight, bias, stride[0], padding[0], groups)

    def linear(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        weight = self._weight(node, given)
        source = self._index(node, given, "input")
        seen = _shape(given["input"])
        if len(seen) != 1:
            raise refusal(
                node,
                f"a linear layer over the last dimension of {seen}",
                "flatten the map before it (nn.Flatten), or use a 1x1 convolution",
            )
        path = self._own_path(node, given["weight"])
        bias = self._constant(node, given["bias"])
        return Linear(place(node), path, (source,), _shape(node), weight, bias)

    def _weight(self, node: fx.Node, given: dict[str, Any]) -> Tensor:
        weight = self._constant(node, given["weight"])
        assert weight is not None
        return weight

    def batch_norm(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        source = self._index(node, given, "input")
        mean = self._constant(node, given["running_mean"])
        var = self._constant(node, given["running_var"])
        if given["training"] or mean is None or var is None:
            raise refusal(
                node, "BatchNorm without running statistics", "use track_running_stats=True"
            )
        self._own_path(node, given["running_mean"])
        weight = self._constant(node, given["weight"])
        bias = self._constant(node, given["bias"])
        numbers = float(given["eps"]), float(given["momentum"]) or 0.1
        return Norm(*self._common(node, source), weight, bias, mean, var, *numbers)

    def relu(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        return Activation(*self._common(node, self._index(node, given)))

    def clip(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        """ReLU6, Hardtanh and clamps, where they begin at 0."""
        low = given.get("min", given.get("min_val", 0.0))
        high = given.get("max", given.get("max_val", 6.0 if operation(node) == "relu6" else None))
        fixed = isinstance(low, int | float) and (high is None or isinstance(high, int | float))
        if not fixed or low != 0 or (high is not None and high <= 0):
            raise refusal(node, f"a clip to {low} .. {high}")
        ceiling = None if high is None else float(high)
        return Activation(*self._common(node, self._index(node, given)), ceiling)

    def add(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        first, second = self._index(node, given, "self"), self._index(node, given, "other")
        if given.get("alpha", 1) != 1:
            raise refusal(
                node, f"an addition with alpha={given['alpha']}", "add tensors as they are"
            )
        shapes = _shape(given["self"]), _shape(given["other"])
        if shapes[0] != shapes[1]:
            raise refusal(
                node,
                f"an addition of shapes {shapes[0]} and {shapes[1]}",
                "add tensors of one shape; a 1x1 convolution brings channels and stride in line",
            )
        return Addition(*self._common(node, first, second))

    def max_pool2d(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        kernel = _pair(given["kernel_size"])
        stride = _pair(given["stride"] or kernel)
        rows, columns = _shape(given["self"])[1:]
        plain = _pair(given["padding"]) == (0, 0) and _pair(given["dilation"]) == (1, 1)
        rounded = given["ceil_mode"] and (rows % 2 or columns % 2)
        if kernel == (1, 1) == stride and plain:
            return self._index(node, given)
        if (kernel, stride) != ((2, 2), (2, 2)) or not plain or rounded:
            raise refusal(
                node,
                f"a max pool of {_short(kernel)} with stride {_short(stride)}"
                + ("" if plain else ", padding or dilation")
                + (f", rounded up at the border of {rows} x {columns}" if rounded else ""),
                "use nn.MaxPool2d(2)",
            )
        return MaxPool(*self._common(node, self._index(node, given)))

    def average(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        """Average pools and means, where they take the whole map or change nothing."""
        seen, result = _shape(given["self"]), _shape(node)
        source = self._index(node, given)
        if seen == result and operation(node) == "adaptive_avg_pool2d":
            return source
        whole = len(seen) == 3 and result in (seen[:1], (seen[0], 1, 1))
        if operation(node) == "mean":
            dims = sorted(d % 4 for d in given["dim"] or ())
            whole = whole and dims == [2, 3]
        elif operation(node) == "avg_pool2d":
            whole = whole and _pair(given["kernel_size"]) == seen[1:]
            whole = whole and _pair(given["padding"]) == (0, 0) and not given["divisor_override"]
        if not whole:
            raise refusal(node, f"an average from {seen} to {result}, not of the whole map")
        if seen[1:] == (1, 1):
            return self._flat(node, source, seen, result)
        return Average(*self._common(node, source))

    def reshape(self, node: fx.Node, given: dict[str, Any]) -> Operation | int:
        """Flatten, view and the like, where every image keeps its numbers in their order."""
        source = self._index(node, given)
        before, after = _full_shape(next(iter(given.values()))), _full_shape(node)
        if before == after:
            return source
        flat = len(before) == 4 and len(after) == 2
        vector = all(size == 1 for size in (*before[2:], *after[2:]))
        if before[0] != after[0] or not (flat or vector):
            raise refusal(
                node,
                f"{operation(node)} from {before} to {after}",
                "only (N, C, H, W) to (N, C * H * W) is possible; use nn.Flatten",
            )
        return self._flat(node, source, before[1:], after[1:])

    def _flat(self, node: fx.Node, source: int, before: Shape, after: Shape) -> Operation | int:
        return source if before == after else Flatten(*self._common(node, source))


_READERS: dict[str, Callable[[_Reader, fx.Node, dict[str, Any]], Operation | int]] = {
    "conv2d": _Reader.conv2d,
    "linear": _Reader.linear,
    "batch_norm": _Reader.batch_norm,
    "relu": _Reader.relu,
    **dict.fromkeys(("relu6", "hardtanh", "clamp", "clamp_min"), _Reader.clip),
    "add": _Reader.add,
    "max_pool2d": _Reader.max_pool2d,
    **dict.fromkeys(("adaptive_avg_pool2d", "avg_pool2d", "mean"), _Reader.average),
    **dict.fromkeys(("flatten", "view", "reshape", "squeeze"), _Reader.reshape),
}
"""Operation -> what reads it."""


def _constants(program: ExportedProgram) -> dict[fx.Node, tuple[str, Tensor]]:
    """Name and value of the placeholders that are parameters, buffers or constant tensors."""
    signature = program.graph_signature
    targets = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    values: dict[str, Any] = {**program.constants, **program.state_dict}
    return {
        node: (targets[node.name], values[targets[node.name]])
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in targets
    }


def _result(program: ExportedProgram) -> fx.Node:
    """The one tensor that the model returns."""
    names = program.graph_signature.user_outputs
    nodes = {node.name: node for node in program.graph.nodes}
    if len(names) != 1 or not isinstance(names[0], str):
        raise refuse(
            "forward",
            f"returns {len(names)} results",
            "return the logits (N, classes) alone when the model is in evaluation mode",
        )
    result: fx.Node = nodes[names[0]]
    return result


def _needed(result: fx.Node) -> set[fx.Node]:
    """The nodes that ``result`` depends on."""
    found: set[fx.Node] = set()
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.all_input_nodes
    return found


def _arguments(node: fx.Node) -> dict[str, Any]:
    """The arguments of a call by the names of its schema, defaults included."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        raise refusal(node)
    found = {x.name: x.default_value for x in schema.arguments if x.has_default_value()}
    found |= node.kwargs
    given = dict(zip((x.name for x in schema.arguments), node.args, strict=False))
    return given | {name: value for name, value in found.items() if name not in given}


def _padding(
    node: fx.Node, value: Any, kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns of padding, also where a word stands for them."""
    if not isinstance(value, str):
        return _pair(value)
    if value == "same" and stride != (1, 1):
        raise refusal(node, "padding 'same' with a stride", "use padding=1")
    return (0, 0) if value == "valid" else (kernel[0] // 2, kernel[1] // 2)


def _full_shape(node: fx.Node) -> Shape:
    return tuple(int(size) for size in node.meta["val"].shape)


def _shape(node: fx.Node) -> Shape:
    """Shape of what ``node`` gives for one image."""
    return _full_shape(node)[1:]


def _pair(value: Any) -> tuple[int, int]:
    values = (value,) if isinstance(value, int) else tuple(value)
    return (values * 2)[:2] if len(values) == 1 else (values[0], values[1])


def _short(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"
