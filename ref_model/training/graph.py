# SPDX-License-Identifier: Apache-2.0
"""Which layer of a network reads which tensor: what training hands to the integer side.

A network's ``forward`` may call its layers in any order and keep their results::

    y = self.expand(x)
    y = self.depthwise(y)
    x = self.project(y, skip=x)
    return self.classifier(x)

torch.fx records these calls. Anything else in ``forward`` has no integer form and is refused by
name, with what to use instead.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from ref_model.integer.network import INPUT
from ref_model.training.errors import UnsupportedLayerError
from ref_model.training.layers import (
    RAW_UNITS,
    UNITS,
    Network,
    Unit,
)

__all__ = ["Step", "UnsupportedLayerError", "trace"]


@dataclass(frozen=True)
class Step:
    """One layer, the tensor it reads, and the tensor it adds, if any; tensors by layer name."""

    unit: Unit
    source: str
    skip: str | None = None


_ADD = "call the ConvUnit before it with skip=..., which adds before the activation"
_RELU = "ConvUnit ends in the activation; linear=True leaves it out"
_POOL = "give the ConvUnit before it pool=2, or pool=3 for 3x3 with stride 2 and padding 1"
_MEAN = "use ClassifierUnit(..., average=True)"
_FLATTEN = "ClassifierUnit flattens its input itself"
_NORM = "ConvUnit holds its BatchNorm"
_CONV = "use ConvUnit, which quantises"
_LINEAR = "use ClassifierUnit, which quantises"
_OTHER = "networks are made of ConvUnit and ClassifierUnit, or HeadUnit for a map"

_INSTEAD: dict[Any, str] = {
    nn.ReLU: _RELU, nn.ReLU6: _RELU, functional.relu: _RELU, functional.relu6: _RELU,
    torch.relu: _RELU, "relu": _RELU, "relu_": _RELU,
    operator.add: _ADD, operator.iadd: _ADD, torch.add: _ADD, "add": _ADD, "add_": _ADD,
    nn.MaxPool2d: _POOL, functional.max_pool2d: _POOL, torch.max_pool2d: _POOL,
    nn.AvgPool2d: _MEAN, nn.AdaptiveAvgPool2d: _MEAN, functional.adaptive_avg_pool2d: _MEAN,
    functional.avg_pool2d: _MEAN, torch.mean: _MEAN, "mean": _MEAN,
    nn.Flatten: _FLATTEN, torch.flatten: _FLATTEN, "flatten": _FLATTEN, "view": _FLATTEN,
    "reshape": _FLATTEN,
    nn.BatchNorm2d: _NORM, nn.Conv2d: _CONV, functional.conv2d: _CONV, nn.Linear: _LINEAR,
    functional.linear: _LINEAR,
}  # fmt: skip


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        """Layers stay whole; modules around them are looked into."""
        if isinstance(module, UNITS):
            return True
        return bool(super().is_leaf_module(module, name))


def trace(network: Network) -> tuple[Step, ...]:
    """The layers of ``network`` in the order of its ``forward``, with what they read.

    Raises UnsupportedLayerError for anything but calls of ConvUnit, ClassifierUnit and HeadUnit, a
    layer used twice, two layers of one name, and a network that does not end in its only raw layer.
    """
    try:
        graph = _Tracer().trace(network)
    except (fx.proxy.TraceError, TypeError) as error:
        raise UnsupportedLayerError(
            f"{type(network).__name__}.forward depends on values of its tensors ({error}): "
            "let it call the same layers for every image"
        ) from error
    modules = dict(network.named_modules())
    tensors: dict[fx.Node, str] = {}
    steps: dict[str, Step] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            tensors[node] = INPUT
        elif node.op == "call_module":
            module = modules[str(node.target)]
            if isinstance(module, nn.Identity):
                tensors[node] = tensors[node.args[0]]
            elif isinstance(module, UNITS):
                if module.name in steps:
                    raise UnsupportedLayerError(
                        f"layer {module.name} ({node.target}): called twice, or its name is used "
                        "twice; every integer layer has its own weights and its own name"
                    )
                steps[module.name] = _step(module, node, tensors)
                tensors[node] = module.name
            else:
                raise _refusal(f"layer {node.target}", type(module).__name__, type(module))
        elif node.op in ("call_function", "call_method"):
            name = node.target if isinstance(node.target, str) else node.target.__name__
            raise _refusal(f"operation {node.name}", name, node.target)
    order = tuple(steps.values())
    raw = [step for step in order if isinstance(step.unit, RAW_UNITS)]
    if not order or raw != [order[-1]]:
        raise UnsupportedLayerError(
            f"{type(network).__name__}: the last layer, and only it, must be a ClassifierUnit, or "
            "a HeadUnit for a map"
        )
    return order


def _step(unit: Unit, node: fx.Node, tensors: dict[fx.Node, str]) -> Step:
    """The call ``unit(x)`` or ``unit(x, skip)``."""
    arguments = dict(zip(("x", "skip"), node.args, strict=False)) | dict(node.kwargs)
    found = {key: tensors[x] for key, x in arguments.items() if isinstance(x, fx.Node)}
    return Step(unit, found["x"], found.get("skip"))


def _refusal(what: str, kind: str, target: Any) -> UnsupportedLayerError:
    advice = _INSTEAD.get(target, _OTHER)
    return UnsupportedLayerError(f"{what}: {kind} has no integer form here; {advice}")
