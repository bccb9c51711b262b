# SPDX-License-Identifier: Apache-2.0
"""LSFQ: learnable clips for weights and activations, with a soft clip.

From the paper's abstract: clipping parameters of weights *and* activations learned by
back-propagation, a soft clip, BatchNorm fused, integers only at inference. Its formulas are not
public; those below are **reconstructed**.

Weights, u = w / alpha, n = 2^(bits-1) - 1::

    code  = floor(n * tanh(u) + 1/2)                in [-n, n]
    w_hat = alpha * code / n
    dw_hat/dw     = 1 - tanh(u)^2                   (straight through the rounding)
    dw_hat/dalpha = code / n - u * (1 - tanh(u)^2)

Activations: the forward clip is hard, because the hardware is linear between its clamps; the
gradient is soft at both knees (`functional.quantize_activation` with ``knee`` = 1 step).

alpha is one a layer or one an output channel; N in LSQ's gradient scale is the number of weights
that share it.

With ``soft=False`` both clips are hard: tanh(u) becomes min(max(u, -1), 1) and the knee 0. This is
the ablation, and for equal grids it is LSQ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ref_model.integer.requantisation import round_half_up
from ref_model.training.quantizers.base import (
    ActivationQuantizer,
    FloatArray,
    WeightQuantizer,
    over_channels,
)
from ref_model.training.quantizers.functional import (
    quantize_activation,
    scale_gradient,
    step_gradient_scale,
)
from ref_model.training.rounding import round_straight_through


class LsfqWeight(WeightQuantizer):
    """Learned clip, soft (tanh) or hard. See the module for the formulas."""

    def __init__(
        self,
        bits: int,
        learned: bool = True,
        soft: bool = True,
        channels: int | None = None,
    ) -> None:
        super().__init__(bits, learned, channels)
        self.soft = soft

    def _clip(self, weight: Tensor) -> Tensor:
        """alpha with LSQ's gradient scale for the number of weights that share it."""
        count = weight.numel() // self.alpha.numel()
        return scale_gradient(self.alpha, step_gradient_scale(count, self.levels))

    def forward(self, weight: Tensor) -> Tensor:
        alpha = over_channels(self._clip(weight), weight)
        u = weight / alpha
        clipped = torch.tanh(u) if self.soft else u.clamp(-1.0, 1.0)
        return round_straight_through(clipped * self.levels) * (alpha / self.levels)

    def step(self, weight: Tensor) -> Tensor:
        return self._clip(weight) / self.levels

    def integer(self, weight: FloatArray) -> tuple[npt.NDArray[np.int16], FloatArray]:
        alpha = self.alpha.detach().double().cpu()
        u = weight / over_channels(alpha, torch.from_numpy(weight)).numpy()
        clipped = np.tanh(u) if self.soft else np.clip(u, -1.0, 1.0)
        return round_half_up(clipped * self.levels).astype(np.int16), alpha.numpy() / self.levels

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> Tensor:
        """Set alpha for the least square error, and undo the soft clip's compression.

        The start alpha * atanh(w / alpha) makes the first quantised weights those of a hard clip:
        a float network is not bent by tanh before it has learned anything.
        """
        start = super().initialise(weight)
        if not self.soft:
            return start
        limit = 1.0 - 1.0 / (4.0 * self.levels)
        alpha = over_channels(self.alpha, start)
        return torch.atanh((start / alpha).clamp(-limit, limit)) * alpha


class LsfqActivation(ActivationQuantizer):
    """Learned clip, hard forward, soft gradient at the knees (or hard, with ``soft=False``)."""

    def __init__(
        self, bits: int, learned: bool = True, signed: bool = False, soft: bool = True
    ) -> None:
        super().__init__(bits, learned, signed)
        self.knee = 1.0 if soft else 0.0

    def forward(self, x: Tensor) -> Tensor:
        return quantize_activation(
            x,
            self.alpha,
            self.levels,
            zero=self.zero,
            knee=self.knee,
            gradient_scale=step_gradient_scale(x[0].numel(), self.levels - self.zero),
        )
