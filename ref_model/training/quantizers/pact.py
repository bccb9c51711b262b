# SPDX-License-Identifier: Apache-2.0
"""PACT: parameterised clipping activation (Choi et al., arXiv:1805.06085).

Activations (equations 1 to 3): clip to [0, alpha]; alpha learns from the saturated inputs alone,
dy/dalpha = [x >= alpha], and is decayed like a weight. Weights are DoReFa's, as in the paper.
"""

from __future__ import annotations

from torch import Tensor

from ref_model.training.quantizers.base import ActivationQuantizer
from ref_model.training.quantizers.dorefa import DorefaWeight
from ref_model.training.quantizers.functional import quantize_activation


class PactWeight(DorefaWeight):
    """DoReFa's weights."""


class PactActivation(ActivationQuantizer):
    """Learned clip, hard gradient, no gradient scale."""

    decays = True

    def forward(self, x: Tensor) -> Tensor:
        return quantize_activation(
            x,
            self.alpha,
            self.levels,
            zero=self.zero,
            clip_gradient="saturated" if self.alpha.requires_grad else "none",
        )
