# SPDX-License-Identifier: Apache-2.0
"""The accuracy report says what the records say, and the one in docs/ is up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")
pytest.importorskip("matplotlib", reason="the report's pictures")

from lsfq.command import accuracy_report
from lsfq.reports.accuracy import (
    Method,
    ablations,
    bits_name,
    comparisons,
    network_name,
    networks,
    report,
)
from ref_model.training.config import TrainingConfig
from ref_model.training.experiments import Run

ROOT = Path(__file__).parents[3]


def record(
    name: str,
    integer: float,
    seed: int = 0,
    stages: tuple[int, int, int] = (8, 3, 0),
    **config: Any,
) -> dict[str, Any]:
    full = TrainingConfig(seed=seed, **config)
    stage_names = ("float", "quantised", "integer")
    histogram = {"clip": 0.5, "above": 0.125, "counts": [1] * 48}
    return {
        "name": name, "network": full.name(), "command": "scripts/train.py", "seed": seed,
        "float_accuracy": 90.0, "integer_accuracy": integer, "loss_points": 90.0 - integer,
        "test_images": 10_000, "epochs": dict(zip(stage_names, stages, strict=True)),
        **{f"{stage}_seconds": 360.0 for stage in stage_names}, "commit": "0123456789ab",
        "config": full.to_dict(),
        "curve": [
            {"stage": stage, "epoch": epoch + 1, "test_accuracy": 50.0 + epoch}
            for stage, count in zip(stage_names, stages, strict=True) for epoch in range(count)
        ],
        "distributions": {"conv1.weight": histogram, "conv1.activation": histogram},
    }  # fmt: skip


def methods(ours: list[float], theirs: list[float]) -> dict[str, dict[str, Any]]:
    found = {}
    for quantizer, values in (("lsfq", ours), ("lsq", theirs)):
        for seed, value in enumerate(values):
            name = f"{quantizer}_s{seed}"
            found[name] = record(name, value, seed, quantizer=quantizer)
    return found


def test_the_report_in_docs_is_that_of_the_records() -> None:
    assert accuracy_report.main(["--check"]) == 0, "stale: make accuracy-report"


def test_a_changed_record_is_noticed(tmp_path: Path) -> None:
    records, output = tmp_path / "records", tmp_path / "accuracy"
    records.mkdir()
    entry = record("vgg7", 89.0, stages=(2, 1, 1))
    arguments = ["--records", str(records), "--output", str(output)]
    (records / "vgg7.json").write_text(json.dumps(entry))
    assert accuracy_report.main([*arguments, "--check"]) == 1
    assert not output.exists()
    assert accuracy_report.main(arguments) == 0
    assert accuracy_report.main([*arguments, "--check"]) == 0
    pictures = {path.name for path in output.glob("*.svg")}
    assert pictures == {"accuracy_bits.svg", "learning_curves.svg", "clips_vgg7.svg"}
    (records / "vgg7.json").write_text(json.dumps(entry | {"integer_accuracy": 89.01}))
    assert accuracy_report.main([*arguments, "--check"]) == 1
    assert accuracy_report.main(arguments) == 0
    (output / "old.svg").write_text("")
    assert accuracy_report.main([*arguments, "--check"]) == 1
    assert accuracy_report.main(arguments) == 0
    assert not (output / "old.svg").exists()


def test_records_that_cannot_be_used_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy_report.main(["--records", str(tmp_path)]) == 2
    assert "no run records" in capsys.readouterr().err
    (tmp_path / "x.json").write_text("{")
    assert accuracy_report.main(["--records", str(tmp_path)]) == 2
    assert "x.json: not JSON" in capsys.readouterr().err


def test_the_winner_is_whoever_it_is() -> None:
    """Also when that is not ours."""
    text = report(methods([80.0, 80.5, 80.2], [82.0, 82.5, 82.3]), [], [], [])
    assert "LSQ is highest, LSFQ 2.03 points behind (clearly)" in text
    assert "| LSFQ | 80.23 ± 0.25 | 90.00 ± 0.00 | 2.03 ± 0.06 | yes | 0, 1, 2 |" in text
    text = report(methods([83.0, 82.0, 82.2], [82.0, 82.5, 82.3]), [], [], [])
    assert "LSFQ is highest, LSQ 0.13 points behind (not clearly)" in text


def test_differences_are_taken_seed_by_seed() -> None:
    best = Method("a", {0: 82.0, 1: 92.0, 2: 72.0}, {})
    other = Method("b", {0: 81.0, 1: 91.1, 2: 71.1, 7: 0.0}, {})
    difference, spread, clear = other.behind(best)
    assert difference == pytest.approx(2.8 / 3)
    assert spread == pytest.approx(0.1 / 3**0.5)
    assert clear
    assert not Method("c", {0: 81.0}, {}).behind(best)[2], "one seed shows nothing"


def test_groups_differ_in_method_and_seed_alone() -> None:
    records = methods([80.0], [81.0])
    records["longer"] = record("longer", 99.0, stages=(8, 4, 0), quantizer="pact")
    records["network"] = record("network", 98.0, stages=(8, 4, 1))
    names = [[method.name for method in group.methods] for group in comparisons(records)]
    assert names == [["LSQ", "LSFQ"]]
    alone = [r["name"] for r in networks(records)]
    assert sorted(alone) == ["longer", "network"], "nothing to compare them with"


def test_names() -> None:
    mixed = record("x", 1.0, weight_bits=(8, 4, 4, 4, 4, 4, 8), dataset="cifar100")
    assert (network_name(mixed), bits_name(mixed)) == ("VGG7-32, CIFAR-100", "mixed")
    assert bits_name(record("x", 1.0, weight_bits=(2,), activation_bits=(3,))) == "W2A3"


def test_runs_without_a_record_are_named_with_their_command() -> None:
    runs = [Run("x", ()), Run("wide", (("width", 128),))]
    text = report({"x": record("x", 89.0, stages=(8, 1, 1))}, runs, [], [])
    assert "- `wide`: `scripts/train.py --width 128 --out runs/wide`" in text
    assert "- `x`" not in text


def test_ablations_are_seed_by_seed() -> None:
    records = methods([80.0, 81.0], [79.0, 80.5])
    for seed, value in enumerate([70.0, 71.0]):
        records[f"f{seed}"] = record(f"f{seed}", value, seed, learned_clip=False)
    for seed in (0, 1):
        records[f"lsfq_s{seed}"]["constants"] = {"quantised": {"float": 80.25 + seed}}
    found = {
        part.split(" (")[0]: without.behind(ours)[0]
        for _, part, ours, without in ablations(records)
    }
    assert found == {
        "soft clip": 0.75, "learned clips": 10.0, "integer step sizes and biases": -0.25,
    }  # fmt: skip
    assert "| 0.75 ± 0.35 |" in report(records, [], [], [])
    assert "## Ablations" not in report({}, [], [], [])


def test_levers_are_worth_what_they_add() -> None:
    records = {f"s{seed}": record(f"s{seed}", 80.0 + seed, seed) for seed in (0, 1)}
    for lever, gain, options in (
        ("c", 0.5, {"weight_clips": "channel"}),
        ("a", -0.25, {"norm_batches": 9}),
        ("t", 1.0, {"teacher": 0.5}),
    ):
        for seed in (0, 1):
            name = f"{lever}{seed}"
            records[name] = record(name, 80.0 + seed + gain, seed, **options)
    for key in ("weight_clips", "norm_batches", "teacher"):
        del records["s0"]["config"][key]  # a record from before there were such options
    found = {
        part.split(" (")[0]: without.behind(ours)[0]
        for _, part, ours, without in ablations(records)
    }
    assert found == {
        "weight clips a channel": 0.5,
        "averaged BatchNorm statistics": -0.25,
        "float network as teacher": 1.0,
    }
