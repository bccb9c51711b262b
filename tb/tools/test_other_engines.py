# SPDX-License-Identifier: Apache-2.0
"""The comparison with other engines: figures worked out by hand, and this core's from its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsfq.reports.other_engines import OTHERS, Engine, rows
from ref_model.hardware.performance import last_pass

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"


def _json(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return content


def test_a_row_divides_by_what_is_known() -> None:
    engine = Engine("x", macs=600, cycles=10, how="h", multipliers=10, source="https://y")
    assert engine.row() == ("[x](https://y)", "6.00 (of 10)", "not published", "h")


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("UltraNet, contest", [(0.97, 448)]),
        ("SEUer, UltraNet", [(5.41, 360)]),
        ("SEUer, UltraSpeed", [(6.51, 400)]),
        ("DPU", [(0.76, 548)]),
    ],
)
def test_published_designs(name: str, figures: list[tuple[float, int]]) -> None:
    row = next(engine.row() for engine in OTHERS if engine.name.startswith(name))
    known = [text for text in row[1:3] if text != "not published"]
    assert known == [f"{figure:.2f} (of {units})" for figure, units in figures]


def test_boards_are_slower_than_schedules() -> None:
    on_board = [engine for engine in OTHERS if engine.name == "the same on the board"]
    assert [engine.row()[1:3] for engine in on_board] == [
        ("0.75 (of 448)", "not published"),
        ("not published", "3.73 (of 360)"),
    ]


def test_this_core_counts_all_its_dsps() -> None:
    """By hand from the files: MACs over cycles times 256 multipliers, or times the DSPs."""
    area = _json("area.json")
    for file, core in (("measured.json", "16x16"), ("mobilenetv2.json", "16x16-depthwise2")):
        described = _json(file)["full"]
        ran = last_pass(described)
        (_, array, dsps, _), *_ = rows([("net", ran, described)], area)
        macs = described["passes"][-1]["images"] * sum(x["macs"] for x in described["layers"])
        rate = macs / described["passes"][-1]["cycles"]
        assert array == f"{rate / 256:.2f} (of 256)"
        whole = area[core]["whole"]["dsp"]
        assert dsps == f"{rate / whole:.2f} (of {whole})"


def test_without_an_area_there_is_no_figure_for_dsps() -> None:
    described = _json("measured.json")["full"]
    assert rows([("net", last_pass(described), described)], None)[0][2] == "not published"
