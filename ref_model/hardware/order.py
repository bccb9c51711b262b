# SPDX-License-Identifier: Apache-2.0
"""The order of work of a pass with several images, and what it costs by the schedule.

Layers before the *split* run image by image: their parameters are sent again for each image, and
hide behind the computation where maps are large. Layers from the split on run for all images of the
pass at once, so that their parameters are sent once. The image after next is loaded while layers
run: its LOAD block stands before layer ``load`` of the image before it.

    image by image   LOAD 0, then for each image i: layer 0, ..., LOAD i+1, layer load, ..., split-1
    together         layer split, ..., last layer
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ref_model.hardware.placement import Tensor, moments

RUN_CYCLES = 40
"""Cycles between two layers: the pipeline empties, the next block is taken. For estimates."""


@dataclass(frozen=True)
class LayerCost:
    """What a layer costs: ``cycles`` an image, ``beats`` of parameters a pass over them."""

    cycles: int
    beats: int


@dataclass(frozen=True)
class WorkOrder:
    """An order of work: ``split`` and ``load`` as above; ``alone[j]``: layer j runs image by image.

    Layers from the split on may run alone, too, where the weights of a channel group do not fit the
    weight memory.
    """

    batch: int
    split: int
    load: int
    alone: tuple[bool, ...]

    def cycles(self, costs: Sequence[LayerCost], load_cycles: int) -> int:
        """Estimated cycles of a pass, from the first image's first code to the last result."""
        spent = [
            self.batch * max(cost.cycles, cost.beats) if alone
            else max(self.batch * cost.cycles, cost.beats)
            for cost, alone in zip(costs, self.alone, strict=True)
        ]  # fmt: skip
        runs = sum(self.batch if alone else 1 for alone in self.alone)
        total = sum(spent) + runs * RUN_CYCLES + load_cycles
        if self.split == 0:
            return total + (self.batch - 1) * load_cycles
        hidden = sum(spent[self.load : self.split]) // self.batch
        return total + (self.batch - 1) * max(0, load_cycles - hidden)


def work_orders(batch: int, loops: Sequence[bool]) -> Iterator[WorkOrder]:
    """Every order of work for layers of which ``loops`` may not take several images at once."""
    layers = len(loops)
    if batch == 1:
        yield WorkOrder(1, layers, layers, (True,) * layers)
        return
    for split in range(layers + 1):
        alone = tuple(j < split or loop for j, loop in enumerate(loops))
        for load in range(1, split + 1) if split else (0,):
            yield WorkOrder(batch, split, load, alone)


@dataclass(frozen=True)
class Lifetime:
    """A tensor of the network: made by layer ``made`` (-1: the image), last used by ``used``.

    ``takes``: the tensor that its layer adds, when nothing keeps it from being written over that.
    """

    name: str
    size: int
    made: int
    used: int
    takes: str | None = None


def tensors_of(order: WorkOrder, lifetimes: Sequence[Lifetime]) -> list[Tensor] | None:
    """What has to be in the memory, and when; the moments are the layers.

    A tensor that is used after the split is there for all images; one that is used before it has
    one place, which every image takes again. None when the next image would come before the last
    use of the one before.
    """
    tensors = []
    together = {life.name: life.used >= order.split for life in lifetimes}
    for life in lifetimes:
        first = max(life.made, 0)
        alike = together.get(life.takes or "") == together[life.name]
        takes = life.takes if alike else None
        if together[life.name]:  # all images lie side by side
            start = 0 if life.made < order.split else life.made
            alive = moments(start, life.used)
            tensors.append(Tensor(life.name, order.batch * life.size, alive, takes))
            continue
        alive = moments(first, life.used)
        if life.made < 0 and order.batch > 1 and order.load < order.split:
            if order.load <= life.used:
                return None
            alive |= moments(order.load, order.split - 1)
        tensors.append(Tensor(life.name, life.size, alive, takes))
    return tensors
