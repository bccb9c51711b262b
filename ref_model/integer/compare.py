# SPDX-License-Identifier: Apache-2.0
"""Where two tensors or two networks differ first, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.network import IntegerLayer, IntegerNetwork


@dataclass(frozen=True)
class Difference:
    """The first place, in (image, channel, row, column) order, where a tensor differs."""

    layer: str
    image: int
    channel: int
    row: int
    column: int
    expected: int
    actual: int
    count: int
    """How many elements of the tensor differ."""
    size: int
    """How many elements the tensor has."""

    def __str__(self) -> str:
        return (
            f"{self.layer}: image {self.image}, channel {self.channel}, row {self.row}, "
            f"column {self.column}: expected {self.expected}, got {self.actual} "
            f"({self.count} of {self.size} differ)"
        )


class ShapeMismatchError(ValueError):
    """Two tensors that should be equal have different shapes."""


def first_difference(
    layer: str, expected: npt.NDArray[Any], actual: npt.NDArray[Any]
) -> Difference | None:
    """The first difference of two tensors (N, C, H, W) or (C, H, W), or None when they are equal.

    Raises ShapeMismatchError when their shapes differ.
    """
    if expected.shape != actual.shape or expected.ndim not in (3, 4):
        raise ShapeMismatchError(f"{layer}: expected shape {expected.shape}, got {actual.shape}")
    wrong = expected != actual
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    image, channel, row, column = index if len(index) == 4 else (0, *index)
    return Difference(
        layer, image, channel, row, column,
        int(expected[index]), int(actual[index]), int(wrong.sum()), int(wrong.size),
    )  # fmt: skip


def first_difference_of(
    expected: Mapping[str, npt.NDArray[Any]], actual: Mapping[str, npt.NDArray[Any]]
) -> Difference | None:
    """The first difference of two runs, layer after layer in the order of ``expected``.

    Raises ShapeMismatchError when a tensor is missing or has another shape.
    """
    for name, tensor in expected.items():
        if name not in actual:
            raise ShapeMismatchError(f"{name}: the tensor is missing")
        difference = first_difference(name, tensor, actual[name])
        if difference is not None:
            return difference
    return None


def network_difference(expected: IntegerNetwork, actual: IntegerNetwork) -> str | None:
    """What differs first between two networks, or None. Names and provenance do not count."""
    for name in ("input_shape", "input_bits", "classes", "stem"):
        ours, theirs = getattr(expected, name), getattr(actual, name)
        if ours != theirs:
            return f"{name}: expected {ours}, got {theirs}"
    if len(expected.layers) != len(actual.layers):
        return f"expected {len(expected.layers)} layers, got {len(actual.layers)}"
    for one, other in zip(expected.layers, actual.layers, strict=True):
        difference = _layer_difference(one, other)
        if difference is not None:
            return f"layer {one.name}: {difference}"
    return None


def _layer_difference(expected: IntegerLayer, actual: IntegerLayer) -> str | None:
    for item in fields(IntegerLayer):
        ours, theirs = getattr(expected, item.name), getattr(actual, item.name)
        if not isinstance(ours, np.ndarray):
            if ours != theirs:
                return f"{item.name}: expected {ours}, got {theirs}"
        elif ours.shape != theirs.shape:
            return f"{item.name}: expected shape {ours.shape}, got {theirs.shape}"
        elif (ours != theirs).any():
            index = tuple(int(i) for i in np.argwhere(ours != theirs)[0])
            count = int((ours != theirs).sum())
            return (
                f"{item.name}{list(index)}: expected {ours[index]}, got {theirs[index]} "
                f"({count} of {ours.size} differ)"
            )
    return None
