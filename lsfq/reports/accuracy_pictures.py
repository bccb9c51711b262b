# SPDX-License-Identifier: Apache-2.0
"""The pictures of the accuracy report, drawn from run records; the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lsfq.reports.accuracy import (
    Record,
    bits_name,
    comparisons,
    curve_of,
    network_name,
    networks,
)
from lsfq.reports.figures import style, svg
from ref_model.training.records import ACTIVATION_SPAN, BINS, WEIGHT_SPAN

LAYERS_SHOWN = 7
"""Columns of a picture of clips; deeper networks show every so many layers."""

_STAGES = {"float": "#9ecae1", "quantised": "#fdd0a2", "integer": "#c7e9c0"}
_INSIDE, _OUTSIDE = "#3182bd", "#e6550d"


def draw(records: Mapping[str, Record]) -> dict[str, str]:
    """All pictures as SVG text, by file name; those that have nothing to show are left out."""
    found: dict[str, str] = {}
    with style():
        ended = networks(records)
        if ended or comparisons(records):
            found["accuracy_bits.svg"] = _accuracy_over_bits(records)
        if ended:
            found["learning_curves.svg"] = _learning_curves(records, ended)
        for record in ended:
            found[f"clips_{record['name']}.svg"] = _clips(record)
    return found


def _accuracy_over_bits(records: Mapping[str, Record]) -> str:
    """Left: networks from float down to few bits. Right: methods, a dot a seed."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    ended = networks(records)
    bits = ["float", *dict.fromkeys(bits_name(record) for record in ended)]
    for name in dict.fromkeys(network_name(record) for record in ended):
        runs = [record for record in ended if network_name(record) == name]
        points: list[tuple[int, float]] = [(0, mean_of(runs, "float_accuracy"))]
        points += [(bits.index(bits_name(run)), run["integer_accuracy"]) for run in runs]
        points.sort()
        left.plot(*zip(*points, strict=True), marker="o", label=name)
        for x, y in points:
            left.annotate(
                f"{y:.2f}", (x, y), (0, 6), textcoords="offset points", ha="center", fontsize=8
            )
    left.set_xticks(range(len(bits)), bits)
    left.margins(x=0.12, y=0.2)
    left.set(title="Networks", ylabel="test accuracy, integers (%)")
    if ended:
        left.legend()
    groups = comparisons(records)
    colours = _colours(sorted({method.name for group in groups for method in group.methods}))
    for place, group in enumerate(groups):
        methods = sorted(group.methods, key=lambda method: method.name)
        for index, method in enumerate(methods):
            centre = place + (index - (len(methods) - 1) / 2) * 0.14
            values = list(method.accuracy.values())
            colour = colours[method.name]
            right.plot([centre] * len(values), values, "o", color=colour, alpha=0.5, markersize=4)
            right.plot([centre - 0.05, centre + 0.05], [method.mean] * 2, color=colour, linewidth=2)
    right.set_xticks(range(len(groups)), [f"{group.network}\n{group.bits}" for group in groups])
    right.set(title="Methods: a dot a seed, a bar the mean")
    if groups:
        handles = [
            mpl.lines.Line2D([], [], color=c, lw=2, label=name) for name, c in colours.items()
        ]
        figure.legend(handles=handles, loc="outside right center")
    return svg(figure)


def _learning_curves(records: Mapping[str, Record], ended: Sequence[Record]) -> str:
    """Test accuracy by epoch, a panel a run, the stages as background."""
    columns = min(3, len(ended))
    rows = -(-len(ended) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes, record in zip(panels, ended, strict=False):
        curve = curve_of(record, records)
        for stage, colour in _STAGES.items():
            epochs = [i for i, entry in enumerate(curve, 1) if entry["stage"] == stage]
            if epochs:
                axes.axvspan(epochs[0] - 0.5, epochs[-1] + 0.5, color=colour, alpha=0.5, lw=0)
        places = range(1, len(curve) + 1)
        axes.plot(places, [entry["test_accuracy"] for entry in curve], color="black", lw=1.2)
        axes.set(title=f"{network_name(record)} {bits_name(record)}", xlabel="epoch")
    for axes in panels[len(ended) :]:
        axes.remove()
    panels[0].set_ylabel("test accuracy (%)")
    handles = [mpl.patches.Patch(color=c, alpha=0.5, label=stage) for stage, c in _STAGES.items()]
    panels[0].legend(handles=handles, loc="lower right")
    return svg(figure)


def _clips(record: Record) -> str:
    """Histograms of weights (above) and pre-activations (below), in units of their clips."""
    found: Mapping[str, Mapping[str, Any]] = record["distributions"]
    names = list(dict.fromkeys(key.rsplit(".", 1)[0] for key in found))
    chosen = [
        names[round(i)] for i in np.linspace(0, len(names) - 1, min(LAYERS_SHOWN, len(names)))
    ]
    figure = Figure(figsize=(1.5 * len(chosen), 3.2), layout="constrained")
    panels = figure.subplots(2, len(chosen), squeeze=False)
    for column, layer in enumerate(chosen):
        for row, (kind, span) in enumerate(
            (("weight", WEIGHT_SPAN), ("activation", ACTIVATION_SPAN))
        ):
            axes = panels[row, column]
            entry = found.get(f"{layer}.{kind}")
            if entry is None:
                axes.set_axis_off()
                continue
            _histogram(axes, entry, span, signed=kind == "weight")
            title = f"{entry['above']:.1%} cut"
            axes.set_title(f"{layer}\n{title}" if row == 0 else title, fontsize=8)
        panels[0, column].set_xticks([-1, 0, 1])
        panels[1, column].set_xticks([0, 1])
    panels[0, 0].set_ylabel("weights")
    panels[1, 0].set_ylabel("pre-activations")
    figure.suptitle(f"{network_name(record)} {bits_name(record)}: 1 is the learned clip")
    return svg(figure)


def _histogram(
    axes: Any, entry: Mapping[str, Any], span: tuple[float, float], *, signed: bool
) -> None:
    edges = np.linspace(*span, BINS + 1)
    share = np.array(entry["counts"]) / max(1, sum(entry["counts"]))
    low, high = np.searchsorted(edges, (-1.0 if signed else edges[0], 1.0))
    for part, colour in (
        (slice(0, low), _OUTSIDE), (slice(low, high), _INSIDE), (slice(high, BINS), _OUTSIDE)
    ):  # fmt: skip
        if part.stop > part.start:
            part_edges = edges[part.start : part.stop + 1]
            axes.stairs(share[part], part_edges, fill=True, color=colour)
    for clip in (-1, 1) if signed else (0, 1):
        axes.axvline(clip, color="black", lw=0.6)
    axes.set_yticks([])
    axes.grid(visible=False)


def mean_of(records: Sequence[Record], key: str) -> float:
    """Mean of one number over records."""
    return sum(float(record[key]) for record in records) / len(records)


def _colours(names: Sequence[str]) -> dict[str, str]:
    palette = [f"C{i}" for i in range(10)]
    return dict(zip(names, palette, strict=False))
