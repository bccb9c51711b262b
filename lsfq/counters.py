# SPDX-License-Identifier: Apache-2.0
"""Where the cycles of a pass went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ref_model.hardware.plan import Plan
from ref_model.hardware.registers import LayerCounter, Register, layer_address


@dataclass(frozen=True)
class LayerCycles:
    """Cycles of one layer in a pass; the last four add up to ``cycles``.

    ``macs`` is its nominal work for all images of the pass.
    """

    name: str
    macs: int
    cycles: int
    busy: int
    starved_weights: int
    blocked_output: int
    starved_features: int

    def utilisation(self, peak: int) -> float:
        """Nominal multiply-accumulates over what a core of this peak could do in these cycles."""
        return self.macs / (self.cycles * peak) if self.cycles else 0.0


@dataclass(frozen=True)
class PassCycles:
    """Cycles of the last pass, from its first input beat to its last result beat.

    ``load_cycles`` of these passed until the first of its ``images`` was stored. ``layers`` has an
    entry for each layer that the core counts (`CoreConfig.max_layers`).
    """

    images: int
    cycles: int
    load_cycles: int
    layers: tuple[LayerCycles, ...]


def read_counters(read: Callable[[int], int], plan: Plan) -> PassCycles:
    """The counters of the pass that ran ``plan``."""
    layers = []
    for slot, layer in enumerate(plan.layers[: plan.config.max_layers]):
        values = {x.name.lower(): read(layer_address(slot, x)) for x in LayerCounter}
        layers.append(LayerCycles(layer.fused.name, plan.batch * layer.macs, **values))
    cycles, load_cycles = read(Register.CYCLES), read(Register.LOAD_CYCLES)
    return PassCycles(plan.batch, cycles, load_cycles, tuple(layers))
