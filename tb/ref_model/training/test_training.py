# SPDX-License-Identifier: Apache-2.0
"""Runs on made-up images: learning, resuming, refusing, and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

import torch

from ref_model.integer import evaluate, load_network, save_network
from ref_model.training import checkpoint
from ref_model.training.augment import Batches, to_unit
from ref_model.training.config import ConfigError, Stage, TrainingConfig
from ref_model.training.device import choose_device
from ref_model.training.distributed import Ranks
from ref_model.training.export import to_integer_network
from ref_model.training.loop import Trainer, optimiser_groups, training_loss
from ref_model.training.progress import Progress
from ref_model.training.quantizers import QUANTIZERS
from tb.ref_model.training.synthetic import cifar10_files, images, small_config

TRAIN, TEST = images(200, seed=1), images(100, seed=2)
SCRIPT = Path(__file__).parents[3] / "scripts" / "train.py"


def trainer(config: TrainingConfig, folder: Path, **options: object) -> Trainer:
    """A run on the made-up images that keeps quiet."""
    folder.mkdir(parents=True, exist_ok=True)
    quiet = Progress(folder / "log.txt", quiet=True)
    return Trainer(config, TRAIN, TEST, folder, progress=quiet, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"quantizer": name} for name in QUANTIZERS]
    + [{"soft_clip": False}, {"learned_clip": False}, {"weight_bits": (8, 4, 4, 3, 2, 4, 8)}]
    + [{"weight_clips": "channel"}, {"weight_clips": "channel", "quantizer": "pact"}],
    ids=[*QUANTIZERS, "hard clip", "fixed clip", "mixed bits", "channel clips", "pact channels"],
)
def test_every_quantiser_trains_to_an_integer_network(
    changes: dict[str, object], tmp_path: Path
) -> None:
    config = small_config(**changes)
    record = trainer(config, tmp_path).run()
    assert record["integer_accuracy"] > 25, "made-up classes are easy; chance is 10 %"
    network = to_integer_network(tmp_path / "network.pt")
    found = evaluate(network, TEST.pixels, TEST.labels)
    assert found.accuracy == pytest.approx(record["integer_accuracy"], abs=1e-3)
    assert network.provenance["config"]["quantizer"] == config.quantizer


@pytest.mark.parametrize("learned", [True, False], ids=["learned", "fixed"])
def test_learned_clips_move_and_fixed_ones_stay(learned: bool, tmp_path: Path) -> None:
    """Clips after calibration (no quantised epoch) against clips after two epochs."""
    none = Stage(0, 1, 0)
    config = small_config(learned_clip=learned, integer_stage=none)
    trainer(config, tmp_path / "trained").run()
    trainer(replace(config, quantised_stage=none), tmp_path / "calibrated").run()
    clips = []
    for name in ("trained", "calibrated"):
        state = checkpoint.load(tmp_path / name / "network.pt")["model"]
        clips.append({key: float(x) for key, x in state.items() if key.endswith("alpha")})
    moved = [key for key in clips[0] if clips[0][key] != clips[1][key]]
    assert len(clips[0]) == 13
    assert len(moved) == (13 if learned else 0)


@pytest.mark.parametrize("cut", [3, 10, 25, 41], ids=lambda n: f"after step {n}")
def test_resumed_run_gives_the_numbers_of_an_uninterrupted_one(cut: int, tmp_path: Path) -> None:
    config = small_config()
    whole = trainer(config, tmp_path / "whole")
    whole.run()
    trainer(config, tmp_path / "cut", stop_after=cut).run()
    assert not (tmp_path / "cut" / "record.json").exists()
    again = trainer(config, tmp_path / "cut", resume=True)
    again.run()
    for (name, ours), theirs in zip(
        again.network.state_dict().items(), whole.network.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name
    curves = [json.loads((tmp_path / f / "curve.json").read_text()) for f in ("whole", "cut")]
    assert [e["test_accuracy"] for e in curves[0]] == [e["test_accuracy"] for e in curves[1]]
    assert [(e["stage"], e["epoch"]) for e in curves[1]] == [
        ("float", 1), ("float", 2), ("quantised", 1), ("quantised", 2), ("integer", 1)
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [25, 41], ids=lambda n: f"after step {n}")
def test_the_teacher_is_the_float_network_after_a_cut_too(cut: int, tmp_path: Path) -> None:
    config = small_config(teacher=0.5, norm_batches=3)
    trainer(config, tmp_path / "whole").run()
    trainer(config, tmp_path / "cut", stop_after=cut).run()
    trainer(config, tmp_path / "cut", resume=True).run()
    trainer(replace(config, teacher=0.0), tmp_path / "alone").run()
    found = {
        name: checkpoint.load(tmp_path / name / "network.pt")["model"]
        for name in ("whole", "cut", "alone")
    }
    assert all(torch.equal(x, found["cut"][key]) for key, x in found["whole"].items())
    assert not torch.equal(found["alone"]["classifier.linear.weight"],
                           found["whole"]["classifier.linear.weight"])  # fmt: skip
    taught = checkpoint.load(tmp_path / "cut" / "checkpoint.pt")["teacher"]
    start = checkpoint.load(tmp_path / "cut" / "float.pt")["model"]
    assert all(torch.equal(x, taught[key]) for key, x in start.items())


def test_a_teacher_pulls_towards_its_probabilities() -> None:
    torch.manual_seed(0)
    logits, taught = torch.randn(2, 6, 4, dtype=torch.float64)
    labels = torch.arange(6) % 4
    hard = -logits.log_softmax(1)[torch.arange(6), labels].mean()
    soft = -(taught.softmax(1) * logits.log_softmax(1)).sum(1).mean()
    assert float(training_loss(logits, labels, 0.0)) == pytest.approx(float(hard))
    loss = training_loss(logits, labels, 0.0, taught, 0.3)
    assert float(loss) == pytest.approx(float(0.7 * hard + 0.3 * soft))
    agrees = taught.clone().requires_grad_()
    torch.autograd.backward(training_loss(agrees, labels, 0.1, taught, 1.0))
    assert agrees.grad is not None
    assert float(agrees.grad.abs().max()) < 1e-12


def test_averaged_statistics_are_means_over_batches_and_change_nothing_else() -> None:
    """Of the first layer, whose input no statistics change; moving averages differ from them."""
    network = small_config().build()
    batches = [to_unit(torch.from_numpy(images(20, seed=s).pixels)) for s in range(3)]
    network.start_quantisation(batches[0])
    network(batches[1])
    before = {key: x.clone() for key, x in network.state_dict().items()}
    network.average_statistics(batches)
    first = network.conv_units()[0]
    weight = first.weight_quantizer(first.weight)
    results = [torch.nn.functional.conv2d(x, weight, padding=1).detach() for x in batches]
    mean = torch.stack([x.mean((0, 2, 3)) for x in results]).mean(0)
    variance = torch.stack([x.var((0, 2, 3)) for x in results]).mean(0)
    torch.testing.assert_close(first.norm.running_mean, mean)
    torch.testing.assert_close(first.norm.running_var, variance)
    changed = {key for key, x in network.state_dict().items() if not torch.equal(x, before[key])}
    assert changed == {
        key for key in before if key.endswith(("running_mean", "running_var", "tracked"))
    }
    assert {unit.norm.momentum for unit in network.conv_units()} == {0.1}
    assert not any(module.training for module in network.modules())


def test_averaged_statistics_are_the_ones_that_a_run_goes_on_with(tmp_path: Path) -> None:
    config = small_config(integer_stage=Stage(0, 1, 0))
    states = []
    for batches in (0, 5):
        trainer(replace(config, norm_batches=batches), tmp_path / str(batches)).run()
        states.append(checkpoint.load(tmp_path / str(batches) / "network.pt")["model"])
    differ = {key for key, x in states[0].items() if not torch.equal(x, states[1][key])}
    assert differ
    assert all(".norm.running" in key or key.endswith("tracked") for key in differ)


def test_resumed_run_may_change_the_lengths_of_stages_that_have_not_ended(tmp_path: Path) -> None:
    config = small_config()
    trainer(config, tmp_path, stop_after=35).run()
    longer = replace(
        config, quantised_stage=Stage(3, 0.02, 0.2), integer_stage=Stage(0, 0.005, 0.2)
    )
    record = trainer(longer, tmp_path, resume=True).run()
    assert record["epochs"] == {"float": 2, "quantised": 3, "integer": 0}
    assert record["lengths_changed"] == [
        {"stage": "quantised", "epoch": 1, "epochs": [2, 3]},
        {"stage": "integer", "epoch": 0, "epochs": [1, 0]},
    ]
    for changes in (
        {"float_stage": Stage(3, 0.05, 0.2)},
        {"quantised_stage": Stage(3, 0.03, 0.2)},
        {"seed": 5},
    ):
        other = tmp_path / str(len(list(tmp_path.iterdir())))
        trainer(config, other, stop_after=35).run()
        with pytest.raises(ConfigError, match="other options"):
            trainer(replace(config, **changes), other, resume=True)
    shorter = tmp_path / "shorter"
    trainer(config, shorter, stop_after=35).run()
    with pytest.raises(ConfigError, match="other options"):
        trainer(replace(config, quantised_stage=Stage(0, 0.02, 0.2)), shorter, resume=True)


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    for name, said in (("cuda", "PyTorch finds 0"), ("meta", "choose cpu"), ("gpu", "choose cpu")):
        with pytest.raises(ConfigError, match=said):
            choose_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("auto", Ranks(0, 2)) == torch.device("cpu"), "several processes"
    with pytest.raises(ConfigError, match="several processes"):
        choose_device("cuda", Ranks(0, 2))
    with pytest.raises(ConfigError, match="PyTorch finds 1"):
        choose_device("cuda:1")


def test_quantised_run_starts_from_a_float_network(tmp_path: Path) -> None:
    config = small_config()
    first = trainer(config, tmp_path / "a").run()
    other = replace(config, weight_bits=(3,) * 7, float_stage=Stage(9, 0.1, 0.1))
    second = trainer(other, tmp_path / "b", float_from=tmp_path / "a" / "float.pt").run()
    assert second["float_accuracy"] == first["float_accuracy"]
    assert second["epochs"]["float"] == 2
    assert second["config"]["weight_bits"] == (3,) * 7
    third = trainer(
        replace(config, weight_clips="channel"), tmp_path / "e", float_from=tmp_path / "a/float.pt"
    ).run()
    assert third["float_accuracy"] == first["float_accuracy"]
    state = checkpoint.load(tmp_path / "e" / "network.pt")["model"]
    shapes = {tuple(x.shape) for key, x in state.items() if key.endswith("weight_quantizer.alpha")}
    assert shapes == {(4,), (8,), (16,), ()}
    with pytest.raises(ConfigError, match="width"):
        trainer(replace(config, width=5), tmp_path / "c", float_from=tmp_path / "a" / "float.pt")
    with pytest.raises(ConfigError, match="float stage"):
        trainer(config, tmp_path / "d", float_from=tmp_path / "a" / "network.pt")


def test_a_finished_folder_is_not_overwritten(tmp_path: Path) -> None:
    config = small_config(quantised_stage=Stage(0, 1, 0), integer_stage=Stage(0, 1, 0))
    trainer(config, tmp_path).run()
    with pytest.raises(ConfigError, match="--resume"):
        trainer(config, tmp_path)
    with pytest.raises(ConfigError, match="other options \\(seed\\)"):
        trainer(replace(config, seed=7), tmp_path, resume=True)


def test_seeds_decide_everything(tmp_path: Path) -> None:
    config = small_config(quantised_stage=Stage(0, 1, 0), integer_stage=Stage(0, 1, 0))
    runs = [
        trainer(replace(config, seed=seed), tmp_path / name)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    for run in runs:
        run.run()
    weights = [run.network.classifier.linear.weight for run in runs]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_batches_shift_and_flip_within_an_epoch_and_repeat_with_the_seed() -> None:
    batches = Batches(TRAIN, batch=30, shift=2, seed=3)
    assert len(batches) == 6
    first = list(batches.epoch(0))
    again = list(Batches(TRAIN, batch=30, shift=2, seed=3).epoch(0, first_step=4))
    assert torch.equal(first[4][0], again[0][0])
    assert torch.equal(first[5][1], again[1][1])
    assert not torch.equal(first[0][0], next(batches.epoch(1))[0])


def test_flips_alternate_between_epochs() -> None:
    marked = images(40)
    marked.pixels[:] = 0
    marked.pixels[:, :, :, 0] = 255
    batches = Batches(marked, batch=40, shift=0, seed=0)
    flipped = []
    for epoch in range(2):
        order = torch.randperm(40, generator=torch.Generator().manual_seed(epoch + 1))
        (pixels, _), *_ = batches.epoch(epoch)
        left = torch.empty(40)
        left[order] = (pixels[:, 0, 0, 31] == 255).float()
        flipped.append(left)
    assert torch.equal(flipped[0], 1 - flipped[1])
    assert 0 < flipped[0].sum() < 40


def test_pixels_become_unit_values_without_mean_subtraction() -> None:
    pixels = torch.tensor([[[[0, 51], [255, 102]]]], dtype=torch.uint8)
    assert to_unit(pixels).flatten().tolist() == pytest.approx([0, 0.2, 1, 0.4])


def test_weight_decay_reaches_weights_and_pact_clips_only() -> None:
    for name, expected in (("lsfq", 7), ("pact", 13)):
        network = small_config(quantizer=name).build()
        decayed, plain = optimiser_groups(network, small_config())
        assert len(decayed["params"]) == expected
        assert plain["weight_decay"] == 0
        total = len(decayed["params"]) + len(plain["params"])
        assert total == len(list(network.parameters()))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"weight_bits": (4,) * 6}, "needs 1 or 7 numbers"),
        ({"activation_bits": (5,) * 6}, "must be one of"),
        ({"quantizer": "best"}, "choose one of"),
        ({"model": "vgg8"}, "choose one of vgg7"),
        ({"dataset": "mnist"}, "cifar10 or cifar100"),
        ({"width": -1}, "width -1"),
        ({"batch": 1}, "batch 1"),
        ({"limit": 3}, "limit 3"),
        ({"shift": -1}, "shift -1"),
        ({"label_smoothing": 1.0}, "label smoothing"),
        ({"weight_decay": -1e-4}, "weight decay"),
        ({"teacher": 1.5}, "teacher 1.5"),
        ({"norm_batches": -1}, "norm batches -1"),
        ({"float_stage": Stage(-1, 0.1, 0.1)}, "float epochs"),
        ({"integer_stage": Stage(1, 0.0, 0.1)}, "integer learning rate"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_bad_options_are_refused_by_name(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        small_config(**changes)


def test_configuration_survives_json() -> None:
    config = small_config(weight_bits=(8, 4, 4, 4, 4, 4, 8), seed=4)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(ConfigError, match="unknown options"):
        TrainingConfig.from_dict({"widht": 3})
    with pytest.raises(ConfigError, match="malformed"):
        TrainingConfig.from_dict({"float_stage": {"epoch": 3}})


def test_rate_rises_and_falls_to_zero() -> None:
    stage = Stage(epochs=1, rate=0.4, warmup=0.25)
    rates = [stage.rate_at(step, 100) for step in range(100)]
    assert max(rates) == pytest.approx(0.4)
    assert rates.index(max(rates)) in (24, 25)
    assert 0 < rates[-1] < 0.01
    assert rates[0] == pytest.approx(0.4 / 25)


def test_checkpoint_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.pt"
    checkpoint.save(path, {"value": 1})

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, {"value": 2})
    assert checkpoint.load(path)["value"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_foreign_and_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    with pytest.raises(checkpoint.CheckpointError, match="no such"):
        checkpoint.load(path)
    config = small_config()
    checkpoint.save_network(path, config.build(), config, {"float_accuracy": 1.0})
    whole = path.read_bytes()
    for bad in (whole[: len(whole) // 2], b"", b"PK\x03\x04 nothing", b"hello"):
        path.write_bytes(bad)
        with pytest.raises(checkpoint.CheckpointError, match="truncated or foreign"):
            checkpoint.load(path)
    torch.save({"model": {}}, path)
    with pytest.raises(checkpoint.CheckpointError, match="of this project"):
        checkpoint.load(path)
    torch.save({"format": checkpoint.FORMAT, "version": 99}, path)
    with pytest.raises(checkpoint.CheckpointError, match="version 99"):
        checkpoint.load(path)
    state = config.build().state_dict()
    checkpoint.save(path, {"config": replace(config, width=5).to_dict(), "model": state})
    with pytest.raises(checkpoint.CheckpointError, match="do not fit"):
        checkpoint.load_network(path)


def test_exported_network_round_trips_and_derivation_repeats(tmp_path: Path) -> None:
    trainer(small_config(), tmp_path / "run").run()
    first = to_integer_network(tmp_path / "run" / "network.pt")
    save_network(first, tmp_path / "net")
    second = to_integer_network(tmp_path / "run" / "network.pt")
    loaded = load_network(tmp_path / "net")
    for other in (second, loaded):
        for a, b in zip(first.layers, other.layers, strict=True):
            assert (a.weight == b.weight).all()
            assert (a.multiplier == b.multiplier).all()
            assert (a.bias == b.bias).all()
            assert a.shift == b.shift


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/train.py as a user would."""
    line = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_command_line_trains_and_resumes(tmp_path: Path) -> None:
    cifar10_files(tmp_path / "data", 40)
    options = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"),
               "--width", "2", "--threads", "1", "--batch", "20", "--float-epochs", "1",
               "--quantised-epochs", "1", "--integer-epochs", "1",
               "--weight-bits", "8,4,4,4,4,4,8"]  # fmt: skip
    done = command(*options)
    assert done.returncode == 0, done.stderr
    assert "% of 40 test images" in done.stdout
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["config"]["weight_bits"] == [8, 4, 4, 4, 4, 4, 8]
    assert len(json.loads((tmp_path / "run" / "curve.json").read_text())) == 3
    again = command(*options)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    assert command(*options, "--resume").returncode == 0


def test_command_line_names_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    cifar10_files(tmp_path / "data", 40)
    (tmp_path / "file").write_text("not a folder")
    done = command("--data", tmp_path / "data", "--out", tmp_path / "file" / "run", "--width", "2")
    assert done.returncode == 2
    assert f"lsfq train: {tmp_path}/file/run: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_command_line_refuses_before_it_reads_data() -> None:
    for options, text in (
        (["--weight-bits", "5"], "must be one of"),
        (["--weight-bits", "four"], "give a number"),
        (["--quantizer", "x"], "choose one of"),
        (["--weight-clips", "group"], "weight clips 'group': choose one of layer, channel"),
    ):
        done = command(*options, "--data", "/nonexistent")
        assert done.returncode == 2
        assert text in done.stderr
        assert "Traceback" not in done.stderr
