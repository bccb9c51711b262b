# SPDX-License-Identifier: Apache-2.0
"""Measured figures that have to stay on one side of a limit, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ref_model.hardware.performance import Performance
from ref_model.integer.console import table


@dataclass(frozen=True)
class Bar:
    """A figure that must not be missed: at least (or, ``most``, at most) ``limit``."""

    what: str
    figure: float
    limit: float
    most: bool = False

    @property
    def held(self) -> bool:
        """Whether the figure is on the right side."""
        return self.figure <= self.limit if self.most else self.figure >= self.limit


def bar_table(bars: Sequence[Bar]) -> str:
    """Every bar, its figure, and whether it is held."""
    rows = [
        (
            bar.what,
            f"{bar.figure:.3f}",
            f"{'at most' if bar.most else 'at least'} {bar.limit:g}",
            "held" if bar.held else "MISSED",
        )
        for bar in bars
    ]
    return table(("figure", "measured", "bar", ""), rows)


def utilisation_bars(measured: Performance, whole: float, inner: float) -> Sequence[Bar]:
    """Bars of a network: ``whole``, and ``inner`` for every layer but the first and the last."""
    return [
        Bar("whole network, of peak", measured.utilisation(), whole),
        *(
            Bar(f"{layer.name}, of peak", measured.utilisation(layer), inner)
            for layer in measured.layers[1:-1]
        ),
    ]


def depthwise_bars(measured: Performance, above: float, share: float) -> Sequence[Bar]:
    """Bars of a network with depthwise layers: all cycles over the array's, the stages' share."""
    return [
        Bar("cycles over the array's", measured.cycles / measured.words, above, most=True),
        Bar("added by depthwise stages, share", measured.depthwise_share, share, most=True),
    ]
