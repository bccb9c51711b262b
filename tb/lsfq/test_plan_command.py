# SPDX-License-Identifier: Apache-2.0
"""The command lsfq plan: its text, its numbers, its picture, its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsfq.command.main import main
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.plan import plan_network
from ref_model.hardware.plan_report import stays
from ref_model.integer import load_network
from tb.lsfq.conftest import ROOT

NETWORK = ROOT / "networks" / "vgg7_w128_w4a4"
SMALL = ["plan", str(NETWORK), "--feature-depth", "4096"]


def test_a_network_in_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "layers in rows" in err
    found = json.loads(out)
    plan = plan_network(load_network(NETWORK), CoreConfig(16, 16, feature_depth=4096))
    assert plan.rows is not None
    assert found["region"] == len(plan.rows.region.layers) > 0
    assert [x["step"] for x in found["layers"][: found["region"]]] == list(plan.rows.region.steps)
    assert found["cycles"] == plan.cycles
    assert found["feature_words"] <= 4096
    ring = found["layers"][0]
    assert ring["words"] == 8 * ring["kept_rows"] * 16  # 8 channel groups, 16 pairs
    sent = sum(x["parameter_bytes"] for x in found["layers"])
    assert sent < found["packet_bytes"] < sent + 64 * (len(plan.steps) + 3)


def test_a_network_that_is_kept_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(NETWORK), "--batch", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["region"], found["load_step"], found["batch"]) == (0, None, 2)
    assert {x["blocks"] for x in found["layers"]} == {1}


def test_a_picture_shows_tensors_where_they_are(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "memory.svg"
    assert main([*SMALL, "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"<?xml")
    assert main([*SMALL, "--picture", str(tmp_path / "memory.what")]) == 2
    plan = plan_network(load_network(NETWORK), CoreConfig(16, 16, feature_depth=4096), 2)
    found = stays(plan)
    assert max(stay.base + stay.words for stay in found) <= 4096
    for i, one in enumerate(found):
        for other in found[:i]:
            apart = one.last < other.first or other.last < one.first
            in_turn = one.name == other.name  # the next image takes the same place
            disjoint = one.base + one.words <= other.base or other.base + other.words <= one.base
            assert apart or in_turn or disjoint, (one, other)


def test_what_does_not_fit_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(NETWORK), "--feature-depth", "1024"]) == 1
    assert "layer conv4: even row by row the tensors take" in capsys.readouterr().err
    assert main(["plan", "no/such/network"]) == 2
    assert "no network here" in capsys.readouterr().err
