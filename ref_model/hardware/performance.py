# SPDX-License-Identifier: Apache-2.0
"""Where the cycles of a pass went, from the core's counters: utilisation, stalls, what a loss is.

The one scale that compares engines of any size: multiply-accumulates of the network per multiplier
and cycle. This core's 3x3 peak is 6, so utilisation is that over 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STALLS = ("starved_weights", "blocked_output", "starved_features")
"""Counters of cycles without work; with ``busy`` they are all cycles of a layer."""


@dataclass(frozen=True)
class LayerPerformance:
    """A layer in one pass: ``macs`` and ``schedule`` (cycles) of all its images, and counters.

    ``words`` are the cycles in which the array works; ``alone`` is the schedule without a depthwise
    layer behind it, the same where there is none (``depthwise``).
    """

    name: str
    kernel: str
    macs: int
    words: int
    schedule: int
    alone: int
    depthwise: bool
    counters: Mapping[str, int]

    @property
    def cycles(self) -> int:
        """Cycles from the end of the layer before to the end of this one."""
        return self.counters["cycles"]


@dataclass(frozen=True)
class Performance:
    """A pass over ``images``: ``cycles`` from its first input beat to its last result beat."""

    multipliers: int
    images: int
    cycles: int
    layers: tuple[LayerPerformance, ...]

    @property
    def macs(self) -> int:
        """Nominal multiply-accumulates of the network, all images."""
        return sum(layer.macs for layer in self.layers)

    @property
    def between(self) -> int:
        """Cycles in no layer: until the first image is stored, and after the last layer."""
        return self.cycles - sum(layer.cycles for layer in self.layers)

    def utilisation(self, layer: LayerPerformance | None = None) -> float:
        """Share of the peak of 6 multiply-accumulates a multiplier and cycle, whole or a layer's.

        Above 1 where the schedule skips the rows of zeros around the image.
        """
        macs, cycles = (layer.macs, layer.cycles) if layer else (self.macs, self.cycles)
        return macs / (6 * self.multipliers * cycles)

    @property
    def words(self) -> int:
        """Cycles in which the array works: the least that the schedule could take."""
        return sum(layer.words for layer in self.layers)

    @property
    def depthwise_share(self) -> float:
        """Share of all cycles by which depthwise stages made the layers before them longer."""
        added = sum(layer.cycles - layer.alone for layer in self.layers if layer.depthwise)
        return added / self.cycles

    def stall(self, counter: str) -> int:
        """Cycles of all layers that one counter of STALLS holds."""
        return sum(layer.counters[counter] for layer in self.layers)


def last_pass(report: Mapping[str, Any]) -> Performance:
    """The last pass of a report of the network bench (`tb.core.network_bench`)."""
    ended = report["passes"][-1]
    images = ended["images"]
    layers = tuple(
        LayerPerformance(
            layer["name"],
            layer["kernel"],
            layer["macs"] * images,
            layer["words"] * images,
            layer["schedule"] * images,
            layer["alone"] * images,
            layer["depthwise"],
            counters,
        )
        for layer, counters in zip(report["layers"], ended["layers"], strict=True)
    )
    return Performance(report["pin"] * report["pout"], images, ended["cycles"], layers)


def loss_explained(free: Performance, throttled: Performance) -> tuple[int, int]:
    """Cycles that throttling the parameter stream costs: (all of them, those that counters show).

    Shown are the growth of ``starved_weights`` in the layers and of the wait before the first one.
    """
    lost = throttled.cycles - free.cycles
    shown = throttled.stall("starved_weights") - free.stall("starved_weights")
    return lost, shown + throttled.between - free.between
