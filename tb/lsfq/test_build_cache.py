# SPDX-License-Identifier: Apache-2.0
"""Build folders: whole, or emptied before the next build. A stand-in takes Verilator's place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsfq.errors import BackendError
from lsfq.simulation import build as builder
from lsfq.simulation.cache import RECORD, UNFINISHED, guarded_build, is_sound

PARAMETERS = {"PIN": 4}

# Like make, it keeps what is there: only a missing file is made.
STAND_IN = """\
#!{python}
import os, pathlib, sys
if os.environ.get("FAIL"):
    print(os.environ["FAIL"]); sys.exit(1)
for name in ("core.o", "{program}"):
    if not pathlib.Path(name).exists():
        pathlib.Path(name).write_text("good")
        print("made", name)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program of PARAMETERS comes to lie; `build` works with the stand-in."""
    tool = tmp_path / "bin" / "verilator"
    tool.parent.mkdir()
    tool.write_text(STAND_IN.format(python=sys.executable, program=builder.PROGRAM))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    monkeypatch.setattr(builder, "verilator_environment", lambda: None)
    path = tmp_path / "built" / builder.PROGRAM
    monkeypatch.setattr(builder, "program_path", lambda *_: path)
    return path


def test_what_is_whole_is_kept(program: Path) -> None:
    assert not builder.is_built(PARAMETERS)
    assert builder.build(PARAMETERS) == program
    assert builder.is_built(PARAMETERS)
    before = program.stat().st_mtime_ns
    builder.build(PARAMETERS)
    assert program.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["core.o", builder.PROGRAM])
@pytest.mark.parametrize("content", ["", "goo", "g00d"])
def test_a_damaged_file_is_built_again(program: Path, name: str, content: str) -> None:
    builder.build(PARAMETERS)
    (program.parent / name).write_text(content)
    assert not builder.is_built(PARAMETERS)
    builder.build(PARAMETERS)
    assert (program.parent / name).read_text() == "good"


def test_a_build_that_was_cut_off_starts_anew(program: Path) -> None:
    def cut_off() -> None:
        with guarded_build(program.parent):
            (program.parent / "core.o").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert not is_sound(program.parent)
    builder.build(PARAMETERS)
    assert (program.parent / "core.o").read_text() == "good"
    assert not (program.parent / UNFINISHED).exists()


@pytest.mark.parametrize("content", ["", "[1]", '{"core.o": 3}'])
def test_a_damaged_record(program: Path, content: str) -> None:
    builder.build(PARAMETERS)
    (program.parent / RECORD).write_text(content)
    builder.build(PARAMETERS)
    assert is_sound(program.parent)


def test_a_path_with_a_space_is_refused_at_once(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaced = program.parents[1] / "a folder" / builder.PROGRAM
    monkeypatch.setattr(builder, "program_path", lambda *_: spaced)
    with pytest.raises(BackendError, match="a folder: this path has a space"):
        builder.build(PARAMETERS)
    assert not spaced.parent.exists()


def test_the_error_says_what_failed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "core.cpp:1: fatal error: No space left on device")
    with pytest.raises(BackendError, match=r"PIN=4.*does not build:\n.*No space left") as caught:
        builder.build(PARAMETERS)
    assert "perl" not in str(caught.value)
    monkeypatch.delenv("FAIL")
    builder.build(PARAMETERS)


def test_tools_that_are_missing_are_named(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "make: g++: not found")
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "g++" else f"/bin/{tool}")
    with pytest.raises(BackendError, match=r"g\+\+: not found\ng\+\+ missing"):
        builder.build(PARAMETERS)
