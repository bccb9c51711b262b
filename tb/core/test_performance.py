# SPDX-License-Identifier: Apache-2.0
"""Where cycles go: the arithmetic on counters, and the command on a small core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsfq.command import performance_report
from lsfq.simulation import rtl
from ref_model.hardware.performance import (
    STALLS,
    last_pass,
    loss_explained,
)
from ref_model.integer.storage import save_network
from ref_model.integer.synthetic import vgg7
from tools.reports.bars import Bar, depthwise_bars, utilisation_bars
from tools.simulation import performance
from tools.simulation.network_run import NetworkRun
from tools.simulation.network_sweep import measure, swept_layers


def _report(cycles: int, starved: int = 0) -> dict[str, Any]:
    """Two layers of 600 multiply-accumulates on one multiplier, 100 cycles and more each."""
    counters = {
        "cycles": 100 + starved,
        "busy": 100,
        **dict.fromkeys(STALLS, 0),
        "starved_weights": starved,
    }
    layer = {
        "name": "a", "kernel": "K3X3", "macs": 600, "words": 90, "schedule": 100, "alone": 95,
        "depthwise": True,
    }  # fmt: skip
    ended = {"images": 1, "cycles": cycles, "layers": [counters, counters]}
    return {"pin": 1, "pout": 1, "layers": [layer, layer], "passes": [ended]}


def test_utilisation_is_of_six_a_multiplier_and_cycle() -> None:
    measured = last_pass(_report(250))
    assert measured.utilisation(measured.layers[0]) == 1.0
    assert measured.utilisation() == 1200 / (6 * 250)
    assert measured.between == 50


def test_a_batch_counts_all_its_images() -> None:
    report = _report(250)
    report["passes"][0]["images"] = 2
    measured = last_pass(report)
    assert measured.macs == 2400
    assert [layer.schedule for layer in measured.layers] == [200, 200]


def test_a_loss_is_explained_by_starving_and_the_first_wait() -> None:
    free = last_pass(_report(250))
    assert loss_explained(free, last_pass(_report(270, starved=10))) == (20, 20)
    # 5 cycles more that are in no counter, before the first layer
    assert loss_explained(free, last_pass(_report(275, starved=10))) == (25, 25)
    hidden = _report(275, starved=10)
    hidden["passes"][0]["layers"] = [
        counters | {"cycles": counters["cycles"] + 2, "blocked_output": 2}
        for counters in hidden["passes"][0]["layers"]
    ]
    assert loss_explained(free, last_pass(hidden)) == (25, 21)


def test_bars() -> None:
    assert Bar("at least", 1.0, 1.0).held
    assert not Bar("at least", 0.99, 1.0).held
    assert Bar("at most", 0.99, 1.0, most=True).held
    assert not Bar("at most", 1.01, 1.0, most=True).held
    report = _report(250)
    report["layers"] = [report["layers"][0]] * 3
    report["passes"][0]["layers"] = [report["passes"][0]["layers"][0]] * 3
    assert len(utilisation_bars(last_pass(report), 1.0, 0.97)) == 2


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A small network on a small core: figures of both runs, in the table and in the file."""
    save_network(vgg7(4, size=8), tmp_path / "small")
    out = tmp_path / "figures.json"
    arguments = ["--network", str(tmp_path / "small"), "--pin", "4", "--pout", "4"]
    assert performance.main([*arguments, "--batch", "2", "--json", str(out)]) == 0
    figures = json.loads(out.read_text())
    full, throttled = last_pass(figures["full"]), last_pass(figures["throttled"])
    assert full.images == 2
    assert full.cycles < throttled.cycles
    for measured in (full, throttled):
        for layer in measured.layers:
            spent = sum(layer.counters[name] for name in ("busy", *STALLS))
            assert spent == layer.cycles
            assert layer.cycles >= layer.schedule
    shown = capsys.readouterr().out
    assert f"{full.cycles / 2:,.0f}" in shown


def test_depthwise_bars() -> None:
    over, added = depthwise_bars(last_pass(_report(200)), 1.1, 0.05)
    assert (over.figure, over.held) == (200 / 180, False)
    assert (added.figure, added.held) == (10 / 200, True)
    report = _report(200)
    report["layers"] = [layer | {"depthwise": False} for layer in report["layers"]]
    assert depthwise_bars(last_pass(report), 1.1, 0.05)[1].figure == 0


def test_missed_bar_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = {**_report(250), "seconds": 99.0, "images": []}
    monkeypatch.setattr(NetworkRun, "__call__", lambda *_: (None, report))
    monkeypatch.setattr(performance, "find_network", lambda _: vgg7(2, size=8))
    monkeypatch.setattr(performance, "reference_speed", lambda _: 50.0)
    assert performance.main([]) == 1
    assert "simulation, seconds" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--network", "nowhere"], ["--batch", "0"]], ids=["network", "batch"]
)
def test_wrong_use(arguments: list[str]) -> None:
    assert performance.main(arguments) == 2


def test_the_sweep_follows_the_schedule() -> None:
    """Three of its layers; `scripts/performance.py --sweep` measures all."""
    layers = list(swept_layers())
    assert len(layers) >= 30
    assert len({layer.name for layer in layers}) == len(layers)
    for layer in (layers[3], layers[11], layers[23]):
        row = measure(layer, NetworkRun())
        assert 0 <= performance.beyond_schedule(row) < 0.02, row


def test_the_report_is_up_to_date() -> None:
    assert performance_report.main(["--check"]) == 0, "stale: make performance-report"


def test_another_figure_makes_the_report_stale(tmp_path: Path) -> None:
    folder = rtl.ROOT / "docs" / "performance"
    measured = json.loads((folder / "measured.json").read_text())
    (tmp_path / "measured.json").write_text(json.dumps(measured))
    assert performance_report.main(["--folder", str(tmp_path)]) == 0
    assert performance_report.main(["--folder", str(tmp_path), "--check"]) == 0
    measured["full"]["passes"][-1]["cycles"] += 1000
    (tmp_path / "measured.json").write_text(json.dumps(measured))
    assert performance_report.main(["--folder", str(tmp_path), "--check"]) == 1
    (tmp_path / "measured.json").write_text("{}")
    assert performance_report.main(["--folder", str(tmp_path)]) == 2
