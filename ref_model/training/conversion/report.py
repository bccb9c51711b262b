# SPDX-License-Identifier: Apache-2.0
"""What `quantize` made of a model, layer by layer, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerReport:
    """One layer: bits of its weights and of its result's codes (None: raw, the last layer).

    ``kind`` is "3x3", "1x1", "depthwise", "linear" or "classifier"; ``notes`` say where the layer
    is not what was asked for.
    """

    name: str
    kind: str
    inputs: int
    outputs: int
    weight_bits: int
    activation_bits: int | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        bits = f"W{self.weight_bits}"
        bits += " raw" if self.activation_bits is None else f"A{self.activation_bits}"
        text = f"{self.name:<28} {self.kind:<10} {self.inputs:>5} -> {self.outputs:<5} {bits}"
        return "  ".join((text, *self.notes))


@dataclass(frozen=True)
class ConversionReport:
    """All layers in order, and the largest difference between the outputs of model and network.

    ``output_difference`` is that of the float outputs for the example, in units of the largest of
    them. ``notes`` are about the network as a whole. ``str`` gives a table.
    """

    layers: tuple[LayerReport, ...]
    output_difference: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        last = f"float outputs differ by {self.output_difference:.1e} of the largest"
        return "\n".join((*map(str, self.layers), *self.notes, last))
