# SPDX-License-Identifier: Apache-2.0
"""The accuracy report: tables and sentences made of run records, nothing else.

Runs are told apart by their recipe. Quantised runs of one network, bit width and recipe that differ
in method are entries of the comparison of methods; any other quantised run is a network of its own;
one without a quantised stage is the float start of others. Spreads are sample standard deviations
over seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from ref_model.training.experiments import Run

Record = Mapping[str, Any]

METHOD_NAMES = {"lsfq": "LSFQ", "lsq": "LSQ", "pact": "PACT", "dorefa": "DoReFa"}
MODEL_NAMES = {
    "vgg7": "VGG7",
    "mobilenetv2": "MobileNetV2",
    "resnet20": "ResNet-20",
    "resnet8": "ResNet-8",
}
CHANNEL_CLIPS, AVERAGED, TAUGHT = "channel clips", "averaged statistics", "taught"
SET_NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}

# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def networks(records: Mapping[str, Record]) -> list[Record]:
    """Records of the runs that end in an integer network, by data set, network, bits (high first).

    Float runs that no such run started from are not among them: they have no integers.
    """
    others = {record["name"] for record in compared(records)}
    found = [
        record
        for record in records.values()
        if record["epochs"]["quantised"] > 0 and record["name"] not in others
    ]
    return sorted(found, key=lambda r: (*_place(r), [-b for b in bits_of(r)], r["name"]))


def compared(records: Mapping[str, Record]) -> list[Record]:
    """Records of the comparison of methods."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records.values():
        if record["epochs"]["quantised"] > 0:
            groups.setdefault(_recipe(record), []).append(record)
    several = (group for group in groups.values() if len({method_name(r) for r in group}) > 1)
    return [record for group in several for record in group]


def _recipe(record: Record) -> tuple[str, str, str]:
    """What runs have in common that are compared."""
    return network_name(record), bits_name(record), str(record["epochs"])


def network_name(record: Record) -> str:
    """Such as "VGG7-64", with the data set when it is not CIFAR-10."""
    config = record["config"]
    other = "" if config["dataset"] == "cifar10" else f", {SET_NAMES[config['dataset']]}"
    return f"{MODEL_NAMES[config['model']]}-{config['width']}{other}"


def bits_of(record: Record) -> tuple[int, int]:
    """Largest widths of weights and activations of the inner layers."""
    config = record["config"]
    return max(config["weight_bits"][1:-1]), max(config["activation_bits"][1:])


def bits_name(record: Record) -> str:
    """Such as "W4A4"; "mixed" when the layers differ."""
    config = record["config"]
    weights, activations = set(config["weight_bits"]), set(config["activation_bits"])
    if len(weights) > 1 or len(activations) > 1:
        return "mixed"
    return f"W{weights.pop()}A{activations.pop()}"


def method_name(record: Record) -> str:
    """Such as "LSFQ" or "LSFQ, fixed clips"."""
    config = record["config"]
    name = METHOD_NAMES[config["quantizer"]]
    if not config["learned_clip"]:
        name += ", fixed clips"
    if not config["soft_clip"] and config["quantizer"] == "lsfq":
        name += ", hard clips"
    return name + "".join(f", {text}" for text in _levers(config))


def _levers(config: Mapping[str, Any]) -> Iterator[str]:
    """What a run has beside its method; configurations of older records lack the options."""
    if config.get("weight_clips", "layer") != "layer":
        yield CHANNEL_CLIPS
    if config.get("norm_batches", 0):
        yield AVERAGED
    if config.get("teacher", 0.0):
        yield TAUGHT


def curve_of(record: Record, records: Mapping[str, Record]) -> list[Mapping[str, Any]]:
    """All epochs of a run, those of the float run it started from first (if that has a record)."""
    start = records.get(record.get("float_from", ""))
    return [*(start["curve"] if start is not None else []), *record["curve"]]


@dataclass(frozen=True)
class Method:
    """One method at one bit width: integer accuracy in percent by seed, and the float starts'."""

    name: str
    accuracy: Mapping[int, float]
    baseline: Mapping[int, float]

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return mean(self.accuracy.values())

    def behind(self, best: Method) -> tuple[float, float, bool]:
        """(mean, standard deviation, clear) of ``best`` minus this one, seed by seed.

        ``clear`` tells whether the 95 % confidence interval (Student's t) leaves 0 out. The
        deviation is NaN for a single seed in common.
        """
        seeds = sorted(set(self.accuracy) & set(best.accuracy))
        differences = [best.accuracy[seed] - self.accuracy[seed] for seed in seeds]
        if len(differences) < 2:
            return mean(differences) if differences else math.nan, math.nan, False
        spread = stdev(differences)
        half = _T[min(len(differences) - 1, len(_T)) - 1] * spread / math.sqrt(len(differences))
        return mean(differences), spread, abs(mean(differences)) > half


@dataclass(frozen=True)
class Comparison:
    """Methods at one network and bit width with the same recipe, the best mean first."""

    network: str
    bits: str
    epochs: Mapping[str, int]
    methods: Sequence[Method]


def comparisons(records: Mapping[str, Record]) -> list[Comparison]:
    """Groups of runs that differ in method and seed only."""
    groups: dict[tuple[str, str, str], dict[str, list[Record]]] = {}
    for record in compared(records):
        groups.setdefault(_recipe(record), {}).setdefault(method_name(record), []).append(record)
    found = []
    for (network, bits, _), by_method in groups.items():
        methods = [
            Method(
                name,
                {r["seed"]: r["integer_accuracy"] for r in runs},
                {r["seed"]: r["float_accuracy"] for r in runs},
            )
            for name, runs in by_method.items()
        ]
        epochs = next(iter(by_method.values()))[0]["epochs"]
        methods.sort(key=lambda method: -method.mean)
        found.append(Comparison(network, bits, epochs, methods))
    return sorted(found, key=lambda c: (c.network, c.bits), reverse=True)


def ablations(records: Mapping[str, Record]) -> list[tuple[str, str, Method, Method]]:
    """What each part does: (network and bits, part, LSFQ with it, LSFQ without), by comparison.

    A hard clip on both tensors is LSQ, whose formulas those of `LSFQ, hard clips` then are. Float
    step sizes and biases are those of the quantised stage's end: the same weights, evaluated by the
    float graph.
    """
    found = []
    for comparison in comparisons(records):
        by_name = {method.name: method for method in comparison.methods}
        ours = by_name.get("LSFQ")
        if ours is None:
            continue
        where = f"{comparison.network}, {comparison.bits}"
        for name, part in (
            ("LSQ", "soft clip (without: hard clip, which is LSQ)"),
            ("LSFQ, hard clips", "soft clip (without: hard clip)"),
            ("LSFQ, fixed clips", "learned clips (without: where calibration puts them)"),
        ):
            if name in by_name:
                found.append((where, part, ours, by_name[name]))
        for lever, part in (
            (CHANNEL_CLIPS, "weight clips a channel (without: one a layer)"),
            (AVERAGED, "averaged BatchNorm statistics (without: moving ones)"),
            (TAUGHT, "float network as teacher (without: labels alone)"),
        ):
            if f"LSFQ, {lever}" in by_name:
                found.append((where, part, by_name[f"LSFQ, {lever}"], ours))
        floats = {
            record["seed"]: record["constants"]["quantised"]["float"]
            for record in compared(records)
            if (network_name(record), bits_name(record), method_name(record))
            == (comparison.network, comparison.bits, "LSFQ")
            and "constants" in record
        }
        if floats:
            part = "integer step sizes and biases (without: float ones)"
            found.append((where, part, ours, Method("float constants", floats, ours.baseline)))
    return found


def missing(runs: Sequence[Run], records: Mapping[str, Record]) -> list[Run]:
    """Runs of the list that have no record."""
    return [run for run in runs if run.name not in records]


def report(
    records: Mapping[str, Record], runs: Sequence[Run], shipped: Sequence[str], plots: Sequence[str]
) -> str:
    """The whole report as Markdown; ``plots`` are file names of pictures beside it.

    ``runs`` is the list of experiments, ``shipped`` are the names of the exported networks.
    """
    pictures = {name.removesuffix(".svg"): f"![{name}]({name})" for name in plots}
    parts = [_HEAD, _network_table(records, shipped)]
    parts.append(pictures.pop("accuracy_bits", ""))
    parts.append("## Methods\n\n" + _methods_text(records))
    for comparison in comparisons(records):
        parts.append(_comparison_table(comparison))
    parts.append(_ablations_text(records))
    parts.append("## Learning curves\n\n" + _CURVES + "\n\n" + pictures.pop("learning_curves", ""))
    parts.append("## What the clips cut\n\n" + _CLIPS)
    parts += pictures.values()
    left = missing(runs, records)
    if left:
        parts.append("## Not run yet\n\n" + _MISSING + "\n\n" + "\n".join(_listed(left)))
    parts.append("## All runs\n\n" + _run_table(records))
    return "\n\n".join(part for part in parts if part) + "\n"


_HEAD = """\
<!-- Made by `make accuracy-report` from records/*.json. A test compares the two. -->
# Accuracy

Every figure comes from a run record in `records/`, and every record from one command
(`scripts/train_many.py --list` shows them all). *float* is the float network trained with the same
recipe, *integer* the exported integer network as the reference model runs it, both over the whole
test set; *loss* is the difference in points. No epoch is chosen by its test accuracy: the last one
counts.

## Networks"""

_ABLATIONS = """\
What each part of LSFQ is worth, seed by seed (positive: it helps); *clear* as above."""

_CURVES = """\
Test accuracy after every epoch: float, then quantised, then with the integer network's own forward
pass. Runs that share a float network share its part of the curve."""

_CLIPS = """\
How weights and pre-activations of the trained networks lie in their learned clips (1 is the clip),
measured on 64 test images; the share beyond the clip is cut off."""

_MISSING = (
    "These runs of `experiments/accuracy.toml` have no record; `scripts/train_many.py` does them:"
)


def _network_table(records: Mapping[str, Record], shipped: Sequence[str]) -> str:
    rows = []
    for record in networks(records):
        there = record["network"] if record["network"] in shipped else ""
        rows.append((
            network_name(record), bits_name(record), _percent(record["float_accuracy"]),
            _percent(record["integer_accuracy"]), _points(record["loss_points"]),
            _epochs(record["epochs"]), f"`networks/{there}`" if there else "",
        ))  # fmt: skip
    head = ("network", "bits", "float %", "integer %", "loss", "epochs", "export")
    return _table(head, rows, "llrrrll") if rows else "No run has ended."


def _methods_text(records: Mapping[str, Record]) -> str:
    lines = [
        "The same network, recipe and float starts for every method, only the quantiser differs. "
        "Integer accuracy, mean ± standard deviation over seeds; *behind* is the difference to the "
        "best method, seed by seed, and *clear* says whether its 95 % confidence interval leaves "
        "0 out. Few seeds and a short recipe: differences that are not clear are not differences."
    ]
    for comparison in comparisons(records):
        best, *others = comparison.methods
        text = f"**{comparison.bits}, {comparison.network}**: {best.name} is highest"
        for other in others:
            difference, _, clear = other.behind(best)
            words = "clearly" if clear else "not clearly"
            text += f", {other.name} {_points(difference)} points behind ({words})"
        lines.append(f"- {text}.")
    return lines[0] + "\n\n" + "\n".join(lines[1:])


def _comparison_table(comparison: Comparison) -> str:
    best = comparison.methods[0]
    rows = []
    for method in comparison.methods:
        difference, spread, clear = method.behind(best)
        behind = "" if method is best else f"{_points(difference)} ± {spread:.2f}"
        rows.append((
            method.name, _spread(method.accuracy.values()), _spread(method.baseline.values()),
            behind, "" if method is best else ("yes" if clear else "no"),
            ", ".join(str(seed) for seed in sorted(method.accuracy)),
        ))  # fmt: skip
    title = f"{comparison.network}, {comparison.bits}, epochs {_epochs(comparison.epochs)}:"
    head = ("method", "integer %", "float %", "behind", "clear", "seeds")
    return f"{title}\n\n" + _table(head, rows, "lrrrll")


def _ablations_text(records: Mapping[str, Record]) -> str:
    rows = []
    for where, part, ours, without in ablations(records):
        difference, spread, clear = without.behind(ours)
        rows.append((
            where, part, _spread(ours.accuracy.values()), _spread(without.accuracy.values()),
            f"{_points(difference)} ± {spread:.2f}", "yes" if clear else "no",
        ))  # fmt: skip
    head = ("network", "part of LSFQ", "with %", "without %", "worth, points", "clear")
    table = _table(head, rows, "llrrrl")
    return f"## Ablations\n\n{_ABLATIONS}\n\n{table}" if rows else ""


def _run_table(records: Mapping[str, Record]) -> str:
    rows = []
    for name in sorted(records):
        record = records[name]
        hours = sum(record[f"{s}_seconds"] for s in ("float", "quantised", "integer")) / 3600
        quantised = record["epochs"]["quantised"] > 0
        rows.append((
            f"[{name}](../../records/{name}.json)", str(record["seed"]),
            _epochs(record["epochs"]) + ("\\*" if "lengths_changed" in record else ""),
            _percent(record["float_accuracy"]),
            _percent(record["integer_accuracy"]) if quantised else "",
            f"{hours:.1f}", record["commit"],
        ))  # fmt: skip
    head = ("run", "seed", "epochs", "float %", "integer %", "hours", "commit")
    note = (
        "*epochs* are those of the float, quantised and integer stages; *hours* count them all, "
        "with the float start, on the machine that the record names. A commit with -dirty had "
        "changes beside it. \\*: a stage's length was changed while it ran, as the record says."
    )
    return note + "\n\n" + _table(head, rows, "lrlrrrl")


def _listed(runs: Sequence[Run]) -> list[str]:
    return [f"- `{run.name}`: `{run.command()}`" for run in runs]


def _place(record: Record) -> tuple[str, int, int]:
    config = record["config"]
    return config["dataset"], list(MODEL_NAMES).index(config["model"]), config["width"]


def _epochs(epochs: Mapping[str, int]) -> str:
    return " + ".join(str(epochs[stage]) for stage in ("float", "quantised", "integer"))


def _percent(value: float) -> str:
    return f"{value:.2f}"


def _points(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _spread(values: Any) -> str:
    numbers = list(values)
    return f"{mean(numbers):.2f}" + (f" ± {stdev(numbers):.2f}" if len(numbers) > 1 else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    marks = {"l": "---", "r": "--:"}
    lines = [head, [marks[letter] for letter in align], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
