# SPDX-License-Identifier: Apache-2.0
"""Cycles that the array needs for a network by its schedule, without waiting for anything.

A step is one pixel pair of one output channel group. It takes a cycle for every word multiplied
into it, and at least as long as emitting it::

    words   = rows in the map * G * phases      (3x3: 2 or 3 rows, fewer in low maps; else 1)
            = G * H * T * phases                (full map: one step a group)
    phases  = input digits * weight digits
    emit    = max(1, POUT / PIN) * output digits, raw 2, with a depthwise layer at least
              2 / DEPTHWISE_PIXELS; twice that for 1x1

On a core for codes of 3 bits a step is four pixels, T counts these, and emitting a step takes twice
as long with every kernel. A full map goes twice through its words, unless a row has no third pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of


@dataclass(frozen=True)
class LayerWork:
    """What decides how long the array works on a layer.

    ``channels``, ``height`` and ``width`` are those of the input as stored (3C channels for 1x3);
    ``output_bits`` those of the tensor that is stored, None for a raw layer; ``depthwise``: a
    depthwise layer runs behind this one. ``thinned``: the rows that a stride of 2 drops are not
    stored.
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
    thinned: bool = False

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
    if bits is None:
        cycles = 2
    else:
        cycles = max(1, config.pout // config.pin) * digits_of(bits, config.code_bits)
    if work.depthwise:
        cycles = max(cycles, ceil_div(2, config.depthwise_pixels))
    return cycles * (2 if config.code_bits == 3 else work.kernel.sets)


def words_and_cycles(work: LayerWork, config: CoreConfig) -> tuple[int, int]:
    """Words of a layer, and the cycles that it takes with emission, for one image."""
    words, cycles = row_costs(work, config)
    return int(words.sum()), int(cycles.sum())


def row_costs(
    work: LayerWork, config: CoreConfig
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Words and cycles of each row that leaves the array, all channel groups; int64 (rows,)."""
    groups = ceil_div(work.outputs, config.pout * work.kernel.sets_of(config.code_bits))
    if config.code_bits == 3:
        again = 2 if work.kernel is Kernel.FULL and work.width > 2 else 1
    else:
        again = digits_of(work.weight_bits)
    phases = digits_of(work.input_bits, config.code_bits) * again
    base = ceil_div(work.channels, config.pin) * phases
    height, pairs = work.height, ceil_div(work.width, config.pixels)
    centres = np.arange(0, height, 1 if work.thinned else work.stride, dtype=np.int64)
    if work.kernel is Kernel.FULL:
        steps = np.array([base * height * pairs], np.int64)
        pairs = 1
    elif work.kernel is Kernel.K3X3:
        first, last = np.maximum(centres - 1, 0), np.minimum(centres + 1, height - 1)
        steps = base * (last - first + 1)
    else:
        steps = np.full(len(centres), base, np.int64)
    emitted = np.maximum(steps, emit_cycles(work, config))
    return groups * pairs * steps, groups * pairs * emitted
