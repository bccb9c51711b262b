# SPDX-License-Identifier: Apache-2.0
"""The performance report: tables and pictures made of what `scripts/performance.py` measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lsfq.reports import other_engines
from lsfq.reports.area import DEVICES, Area
from lsfq.reports.figures import style, svg
from ref_model.hardware.performance import STALLS, Performance, last_pass

CLOCKS_MHZ = (100, 200, 300)
"""Clocks for which the report works out images a second."""

_COLOURS = {
    "busy": "#3182bd", "starved_weights": "#fd8d3c", "blocked_output": "#de2d26",
    "starved_features": "#bdbdbd",
}  # fmt: skip
_NAMES = {
    "busy": "busy", "starved_weights": "no weights", "blocked_output": "output full",
    "starved_features": "no features",
}  # fmt: skip


def draw(
    measured: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, str]:
    """All pictures as SVG text, by file name; ``others``: what was measured of other networks."""
    full, throttled = last_pass(measured["full"]), last_pass(measured["throttled"])
    with style():
        found = {
            "cycles.svg": _cycles(full, throttled),
            "roofline.svg": _roofline(measured["full"], full),
        }
        if measured["sweep"]:
            found["sweep.svg"] = _sweep(measured["sweep"])
        for name, other in (others or {}).items():
            found[f"{name}.svg"] = _layers(last_pass(other["full"]))
    return found


def report(
    measured: Mapping[str, Any],
    pictures: Sequence[str],
    others: Mapping[str, Mapping[str, Any]] | None = None,
    area: Mapping[str, Any] | None = None,
) -> str:
    """The page, as Markdown; ``pictures`` are the names of files beside it.

    ``measured`` is of VGG7, ``others`` of further networks by name (`scripts/performance.py
    --json`), ``area`` what `scripts/area.py --json` writes.
    """
    runs = {"VGG7": measured, **(others or {})}
    parts = [
        *_network_parts(measured, pictures),
        *_throttled_parts(measured, pictures),
        *_sweep_parts(measured["sweep"], pictures),
        *(
            part
            for name, other in (others or {}).items()
            for part in _network_section(name, other, pictures)
        ),
        *_rate_parts(runs),
        *(_area_section(area) if area else []),
        *_others_parts(runs, area),
        *_bar_parts(runs),
    ]
    return "\n\n".join(parts) + "\n"


def _network_parts(measured: Mapping[str, Any], pictures: Sequence[str]) -> list[str]:
    """What was measured, the whole network's figure, and its layers."""
    full = last_pass(measured["full"])
    core = f"{measured['full']['pin']}x{measured['full']['pout']}"
    return [
        "# Performance",
        f"Made by `make performance-report` from `measured.json`, which `make performance-measure` "
        f"writes: VGG7 of the published width on the simulated {core} core, random weights, "
        f"{full.images} image a pass. Every tensor of every layer was bit-exact. Cycles count from "
        "the first input beat to the last result beat.",
        f"**{6 * full.utilisation():.2f} multiply-accumulates a multiplier and cycle** over the "
        f"whole network, {100 * full.utilisation():.1f} % of the peak of 6; above it, because rows "
        "of zeros around the image are skipped.",
        "## Layers",
        layer_table(full),
        "Schedule: cycles of the array's words alone. MACs are the network's, zeros of the padding "
        "included.",
        *_shown("cycles.svg", pictures, "cycles of every layer, by what they were spent on"),
    ]


def _throttled_parts(measured: Mapping[str, Any], pictures: Sequence[str]) -> list[str]:
    """The same layers with half the parameter stream."""
    full, throttled = last_pass(measured["full"]), last_pass(measured["throttled"])
    lost = throttled.cycles - full.cycles
    return [
        "## Parameter stream at one beat in two",
        layer_table(throttled),
        f"{lost:,} cycles more, which the counter of cycles without weights shows.",
        *_shown("roofline.svg", pictures, "MACs a cycle over MACs a parameter byte"),
        "A layer above the roof got its weights while the layer before it computed.",
    ]


def _sweep_parts(rows: Sequence[Mapping[str, Any]], pictures: Sequence[str]) -> list[str]:
    """Layers of other shapes, where any were measured."""
    title = "## Cost grows as the work does"
    if not rows:
        return [title]
    worst = max(abs(row["cycles"] / row["schedule"] - 1) for row in rows)
    return [
        title,
        f"{len(rows)} layers of other shapes; the counted cycles are within "
        f"{100 * worst:.2f} % of the schedule (above it is the pipeline's latency, once "
        "a layer).",
        *_shown("sweep.svg", pictures, "counted over scheduled cycles of every shape"),
    ]


def _others_parts(
    runs: Mapping[str, Mapping[str, Any]], area: Mapping[str, Any] | None
) -> list[str]:
    """This core beside other engines; ``runs`` by network."""
    own = [(name, last_pass(ran["full"]), ran["full"]) for name, ran in runs.items()]
    head = ("engine", "MACs a multiplier and cycle", "MACs a DSP and cycle", "from")
    return [
        "## Beside others",
        other_engines.TEXT,
        _table(head, other_engines.rows(own, area)),
        other_engines.PRIOR_ART,
    ]


def _rate_parts(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Images a second at some clocks, of every network."""
    rows = []
    for name, ran in runs.items():
        full = last_pass(ran["full"])
        cycles = full.cycles / full.images
        rates = (f"{1e6 * clock / cycles:,.0f}" for clock in CLOCKS_MHZ)
        rows.append((name, f"{full.images}", f"{cycles:,.0f}", *rates))
    head = ("network", "images a pass", "cycles an image", *(f"at {c} MHz" for c in CLOCKS_MHZ))
    return [
        "## Images a second",
        _table(head, rows),
        "Worked out from the cycles, for streams that keep up. No clock here was reached on a "
        "device: [hardware costs](../hardware_costs.md) says what place and route gave. UltraNet, "
        "MobileNetV2-224 and ResNet-18 (224x224) run [in rows](../large_maps.md), since their "
        "first maps do not fit the memory. What contest designs reach with UltraNet on a board "
        "stands [below](#beside-others).",
    ]


def _bar_parts(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every bar of every run."""
    rows = [
        (
            bar["what"],
            f"{bar['figure']:.3f}",
            f"{'at most' if bar['most'] else 'at least'} {bar['limit']:g}",
            "held" if bar["held"] else "**missed**",
        )
        for ran in runs.values()
        for bar in ran["bars"]
    ]
    return [
        "## Bars",
        _table(("figure", "measured", "bar", ""), rows),
        "Seconds and images a second are of the machine that measured (two threads).",
    ]


def _network_section(name: str, measured: Mapping[str, Any], pictures: Sequence[str]) -> list[str]:
    """A further network: its figures, its chart, its table."""
    full, throttled = last_pass(measured["full"]), last_pass(measured["throttled"])
    text = (
        f"{full.images} images a pass, {full.cycles / full.images:,.0f} cycles an image: "
        f"{full.cycles / full.words:.3f} times the {full.words / full.images:,.0f} in which the "
        f"array works, {6 * full.utilisation():.2f} multiply-accumulates a multiplier and cycle. "
        f"With the parameter stream at one beat in two {throttled.cycles / full.images:,.0f}."
    )
    if any(layer.depthwise for layer in full.layers):
        text += (
            " A depthwise layer runs behind the layer in front of it (*expand+depthwise*), by "
            f"{measured['full']['depthwise_pixels']} pixels a cycle; together they add "
            f"{100 * full.depthwise_share:.1f} % of all cycles."
        )
    return [
        f"## {name}",
        text,
        *_shown(f"{name}.svg", pictures, f"cycles of {name}'s layers, by what they were spent on"),
        layer_table(full),
    ]


def _area_section(area: Mapping[str, Any]) -> list[str]:
    """What the cores take of their devices, and the blocks of the first one."""
    first, *_ = area
    kinds = ("lut", "ff", "dsp", "bram")

    def numbers(found: Mapping[str, float]) -> list[str]:
        return [f"{found[kind]:,g}" if kind == "bram" else f"{found[kind]:,}" for kind in kinds]

    def with_share(name: str) -> list[str]:
        core = area[name]
        part = Area(**core["whole"]).shares(DEVICES[core["device"]])
        shares = (part.lut, part.ff, part.dsp, part.bram)
        return [
            name, core["device"],
            *(f"{n} ({s / 10:.1f} %)" for n, s in zip(numbers(core["whole"]), shares, strict=True)),
        ]  # fmt: skip

    blocks = [
        [name if block["instances"] == 1 else f"{name} ({block['instances']})", *numbers(block)]
        for name, block in area[first]["blocks"].items()
    ]
    return [
        "## Area",
        "By Yosys, blocks synthesised apart (`make area`, [hardware costs](../hardware_costs.md)); "
        "in brackets the share of the device.",
        _table(("core", "device", "LUT", "FF", "DSP", "BRAM36"), [with_share(x) for x in area]),
        f"Blocks of {first} (lane and accumulator are parts of the array):",
        _table(("block", "LUT", "FF", "DSP", "BRAM36"), blocks),
    ]


def layer_table(measured: Performance) -> str:
    """Every layer's cycles, an image, and what they were spent on."""
    counters = ("busy", *STALLS)
    rows = []
    for layer in measured.layers:
        spent = [layer.counters[name] for name in counters]
        numbers = (layer.macs, layer.schedule, layer.cycles, *spent)
        rows.append(_row(measured, layer.name, numbers, measured.utilisation(layer)))
    spent = [sum(layer.counters[name] for layer in measured.layers) for name in counters]
    schedule = sum(layer.schedule for layer in measured.layers)
    numbers = (measured.macs, schedule, measured.cycles, *spent)
    rows.append(_row(measured, "whole network", numbers, measured.utilisation()))
    head = ("layer", "MACs", "schedule", "cycles", "of peak", *(_NAMES[name] for name in counters))
    return _table(head, rows)


def _row(measured: Performance, name: str, numbers: Sequence[int], share: float) -> tuple[str, ...]:
    texts = [f"{number / measured.images:,.0f}" for number in numbers]
    return (name, *texts[:3], f"{100 * share:.1f} %", *texts[3:])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, marks, *rows))


def _shown(name: str, pictures: Sequence[str], what: str) -> list[str]:
    return [f"![{what}]({name})"] if name in pictures else []


def _cycles(full: Performance, throttled: Performance) -> str:
    """Where cycles went: layers beside one another, both streams."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    titles = ("full streams", "parameter stream at one beat in two")
    for axis, measured, title in zip(axes, (full, throttled), titles, strict=True):
        _bars_of_layers(axis, measured)
        axis.set_title(f"{title}: {100 * measured.utilisation():.1f} % of peak")
    axes[0].invert_yaxis()
    axes[1].legend()
    return svg(figure)


def _layers(measured: Performance) -> str:
    """Where cycles went, a layer a bar."""
    figure = Figure(figsize=(9, 0.8 + 0.19 * len(measured.layers)), layout="constrained")
    axis = figure.subplots()
    _bars_of_layers(axis, measured)
    axis.invert_yaxis()
    axis.tick_params(axis="y", labelsize=7)
    axis.legend()
    return svg(figure)


def _bars_of_layers(axis: Axes, measured: Performance) -> None:
    """A bar a layer: cycles an image by what they were spent on, and the share of the peak."""
    names = [layer.name for layer in measured.layers]
    left = [0.0] * len(names)
    for counter, colour in _COLOURS.items():
        widths = [layer.counters[counter] / measured.images / 1000 for layer in measured.layers]
        axis.barh(names, widths, left=left, color=colour, label=_NAMES[counter])
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for place, (layer, end) in enumerate(zip(measured.layers, left, strict=True)):
        share = f" {100 * measured.utilisation(layer):.0f} %"
        axis.text(end, place, share, va="center", fontsize=8 if len(names) < 20 else 6)
    axis.set_xlabel("thousand cycles an image")
    axis.margins(x=0.12)


def _roofline(ran: Mapping[str, Any], full: Performance) -> str:
    """MACs a cycle over MACs a parameter byte: what the stream allows, what was reached."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axis = figure.subplots()
    peak = 6 * full.multipliers
    width = ran["param_width"] / 8
    for bytes_, line in ((width, "-"), (width / 2, "--")):
        ridge = peak / bytes_
        label = f"{bytes_:g} parameter bytes a cycle"
        axis.plot([1, ridge, 1e4], [bytes_, peak, peak], line, color="#636363", label=label)
    for place, (layer, described) in enumerate(zip(full.layers, ran["layers"], strict=True)):
        intensity = layer.macs / described["parameter_bytes"]
        rate = layer.macs / layer.cycles
        axis.plot(intensity, rate, "o", color="#3182bd")
        # neighbours often lie on one another: their names go to different sides
        offset = (4, -12) if place % 2 else (4, 5)
        axis.annotate(layer.name, (intensity, rate), offset, textcoords="offset points", fontsize=8)
    axis.set(xscale="log", yscale="log", xlabel="MACs a parameter byte", ylabel="MACs a cycle")
    axis.legend(loc="lower right")
    return svg(figure)


def _sweep(rows: Sequence[Mapping[str, Any]]) -> str:
    """Left: counted over scheduled cycles; right: how far they are apart."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for swept in dict.fromkeys(row["swept"] for row in rows):
        chosen = [row for row in rows if row["swept"] == swept]
        schedule = [row["schedule"] for row in chosen]
        cycles = [row["cycles"] for row in chosen]
        left.plot(schedule, cycles, "o", label=swept, alpha=0.7)
        more = [100 * (c / s - 1) for c, s in zip(cycles, schedule, strict=True)]
        right.plot(schedule, more, "o", alpha=0.7)
    ends = [min(row["schedule"] for row in rows), max(row["schedule"] for row in rows)]
    left.plot(ends, ends, color="#636363", lw=0.8)
    left.set(xscale="log", yscale="log", xlabel="scheduled cycles", ylabel="counted cycles")
    left.legend()
    right.axhline(2.0, color="#de2d26", lw=0.8)
    right.set(xscale="log", xlabel="scheduled cycles", ylabel="counted above scheduled, %")
    right.set_ylim(0, 2.2)
    return svg(figure)
