# SPDX-License-Identifier: Apache-2.0
"""DoReFa-Net (Zhou et al., arXiv:1606.06160): no learned clip.

Weights (equation 9 of the paper, on the narrow grid and at the weights' own scale)::

    t     = tanh(w) / max|tanh(w)|
    code  = floor(n * t + 1/2)            w_hat = max|tanh(w)| * code / n

With clips a channel, the maximum is that of each output channel.
The paper's grid has 2^bits levels without a zero and its scale is 1; a grid with zero and the scale
of the float weights (held constant in the gradient) keep the integer contract and a float start.
Activations (equation 11): clip to [0, 1] and round.
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
from ref_model.training.quantizers.functional import quantize_activation
from ref_model.training.rounding import round_straight_through

_SMALLEST = 1e-12
"""A channel without weights gets a grid, too."""


class DorefaWeight(WeightQuantizer):
    """tanh, normalised by its largest magnitude; ``alpha`` is not used."""

    has_clip = False

    def __init__(self, bits: int, channels: int | None = None) -> None:
        super().__init__(bits, learned=False, channels=channels)

    def _largest(self, bent: Tensor) -> Tensor:
        """Largest magnitude of the weights that share a scale, shaped as ``alpha``; never 0."""
        return self.rows(bent).abs().amax(1).clamp_min(_SMALLEST).reshape(self.alpha.shape)

    def forward(self, weight: Tensor) -> Tensor:
        bent = torch.tanh(weight)
        codes = round_straight_through(
            bent / over_channels(self._largest(bent), weight) * self.levels
        )
        return codes * over_channels(self.step(weight), weight)

    def step(self, weight: Tensor) -> Tensor:
        return self._largest(torch.tanh(weight.detach())) / self.levels

    def integer(self, weight: FloatArray) -> tuple[npt.NDArray[np.int16], FloatArray]:
        bent = np.tanh(weight)
        largest = self._largest(torch.from_numpy(bent))
        codes = bent / over_channels(largest, torch.from_numpy(bent)).numpy() * self.levels
        return round_half_up(codes).astype(np.int16), largest.numpy() / self.levels

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> Tensor:
        """The float weights as they are: there is no clip to set."""
        return weight.clone()


class DorefaActivation(ActivationQuantizer):
    """Clip to [0, 1], hard gradient, nothing learned."""

    has_clip = False

    def __init__(self, bits: int, signed: bool = False) -> None:
        super().__init__(bits, learned=False, signed=signed)

    def forward(self, x: Tensor) -> Tensor:
        return quantize_activation(x, self.alpha, self.levels, zero=self.zero, clip_gradient="none")

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Nothing to set: the clip is 1."""
