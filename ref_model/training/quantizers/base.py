# SPDX-License-Identifier: Apache-2.0
"""What every quantiser has in common: a grid, a clip ``alpha``, and a place to start from.

Two grids, the contract of training, reference model and hardware:

=============  =========================  ======================  ===================
tensor         codes                      levels ``n``            value of a code
=============  =========================  ======================  ===================
weights        -n .. n (narrow)           2^(bits-1) - 1          code * alpha / n
activations    0 .. n                     2^bits - 1              code * alpha / n
=============  =========================  ======================  ===================

There is one ``alpha`` a layer for the weights and one a tensor for the activations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

BITS = (2, 3, 4, 8)
"""Bit widths that the hardware knows, for weights and for activations."""

FloatArray = npt.NDArray[np.float64]

_CANDIDATES = 96
_SAMPLE = 1 << 18


def weight_levels(bits: int) -> int:
    """Largest weight code, 2^(bits-1) - 1; ValueError for a width the hardware does not know."""
    return int(2 ** (_known(bits) - 1) - 1)


def activation_levels(bits: int) -> int:
    """Largest activation code, 2^bits - 1; ValueError for a width the hardware does not know."""
    return int(2 ** _known(bits) - 1)


def _known(bits: int) -> int:
    if bits not in BITS:
        raise ValueError(f"{bits} bits are not supported: choose one of {BITS}")
    return bits


def best_clip(values: Tensor, levels: int) -> float:
    """The clip whose grid of ``levels`` steps from 0 reproduces ``values`` with least square error.

    ``values`` are taken as magnitudes (any shape; at most 2^18 of them are looked at).
    The search runs over 96 fractions of the largest magnitude. Returns 1.0 for all-zero values.
    """
    flat = values.detach().flatten().double()
    flat = flat[:: max(1, flat.numel() // _SAMPLE)].clamp_min(0.0)
    largest = float(flat.max())
    if largest <= 0.0:
        return 1.0
    best, least = largest, float("inf")
    for index in range(_CANDIDATES, 0, -1):
        clip = largest * index / _CANDIDATES
        step = clip / levels
        code = torch.floor(flat / step + 0.5).clamp_max(levels)
        error = float((code * step - flat).square().sum())
        if error < least:
            best, least = clip, error
    return best


class WeightQuantizer(nn.Module, ABC):
    """Maps a weight tensor to values on the narrow symmetric grid of one layer.

    ``alpha`` (float32 scalar parameter) is the clip; ``learned=False`` keeps it where
    `initialise` put it.
    """

    def __init__(self, bits: int, learned: bool = True) -> None:
        super().__init__()
        self.bits = bits
        self.levels = weight_levels(bits)
        self.alpha = nn.Parameter(torch.tensor(1.0), requires_grad=learned)

    @abstractmethod
    def forward(self, weight: Tensor) -> Tensor:
        """Quantised values, same shape and type as ``weight``, differentiable."""

    @abstractmethod
    def step(self, weight: Tensor) -> Tensor:
        """Value of one code (scalar), differentiable in what the quantiser learns."""

    @abstractmethod
    def integer(self, weight: FloatArray) -> tuple[npt.NDArray[np.int16], float]:
        """(codes, step) of ``weight``, derived in float64: what the exported network holds."""

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> Tensor:
        """Set ``alpha`` for float weights and return the weights to start training from.

        The clip of least square error is the starting point of every quantiser that has one.
        """
        self.alpha.fill_(best_clip(weight.abs(), self.levels))
        return weight.clone()


class ActivationQuantizer(nn.Module, ABC):
    """Maps pre-activations to values on the unsigned grid; it is the activation function too.

    ``alpha`` (float32 scalar parameter) is the clip; ``learned=False`` keeps it where `calibrate`
    put it. ``decays`` tells the optimiser to apply weight decay to ``alpha``.
    """

    decays = False

    def __init__(self, bits: int, learned: bool = True) -> None:
        super().__init__()
        self.bits = bits
        self.levels = activation_levels(bits)
        self.alpha = nn.Parameter(torch.tensor(1.0), requires_grad=learned)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Quantised values of pre-activations ``x``, same shape and type, differentiable."""

    def step(self) -> Tensor:
        """Value of one code (scalar), differentiable in ``alpha``."""
        return self.alpha / self.levels

    def integer_step(self) -> float:
        """Value of one code in float64, from the float32 ``alpha``."""
        return float(self.alpha.detach()) / self.levels

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Set ``alpha`` from pre-activations ``x``: the clip of least square error."""
        self.alpha.fill_(best_clip(x, self.levels))
