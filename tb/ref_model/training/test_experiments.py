# SPDX-License-Identifier: Apache-2.0
"""Lists of runs, the queue that does them, and the records that they leave."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

import torch

from ref_model.datasets import CIFAR10
from ref_model.training.experiments import ExperimentError, read_experiments
from ref_model.training.records import (
    BINS,
    RecordError,
    distributions,
    read_records,
    write_record,
)
from tb.ref_model.training.synthetic import images, small_config

ROOT = Path(__file__).parents[3]
LIST = """
[[run]]
name = "start_s{seed}"
seed = [0, 1]
width = 2
batch = 20
float-epochs = 1
quantised-epochs = 0
integer-epochs = 0

[[run]]
name = "{quantizer}_s{seed}"
seed = 0
quantizer = ["lsfq", "lsq"]
hard-clip = true
width = 2
batch = 20
quantised-epochs = 1
integer-epochs = 0
float-from = "start_s{seed}"
"""


def write(path: Path, text: str) -> Path:
    """A list of runs in a file."""
    path.write_text(text)
    return path


def test_lists_make_one_run_for_each_combination(tmp_path: Path) -> None:
    runs = read_experiments(write(tmp_path / "x.toml", LIST))
    assert [run.name for run in runs] == ["start_s0", "start_s1", "lsfq_s0", "lsq_s0"]
    assert runs[1].command() == (
        "scripts/train.py --seed 1 --width 2 --batch 20 --float-epochs 1 "
        "--quantised-epochs 0 --integer-epochs 0 --out runs/start_s1"
    )
    assert "--hard-clip --width" in runs[3].command()
    assert "--float-from runs/start_s0/float.pt --out runs/lsq_s0" in runs[3].command()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[run]]\nseed = 1", "no name"),
        ("[[run]]\nname = 'a'\n[[run]]\nname = 'a'", "two runs are called a"),
        ("[[run]]\nname = 'a{x}'", "no option 'x'"),
        ("[[run]]\nname = 'a b'", "run name 'a b'"),
        ("[[run]]\nname = 'a'\nfloat-from = 'b'", "starts from b"),
        ("[[run]]\nname = 'a'\nout = 'b'", "out is not set here"),
        ("[run]\nname", "x.toml"),
        ("[[runs]]\nname = 'a'", "only \\[\\[run\\]\\]"),
    ],
)
def test_bad_lists_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=message):
        read_experiments(write(tmp_path / "x.toml", text))


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="No such file"):
        read_experiments(tmp_path / "none.toml")


def test_the_shipped_list_holds_options_that_the_trainer_takes() -> None:
    from lsfq.command.train import configuration, parser

    runs = read_experiments(ROOT / "experiments" / "accuracy.toml")
    for run in runs:
        configuration(parser().parse_args(run.arguments(Path("runs"))))


def test_distributions_count_every_value_once() -> None:
    network = small_config().build()
    pixels = torch.from_numpy(images(20).pixels)
    network.start_quantisation(pixels.float() / 255)
    found = distributions(network, pixels)
    assert len(found) == 13
    for name, entry in found.items():
        assert len(entry["counts"]) == BINS, name
        assert 0 <= entry["above"] <= 1
        assert entry["clip"] > 0
    weight = network.conv_units()[2].conv.weight
    assert sum(found["conv3.weight"]["counts"]) == weight.numel()
    clip = float(network.conv_units()[2].weight_quantizer.alpha.detach())
    assert found["conv3.weight"]["above"] == pytest.approx(
        float((weight.abs() > clip).float().mean()), abs=1e-6
    )


def test_distributions_are_in_units_of_each_channels_clip() -> None:
    network = small_config(weight_clips="channel").build()
    pixels = torch.from_numpy(images(20).pixels)
    network.start_quantisation(pixels.float() / 255)
    unit = network.conv_units()[2]
    clips = unit.weight_quantizer.alpha.detach()
    assert clips.shape == (len(unit.weight),)
    found = distributions(network, pixels)["conv3.weight"]
    beyond = [
        float(w.abs().gt(clip).float().mean()) for w, clip in zip(unit.weight, clips, strict=True)
    ]
    assert found["above"] == pytest.approx(np.mean(beyond), abs=1e-6)
    assert found["clip"] == pytest.approx(float(clips.mean()), abs=1e-6)


def test_records_are_read_by_name_or_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", {"name": "a", "curve": [1, 2]})
    assert read_records(tmp_path) == {"a": {"name": "a", "curve": [1, 2]}}
    (tmp_path / "b.json").write_text('{"name": "c"}')
    with pytest.raises(RecordError, match="called b"):
        read_records(tmp_path)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(RecordError, match="not JSON"):
        read_records(tmp_path)


def test_queue_trains_what_has_no_record(tmp_path: Path) -> None:
    data = tmp_path / "data" / CIFAR10.folder
    data.mkdir(parents=True)
    for index, name in enumerate((*CIFAR10.train_files, CIFAR10.test_file)):
        part = images(20, seed=index)
        records = np.concatenate(
            [part.labels[:, None].astype(np.uint8), part.pixels.reshape(20, -1)], axis=1
        )
        records.tofile(data / name)
    listed = write(tmp_path / "x.toml", LIST)

    def queue(*more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, str(ROOT / "scripts" / "train_many.py"), "--threads", "1",
                "--experiments", str(listed), "--runs", str(tmp_path / "runs"),
                "--records", str(tmp_path / "records"),
                "--data", str(tmp_path / "data")]  # fmt: skip
        return subprocess.run([*line, *more], capture_output=True, text=True, check=False)

    early = queue("--only", "lsq_s0")
    assert early.returncode == 1
    assert "lsq_s0: waits for start_s0" in early.stdout
    first = queue("--only", "*_s0")
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.count(": done") == 3
    record = json.loads((tmp_path / "records" / "lsq_s0.json").read_text())
    assert record["float_from"] == "start_s0"
    assert record["constants"]["quantised"]["integer"] == record["integer_accuracy"]
    assert record["command"].startswith("scripts/train.py --seed 0 --quantizer lsq")
    again = queue("--only", "*_s0")
    assert again.stdout.count("has a record") == 3
    (tmp_path / "records" / "lsq_s0.json").unlink()
    collected = queue("--only", "ls*", "--collect")
    assert collected.stdout.count(": done") == 2
    assert json.loads((tmp_path / "records" / "lsq_s0.json").read_text()) == record
    (tmp_path / "records" / "lsq_s0.json").unlink()
    shutil.rmtree(tmp_path / "runs")
    kept = (tmp_path / "records" / "start_s0.json").read_bytes()
    fresh = queue("--only", "*_s0")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    assert "start_s0: done again" in fresh.stdout
    assert "lsfq_s0: has a record" in fresh.stdout
    assert "lsq_s0: done" in fresh.stdout
    assert (tmp_path / "records" / "start_s0.json").read_bytes() == kept
    listed.write_text(LIST.replace("start_s{seed}", "start_{seed}", 1))
    assert queue().returncode == 2
