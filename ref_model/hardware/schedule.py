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

from dataclasses import dataclass, replace

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, pairs_of


@dataclass(frozen=True)
class LayerWork:
    """What decides how long the array works on a layer.

    ``channels``, ``height`` and ``width`` are those of the input as stored (3C channels for 1x3);
    ``output_bits`` those of the tensor that is stored, None for a raw layer; ``depthwise``: a
    depthwise layer runs behind this one.
    """

    kernel: Kernel
    channels: int
    height: int
    width: int
    outputs: int
    input_bits: int
    weight_bits: int
    output_bits: int | None
    stride: int = 1
    depthwise: bool = False

    def alone(self) -> LayerWork:
        """The same without a depthwise layer behind it."""
        return replace(self, depthwise=False)


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


def emit_cycles(work: LayerWork, config: CoreConfig) -> int:
    """Cycles that emitting one step takes."""
    bits = work.output_bits
    cycles = 2 if bits is None else max(1, config.pout // config.pin) * digits_of(bits)
    if work.depthwise:
        cycles = max(cycles, ceil_div(2, config.depthwise_pixels))
    return cycles * work.kernel.sets


def words_and_cycles(work: LayerWork, config: CoreConfig) -> tuple[int, int]:
    """Words of a layer, and the cycles that it takes with emission, for one image."""
    groups = ceil_div(work.outputs, config.pout * work.kernel.sets)
    phases = digits_of(work.input_bits) * digits_of(work.weight_bits)
    base = ceil_div(work.channels, config.pin) * phases
    height, pairs, emit = work.height, pairs_of(work.width), emit_cycles(work, config)
    if work.kernel is Kernel.FULL:
        steps = [base * height * pairs]
        pairs = 1
    elif work.kernel is Kernel.K3X3:
        centres = range(0, height, work.stride)
        steps = [base * (min(y + 1, height - 1) - max(y - 1, 0) + 1) for y in centres]
    else:
        steps = [base] * ceil_div(height, work.stride)
    words = groups * pairs * sum(steps)
    return words, groups * pairs * sum(max(step, emit) for step in steps)
