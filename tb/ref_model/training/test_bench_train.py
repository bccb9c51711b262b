# SPDX-License-Identifier: Apache-2.0
"""`make bench-train`: turns, medians, bars and exit status; Brevitas' network where it is there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

import torch

from tools.reports import bench_train
from tools.reports.step_times import BREVITAS, FLOAT, OURS, bars, measure, time_table

TIMES = {FLOAT: [100.0, 300.0, 101.0], OURS: [140.0, 141.4, 990.0], BREVITAS: [1.0, 200.0, 183.82]}


def test_steps_take_turns_and_times_are_milliseconds() -> None:
    calls: list[str] = []
    seconds = itertools.count(0, 0.25)
    steps = {name: lambda name=name: calls.append(name) for name in "ab"}
    told: list[tuple[int, int]] = []
    times = measure(steps, 2, lambda: next(seconds), lambda *done: told.append(done))
    assert calls == ["a", "b", "a", "b"]
    assert times == {"a": [250.0, 250.0], "b": [250.0, 250.0]}
    assert told == [(1, 2), (2, 2)]


def test_bars_compare_medians() -> None:
    ours, theirs = bars(TIMES)
    assert [ours.figure, theirs.figure] == pytest.approx([1.4, 1.3])
    assert ours.most
    assert not theirs.most
    slow, _ = bars(TIMES | {OURS: [142.0]})
    assert not slow.held
    _, fast = bars(TIMES | {BREVITAS: [183.0]})
    assert not fast.held
    assert fast.figure == pytest.approx(1.294, abs=1e-3)


def test_table_shows_median_extremes_and_what_float_takes() -> None:
    rows = [line.split() for line in time_table(TIMES).splitlines()]
    assert rows[2] == ["float", "101.0", "100.0", "300.0", "1.00", "0.0"]
    assert rows[3] == ["LSFQ", "141.4", "140.0", "990.0", "1.40", "40.4"]


@pytest.mark.parametrize(("factor", "status"), [(1.2, 0), (1.5, 1)], ids=["held", "missed"])
def test_exit_status_and_json_say_whether_a_bar_is_missed(
    factor: float,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]

    def step(seconds: float) -> Callable[[], None]:
        return lambda: now.__setitem__(0, now[0] + seconds)

    steps = {FLOAT: step(1.0), OURS: step(factor), BREVITAS: step(2.0)}
    monkeypatch.setattr(bench_train, "training_steps", lambda options: steps)
    monkeypatch.setattr(bench_train, "version", lambda name: "1.0")
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    path = tmp_path / "figures" / "bench.json"
    assert bench_train.main(["--rounds", "3", "--json", str(path)]) == status
    figures = json.loads(path.read_text())
    assert [bar["held"] for bar in figures["bars"]] == [status == 0, True]
    assert figures["milliseconds"][OURS]["median"] == pytest.approx(1000 * factor)
    assert figures["versions"].keys() == {"torch", "brevitas", "numpy"}
    assert ("MISSED" in capsys.readouterr().out) == (status == 1)


def test_bad_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_train.main(["--rounds", "0"]) == 2
    assert "rounds 0" in capsys.readouterr().err


def test_brevitas_network_is_the_one_that_it_is_compared_with() -> None:
    pytest.importorskip("brevitas", reason="only make bench-train installs Brevitas")
    from ref_model.training.config import TrainingConfig
    from tools.reports.brevitas_vgg7 import brevitas_vgg7

    theirs, ours = brevitas_vgg7(4, 10, 4, 4), TrainingConfig(width=4).build()
    shapes = [
        sorted(tuple(x.shape) for x in network.parameters() if x.dim() > 0)
        for network in (theirs, ours)
    ]
    assert shapes[0] == shapes[1]
    scalars = [sum(x.dim() == 0 for x in network.parameters()) for network in (theirs, ours)]
    assert scalars == [13, 13], "one learned clip for each quantised tensor"
    images = torch.rand(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    seen: list[torch.Tensor] = []
    for module in theirs.modules():
        if type(module).__name__ == "QuantReLU":
            module.register_forward_hook(lambda _, inputs, output: seen.append(output.detach()))
    for _ in range(2):
        theirs(images).square().mean().backward()
    assert len(seen) == 12
    for output in seen[6:]:
        assert 4 < len(set(output.flatten().tolist())) <= 16
        assert output.min() == 0
        assert output.is_contiguous(memory_format=torch.channels_last)
    for parameter in theirs.parameters():
        assert parameter.grad is not None
    for module in theirs.modules():
        if type(module).__name__ in ("QuantConv2d", "QuantLinear"):
            weight: Any = module.quant_weight
            assert 4 < len(set(weight().value.flatten().tolist())) <= 15
