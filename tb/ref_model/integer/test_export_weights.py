# SPDX-License-Identifier: Apache-2.0
"""The export command: identical, different, damaged; streams; nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsfq.command import export as command
from lsfq.files import SAMPLE
from ref_model.datasets import CIFAR10, read_records
from ref_model.integer import (
    IntegerNetwork,
    load_network,
    load_stored,
    network_difference,
    run_network,
    save_network,
)
from tb.ref_model.integer.builders import conv, linear, small_vgg

ROOT = Path(__file__).parents[3]


def cifar_network() -> IntegerNetwork:
    rng = np.random.default_rng(0)
    layers = (
        conv(rng, "conv", 3, 4, input_bits=8, pool=2),
        linear(rng, "classifier", (4, 16, 16), 10),
    )
    return IntegerNetwork("tiny", (3, 32, 32), layers, 10)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    save_network(cifar_network(), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of an untrained network of width 4."""
    torch: Any = pytest.importorskip("torch")
    from ref_model.training import checkpoint as storage
    from tb.ref_model.training.synthetic import images, small_config

    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = small_config()
    network = config.build()
    pixels = torch.from_numpy(images(20).pixels).float() / 255
    network.start_quantisation(pixels)
    path = tmp_path / "shipped" / "tiny" / "checkpoint.pt"
    storage.save_network(path, network, config, {"float_accuracy": 12.5})
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_streams_from_an_exported_network(exported: Path, tmp_path: Path) -> None:
    target = tmp_path / "streams"
    arguments = ["--network", str(exported), "--streams", str(target), "--count", "2"]
    assert command.main([*arguments, "--pin", "4", "--pout", "16"]) == 0
    assert files_in(target) == [
        "image_000.bin", "image_001.bin", "param.bin", "program.txt", "result_000.bin",
        "result_001.bin",
    ]  # fmt: skip
    assert len((target / "image_000.bin").read_bytes()) == 3072
    assert len((target / "result_000.bin").read_bytes()) == 80


def test_a_network_that_does_not_fit_leaves_nothing(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "streams"
    arguments = ["--network", str(exported), "--streams", str(target), "--feature-depth", "100"]
    assert command.main(arguments) == 1
    assert "layer conv: even row by row the tensors take 224 words" in capsys.readouterr().err
    assert files_in(tmp_path) == ["tiny"]


def test_images_of_another_size_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(small_vgg(np.random.default_rng(0)), tmp_path / "small")
    arguments = ["--network", str(tmp_path / "small"), "--streams", str(tmp_path / "out")]
    assert command.main(arguments) == 1
    assert "takes integer images of shape (N, 3, 8, 8)" in capsys.readouterr().err
    assert files_in(tmp_path) == ["small"]


def test_a_damaged_network_is_refused(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = exported / "weights.npz"
    path.write_bytes(path.read_bytes()[:-10])
    assert command.main(["--network", str(exported), "--output", str(tmp_path / "out")]) == 2
    assert "truncated, damaged" in capsys.readouterr().err
    assert files_in(tmp_path) == ["tiny"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--network", "x"],
        ["--output", "x"],
        ["--network", "x", "--checkpoint", "y", "--output", "z"],
        ["--network", "x", "--streams", "y", "--pin", "5"],
        ["--network", "x", "--streams", "y", "--count", "0"],
    ],
)
def test_bad_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--output", "--streams", "--c"])
def test_a_folder_that_cannot_be_made(
    exported: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the folder that was asked for, not a temporary one."""
    (tmp_path / "file").write_text("not a folder")
    target = str(tmp_path / "file" / "out")
    assert command.main(["--network", str(exported), option, target]) == 2
    assert f"lsfq export: {target}: " in capsys.readouterr().err


def test_help() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "export_weights.py"), "--help"]
    shown = subprocess.run(script, capture_output=True, text=True, check=True)
    assert "examples:" in shown.stdout


def test_without_torch_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("ref_model.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    arguments = ["--checkpoint", str(tmp_path / "c.pt"), "--output", str(tmp_path / "out")]
    assert command.main(arguments) == 2
    assert "reading checkpoints needs PyTorch" in capsys.readouterr().err
    assert files_in(tmp_path) == []


def test_export_then_identical_then_different(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", checkpoint.parents[2])
    shipped = checkpoint.parents[1]
    (checkpoint.parents[2] / "networks").symlink_to(shipped)
    output = ["--checkpoint", str(checkpoint), "--output", str(checkpoint.parent)]
    assert command.main([*output, "--no-accuracy"]) == 0
    assert files_in(checkpoint.parent) == ["checkpoint.pt", "manifest.json", "weights.npz"]
    assert load_stored(checkpoint.parent).network.provenance["float_accuracy"] == 12.5
    capsys.readouterr()
    assert command.main([]) == 0
    assert capsys.readouterr().out == "tiny: identical\n"
    before = (checkpoint.parent / "weights.npz").read_bytes()
    assert command.main([*output, "--no-accuracy"]) == 0
    assert (checkpoint.parent / "weights.npz").read_bytes() == before
    network = load_network(checkpoint.parent)
    bias = network.layers[-1].bias.copy()
    bias[4] += 1
    last = replace(network.layers[-1], bias=bias)
    save_network(replace(network, layers=(*network.layers[:-1], last)), checkpoint.parent)
    capsys.readouterr()
    assert command.main([]) == 1
    assert "tiny: differs: layer classifier: bias[4]" in capsys.readouterr().out
    (checkpoint.parent / "weights.npz").write_bytes(b"")
    assert command.main([]) == 1
    assert "checksum differs" in capsys.readouterr().out


def test_nothing_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main([]) == 2
    assert "to compare" in capsys.readouterr().err


def test_damaged_truncated_and_foreign_checkpoints(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = checkpoint.read_bytes()
    target = tmp_path / "out"
    bad = tmp_path / "bad.pt"
    for content in (whole[: len(whole) // 2], whole[:-1], b"", b"hello", b"PK\x03\x04" + whole[9:]):
        bad.write_bytes(content)
        assert command.main(["--checkpoint", str(bad), "--output", str(target)]) == 2
        assert "bad.pt" in capsys.readouterr().err
        assert not target.exists()
    missing = str(tmp_path / "no.pt")
    assert command.main(["--checkpoint", missing, "--output", str(target)]) == 2
    assert "no such checkpoint" in capsys.readouterr().err
    assert files_in(tmp_path) == ["bad.pt", "shipped"]


@pytest.mark.parametrize("model", ["mobilenetv2", "resnet20", "resnet8"])
def test_untrained_networks_use_their_grids(model: str, tmp_path: Path) -> None:
    """Something to try hardware with: the same for a seed, no dead tensors, no equal answers."""
    pytest.importorskip("torch")
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, "001", strict=True):
        arguments = ["--untrained", model, "--width", "8", "--seed", seed]
        assert command.main([*arguments, "--output", str(folder)]) == 0
    one, two, other = (load_network(folder) for folder in folders)
    assert network_difference(one, two) is None
    assert network_difference(one, other) is not None
    assert one.name == f"{model}_w8_w4a4_untrained"
    assert one.provenance["trained"] is False
    tensors = run_network(one, read_records(SAMPLE, CIFAR10).pixels[:8])
    assert all(len(np.unique(tensors[x.name])) >= 12 for x in one.layers)
    assert len(np.unique(tensors["classifier"].argmax(1))) > 1


def test_an_unknown_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(SystemExit) as caught:
        command.main(["--untrained", "vgg8", "--output", str(tmp_path / "out")])
    assert caught.value.code == 2
    assert "choose one of vgg7, mobilenetv2, resnet20" in capsys.readouterr().err
