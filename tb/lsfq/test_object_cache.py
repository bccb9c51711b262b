# SPDX-License-Identifier: Apache-2.0
"""What Verilator's models have in common is compiled once: its library, and its headers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsfq.simulation import object_cache

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


# Stands for a compiler, one with GCC's names for precompiled headers.
HEADER_COMPILER = """
import pathlib, sys
words = sys.argv[1:]
target = pathlib.Path(words[words.index("-o") + 1])
if "c++-header" in words:
    if "refuse" in words:
        sys.exit(1)
    target.write_text("header")
elif "-include" in words:
    header = pathlib.Path(words[words.index("-include") + 1])
    if "broken" in words:
        sys.exit(1)
    target.write_text(header.with_name(header.name + ".gch").read_text() + " used")
else:
    target.write_text("plain")
"""


def _model(tmp_path: Path, *flags: str, name: str = "Vtop__ALL") -> str:
    """Compile a model with these options; what the object holds."""
    library, source, output = tmp_path / "include", tmp_path / f"{name}.cpp", tmp_path / "x.o"
    library.mkdir(exist_ok=True)
    for header in object_cache.INCLUDES:
        if not (library / header).exists():
            (library / header).write_text("1")
    source.write_text("1")
    compiler = tmp_path / "compiler.py"
    compiler.write_text(HEADER_COMPILER)
    output.unlink(missing_ok=True)
    command = [sys.executable, str(compiler), *flags, f"-I{library}", "-MMD",
               "-c", "-o", str(output), str(source)]  # fmt: skip
    assert object_cache.main(str(tmp_path / "cache"), command) == 0
    return output.read_text()


def _headers(tmp_path: Path) -> int:
    return len(list((tmp_path / "cache").glob("*/*.gch")))


def test_headers_are_compiled_once_for_each_set_of_options(tmp_path: Path) -> None:
    assert _model(tmp_path, "-O1") == "header used"
    kept = next((tmp_path / "cache").glob("*/*.gch"))
    state = kept.stat()
    assert _model(tmp_path, "-O1", name="other") == "header used"
    assert kept.stat() == state
    assert _headers(tmp_path) == 1
    _model(tmp_path, "-O0")
    assert _headers(tmp_path) == 2


def test_changed_headers_are_compiled_again(tmp_path: Path) -> None:
    _model(tmp_path, "-O1")
    (tmp_path / "include" / object_cache.INCLUDES[1]).write_text("other")
    assert _model(tmp_path, "-O1") == "header used"
    assert _headers(tmp_path) == 2


@pytest.mark.parametrize("flag", ["refuse", "broken"])
def test_a_compiler_that_cannot_reads_the_headers_as_before(flag: str, tmp_path: Path) -> None:
    assert _model(tmp_path, flag) == "plain"
    assert [path for path in tmp_path.glob("cache/*/*") if path.suffix not in (".h", ".gch")] == []


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
