# SPDX-License-Identifier: Apache-2.0
"""The worked examples run as a user would run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from lsfq.command.main import main
from tb.lsfq.conftest import ROOT

EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "own_network" / "own_network.py"
OWN_MODEL = EXAMPLES / "own_model" / "own_model.py"


def test_own_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    line = [sys.executable, str(EXAMPLE), "--images", "2", "--output", str(tmp_path / "own")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "logits are identical" in done.stdout
    assert main(["run", "--network", str(tmp_path / "own"), "--count", "2", "--compare"]) == 0
    assert "identical" in capsys.readouterr().out


def test_own_model(tmp_path: Path) -> None:
    """An ordinary model to cycles on the Verilog, with linear layers between others."""
    pytest.importorskip("torch")
    picture = tmp_path / "cycles.svg"
    line = [sys.executable, str(OWN_MODEL), "--images", "1", "--steps", "2"]
    done = subprocess.run(
        [*line, "--picture", str(picture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("expand+depthwise", "hidden", "cycles: ", "logits are identical"):
        assert words in done.stdout
    assert "expand+depthwise" in picture.read_text(encoding="utf-8")
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"nothing")
    done = subprocess.run(
        [*line, "--weights", str(weights)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "not a readable checkpoint" in done.stderr


def test_pictures_of_a_classifier(tmp_path: Path) -> None:
    """The sample image, made larger, is scaled back and gets the sample's class."""
    line = [sys.executable, str(EXAMPLES / "pictures" / "classify.py")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sample.png: cat (")
    (tmp_path / "note.png").write_text("no picture")
    done = subprocess.run(
        [*line, "note.png"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr == "classify.py: note.png: no PNG or JPEG picture\n"


def test_pictures_of_a_detector(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    line = [sys.executable, str(EXAMPLES / "pictures" / "detect.py"), "--width", "4"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the weights are untrained: this box means nothing" in done.stdout
    assert Image.open(tmp_path / "boxed.png").size == (512, 256)
