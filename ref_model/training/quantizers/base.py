# SPDX-License-Identifier: Apache-2.0
"""What every quantiser has in common: a grid, a clip ``alpha``, and a place to start from.

Two grids, the contract of training, reference model and hardware:

=============  =========================  ======================  ===================
tensor         codes                      levels ``n``            value of a code
=============  =========================  ======================  ===================
weights        -n .. n (narrow)           2^(bits-1) - 1          code * alpha / n
activations    0 .. n                     2^bits - 1              code * alpha / n
=============  =========================  ======================  ===================

There is one ``alpha`` a tensor for the activations. Weights have one a layer, or one an output
channel, which costs the integer network nothing: its multipliers are per channel anyway.
Activations of a layer without ReLU are signed: their codes stay 0 .. n, code ``zero`` = 2^(bits-1)
stands for 0, and the largest code for ``alpha``: (code - zero) * alpha / (n - zero).
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

NEW_CLIP = 1.0
"""Clip of a quantiser that was never set."""

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


def signed_zero(bits: int) -> int:
    """Code of a signed activation that stands for 0, 2^(bits-1): the middle of the grid."""
    return int(2 ** (_known(bits) - 1))


def best_clip(values: Tensor, levels: int, zero: int = 0) -> float:
    """The clip whose grid reproduces ``values`` (any shape) with least square error.

    The grid has steps of clip / (levels - zero), of which ``zero`` lie below 0. At most 2^18 of the
    values are looked at. The search runs over 96 fractions of the clip that cuts nothing. Returns
    1.0 for values that are all zero.
    """
    return float(best_clips(values.flatten()[None], levels, zero))


def best_clips(rows: Tensor, levels: int, zero: int = 0) -> Tensor:
    """`best_clip` of every row of ``rows`` (R, N): float64 (R,)."""
    rows = rows.detach().double()
    rows = rows[:, :: max(1, rows.shape[1] // _SAMPLE)]
    above = levels - zero
    largest = rows.amax(1)
    if zero:
        largest = torch.maximum(largest, -rows.amin(1) * above / zero)
    else:
        rows = rows.clamp_min(0.0)
    largest = torch.where(largest > 0.0, largest, 1.0)
    best, least = largest, torch.full_like(largest, float("inf"))
    for index in range(_CANDIDATES, 0, -1):
        clip = largest * index / _CANDIDATES
        step = (clip / above)[:, None]
        code = torch.floor(rows / step + 0.5).clamp_(-zero, above)
        error = (code * step - rows).square().sum(1)
        better = error < least
        best, least = torch.where(better, clip, best), torch.where(better, error, least)
    return best


class _Clip:
    """What tells a clip that `initialise` or `calibrate` has set from that of a new network."""

    has_clip = True
    alpha: nn.Parameter

    @property
    def clip_set(self) -> bool:
        """Whether a clip has another value than in a new network."""
        return bool((self.alpha.detach() != NEW_CLIP).any())


def over_channels(values: Tensor, weight: Tensor) -> Tensor:
    """One number a channel (O,) in the shape that multiplies ``weight`` (O, ...); () as it is."""
    return values.reshape(-1, *[1] * (weight.ndim - 1)) if values.ndim else values


class WeightQuantizer(_Clip, nn.Module, ABC):
    """Maps a weight tensor to values on the narrow symmetric grid of one layer, or of each channel.

    ``alpha`` (float32 parameter) is the clip: () for the layer, or (O,) for weights (O, ...) of
    ``channels`` = O output channels. ``learned=False`` keeps it where `initialise` put it.
    ``has_clip`` is False where `initialise` sets none.
    """

    def __init__(self, bits: int, learned: bool = True, channels: int | None = None) -> None:
        super().__init__()
        self.bits = bits
        self.levels = weight_levels(bits)
        clips = torch.tensor(NEW_CLIP) if channels is None else torch.full((channels,), NEW_CLIP)
        self.alpha = nn.Parameter(clips, requires_grad=learned)

    @abstractmethod
    def forward(self, weight: Tensor) -> Tensor:
        """Quantised values, same shape and type as ``weight``, differentiable."""

    @abstractmethod
    def step(self, weight: Tensor) -> Tensor:
        """Value of one code, of the shape of ``alpha``; differentiable in what is learned."""

    @abstractmethod
    def integer(self, weight: FloatArray) -> tuple[npt.NDArray[np.int16], FloatArray]:
        """(codes, step) of ``weight``, derived in float64: what the exported network holds.

        ``step`` has the shape of ``alpha``.
        """

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> Tensor:
        """Set ``alpha`` for float weights and return the weights to start training from.

        The clip of least square error is the starting point of every quantiser that has one.
        """
        rows = self.rows(weight).abs()
        self.alpha.copy_(best_clips(rows, self.levels).reshape(self.alpha.shape))
        return weight.clone()

    def rows(self, weight: Tensor) -> Tensor:
        """The weights that share a clip, a row each: (1, N), or (O, N / O) with clips a channel."""
        return weight.reshape(self.alpha.numel(), -1)


class ActivationQuantizer(_Clip, nn.Module, ABC):
    """Maps pre-activations to values on the unsigned grid; it is the activation function too.

    ``alpha`` (float32 scalar parameter) is the clip; ``learned=False`` keeps it where `calibrate`
    put it, ``has_clip`` is False where `calibrate` sets none. ``signed`` shifts the grid so that
    code ``zero`` stands for 0, for layers without ReLU; else ``zero`` is 0. ``decays`` tells the
    optimiser to apply weight decay to ``alpha``.
    """

    decays = False

    def __init__(self, bits: int, learned: bool = True, signed: bool = False) -> None:
        super().__init__()
        self.bits = bits
        self.levels = activation_levels(bits)
        self.zero = signed_zero(bits) if signed else 0
        self.alpha = nn.Parameter(torch.tensor(NEW_CLIP), requires_grad=learned)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Quantised values of pre-activations ``x``, same shape and type, differentiable."""

    def step(self) -> Tensor:
        """Value of one code (scalar), differentiable in ``alpha``."""
        return self.alpha / (self.levels - self.zero)

    def integer_step(self) -> float:
        """Value of one code in float64, from the float32 ``alpha``."""
        return float(self.alpha.detach()) / (self.levels - self.zero)

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Set ``alpha`` from pre-activations ``x``: the clip of least square error."""
        self.alpha.fill_(best_clip(x, self.levels, self.zero))
