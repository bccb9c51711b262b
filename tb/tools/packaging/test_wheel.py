# SPDX-License-Identifier: Apache-2.0
"""The wheel: works without the repository, and leaves other packages' commands alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lsfq.simulation import rtl

pytest.importorskip("setuptools", "77", reason="builds a wheel with setuptools")

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, built from a copy: setuptools writes beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE"):
        shutil.copy(rtl.ROOT / name, copy)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("lsfq", "ref_model", "ip", "networks"):
        shutil.copytree(rtl.ROOT / name, copy / name, ignore=ignore)
    out = tmp_path_factory.mktemp("wheel")
    line = [sys.executable, "-c", BUILD, str(out)]
    done = subprocess.run(line, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip would make of it."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def lsfq(
    installed: Path, home: Path, *words: str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command, or some code, with the wheel's packages and away from the repository."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    line = [sys.executable, *(["-c", code] if code else ["-m", "lsfq", *words])]
    return subprocess.run(
        line, cwd=home, env=environment, capture_output=True, text=True, check=False
    )


def test_it_brings_one_command(installed: Path) -> None:
    entries = next(installed.glob("*.dist-info/entry_points.txt")).read_text()
    assert re.findall(r"^(\S+) =", entries, re.MULTILINE) == ["lsfq"]
    names = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert names == {"lsfq", "ref_model"}


def test_libraries_are_not_pinned(installed: Path) -> None:
    metadata = next(installed.glob("*.dist-info/METADATA")).read_text()
    needed = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    assert any(line.startswith("numpy") for line in needed)
    assert not [line for line in needed if "==" in line.split(";")[0]]


def test_every_pin_is_in_the_constraints() -> None:
    project = (rtl.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pins = (rtl.ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.split("==")[0].lower() for line in pins.splitlines() if "==" in line}
    named = {name.lower() for name in re.findall(r'"([A-Za-z][\w.-]*)>=', project)}
    assert named - {"setuptools"} <= pinned


def test_it_holds_all_verilog(installed: Path) -> None:
    packaged = installed / "lsfq" / "data" / "ip"
    wanted = {path.relative_to(rtl.IP): path.read_bytes() for path in rtl.IP.rglob("*.v")}
    found = {path.relative_to(packaged): path.read_bytes() for path in packaged.rglob("*.v")}
    assert found == wanted


def test_it_runs_the_network_that_it_holds(installed: Path, tmp_path: Path) -> None:
    done = lsfq(installed, tmp_path, "run", "--count", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 2
    assert list(tmp_path.iterdir()) == []


def test_the_simulator_is_built_in_the_users_cache(installed: Path, tmp_path: Path) -> None:
    code = """
from lsfq.simulation import build
from lsfq import DEFAULT_CORE
from lsfq.core import verilog_parameters
print(build.program_path(verilog_parameters(DEFAULT_CORE)))
print(build.ROOT)
"""
    done = lsfq(installed, tmp_path, code=code)
    program, root = done.stdout.split()
    assert program.startswith(str(tmp_path / ".cache" / "lsfq-accel" / "simulator"))
    assert root == str(installed / "lsfq" / "data")
