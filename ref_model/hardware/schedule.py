# SPDX-License-Identifier: Apache-2.0
"""Cycles that the array needs for a network by its schedule, without waiting for anything.

A step is one pixel pair of one output channel group. It takes a cycle for every word multiplied
into it, and at least as long as emitting it::

    words   = rows in the map * G * phases      (3x3: 2 or 3 rows, fewer in low maps; else 1)
            = G * H * T * phases                (full map: one step a group)
    phases  = input digits * weight digits
    emit    = max(1, POUT / PIN) * output digits, raw 2, with a depthwise layer at least
              2 / DEPTHWISE_PIXELS; twice that for 1x1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, pairs_of

if TYPE_CHECKING:
    from ref_model.hardware.plan import LayerPlan, Plan


@dataclass(frozen=True)
class LayerSchedule:
    """What a layer costs: nominal ``macs``, ``words`` for the array, ``cycles`` with emission.

    ``alone`` are the cycles without a depthwise layer behind it.
    """

    name: str
    macs: int
    words: int
    cycles: int
    alone: int

    def utilisation(self, config: CoreConfig) -> float:
        """Nominal multiply-accumulates over what the 3x3 peak would do in ``cycles``."""
        return self.macs / (self.cycles * config.peak)


def schedule_network(plan: Plan) -> tuple[LayerSchedule, ...]:
    """The schedule of every layer for one image."""
    return tuple(
        LayerSchedule(
            layer.fused.name,
            layer.macs,
            *words_and_cycles(layer, plan.config),
            words_and_cycles(layer, plan.config, depthwise=False)[1],
        )
        for layer in plan.layers
    )


def emit_cycles(plan: LayerPlan, config: CoreConfig, depthwise: bool = True) -> int:
    """Cycles that emitting one step takes; without ``depthwise`` as if no such layer followed."""
    bits = plan.last.output_bits
    cycles = 2 if bits is None else max(1, config.pout // config.pin) * digits_of(bits)
    if depthwise and plan.depthwise is not None:
        cycles = max(cycles, ceil_div(2, config.depthwise_pixels))
    return cycles * plan.kernel.sets


def words_and_cycles(
    plan: LayerPlan, config: CoreConfig, depthwise: bool = True
) -> tuple[int, int]:
    """Words of a layer, and the cycles that it takes with emission, for one image.

    ``depthwise``: as in `emit_cycles`.
    """
    layer = plan.layer
    channels, height, width = plan.source
    groups = ceil_div(layer.outputs, config.pout * plan.kernel.sets)
    phases = digits_of(layer.input_bits) * digits_of(layer.weight_bits)
    base = ceil_div(channels, config.pin) * phases
    pairs, emit = pairs_of(width), emit_cycles(plan, config, depthwise)
    if plan.kernel is Kernel.FULL:
        steps = [base * height * pairs]
        pairs = 1
    elif plan.kernel is Kernel.K3X3:
        centres = range(0, height, layer.stride)
        steps = [base * (min(y + 1, height - 1) - max(y - 1, 0) + 1) for y in centres]
    else:
        steps = [base] * ceil_div(height, layer.stride)
    words = groups * pairs * sum(steps)
    return words, groups * pairs * sum(max(step, emit) for step in steps)
