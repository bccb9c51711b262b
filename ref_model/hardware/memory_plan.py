# SPDX-License-Identifier: Apache-2.0
"""Which tensors a network keeps, how long, and the first order of work for which they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import DoesNotFitError
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.layout import digits_of, tensor_word_count
from ref_model.hardware.order import Lifetime, WorkOrder, tensors_of
from ref_model.hardware.placement import Tensor, alive_in, needed_words, place
from ref_model.integer.network import INPUT, IntegerNetwork, Shape


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in the feature memory.

    Layer ``made`` makes it (-1: the image), layers ``readers`` read or add it.
    """

    name: str
    shape: Shape
    bits: int
    made: int
    readers: tuple[int, ...]

    @property
    def used(self) -> int:
        """The last layer that has to do with it."""
        return max([self.made, 0, *self.readers])

    def words(self, pin: int, rows: int | None = None) -> int:
        """Words of it, or of some of its rows."""
        channels, height, width = self.shape
        return tensor_word_count(
            (channels, height if rows is None else rows, width), self.bits, pin
        )


@dataclass(frozen=True)
class Placed:
    """An order of work, its tensors, and their addresses."""

    order: WorkOrder
    tensors: tuple[Tensor, ...]
    bases: tuple[int, ...]


def stored_tensors(network: IntegerNetwork, layers: Sequence[LayerPlan]) -> list[StoredTensor]:
    """The image and the output of every layer but the last."""
    tensors = {INPUT: (-1, layers[0].source, network.input_bits)}
    for index, plan in enumerate(layers[:-1]):
        tensors[plan.last.name] = index, plan.output, plan.last.output_bits or 0
    found = []
    for name, (made, shape, bits) in tensors.items():
        readers = (j for j, x in enumerate(layers) if name in (x.fused.reads, x.layer.skip))
        found.append(StoredTensor(name, shape, bits, made, tuple(readers)))
    return found


def taken_places(tensors: Sequence[StoredTensor], layers: Sequence[LayerPlan]) -> dict[str, str]:
    """For results that may be written over the tensor that their layer adds: that tensor's name.

    It is read for the last time by that layer, and not as its input; both have one form.
    """
    known = {tensor.name: tensor for tensor in tensors if tensor.name != INPUT}
    found = {}
    for index, plan in enumerate(layers):
        added, result = known.get(plan.layer.skip or ""), known.get(plan.last.name)
        if added is None or result is None or plan.last.pool > 1 or added.used != index:
            continue
        alike = added.shape == result.shape and digits_of(added.bits) == digits_of(result.bits)
        if alike and plan.fused.reads != added.name:
            found[result.name] = added.name
    return found


def lifetimes_of(
    network: IntegerNetwork, layers: Sequence[LayerPlan], config: CoreConfig
) -> list[Lifetime]:
    """How long each stored tensor is needed; the moments are the layers."""
    tensors = stored_tensors(network, layers)
    takes = taken_places(tensors, layers)
    return [
        Lifetime(x.name, x.words(config.pin), x.made, x.used, takes.get(x.name)) for x in tensors
    ]


def choose_order(
    orders: Sequence[WorkOrder], lifetimes: Sequence[Lifetime], moments: int, depth: int
) -> tuple[Placed | None, list[Tensor] | None]:
    """The first order that fits, and the tensors of the one that needs the fewest words.

    None for both when no order is possible.
    """
    fewest: tuple[int, list[Tensor]] | None = None
    for candidate in orders:
        tensors = tensors_of(candidate, lifetimes)
        if tensors is None:
            continue
        needed = max(needed_words(tensors, moments))
        if fewest is None or needed < fewest[0]:
            fewest = needed, tensors
        if needed <= depth:
            bases = place(tensors, depth)
            if bases is not None:
                return Placed(candidate, tuple(tensors), tuple(bases)), tensors
    return None, fewest[1] if fewest else None


def too_large(
    network: str, depth: int, tensors: Sequence[Tensor] | None, layers: Sequence[LayerPlan]
) -> DoesNotFitError:
    """What does not fit, and by how much, where the least has to be kept."""
    if tensors is None:
        return DoesNotFitError(f"network {network}: this order of work is impossible")
    needed = needed_words(tensors, len(layers))
    worst = max(range(len(needed)), key=needed.__getitem__)
    parts = ", ".join(f"{tensor.name} {tensor.size}" for tensor in alive_in(tensors, worst))
    name = layers[worst].fused.name
    text = f"layer {name}: the tensors that are needed while it runs take {needed[worst]} words"
    if needed[worst] <= depth:
        return DoesNotFitError(
            f"{text} ({parts}) of {depth}, but no addresses were found for all of them"
        )
    return DoesNotFitError(
        f"{text} ({parts}); the feature memory has {depth}, {needed[worst] - depth} too few"
    )
