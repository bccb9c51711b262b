# SPDX-License-Identifier: Apache-2.0
"""Training shared among processes: what the training loop has to know about them.

Under ``torchrun`` every process (*rank*) trains the same network on its share of every batch, and
`DistributedDataParallel` averages the gradients. All ranks hold the same weights at every step, so
one of them, the first, writes the files. Without ``torchrun`` there is one rank, and nothing here
costs anything.

A rank that fails closes its connections, which ends the others with an error; one that hangs ends
them after `TIMEOUT`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ref_model.training.config import ConfigError
from ref_model.training.joint_norm import joint_batches

TIMEOUT = timedelta(minutes=10)
"""How long a rank waits for the others."""

Forward = Callable[[Tensor], Tensor]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """One process's place among ``size`` that train together; `ALONE` when there is only one."""

    rank: int = 0
    size: int = 1

    @property
    def name(self) -> str:
        """Which process speaks, for messages: " (process 2 of 4)"; nothing when alone."""
        return f" (process {self.rank + 1} of {self.size})" if self.size > 1 else ""

    @property
    def first(self) -> bool:
        """Whether this rank writes files and speaks to the user."""
        return self.rank == 0

    def share_of_batch(self, batch: int) -> slice:
        """This rank's part of a joint batch; ConfigError when the parts would differ in size."""
        if batch % self.size:
            raise ConfigError(
                f"batch {batch}: must be divisible by the number of processes, {self.size}"
            )
        part = batch // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def share(self, count: int) -> slice:
        """This rank's part of ``count`` things; the parts differ by one at most."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def once(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call ``function`` on the first rank alone: for what all ranks would write alike."""
        if self.first:
            function(*args, **kwargs)

    def totals(self, *values: float) -> list[float]:
        """The sum of each value over all ranks; the same bits on every rank."""
        if self.size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums)
        return [float(value) for value in sums]

    def from_first(self, make: Callable[[], T]) -> T:
        """The first rank's ``make()`` on every rank; an exception of it is raised on every rank."""
        if self.size == 1:
            return make()
        result: list[Any] = [None, None]
        if self.first:
            try:
                result[0] = make()
            except Exception as error:
                result[1] = error
        dist.broadcast_object_list(result)
        if result[1] is not None:
            raise result[1]
        value: T = result[0]
        return value

    def first_before_others(self, make: Callable[[], T]) -> T:
        """``make()`` of every rank, the first one's before the others' begin (downloads)."""
        made: list[T] = []
        self.from_first(lambda: made.extend([make()]))
        return made[0] if made else make()

    def training_step(self, network: nn.Module, forward: Forward, unused: bool) -> Forward:
        """``forward`` of ``network`` for training: over the joint batch, gradients averaged.

        ``forward`` maps this rank's share of the images to logits; the gradient of each rank's mean
        loss becomes that of the joint batch's. Weights and buffers become the first rank's.
        ``unused`` says that ``forward`` leaves some parameters alone.
        """
        if self.size == 1:
            return forward
        step = DistributedDataParallel(
            _JointStep(network, forward), forward_sync_buffers=False, find_unused_parameters=unused
        )
        return lambda pixels: step(pixels)

    def joint_statistics(self, network: nn.Module) -> AbstractContextManager[None]:
        """Within: BatchNorm in training sees the shares of all ranks."""
        return joint_batches(network) if self.size > 1 else nullcontext()


ALONE = Ranks()
"""The only process there is."""


class _JointStep(nn.Module):
    """A network's forward pass, whichever function computes it, as a module."""

    def __init__(self, network: nn.Module, forward: Forward) -> None:
        super().__init__()
        self.network = network
        self._forward = forward

    def forward(self, pixels: Tensor) -> Tensor:
        with joint_batches(self.network):
            return self._forward(pixels)


@contextmanager
def joined(timeout: timedelta = TIMEOUT) -> Iterator[Ranks]:
    """This process's place among those that ``torchrun`` started, or `ALONE`."""
    if not {"RANK", "WORLD_SIZE"} <= os.environ.keys():
        yield ALONE
        return
    dist.init_process_group("gloo", timeout=timeout)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
