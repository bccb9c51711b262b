# SPDX-License-Identifier: Apache-2.0
"""The command `lsfq`: help, exit status, JSON, and the same logits on two backends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsfq.command.main import COMMANDS, main
from ref_model.integer import save_network
from tb.lsfq.conftest import ROOT, Case


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def files(small: Case, tmp_path: Path) -> list[str]:
    """Options that name a small network and its images."""
    save_network(small.network, tmp_path / "net")
    np.save(tmp_path / "images.npy", small.images)
    return ["--network", str(tmp_path / "net"), "--images", str(tmp_path / "images.npy")]


@pytest.mark.parametrize(
    "words",
    [[], ["train"], ["export"], ["import"], ["eval"], ["estimate"], ["plan"], ["run"], ["report"]],
)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: Any = main([*words, "--help"])
    except SystemExit as stop:
        status = stop.code
    assert status == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert shown.startswith(" ".join(["usage: lsfq", *words]))
    assert "scripts/" not in shown


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize(
    "line",
    ["", "fly", "run --count 0", "run --pin 5", "run --backend board", "report weather",
     "run --stalls 0.3", "run --waves x.vcd", "run --backend simulator --stalls 1"],
)  # fmt: skip
def test_wrong_use(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: Any = main(line.split())
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    said = capsys.readouterr()
    assert not said.out
    assert "usage: lsfq" in said.err


def test_run_on_two_backends(
    files: list[str], small: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    core = ["--pin", "8", "--pout", "8", "--json"]
    assert main(["run", *files, *core]) == 0
    reference = _json(capsys)
    assert main(["run", *files, *core, "--backend", "simulator", "--compare"]) == 0
    simulator = _json(capsys)
    assert reference["logits"] == simulator["logits"] == small.logits.tolist()
    assert simulator["classes"] == small.logits.argmax(1).tolist()
    assert simulator["identical"] is True
    assert simulator["cycles"]["pass"] > 0
    assert "cycles" not in reference


def test_run_for_people(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *files, "--count", "2", "--compare"]) == 0
    shown = capsys.readouterr().out
    assert "2 images on the reference backend" in shown
    assert "all logits are identical" in shown


def test_a_difference_is_status_1(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lsfq import Accelerator

    right, calls = Accelerator.run, []

    def wrong(self: Accelerator, *arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return right(self, *arguments, **options) + len(calls)

    monkeypatch.setattr(Accelerator, "run", wrong)
    assert main(["run", *files, "--compare", "--json"]) == 1
    assert _json(capsys)["identical"] is False


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--network", "/nonexistent"], 2, "/nonexistent"),
        (["--images", "/nonexistent.npy"], 2, "lsfq run: /nonexistent.npy: No such file"),
        (["--images", __file__ + "/x.npy"], 2, "x.npy: Not a directory"),
        (["--backend", "board", "--bitstream", "x.bit"], 1, "needs PYNQ"),
        (["--batch", "0"], 2, "batch 0"),
        (["--backend", "simulator", "--waves", "/nonexistent/x.vcd"], 2, "x.vcd: No such file"),
        (["--feature-depth", "16"], 1, "the feature memory has 16"),
        (["--backend", "simulator", "--weight-depth", "300"], 1, "must_be_a_power_of_two"),
    ],
)
def test_run_fails_with_a_sentence(
    files: list[str], options: list[str], status: int, words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["run", *files, *options, "--json"]) == status
    said = capsys.readouterr()
    assert words in said.err
    assert not said.out


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY\x01\x00v\x00{"])
def test_images_that_are_none(
    files: list[str], content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.npy").write_bytes(content)
    assert main(["run", *files[:2], "--images", str(tmp_path / "bad.npy")]) == 2
    assert "bad.npy: no .npy file of numbers, or cut short" in capsys.readouterr().err


def test_report_without_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "performance", "--folder", str(tmp_path / "none")]) == 2
    assert "measured.json: No such file or directory (make" in capsys.readouterr().err


def test_export_as_c(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["export", *files[:2], "--c", str(tmp_path / "c"), "--pin", "8", "--pout", "8"]
    assert main([*command, "--json"]) == 0
    assert _json(capsys)["written"] == [str(tmp_path / "c")]
    assert len(list((tmp_path / "c").iterdir())) == 2


@pytest.mark.parametrize("script", ["train", "export_weights", "evaluate", "accuracy_report"])
def test_scripts_are_the_same_commands(script: str) -> None:
    line = [sys.executable, str(ROOT / "scripts" / f"{script}.py"), "--help"]
    shown = subprocess.run(line, capture_output=True, text=True, check=True, cwd="/")
    assert shown.stdout.startswith("usage: lsfq ")


def test_as_a_module() -> None:
    line = [sys.executable, "-m", "lsfq", "eval", "--samples", "0"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert "lsfq eval: --samples" in done.stderr
