# SPDX-License-Identifier: Apache-2.0
"""The accuracy command: table, comparison with the manifest, slices, missing images, status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lsfq.command import evaluate as command
from ref_model.datasets import CIFAR10, DatasetError, Images, read_records
from ref_model.integer import Accuracy, IntegerNetwork, evaluate, load_stored, save_network
from ref_model.integer.console import ProgressBar, table
from ref_model.integer.storage import MANIFEST
from tb.ref_model.integer.builders import conv, linear

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "networks" / "cifar10_sample" / "test_batch.bin"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An image set with the sample's 64 images as test set."""
    folder = tmp_path / "data" / CIFAR10.folder
    folder.mkdir(parents=True)
    for name in (*CIFAR10.train_files, CIFAR10.test_file):
        (folder / name).write_bytes(SAMPLE.read_bytes())
    return tmp_path / "data"


@pytest.fixture
def images() -> Images:
    return read_records(SAMPLE, CIFAR10)


def network() -> IntegerNetwork:
    rng = np.random.default_rng(0)
    layers = (
        conv(rng, "conv", 3, 4, input_bits=8, pool=2),
        linear(rng, "classifier", (4, 16, 16), 10),
    )
    return IntegerNetwork("tiny", (3, 32, 32), layers, 10)


@pytest.fixture
def folder(tmp_path: Path, images: Images) -> Path:
    """A network whose manifest tells the truth about the 64 images."""
    found = evaluate(network(), images.pixels, images.labels)
    save_network(network(), tmp_path / "tiny", Accuracy("cifar10", 64, found.correct, 50.0))
    return tmp_path / "tiny"


def test_a_network_that_does_what_it_says(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(folder), "--data", str(data)]) == 0
    header, _, row = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["network", "weights", "codes", "images"]
    recorded = load_stored(folder).accuracy
    assert recorded is not None
    shown = f"{recorded.integer_accuracy:.2f}"
    loss = f"{50 - recorded.integer_accuracy:.2f}"
    assert row.split()[:8] == ["tiny", "4", "4", "64", "50.00", shown, loss, "equal"]


def test_json_holds_numbers(folder: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(folder), "--data", str(data), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["networks"]
    recorded = load_stored(folder).accuracy
    assert recorded is not None
    assert (found["weight_bits"], found["code_bits"], found["images"]) == ([4], [4], 64)
    assert (found["correct"], found["float_accuracy"]) == (recorded.correct, 50.0)
    assert found["integer_accuracy"] == recorded.integer_accuracy
    assert found["loss"] == 50.0 - recorded.integer_accuracy
    assert found["seconds"] >= 0


def test_a_network_that_differs(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = load_stored(folder).accuracy
    assert recorded is not None
    save_network(network(), folder, Accuracy("cifar10", 64, recorded.correct + 1, 50.0))
    assert command.main([str(folder), "--data", str(data)]) == 1
    output = capsys.readouterr()
    assert f"differs: {recorded.correct + 1} correct, not {recorded.correct}" in output.out
    assert "not what its manifest says" in output.err


def test_slices_and_unrecorded(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(folder), "--data", str(data), "--samples", "10"]) == 0
    assert " slice " in capsys.readouterr().out
    recorded = load_stored(folder).accuracy
    assert recorded is not None
    # A manifest about 10,000 images is not confirmed by 64.
    save_network(network(), folder, Accuracy("cifar10", 10000, 1000))
    assert command.main([str(folder), "--data", str(data)]) == 1
    save_network(network(), folder)
    assert command.main([str(folder), "--data", str(data)]) == 1
    assert "not recorded" in capsys.readouterr().out


def test_missing_images(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def offline(*_: object) -> None:
        raise DatasetError("cifar10 not found, and there is no connection")

    arguments = [str(folder), "--data", str(tmp_path / "nowhere")]
    assert command.main([*arguments, "--allow-missing"]) == 0
    assert "cifar10 not found" in capsys.readouterr().err
    monkeypatch.setattr(command, "load_images", offline)
    assert command.main(arguments) == 2
    assert "no connection" in capsys.readouterr().err


def test_one_damaged_network_does_not_hide_the_others(
    folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / MANIFEST).write_text("{")
    assert command.main([str(tmp_path / "broken"), str(folder), "--data", str(data)]) == 1
    output = capsys.readouterr()
    assert "not JSON, or cut short" in output.err
    assert "tiny" in output.out


def test_help_and_bad_options() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "evaluate.py")]
    shown = subprocess.run([*script, "--help"], capture_output=True, text=True, check=True)
    assert "examples:" in shown.stdout
    refused = subprocess.run([*script, "--samples", "0"], capture_output=True, check=False)
    assert refused.returncode == 2


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_bar_only_at_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    bar = ProgressBar("net", terminal)  # type: ignore[arg-type]
    bar(5, 10)
    assert "net [###############...............] 5/10" in terminal.text
    bar(10, 10)
    assert terminal.text.endswith("\r\033[K")
    ProgressBar("net")(5, 10)
    assert capsys.readouterr().err == ""


def test_table() -> None:
    text = table(("name", "n"), [("a", "1"), ("long name", "1000")])
    assert text.splitlines() == [
        "name          n", "---------  ----", "a             1", "long name  1000",
    ]  # fmt: skip
