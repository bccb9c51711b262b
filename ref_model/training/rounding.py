# SPDX-License-Identifier: Apache-2.0
"""The one rounding of the project, round half up: floor(x + 1/2).

numpy.round, torch.round and Python's round go to the even neighbour on a tie and are not used.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def round_half_up_tensor(x: Tensor) -> Tensor:
    """floor(x + 1/2), elementwise, in the tensor's own type; its gradient is zero."""
    return torch.floor(x + 0.5)


def round_straight_through(x: Tensor) -> Tensor:
    """floor(x + 1/2) forward, the identity backward (straight-through estimator, Bengio 2013)."""
    return _round_straight_through(x)


class _RoundStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        return round_half_up_tensor(x)

    @staticmethod
    def backward(_: object, grad: Tensor) -> Tensor:
        return grad


_round_straight_through: Callable[[Tensor], Tensor] = _RoundStraightThrough.apply
