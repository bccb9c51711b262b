# SPDX-License-Identifier: Apache-2.0
"""The table of tested parameters in docs/integration.md says what lint and benches really run."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tb.core import test_core
from tools.hdl.bench import TestsFailed
from tools.hdl.parameter_sets import LINTED
from tools.simulation.network_run import NetworkRun

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
DEFAULTS: dict[str, int] = {
    name: entry["default"]
    for name, entry in yaml.safe_load((ROOT / "fusesoc.core").read_text("utf-8"))[
        "parameters"
    ].items()
}


def _cases(function: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The arguments of every case of a test."""
    choices = []
    for mark in getattr(function, "pytestmark", []):
        if mark.name != "parametrize":
            continue
        names, values = mark.args
        single = isinstance(names, str) and "," not in names
        names = [names] if single else names
        rows = [getattr(value, "values", None) or value for value in values]
        choices.append([
            dict(zip(names, row if isinstance(row, tuple) else (row,), strict=True))
            for row in rows
        ])  # fmt: skip
    for chosen in itertools.product(*choices):
        yield {name: value for part in chosen for name, value in part.items()}


def _simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """Parameters of all whole cores that tb/core simulates in `make test`."""
    found = []

    def record(top: str, _: str, parameters: Mapping[str, int] | None = None, **rest: Any) -> None:
        if top == "lsfq_accel" and not rest.get("mutations"):
            found.append({**DEFAULTS, **(parameters or {})})
        if rest.get("mutations"):
            raise TestsFailed("a planted fault")

    monkeypatch.setattr(test_core, "run_bench", record)
    for name, function in vars(test_core).items():
        if not name.startswith("test_"):
            continue
        if "slow" in {mark.name for mark in getattr(function, "pytestmark", [])}:
            continue
        for case in _cases(function):
            ran = next((x for x in case.values() if isinstance(x, NetworkRun)), None)
            if ran is not None:
                pixels = {"DEPTHWISE_PIXELS": ran.depthwise_pixels}
                found.append({**DEFAULTS, "PIN": ran.pin, "POUT": ran.pout, **pixels})
                continue
            folder = (
                {"tmp_path": tmp_path}
                if "tmp_path" in inspect.signature(function).parameters
                else {}
            )
            function(**case, **folder)
    return found


def _table() -> dict[tuple[str, ...], tuple[set[str], set[str]]]:
    """Parameters of a row -> values that are linted, values of whole cores that are simulated."""
    section = PAGE.partition("## Which values are tested")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*`) \| ([^|]*) \| ([^|]*) \|$", section, re.MULTILINE)
    return {
        tuple(re.findall(r"`(\w+)`", names)): (set(linted.split(", ")), set(simulated.split(", ")))
        for names, linted, simulated in rows
    }


def _values(sets: list[dict[str, int]], names: tuple[str, ...]) -> set[str]:
    return {"x".join(str(parameters[name]) for name in names) for parameters in sets}


def test_the_table_says_what_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linted = [{**DEFAULTS, **parameters} for parameters in LINTED]
    simulated = _simulated(tmp_path, monkeypatch)
    table = _table()
    assert sorted(name for names in table for name in names) == sorted(DEFAULTS)
    for names, values in table.items():
        assert values == (_values(linted, names), _values(simulated, names)), names


def test_every_allowed_size_of_the_array_is_linted() -> None:
    linted = {(x["PIN"], x["POUT"]) for x in ({**DEFAULTS, **y} for y in LINTED)}
    assert linted == set(itertools.product((4, 8, 16), repeat=2))
