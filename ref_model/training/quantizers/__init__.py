# SPDX-License-Identifier: Apache-2.0
"""Weight and activation quantisers: LSFQ and those it is measured against."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.training.quantizers.base import (
    BITS,
    ActivationQuantizer,
    WeightQuantizer,
    activation_levels,
    weight_levels,
)
from ref_model.training.quantizers.dorefa import DorefaActivation, DorefaWeight
from ref_model.training.quantizers.lsfq import LsfqActivation, LsfqWeight
from ref_model.training.quantizers.lsq import LsqActivation, LsqWeight
from ref_model.training.quantizers.pact import PactActivation, PactWeight

__all__ = [
    "BITS",
    "QUANTIZERS",
    "ActivationQuantizer",
    "Scheme",
    "WeightQuantizer",
    "activation_levels",
    "weight_levels",
]

QUANTIZERS = ("lsfq", "lsq", "pact", "dorefa")
"""Names that `Scheme` takes."""


@dataclass(frozen=True)
class Scheme:
    """One way of quantising, to make quantisers from.

    ``soft`` chooses the soft clip and only matters for LSFQ; ``learned`` lets the clips learn.
    Raises ValueError for an unknown name.
    """

    name: str = "lsfq"
    soft: bool = True
    learned: bool = True

    def __post_init__(self) -> None:
        if self.name not in QUANTIZERS:
            raise ValueError(f"unknown quantiser {self.name!r}: choose one of {QUANTIZERS}")

    def weight(self, bits: int) -> WeightQuantizer:
        """A quantiser for the weights of one layer."""
        if self.name == "lsfq":
            return LsfqWeight(bits, self.learned, self.soft)
        if self.name == "lsq":
            return LsqWeight(bits, self.learned)
        return PactWeight(bits) if self.name == "pact" else DorefaWeight(bits)

    def activation(self, bits: int, signed: bool = False) -> ActivationQuantizer:
        """A quantiser for one activation tensor; ``signed`` for a layer without ReLU."""
        if self.name == "lsfq":
            return LsfqActivation(bits, self.learned, signed, self.soft)
        if self.name == "lsq":
            return LsqActivation(bits, self.learned, signed)
        if self.name == "pact":
            return PactActivation(bits, self.learned, signed)
        return DorefaActivation(bits, signed)
