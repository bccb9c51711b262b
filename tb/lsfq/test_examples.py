# SPDX-License-Identifier: Apache-2.0
"""The worked example runs as a user would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lsfq.command.main import main
from tb.lsfq.conftest import ROOT

EXAMPLE = ROOT / "examples" / "own_network" / "own_network.py"


def test_own_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    line = [sys.executable, str(EXAMPLE), "--images", "2", "--output", str(tmp_path / "own")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "logits are identical" in done.stdout
    assert main(["run", "--network", str(tmp_path / "own"), "--count", "2", "--compare"]) == 0
    assert "identical" in capsys.readouterr().out
