# SPDX-License-Identifier: Apache-2.0
"""LSQ: learned step size quantisation (Esser et al., ICLR 2020, arXiv:1902.08153).

The hard clip of `lsfq`, that is equations 1 to 3 of the paper and its gradient scale, with two
restatements: the learned number is alpha = n * step, and weights use the narrow grid [-n, n]
where the paper has one more negative code.
"""

from __future__ import annotations

from ref_model.training.quantizers.lsfq import LsfqActivation, LsfqWeight


class LsqWeight(LsfqWeight):
    """Learned step, hard clip."""

    def __init__(self, bits: int, learned: bool = True, channels: int | None = None) -> None:
        super().__init__(bits, learned, soft=False, channels=channels)


class LsqActivation(LsfqActivation):
    """Learned step, hard clip, hard gradient."""

    def __init__(self, bits: int, learned: bool = True, signed: bool = False) -> None:
        super().__init__(bits, learned, signed, soft=False)
