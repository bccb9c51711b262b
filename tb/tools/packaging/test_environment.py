# SPDX-License-Identifier: Apache-2.0
"""The set-up of .venv: complete or done again, quick when there is nothing to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsfq.simulation import rtl
from tools import environment


class Machine:
    """Stands for venv and pip: `lines` are the commands, `fail` the word of the one to break."""

    def __init__(self, venv: Path) -> None:
        self.packages = venv / "lib" / "site-packages"
        self.lines: list[list[str]] = []
        self.fail: str | None = None
        self.error: BaseException | None = None

    def __call__(self, line: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.lines.append(line)
        status, output = 0, ""
        if "venv" in line:
            (Path(line[-1]) / "bin").mkdir(parents=True)
            environment.python_of(Path(line[-1])).touch()
            (self.packages / "pip").mkdir(parents=True)
        if self.fail is not None and self.fail in line:
            if self.error is not None:
                raise self.error
            status = 1
        elif "pip" in line:
            for name in ("lsfq_accel-0.1.0", "fusesoc-2.4.7"):
                (self.packages / f"{name}.dist-info").mkdir(exist_ok=True)
            (environment.python_of(self.packages.parents[1]).parent / "fusesoc").write_text("pip's")
        elif "-c" in line:
            output = json.dumps([list(sys.version_info[:2]), str(self.packages)])
            status = 0 if (self.packages / "pip").is_dir() else 1
        return subprocess.CompletedProcess(line, status, output, "")

    def count(self, word: str) -> int:
        """How many commands had this word."""
        return sum(word in line for line in self.lines)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return tmp_path / "env"


@pytest.fixture
def machine(venv: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    stand_in = Machine(venv)
    monkeypatch.setattr("subprocess.run", stand_in)
    return stand_in


def test_once_is_enough(machine: Machine, venv: Path) -> None:
    for _ in range(3):
        assert environment.main([str(venv), "sim"]) == 0
    assert machine.count("venv") == machine.count("install") == 1
    command = (venv / "bin" / "fusesoc").read_text()
    assert "fusesoc_command" in command
    assert str(rtl.ROOT) in command
    assert os.access(venv / "bin" / "fusesoc", os.X_OK)


@pytest.mark.parametrize("name", ["lsfq_accel-0.1.0", "fusesoc-2.4.7"])
def test_a_package_that_is_gone_is_installed_again(machine: Machine, venv: Path, name: str) -> None:
    environment.main([str(venv), "sim"])
    (machine.packages / f"{name}.dist-info").rmdir()
    assert environment.main([str(venv), "sim"]) == 0
    assert machine.count("install") == 2


def test_a_command_that_is_gone_comes_back(machine: Machine, venv: Path) -> None:
    environment.main([str(venv), "sim"])
    (venv / "bin" / "fusesoc").write_text("FuseSoC's own")
    environment.main([str(venv), "sim"])
    assert "fusesoc_command" in (venv / "bin" / "fusesoc").read_text()
    assert machine.count("install") == 1


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["venv", "install"])
def test_a_step_that_fails_is_done_again(
    machine: Machine, venv: Path, step: str, error: BaseException | None,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    machine.fail, machine.error = step, error
    assert environment.main([str(venv), "sim"]) == (130 if error else 1)
    assert "setup: " in capsys.readouterr().err
    if step == "venv":
        assert not venv.exists()
    machine.fail = None
    assert environment.main([str(venv), "sim"]) == 0
    assert (venv / "sim.stamp").is_file()


@pytest.mark.parametrize("fault", ["pip", "record", "python", "moved"])
def test_what_is_left_of_an_environment_is_replaced(
    machine: Machine, venv: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.main([str(venv), "sim"])
    if fault == "pip":
        (machine.packages / "pip").rmdir()
    elif fault == "record":
        (venv / "venv.json").write_text("{")
        (machine.packages / "pip").rmdir()
    elif fault == "python":
        environment.python_of(venv).unlink()
    else:
        venv.rename(venv.with_name("old"))
        shutil.copytree(venv.with_name("old"), venv)
        record = json.loads((venv / "venv.json").read_text())
        (venv / "venv.json").write_text(json.dumps(record | {"folder": "/elsewhere"}))
    assert environment.main([str(venv), "sim"]) == 0
    assert "making it again" in capsys.readouterr().out
    assert machine.count("venv") == 2


def test_a_python_that_was_asked_for(machine: Machine, venv: Path) -> None:
    environment.main([str(venv), "sim"])
    environment.main(["--this-python", str(venv), "sim"])
    assert machine.count("venv") == 1
    record = json.loads((venv / "venv.json").read_text())
    (venv / "venv.json").write_text(json.dumps(record | {"python": [3, 99]}))
    environment.main([str(venv), "sim"])
    assert machine.count("venv") == 1
    environment.main(["--this-python", str(venv), "sim"])
    assert machine.count("venv") == 2


def test_what_pip_cannot_bring(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "ROOT", Path("/a path"))
    assert environment.main([str(venv), "sim"]) == 1
    assert "has a space" in capsys.readouterr().err
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "g++" else tool)
    assert environment.main([str(venv), "sim"]) == 1
    assert "g++ missing" in capsys.readouterr().err
    monkeypatch.setattr(environment, "OLDEST", (99, 0))
    assert environment.main([str(venv), "sim"]) == 1
    assert "3.11 or newer is needed" in capsys.readouterr().err
    assert not venv.exists()


def test_half_an_environment_is_healed(tmp_path: Path) -> None:
    """With the real venv: what a missing python3-venv leaves has no pip."""
    venv = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    environment.make_venv(venv, asked=False)
    line = [str(environment.python_of(venv)), "-m", "pip", "--version"]
    assert subprocess.run(line, check=False, capture_output=True).returncode == 0


def test_the_script_runs_on_old_pythons() -> None:
    """It has to say that this Python is too old."""
    text = (rtl.ROOT / "scripts" / "environment.py").read_text(encoding="utf-8")
    compile(text, "environment.py", "exec", dont_inherit=True)
    assert "match " not in text
    assert ":=" not in text


def test_the_package_brings_no_fusesoc() -> None:
    assert "\nfusesoc =" not in (rtl.ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("words", "status"), [(["--help"], 0), ([], 2), ([".venv"], 2)])
def test_help_and_usage(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        environment.main(words)
    assert stop.value.code == status
    shown = capsys.readouterr()
    assert "usage: scripts/environment.py" in shown.out + shown.err
    assert ("examples:" in shown.out) == (status == 0)
