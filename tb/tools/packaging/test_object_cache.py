# SPDX-License-Identifier: Apache-2.0
"""The cache of Verilator's run-time library: right objects, only of the library."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.hdl import object_cache

# Stands for a compiler: the object's content is the first argument.
COMPILER = """
import pathlib, sys
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text(sys.argv[1])
"""


def _compile(tmp_path: Path, source: Path, flag: str, target: str = "out.o") -> str:
    output = tmp_path / target
    output.unlink(missing_ok=True)
    command = [sys.executable, "-c", COMPILER, flag, "-c", "-o", str(output), str(source)]
    assert object_cache.main(str(tmp_path / "cache"), command) == 0
    return output.read_text()


def test_same_command_is_run_once(tmp_path: Path) -> None:
    source = tmp_path / "verilated.cpp"
    source.write_text("1")
    assert _compile(tmp_path, source, "-O1") == "-O1"
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert _compile(tmp_path, source, "-O1") == "-O1"
    assert _compile(tmp_path, source, "-O2") == "-O2"
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_changed_source_is_compiled_again(tmp_path: Path) -> None:
    source = tmp_path / "verilated.cpp"
    source.write_text("1")
    _compile(tmp_path, source, "-O1")
    source.write_text("other")
    _compile(tmp_path, source, "-O1")
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_models_are_never_kept(tmp_path: Path) -> None:
    source = tmp_path / "Vtop.cpp"
    source.write_text("1")
    _compile(tmp_path, source, "-O1")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("size", [0, 10, -1])
def test_a_damaged_object_is_compiled_again(size: int, tmp_path: Path) -> None:
    source = tmp_path / "verilated.cpp"
    source.write_text("1")
    _compile(tmp_path, source, "-O1")
    kept = next((tmp_path / "cache").iterdir())
    kept.write_bytes(kept.read_bytes()[:size])
    assert _compile(tmp_path, source, "-O1") == "-O1"
    assert object_cache.read(str(kept)) == b"-O1"


def test_failure_is_passed_on(tmp_path: Path) -> None:
    source = tmp_path / "verilated.cpp"
    source.write_text("1")
    failing = [sys.executable, "-c", "raise SystemExit(3)", "-c", "-o", "x.o", str(source)]
    assert object_cache.main(str(tmp_path / "cache"), failing) == 3
    assert not (tmp_path / "cache").exists()
