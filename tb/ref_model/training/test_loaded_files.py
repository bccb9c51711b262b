# SPDX-License-Identifier: Apache-2.0
"""Nothing that is loaded runs code: checkpoints and weights are tensors and plain data."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="checkpoints need PyTorch")

import torch
from torch import nn

from lsfq.command.main import main
from ref_model.training.checkpoint import CheckpointError, load, load_weights


class Trap:
    """Runs a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_weights_come_back(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    for number, content in enumerate((model.state_dict(), {"state_dict": model.state_dict()})):
        path = tmp_path / f"{number}.pt"
        torch.save(content, path)
        found = load_weights(path)
        assert list(found) == list(model.state_dict())
        assert all(torch.equal(found[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("read", [load, load_weights])
@pytest.mark.parametrize("kind", ["model", "trap", "plain_pickle", "script"])
def test_code_is_refused_and_not_run(kind: str, read: object, tmp_path: Path) -> None:
    path, mark = tmp_path / "mine.pt", tmp_path / "mark"
    if kind == "model":
        torch.save(nn.Linear(1, 1), path)
    elif kind == "trap":
        torch.save({"format": "lsfq-checkpoint", "model": Trap(mark)}, path)
    elif kind == "plain_pickle":
        path.write_bytes(pickle.dumps(Trap(mark)))
    else:
        with pytest.warns(DeprecationWarning, match="torch.jit"):
            torch.jit.save(torch.jit.script(nn.Linear(1, 1)), path)
    with pytest.raises(CheckpointError, match="would run code") as caught:
        read(path)  # type: ignore[operator]
    assert "state_dict" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


def test_the_command_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.pt"
    torch.save(nn.Linear(1, 1), path)
    line = ["export", "--checkpoint", str(path), "--output", str(tmp_path / "n")]
    assert main(line) == 2
    assert "would run code" in capsys.readouterr().err
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated or foreign"),
        (b"PK\x03\x04 no archive", "truncated or foreign"),
        (None, "no such file"),
        ({"epoch": 3}, "holds no weights"),
        ([1, 2], "holds no weights"),
    ],
)
def test_files_without_weights(content: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(CheckpointError, match=words):
        load_weights(path)
