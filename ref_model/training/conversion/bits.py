# SPDX-License-Identifier: Apache-2.0
"""Bit widths of every layer: those that were asked for, and what the core makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ref_model.training.conversion.drafts import Draft
from ref_model.training.quantizers import BITS

LayerBits = Mapping[str, int | tuple[int, int]]
"""Layer name -> bits of its weights, or (weights, codes of its result)."""

DEPTHWISE_BITS = 4
"""Weights and input codes of a depthwise layer have at most so many bits on the core."""


@dataclass(frozen=True)
class Widths:
    """Bits of a layer's weights and of its result's codes; ``notes`` say what was reduced."""

    weight: int
    activation: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BitChoice:
    """What a user asks for: ``first`` and ``last`` are weights of these layers, None as the others.

    Raises ValueError for a width that the hardware does not know.
    """

    weight: int = 4
    activation: int = 4
    first: int | None = None
    last: int | None = None
    layers: LayerBits | None = None

    def __post_init__(self) -> None:
        asked = {"weight_bits": self.weight, "activation_bits": self.activation}
        asked |= {"first_bits": self.first or 4, "last_bits": self.last or 4}
        for name, bits in (self.layers or {}).items():
            pair = bits if isinstance(bits, tuple) else (bits,)
            if len(pair) > 2:
                raise ValueError(f"layer_bits[{name!r}]: give (weights, activations), not {bits}")
            asked |= {f"layer_bits[{name!r}] {index}": value for index, value in enumerate(pair)}
        for name, value in asked.items():
            if value not in BITS:
                raise ValueError(f"{name.split(' ')[0]} {value}: choose one of {BITS}")

    def widths(
        self, names: Sequence[str], drafts: Sequence[Draft], read: Sequence[Collection[int]]
    ) -> list[Widths]:
        """Widths of every layer; ``read`` holds, for each, the layers that read its result.

        Depthwise layers and what they read get at most 4 bits, with a note. Raises ValueError for
        a name that no layer has.
        """
        unknown = sorted(set(self.layers or {}) - set(names))
        if unknown:
            raise ValueError(
                f"layer_bits: no layer is called {unknown[0]!r}; there are {', '.join(names)}"
            )
        return [
            self._of(index, names, drafts, [names[x] for x in read[index] if drafts[x].depthwise])
            for index in range(len(names))
        ]

    def _of(
        self, index: int, names: Sequence[str], drafts: Sequence[Draft], depthwise: Sequence[str]
    ) -> Widths:
        """Widths of one layer; ``depthwise`` are the depthwise layers that read its result."""
        ends = {0: self.first, len(names) - 1: self.last}
        weight, activation = ends.get(index) or self.weight, self.activation
        own = (self.layers or {}).get(names[index])
        if own is not None:
            weight, activation = own if isinstance(own, tuple) else (own, activation)
        notes = []
        if drafts[index].depthwise and weight > DEPTHWISE_BITS:
            notes.append(f"W{DEPTHWISE_BITS} for W{weight}: depthwise weights on the core")
            weight = DEPTHWISE_BITS
        if depthwise and activation > DEPTHWISE_BITS:
            notes.append(
                f"A{DEPTHWISE_BITS} for A{activation}: read by the depthwise {depthwise[0]}"
            )
            activation = DEPTHWISE_BITS
        return Widths(weight, activation, tuple(notes))
