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
    "WEIGHT_CLIPS",
    "ActivationQuantizer",
    "Scheme",
    "WeightQuantizer",
    "activation_levels",
    "weight_levels",
]

QUANTIZERS = ("lsfq", "lsq", "pact", "dorefa")
"""Names that `Scheme` takes."""

WEIGHT_CLIPS = ("layer", "channel")
"""What shares one weight clip: all weights of a layer, or those of an output channel."""


@dataclass(frozen=True)
class Scheme:
    """One way of quantising, to make quantisers from.

    ``soft`` chooses the soft clip and only matters for LSFQ; ``learned`` lets the clips learn;
    ``weight_clips`` is one of `WEIGHT_CLIPS`. Raises ValueError for an unknown name.
    """

    name: str = "lsfq"
    soft: bool = True
    learned: bool = True
    weight_clips: str = "layer"

    def __post_init__(self) -> None:
        if self.name not in QUANTIZERS:
            raise ValueError(f"unknown quantiser {self.name!r}: choose one of {QUANTIZERS}")
        if self.weight_clips not in WEIGHT_CLIPS:
            raise ValueError(f"weight clips {self.weight_clips!r}: choose one of {WEIGHT_CLIPS}")

    def weight(self, bits: int, channels: int | None = None) -> WeightQuantizer:
        """A quantiser for the weights of one layer.

        Only a layer that says how many output ``channels`` it has can get a clip for each of them.
        """
        clips = channels if self.weight_clips == "channel" else None
        if self.name == "lsfq":
            return LsfqWeight(bits, self.learned, self.soft, clips)
        if self.name == "lsq":
            return LsqWeight(bits, self.learned, clips)
        return PactWeight(bits, clips) if self.name == "pact" else DorefaWeight(bits, clips)

    def activation(self, bits: int, signed: bool = False) -> ActivationQuantizer:
        """A quantiser for one activation tensor; ``signed`` for a layer without ReLU."""
        if self.name == "lsfq":
            return LsfqActivation(bits, self.learned, signed, self.soft)
        if self.name == "lsq":
            return LsqActivation(bits, self.learned, signed)
        if self.name == "pact":
            return PactActivation(bits, self.learned, signed)
        return DorefaActivation(bits, signed)
