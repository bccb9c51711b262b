# SPDX-License-Identifier: Apache-2.0
"""A picture of the feature memory over a pass: which tensor lies where, from block to block."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from lsfq.reports.figures import style
from ref_model.hardware.plan import Plan
from ref_model.hardware.plan_report import stays

LABELLED = 0.012
"""Share of the picture's height and width that a box needs for its name."""


def draw(plan: Plan, path: Path) -> None:
    """Write the picture; its format is that of the name. ValueError for one that is not known.

    Across: the blocks of the program. Up: words of the feature memory.
    """
    with style():
        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots()
        found = stays(plan)
        names = list(dict.fromkeys(stay.name for stay in found))
        colours = mpl.colormaps["tab20"]
        width, depth = len(plan.steps), plan.config.feature_depth
        for stay in found:
            length = stay.last - stay.first + 1
            axes.broken_barh(
                [(stay.first, length)], (stay.base, stay.words),
                facecolor=colours(names.index(stay.name) % 20), edgecolor="white", linewidth=0.5,
            )  # fmt: skip
            if stay.words > LABELLED * 2 * depth and length > LABELLED * 4 * width:
                axes.text(
                    stay.first + length / 2, stay.base + stay.words / 2, stay.name,
                    ha="center", va="center", fontsize=6,
                )  # fmt: skip
        axes.set_xlim(0, width)
        axes.set_ylim(0, depth)
        axes.set_xlabel("blocks of the program, in order")
        axes.set_ylabel("words of the feature memory")
        axes.set_title(f"{plan.network.name}, {plan.batch} images a pass")
        figure.savefig(path)
