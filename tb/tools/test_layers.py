# SPDX-License-Identifier: Apache-2.0
"""Layers of the tree: who imports whom, scripts of one screen, a bench for every module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfq.simulation import rtl
from tools.documents import benches

FORBIDDEN = {
    "ref_model": {"lsfq", "tools", "scripts", "tb"},
    "lsfq": {"tools", "scripts", "tb"},
    "tools": {"scripts", "tb"},
    "scripts": {"tb"},
    "tb": {"scripts"},
    "examples": {"tools", "scripts", "tb"},
}
"""Folder -> packages that nothing in it imports: what is installed stands on its own, tools on what
is installed, and benches and scripts on all of these, not on each other."""
SCREEN = 60
LONGER = {"fusesoc_sim.py", "fusesoc_synth.py"}
"""FuseSoC copies these two into its work folder, away from all that they could import."""


def imported(text: str) -> set[str]:
    """The top packages that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def broken(folder: str, text: str) -> set[str]:
    """Packages that a module in `folder` must not import, and does."""
    return imported(text) & FORBIDDEN[folder]


def python_files(folder: str) -> Iterator[Path]:
    return (path for path in sorted((rtl.ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_layers(folder: str) -> None:
    files = list(python_files(folder))
    assert files
    wrong = {
        str(path.relative_to(rtl.ROOT)): found
        for path in files
        if (found := broken(folder, path.read_text(encoding="utf-8")))
    }
    assert not wrong


@pytest.mark.parametrize(
    "text",
    ["import tools", "from tools.hdl import yosys", "def f():\n    import tools.hdl.yosys as y"],
)
def test_a_broken_layer_is_seen(text: str) -> None:
    assert broken("lsfq", text) == {"tools"}
    assert not broken("tb", text)


def test_the_plan_and_the_schedule_are_no_circle() -> None:
    schedule = (rtl.ROOT / "ref_model/hardware/schedule.py").read_text(encoding="utf-8")
    assert "hardware.plan" not in schedule


def test_scripts_are_one_screen() -> None:
    for path in python_files("scripts"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= SCREEN or path.name in LONGER, f"{path.name}: {lines} lines"


def test_the_search_path_is_changed_in_one_place() -> None:
    """Scripts run as files; the repository is not where Python looks then."""
    changing = [
        str(path.relative_to(rtl.ROOT))
        for folder in ("lsfq", "ref_model", "tools", "scripts")
        for path in python_files(folder)
        if "sys.path.insert(" in path.read_text(encoding="utf-8")
    ]
    assert changing == ["scripts/_root.py"]


def test_every_bench_is_of_a_module() -> None:
    folders = {path.name for path in (rtl.ROOT / "tb" / "ip").iterdir() if list(path.glob("*.py"))}
    assert folders <= {name.removeprefix(benches.PREFIX) for name in rtl.modules()}


def test_every_module_is_run_by_a_bench() -> None:
    """By its own, by that of a module around it, or in the whole core."""
    found = benches.benches()
    assert found.keys() == rtl.modules().keys()
    for folder in set(found.values()):
        assert list((rtl.ROOT / folder).glob("test_*.py")), folder


def test_the_smallest_bench_around_a_module_is_named() -> None:
    inside = {"lane": {"lsfq_lane", "lsfq_tree"}, "array": {"lsfq_array", "lsfq_lane", "lsfq_tree"}}
    modules = ["lsfq_array", "lsfq_lane", "lsfq_top", "lsfq_tree"]
    assert benches.chosen(modules, inside) == {
        "lsfq_array": "tb/ip/array", "lsfq_lane": "tb/ip/lane", "lsfq_top": "tb/core",
        "lsfq_tree": "tb/ip/lane",
    }  # fmt: skip
