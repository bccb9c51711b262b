# SPDX-License-Identifier: Apache-2.0
"""From operations to layers: what becomes one integer layer, and who reads whom.

A convolution or linear layer takes in what follows it, in this order: BatchNorm, the addition of
another tensor, a 2x2 max pool and the activation (the last two in either order). That is possible
while nothing else reads the tensor between, which then never exists. Two tensors that both exist
are added by a 1x1 layer that hands one of them on (`handing_on`).
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ref_model.training.conversion.operations import (
    IMAGE,
    Activation,
    Addition,
    Average,
    Convolution,
    Flatten,
    Linear,
    MaxPool,
    Norm,
    Operation,
    Shape,
)
from ref_model.training.conversion.refusals import refuse


@dataclass
class Draft:
    """A layer in the making.

    ``source`` and ``skip`` are the operations whose results it reads and adds (`IMAGE` for the
    image). ``source_shape`` is (C, H, W) of what it reads. ``average``: it reads the mean of each
    channel. ``handed_on``: the model has no such layer, it is there for an addition.
    """

    operation: Convolution | Linear
    source: int
    source_shape: Shape
    average: bool = False
    norm: Norm | None = None
    skip: int | None = None
    pool: bool = False
    activation: Activation | None = None
    handed_on: bool = False

    @property
    def place(self) -> str:
        """Words for a message."""
        return self.operation.place

    @property
    def depthwise(self) -> bool:
        """Whether every channel has one filter of its own."""
        return isinstance(self.operation, Convolution) and self.operation.groups > 1

    @property
    def takes_skip(self) -> bool:
        """Whether an addition can become a part of this layer."""
        plain = isinstance(self.operation, Convolution) and not self.depthwise
        return plain and self.skip is None and not self.pool and self.activation is None


def make_drafts(operations: Sequence[Operation], image: Shape) -> list[tuple[int, Draft]]:
    """The layers, each behind those that it reads, with the operation that gives its result.

    The last one is the classifier. ``image`` is (C, H, W). Raises UnsupportedLayerError for an
    order of operations that makes no layers.
    """
    folding = _Folding(operations, image)
    for index in range(len(operations)):
        folding.take(index)
    return folding.finish()


def handing_on(place: str, path: str, shape: Shape) -> Convolution:
    """The 1x1 convolution whose result is its input, of ``shape`` (C, H, W)."""
    weight = torch.eye(shape[0])[:, :, None, None]
    return Convolution(place, path, (), shape, weight, None, 1, 0, 1)


class _Folding:
    """``drafts`` by the operation that gives their result so far."""

    def __init__(self, operations: Sequence[Operation], image: Shape) -> None:
        self.operations = operations
        self.image = image
        self.drafts: dict[int, Draft] = {}
        self.averages: dict[int, int] = {}
        self.flat: dict[int, int] = {}
        self.readers = Counter(source for x in operations for source in x.inputs)

    def take(self, index: int) -> None:
        """Give operation ``index`` its place in a layer."""
        operation = self.operations[index]
        match operation:
            case Convolution() | Linear():
                self.drafts[index] = self._begin(operation)
            case Norm():
                self.drafts[index] = self._norm(operation)
            case Addition():
                self.drafts[index] = self._add(operation)
            case MaxPool():
                self.drafts[index] = self._pool(operation)
            case Activation():
                self.drafts[index] = self._activate(operation)
            case Average():
                self.averages[index] = self._tensor(operation)
            case Flatten():
                source = operation.inputs[0]
                if source in self.averages:
                    self.averages[index] = self.averages[source]
                else:
                    self.flat[index] = self._tensor(operation)

    def finish(self) -> list[tuple[int, Draft]]:
        """All layers in an order in which they can run."""
        last = len(self.operations) - 1
        while last in self.flat:
            last = self.flat[last]
        classifier = self.drafts.get(last)
        if classifier is None or not isinstance(classifier.operation, Linear):
            raise refuse(
                self.operations[-1].place,
                "the last layer is no linear one",
                "end in nn.Linear, which gives one number a class",
            )
        for part in (classifier.norm, classifier.activation):
            if part is not None:
                raise refuse(
                    part.place, "it follows the last layer", "end in nn.Linear, with nothing behind"
                )
        for index, draft in self.drafts.items():
            if draft.average and index != last:
                raise refuse(
                    draft.place,
                    "it reads an average, and is not the last layer",
                    "let one nn.Linear follow the average pool",
                )
        for draft in self.drafts.values():
            self._check_zero(draft)
        # What a layer reads was there before the operation that gives its result.
        return sorted(self.drafts.items(), key=operator.itemgetter(0))

    def _begin(self, operation: Convolution | Linear) -> Draft:
        source = operation.inputs[0]
        if source in self.averages:
            if not isinstance(operation, Linear):
                raise self._averaged(operation)
            read = self.averages[source]
            return Draft(operation, read, self._map(read), average=True)
        read = self.flat.get(source, source)
        shape = self._map(read)
        if isinstance(operation, Convolution) and operation.groups > 1 and read == IMAGE:
            raise refuse(
                operation.place,
                "a depthwise layer reads the image, whose codes have 8 bits",
                "begin with a convolution of groups=1",
            )
        return Draft(operation, read, shape)

    def _norm(self, operation: Norm) -> Draft:
        draft = self._open(operation)
        parts = (draft.norm, draft.skip, draft.activation)
        if draft.pool or any(part is not None for part in parts):
            raise refuse(
                operation.place,
                "BatchNorm does not follow a convolution or linear layer directly",
                "put it between that layer and its activation",
            )
        return replace(draft, norm=operation)

    def _pool(self, operation: MaxPool) -> Draft:
        draft = self._open(operation)
        if draft.pool:
            raise refuse(
                operation.place,
                "a second pool of one layer",
                "pool once behind each convolution, or use a convolution of stride 2",
            )
        if isinstance(draft.operation, Linear):
            raise refuse(operation.place, "a pool of a linear layer's result", "leave it out")
        return replace(draft, pool=True)

    def _activate(self, operation: Activation) -> Draft:
        draft = self._open(operation)
        if draft.activation is None:
            return replace(draft, activation=operation)
        ceilings = [draft.activation.ceiling, operation.ceiling]
        known = [ceiling for ceiling in ceilings if ceiling is not None]
        lowest = min(known, default=None)
        return replace(draft, activation=replace(draft.activation, ceiling=lowest))

    def _add(self, operation: Addition) -> Draft:
        """A layer whose result is the sum: one of both it ends, or a new one."""
        sources = [self._tensor(operation, source) for source in operation.inputs]
        hosts = [x for x in sources if self._is_open(x) and self.drafts[x].takes_skip]
        if sources[0] == sources[1]:
            hosts = []
        if hosts:
            # the larger kernel, as papers draw it; of equal ones the later
            host = max(hosts, key=lambda x: (self._kernel(x), x))
            skip = sources[1] if host == sources[0] else sources[0]
            return replace(self.drafts.pop(host), skip=skip)
        read, skip = sources
        path = f"{operation.path}.add" if operation.path else "add"
        layer = handing_on(operation.place, path, self._map(read))
        return Draft(layer, read, self._map(read), skip=skip, handed_on=True)

    def _kernel(self, index: int) -> int:
        return self.drafts[index].operation.weight[0, 0].numel()

    def _is_open(self, index: int) -> bool:
        """Whether the result of a draft so far is read once, so that it need not exist."""
        return index in self.drafts and self.readers[index] == 1

    def _open(self, operation: Operation) -> Draft:
        """The draft that ``operation`` becomes a part of."""
        source = operation.inputs[0]
        kind = type(operation).__name__
        words = {"Norm": "BatchNorm", "MaxPool": "a max pool", "Activation": "an activation"}
        if source in self.averages or source in self.flat:
            raise refuse(
                operation.place,
                f"{words[kind]} behind an average or a flattened map",
                "put it before them",
            )
        if source == IMAGE:
            raise refuse(
                operation.place,
                f"{words[kind]} of the image itself",
                "begin with a convolution; a normalisation of the image belongs before the model "
                "(quantize takes mean= and std=)",
            )
        if not self._is_open(source):
            raise refuse(
                operation.place,
                f"{words[kind]} of a tensor that is also read without it "
                f"({self.drafts[source].place})",
                "let everything read the one or the other",
            )
        return self.drafts.pop(source)

    def _tensor(self, operation: Operation, source: int | None = None) -> int:
        """The tensor that ``operation`` reads: a map that exists."""
        source = operation.inputs[0] if source is None else source
        if source in self.averages:
            raise self._averaged(operation)
        return self.flat.get(source, source)

    def _averaged(self, operation: Operation) -> Exception:
        return refuse(
            operation.place,
            "it reads an average",
            "let one nn.Linear, the last layer, follow the average pool",
        )

    def _map(self, index: int) -> Shape:
        """Shape (C, H, W) of a tensor; a vector is a map of one position."""
        shape = self.image if index == IMAGE else self.operations[index].shape
        return shape if len(shape) == 3 else (*shape, 1, 1)

    def _check_zero(self, draft: Draft) -> None:
        """Refuse zero padding of a tensor whose code 0 does not mean 0."""
        if not isinstance(draft.operation, Convolution) or not draft.operation.padding:
            return
        if draft.source != IMAGE and self.drafts[draft.source].activation is None:
            raise refuse(
                draft.place,
                f"it pads the result of {self.drafts[draft.source].place}, which has no activation "
                "and so has negative numbers",
                "put nn.ReLU between them; 1x1 and linear layers and additions can read such "
                "results",
            )
