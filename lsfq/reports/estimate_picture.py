# SPDX-License-Identifier: Apache-2.0
"""A picture of an estimate: cycles of every layer, and the core's shares of the device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lsfq.reports.figures import style

_BUSY, _STARVED, _OVER = "#3182bd", "#fd8d3c", "#de2d26"


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Write the picture of what `lsfq estimate --json` prints; ValueError for an unknown format."""
    layers = found["layers"]
    names = [layer["name"] for layer in layers]
    places = range(len(names))
    shown = {
        name: entry for name, entry in found["area"].items()
        if entry["of"] and entry["count"] is not None
    }  # fmt: skip
    with style():
        figure = Figure(figsize=(10, max(3.0, 0.17 * len(names) + 1.5)), layout="constrained")
        if shown:
            axes, area = figure.subplots(1, 2, width_ratios=(3, 1))
        else:
            axes, area = figure.subplots(), None
        starved = [layer["starved"] for layer in layers]
        cycles = [layer["cycles"] - late for layer, late in zip(layers, starved, strict=True)]
        axes.barh(places, cycles, color=_BUSY, label="layer")
        if any(starved):
            axes.barh(places, starved, left=cycles, color=_STARVED, label="waits for parameters")
            axes.legend()
        axes.set_yticks(places, names, fontsize=6)
        axes.invert_yaxis()
        axes.set_xlabel("cycles an image, estimated")
        axes.set_title(
            f"{found['network']} on {found['core']['pin']}x{found['core']['pout']}: "
            f"{found['frames_per_second']:,.0f} images/s at {found['clock_mhz']:g} MHz"
        )
        if area is not None:
            shares = [100 * entry["count"] / entry["of"] for entry in shown.values()]
            colours = [_OVER if share > 100 else _BUSY for share in shares]
            labels = [f"{name.upper()}\n{entry['how']}" for name, entry in shown.items()]
            area.bar(range(len(shares)), shares, color=colours)
            area.set_xticks(range(len(shares)), labels, fontsize=6)
            area.axhline(100, color="black", linewidth=0.8)
            area.set_ylabel("% of the device")
            area.set_title(found["device"])
        figure.savefig(path)
