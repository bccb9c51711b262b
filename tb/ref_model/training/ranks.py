# SPDX-License-Identifier: Apache-2.0
"""Functions that run in two processes, as under torchrun, and what starts them.

They live outside the test files, because new processes import them by name.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import start_processes

from ref_model.training.config import TrainingConfig
from ref_model.training.distributed import Ranks, joined
from ref_model.training.joint_norm import JointBatchNorm2d, joint_batches
from ref_model.training.layers import Network
from ref_model.training.loop import Trainer
from ref_model.training.progress import Progress
from tb.ref_model.training.synthetic import images

SIZE = 2
TRAIN, TEST = 200, 100
"""Made-up images of a run."""


class ExpectedError(Exception):
    """A failure that is the point of a test: it ends its process, and the test goes on."""


def in_ranks(function: Callable[..., None], *args: Any, timeout: float = 60.0) -> None:
    """Call ``function(ranks, *args)`` in `SIZE` new processes; raises when one of them fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # forked from a process that has imported PyTorch: an import takes seconds in each
    multiprocessing.set_forkserver_preload([__name__])
    start_processes(  # type: ignore[no-untyped-call]
        _rank, (port, timeout, function, args), nprocs=SIZE, start_method="forkserver"
    )


def _rank(
    rank: int, port: int, timeout: float, function: Callable[..., None], args: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank), WORLD_SIZE=str(SIZE), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
    )
    try:
        with joined(timedelta(seconds=timeout)) as ranks:
            function(ranks, *args)
    except ExpectedError:
        pass


def trainer(config: TrainingConfig, folder: Path, ranks: Ranks, **options: Any) -> Trainer:
    """A run on made-up images that keeps quiet."""
    train, test = images(TRAIN, seed=1), images(TEST, seed=2)
    return Trainer(
        config, train, test, folder, progress=Progress(None, quiet=True), ranks=ranks, **options
    )


def in_float64(network: Network) -> None:
    """Train this network in float64, where the order of sums changes no rounding of a code."""
    network.double()
    network.set_training_type(torch.float64)
    first = network.conv_units()[0]
    first.register_forward_pre_hook(lambda _, inputs: tuple(x.double() for x in inputs))


@contextmanager
def plain_layout() -> Iterator[None]:
    """Within: images and codes are not laid out with channels last.

    PyTorch 2.13 corrupts its memory in the gradients of such narrow convolutions with channels
    last, on processors that have AVX2 and no AVX-512.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "channels_last", torch.contiguous_format)
        yield


def train(ranks: Ranks, config: TrainingConfig, folder: Path, **options: Any) -> None:
    """Train in float64; each rank leaves its last network in ``folder``."""
    run = trainer(config, folder, ranks, **options)
    in_float64(run.network)
    with plain_layout():
        run.run()
    torch.save({"model": run.network.state_dict()}, folder / f"rank{ranks.rank}.pt")


def train_with_a_cut(ranks: Ranks, config: TrainingConfig, folder: Path, steps: int) -> None:
    """A run that is cut off after ``steps`` and resumed ends with the bits of one that is not."""
    whole = trainer(config, folder / "whole", ranks)
    whole.run()
    trainer(config, folder / "cut", ranks, stop_after=steps).run()
    resumed = trainer(config, folder / "cut", ranks, resume=True)
    resumed.run()
    expected = whole.network.state_dict()
    for name, found in resumed.network.state_dict().items():
        assert torch.equal(found, expected[name]), name


def batch_norm(ranks: Ranks, inputs: Tensor, grads: Tensor, state: Any, folder: Path) -> None:
    """Each rank's results of two training steps of BatchNorm over its share of ``inputs``."""
    norm = JointBatchNorm2d(inputs.shape[2]).double()
    norm.load_state_dict(state)
    results = []
    for batch, grad in zip(inputs, grads, strict=True):
        mine = ranks.share(len(batch))
        x = batch[mine].clone().requires_grad_()
        with joint_batches(nn.Sequential(norm)):
            y = norm(x)
        norm.zero_grad()
        torch.autograd.backward(y, grad[mine])
        results.append([y.detach(), x.grad, norm.weight.grad, norm.bias.grad])
    results.append(list(norm.buffers()))
    torch.save(results, folder / f"{ranks.rank}.pt")


def small_talk(ranks: Ranks) -> None:
    """What a rank hears from the others."""
    assert ranks.totals(ranks.rank, 1.0) == [1.0, 2.0]
    assert ranks.from_first(lambda: ranks.rank) == 0
    spoken: list[int] = []
    ranks.once(spoken.append, 1)
    assert spoken == ([1] if ranks.first else [])
    order = ranks.first_before_others(time.monotonic)
    ahead, behind = ranks.totals(order if ranks.first else 0, 0 if ranks.first else order)
    assert ahead < behind
    try:
        ranks.from_first(lambda: 1 / 0)
    except ZeroDivisionError:
        return
    raise AssertionError("the first rank's error is everyone's")


def fail(ranks: Ranks, folder: Path) -> None:
    """The second rank fails where the first one waits for it."""
    if not ranks.first:
        raise ExpectedError
    wait(ranks, folder)


def hang(ranks: Ranks, folder: Path) -> None:
    """The second rank does not answer for longer than the first one waits."""
    if not ranks.first:
        time.sleep(8)
        return
    wait(ranks, folder)


def wait(ranks: Ranks, folder: Path) -> None:
    """Leave the seconds in ``folder`` after which waiting for the others ended in an error."""
    began = time.monotonic()
    try:
        ranks.totals(1.0)
    except RuntimeError:
        (folder / "waited").write_text(str(time.monotonic() - began))
