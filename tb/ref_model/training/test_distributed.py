# SPDX-License-Identifier: Apache-2.0
"""Two processes that share every batch train as one process does; failures end them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

import torch
from torch import Tensor, nn

from lsfq.command.train import MALLOC
from ref_model.training import checkpoint
from ref_model.training.config import ConfigError, Stage, TrainingConfig
from ref_model.training.distributed import ALONE, Ranks
from tb.ref_model.training import ranks as workers
from tb.ref_model.training.synthetic import cifar10_files, small_config

ROOT = Path(__file__).parents[3]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]


def short_config() -> TrainingConfig:
    """One epoch of 10 steps a stage; no max pool, where equal codes tie."""
    return small_config(
        model="resnet20",
        weight_bits=(4,),
        activation_bits=(4,),
        float_stage=Stage(1, 0.05, 0.2),
        quantised_stage=Stage(1, 0.02, 0.2),
        integer_stage=Stage(1, 0.005, 0.2),
        norm_batches=2,
    )


def state(path: Path) -> dict[str, Tensor]:
    """Weights, clips and statistics of a saved network."""
    found: dict[str, Tensor] = torch.load(path, weights_only=True)["model"]
    return found


def largest_difference(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """Of all tensors, relative to the largest number of each."""
    assert ours.keys() == theirs.keys()
    return max(
        float((x.double() - theirs[key].double()).abs().max() / theirs[key].double().abs().max())
        for key, x in ours.items()
    )


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two processes."""
    folder = tmp_path_factory.mktemp("together")
    workers.in_ranks(workers.train, short_config(), folder)
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run by one process."""
    folder = tmp_path_factory.mktemp("alone")
    workers.train(ALONE, short_config(), folder)
    return folder


@pytest.mark.parametrize(
    ("name", "tolerance"), [("float.pt", 1e-10), ("quantised.pt", 1e-10), ("network.pt", 1e-5)]
)
def test_two_processes_end_with_the_weights_of_one(
    name: str, tolerance: float, together: Path, alone: Path
) -> None:
    """Convolutions of codes have float32 gradients in the integer stage: hence its tolerance."""
    assert largest_difference(state(together / name), state(alone / name)) < tolerance


def test_two_processes_report_the_numbers_of_one(together: Path, alone: Path) -> None:
    curves = [json.loads((folder / "curve.json").read_text()) for folder in (together, alone)]
    assert [entry["stage"] for entry in curves[0]] == ["float", "quantised", "integer"]
    for ours, theirs in zip(*curves, strict=True):
        del ours["seconds"], theirs["seconds"]
        assert ours == theirs
    records = [json.loads((folder / "record.json").read_text()) for folder in (together, alone)]
    for key in ("float_accuracy", "constants", "integer_accuracy", "test_images"):
        assert records[0][key] == records[1][key]
    assert [record["machine"]["processes"] for record in records] == [2, 1]


def test_both_processes_hold_the_same_bits(together: Path) -> None:
    first, second = (state(together / f"rank{rank}.pt") for rank in range(2))
    assert largest_difference(first, second) == 0


def test_a_resumed_run_gives_the_numbers_of_an_uninterrupted_one(tmp_path: Path) -> None:
    config = small_config(teacher=0.5)
    workers.in_ranks(workers.train_with_a_cut, config, tmp_path, 25)


def test_batch_norm_of_shares_is_that_of_the_joint_batch(tmp_path: Path) -> None:
    """Results, gradients and running statistics, against `nn.BatchNorm2d`, and by differences."""
    torch.manual_seed(0)
    inputs = 3 + 2 * torch.randn(2, 6, 3, 4, 5, dtype=torch.float64)
    inputs[:, 3:] += 1.0  # the two shares differ
    grads = torch.randn_like(inputs)
    norm = nn.BatchNorm2d(3).double()
    with torch.no_grad():
        norm.weight.uniform_(-2, 2)
        norm.bias.uniform_(-2, 2)
    start = {key: value.clone() for key, value in norm.state_dict().items()}
    workers.in_ranks(workers.batch_norm, inputs, grads, start, tmp_path)
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for step in range(2):
        x = inputs[step].clone().requires_grad_()
        norm.zero_grad()
        y = norm(x)
        torch.autograd.backward(y, grads[step])
        shares = list(zip(*(rank[step] for rank in found), strict=True))
        torch.testing.assert_close(torch.cat(shares[0]), y.detach())
        torch.testing.assert_close(torch.cat(shares[1]), x.grad)
        torch.testing.assert_close(shares[2][0] + shares[2][1], norm.weight.grad)
        torch.testing.assert_close(shares[3][0] + shares[3][1], norm.bias.grad)
    for rank in found:
        torch.testing.assert_close(rank[2], list(norm.buffers()))


def test_checkpoints_know_nothing_of_processes(together: Path) -> None:
    network, config, _ = checkpoint.load_network(together / "network.pt")
    assert network.state_dict().keys() == config.build().state_dict().keys()
    plain = nn.BatchNorm2d(4)
    assert network.conv_units()[0].norm.state_dict().keys() == plain.state_dict().keys()


def test_the_first_process_speaks_for_all() -> None:
    workers.in_ranks(workers.small_talk)


def test_a_process_that_fails_ends_the_one_that_waits(tmp_path: Path) -> None:
    workers.in_ranks(workers.fail, tmp_path, timeout=300.0)
    assert float((tmp_path / "waited").read_text()) < 60


def test_a_process_that_hangs_ends_the_one_that_waits(tmp_path: Path) -> None:
    workers.in_ranks(workers.hang, tmp_path, timeout=2.0)
    assert 1 < float((tmp_path / "waited").read_text()) < 7


def test_batches_are_shared_evenly_or_refused(tmp_path: Path) -> None:
    assert [Ranks(rank, 4).share_of_batch(20) for rank in (0, 3)] == [slice(0, 5), slice(15, 20)]
    shares = [Ranks(rank, 3).share(10) for rank in range(3)]
    assert [(share.start, share.stop) for share in shares] == [(0, 3), (3, 6), (6, 10)]
    with pytest.raises(ConfigError, match=r"batch 20: must be divisible .* processes, 3"):
        workers.trainer(small_config(), tmp_path, Ranks(0, 3))


def torchrun(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Start two processes as a user would, without glibc's settings in the environment."""
    environment = {key: value for key, value in os.environ.items() if key not in MALLOC}
    line = [*TORCHRUN, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment)


def test_command_line_under_torchrun(tmp_path: Path) -> None:
    cifar10_files(tmp_path / "data", 40)
    options = ["--data", tmp_path / "data", "--out", tmp_path / "run", "--width", "2",
               "--threads", "1", "--float-epochs", "1", "--quantised-epochs", "1",
               "--integer-epochs", "1"]  # fmt: skip
    script = ROOT / "scripts" / "train.py"
    done = torchrun(script, *options, "--batch", "20", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["machine"]["processes"] == 2
    assert done.stderr.count("% of 40 test images") == 1
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.json", "log.txt", "curve.json", "record.json", "checkpoint.pt", "float.pt",
        "quantised.pt", "network.pt"
    }  # fmt: skip
    odd = torchrun(script, *options, "--batch", "21", "--resume")
    assert odd.returncode != 0
    assert "batch 21: must be divisible by the number of processes, 2" in odd.stderr


def test_glibc_settings_reach_the_processes_of_torchrun(tmp_path: Path) -> None:
    script = tmp_path / "restarted.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from lsfq.command.train import MALLOC, restart_with_malloc_settings\n"
        "restart_with_malloc_settings()\n"
        "assert all(os.environ[name] == value for name, value in MALLOC.items())\n"
        "print('rank', os.environ['RANK'], 'of', os.environ['WORLD_SIZE'], *sys.argv[1:])\n"
    )
    done = torchrun(script, "an argument")
    assert done.returncode == 0, done.stderr
    lines = sorted(done.stdout.splitlines())
    assert lines == ["rank 0 of 2 an argument", "rank 1 of 2 an argument"]
