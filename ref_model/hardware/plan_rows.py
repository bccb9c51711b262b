# SPDX-License-Identifier: Apache-2.0
"""A network that does not fit whole: its first layers in rows, the others as ever, with addresses.

The region of rows counts as one layer, the first, for the order of work and for the places of
tensors: all its rings are there while it runs, and what later layers read stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ref_model.hardware.blocks import Kernel, Ring
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import DoesNotFitError
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.memory_plan import (
    Placed,
    StoredTensor,
    choose_order,
    lifetimes_of,
    stored_tensors,
)
from ref_model.hardware.order import (
    RUN_CYCLES,
    LayerCost,
    Lifetime,
    WorkOrder,
    tensors_of,
    work_orders,
)
from ref_model.hardware.placement import needed_words
from ref_model.hardware.row_plan import RowImage, RowPlan, plan_rows
from ref_model.hardware.row_search import (
    RowProblem,
    Steps,
    least_words,
    pass_of,
    region_ends,
    region_of,
    search_rows,
)
from ref_model.hardware.row_shapes import IMAGE, RowLayer, row_layers
from ref_model.hardware.row_time import RowCost, row_cost
from ref_model.hardware.steps import Load, LoadRows, Run, RunRows
from ref_model.integer.network import INPUT, IntegerNetwork

MOST_BLOCKS = 0xFFFF
"""LAYER blocks, and LOADs, of one pass."""


@dataclass(frozen=True)
class PlanInRows:
    """How a network runs with its first layers in rows: what a `plan.Plan` is made of."""

    rows: RowPlan
    order: WorkOrder
    steps: tuple[Load | Run, ...]
    feature_words: int
    cycles: int


def row_problem(
    network: IntegerNetwork, config: CoreConfig, row_window: bool, layers: Sequence[LayerPlan],
    image_cycles: int, batch: int,
) -> RowProblem:  # fmt: skip
    """What the search has to know; ``layers`` as `layer_plan.plan_layers` gives them for rows.

    ``image_cycles`` are those of storing an image.
    """
    tensors = {x.name: x for x in stored_tensors(network, layers)}
    names = [INPUT, *(plan.last.name for plan in layers)]
    words = [tensors[name].words(config.pin, 1) if name in tensors else 0 for name in names]
    height = network.input_shape[1]
    return RowProblem(
        RowImage(height, row_window, layers[0].thinned),
        row_layers(layers), tuple(words), tuple(row_cost(plan, config) for plan in layers),
        -(-image_cycles // height), tuple(_tail_words(network, layers, config)),
        config.feature_depth, batch,
    )  # fmt: skip


def _tail_words(
    network: IntegerNetwork, layers: Sequence[LayerPlan], config: CoreConfig
) -> Iterator[int | None]:
    """Words that the layers from k on need, for every k, None where a region cannot end there."""
    lifetimes = lifetimes_of(network, layers, config)
    last_image = lifetimes[0].used
    if any(plan.layer.skip == INPUT for plan in layers):
        last_image = len(layers)  # only a layer's input may be stored while it runs
    full = next((j for j, x in enumerate(layers) if x.kernel is Kernel.FULL), len(layers))
    count = len(layers)
    order = WorkOrder(1, count, count, (True,) * count)
    for end in range(count + 1):
        if not last_image < end <= full:
            yield None
            continue
        left = [life for life in lifetimes if life.used >= end]
        yield max(needed_words(tensors_of(order, left) or [], count)[end:], default=0)


def plan_in_rows(
    network: IntegerNetwork, config: CoreConfig, problem: RowProblem, layers: Sequence[LayerPlan],
    costs: Sequence[LayerCost], steps: Steps, order: WorkOrder | None = None,
) -> PlanInRows:  # fmt: skip
    """The plan for ``problem`` with these ``steps``, of the image and of each layer of the region.

    ``costs`` are those of whole layers. ``order`` replaces the choice of an order of work, in which
    the region is layer 0. Raises DoesNotFitError when the tensors do not fit.
    """
    if problem.tail_words[len(steps) - 1] is None:
        name = layers[len(steps) - 2].fused.name
        raise DoesNotFitError(f"layer {name}: the layers up to here cannot run in rows")
    plan, end = plan_rows(region_of(problem, len(steps) - 1, steps)), len(steps) - 1
    batch = problem.images
    tensors = stored_tensors(network, layers)
    lifetimes = _region_lifetimes(tensors, lifetimes_of(network, layers, config), plan, config)
    loads = sum(load.taken[1] - load.taken[0] for load in plan.loads if load.behind < 0)
    reduced = [LayerCost(_region_cycles(problem, plan), 0), *costs[end:]]
    loops = [True, *(x.payload_shape.words(config) > config.weight_depth for x in layers[end:])]
    orders = [x for x in work_orders(batch, loops) if x.split] if order is None else [order]
    orders.sort(key=lambda x: x.cycles(reduced, loads * problem.image_row))
    placed, fewest = choose_order(orders, lifetimes, len(reduced), config.feature_depth)
    if placed is None:
        needed = max(needed_words(fewest or [], len(reduced)), default=0)
        raise DoesNotFitError(
            f"layer {layers[end - 1].fused.name}: with the layers up to it in rows the tensors "
            f"take {needed} words, the feature memory has {config.feature_depth}; no addresses "
            "were found for all of them"
        )
    found = tuple(_Steps(problem, plan, layers, lifetimes, placed).all())
    _check_blocks(found, batch)
    together = [cost for j, cost in enumerate(reduced) if j >= placed.order.split]
    shared = sum(max(batch * cost.cycles, cost.beats) + RUN_CYCLES for cost in together)
    work = pass_of(problem, plan, end + placed.order.split - 1, placed.order.load == 1)
    return PlanInRows(
        plan, placed.order, found, max(needed_words(placed.tensors, len(reduced))), work + shared
    )


def find_steps(network: IntegerNetwork, problem: RowProblem, layers: Sequence[LayerPlan]) -> Steps:
    """The best steps, or DoesNotFitError with what does not fit."""
    choice = search_rows(problem)
    if choice is None:
        raise too_large_in_rows(network.name, problem, layers)
    region = choice.plan.region
    return (region.load_step, *region.steps)


def fits_in_rows(problem: RowProblem) -> bool:
    """Whether some region fits, row by row."""
    return any(least_words(problem, end) <= problem.depth for end in region_ends(problem))


def too_large_in_rows(
    name: str, problem: RowProblem, layers: Sequence[LayerPlan]
) -> DoesNotFitError:
    """What does not fit even row by row, by how much, and at which layer."""
    ends = [end for end, words in enumerate(problem.tail_words) if words is not None]
    depth = problem.depth
    if not ends:
        return DoesNotFitError(
            f"network {name}: its layers cannot run in rows, as one of them adds the image or "
            f"reads all of it at once; whole maps do not fit the {depth} words of the feature "
            "memory"
        )
    needed, end = min((least_words(problem, end), end) for end in ends)
    return DoesNotFitError(
        f"layer {layers[end - 1].fused.name}: even row by row the tensors take {needed} words; "
        f"the feature memory has {depth}, {needed - depth} too few"
    )


def _check_blocks(steps: Sequence[Load | Run], batch: int) -> None:
    runs = sum(isinstance(step, Run) for step in steps)
    most = max(runs, len(steps) - runs)
    if most > MOST_BLOCKS:
        raise DoesNotFitError(
            f"a pass of {batch} images takes {most} blocks of one kind, the stream format has room "
            f"for {MOST_BLOCKS}: use a batch of at most {batch * MOST_BLOCKS // most}"
        )


def _region_cycles(problem: RowProblem, plan: RowPlan) -> int:
    """Cycles of the region's blocks, one after another."""
    costs: Sequence[RowCost] = problem.costs
    return sum(
        max(costs[x.layer].cycles(*x.block.array), costs[x.layer].beats) + RUN_CYCLES
        for x in plan.blocks
    )


def _region_lifetimes(
    tensors: Sequence[StoredTensor], lifetimes: Sequence[Lifetime], plan: RowPlan,
    config: CoreConfig,
) -> list[Lifetime]:  # fmt: skip
    """The lifetimes with the region as moment 0, and its tensors with the rows of their rings."""
    end = len(plan.region.layers)
    found = []
    for tensor, life in zip(tensors, lifetimes, strict=True):
        inside = life.made < end
        size = tensor.words(config.pin, plan.ring(tensor.made)) if inside else life.size
        made = life.made if life.made < 0 else max(life.made - end + 1, 0)
        used = max(life.used - end + 1, 0)
        takes = None if inside else life.takes
        found.append(replace(life, size=size, made=made, used=used, takes=takes))
    return found


class _Steps:
    """Makes the steps of a pass."""

    def __init__(
        self, problem: RowProblem, plan: RowPlan, layers: Sequence[LayerPlan],
        lifetimes: Sequence[Lifetime], placed: Placed,
    ) -> None:  # fmt: skip
        self._plan, self._layers, self._order = plan, layers, placed.order
        self._rows: Sequence[RowLayer] = problem.layers
        self._size = {life.name: life.size for life in lifetimes}
        self._base = dict(zip(self._size, placed.bases, strict=True))
        self._together = {life.name for life in lifetimes if life.used >= placed.order.split}
        self._names = [INPUT, *(layer.last.name for layer in layers)]

    def all(self) -> Iterator[Load | Run]:
        """The steps in order. The region is layer 0 of the order.

        Behind the region the image's place may be another tensor's: the first layer there waits for
        the rows, too, that no layer reads.
        """
        order, end = self._order, len(self._plan.region.layers)
        loads = len(self._plan.loads)

        yield from self._loads(0, -1)
        for image in range(order.batch):
            following = image + 1 < order.batch
            for number, run in enumerate(self._region(image)):
                yield run
                yield from self._loads(image, number)
                if following and order.load == 1 and number == self._plan.image_read:
                    yield from self._loads(image + 1, -1)
            for index in range(1, order.split):
                if following and index == order.load > 1:
                    yield from self._loads(image + 1, -1)
                waits = (image + 1) * loads if index == 1 else 0
                yield self._run(end + index - 1, image, 1, waits)
            if following and order.load == order.split > 1:
                yield from self._loads(image + 1, -1)

        for index in range(order.split, len(order.alone)):
            layer = end + index - 1
            for image in range(order.batch) if order.alone[index] else (0,):
                waits = order.batch * loads if (index, image) == (order.split, 0) else 0
                yield self._run(layer, image, 1 if order.alone[index] else order.batch, waits)

    def _loads(self, image: int, behind: int) -> Iterator[Load]:
        """The LOADs of an image that stand behind a block of it."""
        ring = self._plan.ring(IMAGE)
        for load in self._plan.loads:
            if load.behind == behind:
                kept = Ring(ring, load.rows[0] % ring)
                rows = LoadRows(load.taken, load.rows, kept, load.first, load.last)
                yield Load(image, self._base[INPUT], rows)

    def _region(self, image: int) -> Iterator[Run]:
        before = image * len(self._plan.loads)
        for row_block in self._plan.blocks:
            index, block = row_block.layer, row_block.block
            layer = self._rows[index]
            raw = self._layers[index].last.raw
            reads_image = IMAGE in (layer.source, layer.skip)
            loads = before + row_block.loads if reads_image else 0
            rows = RunRows(
                block,
                self._place(layer.source, block.inputs[0]),
                None if raw else self._place(index, block.rows[0]),
                None if layer.skip is None else self._place(layer.skip, block.array[0]),
            )
            yield self._run(index, image, 1, loads, rows)

    def _place(self, tensor: int, row: int) -> Ring:
        ring = self._plan.ring(tensor)
        return Ring(ring, row % ring)

    def _run(
        self, index: int, image: int, images: int, loads: int = 0, rows: RunRows | None = None
    ) -> Run:
        plan = self._layers[index]
        source = self._address(plan.fused.reads, image)
        target = (0, 0) if plan.last.raw else self._address(plan.last.name, image)
        skip = (0, 0) if plan.layer.skip is None else self._address(plan.layer.skip, image)
        return Run(
            index, image, images, *source, *target, *skip, loads, rows
        )  # fmt: skip

    def _address(self, name: str, image: int) -> tuple[int, int]:
        """First word of a tensor of an image, and the words to the next image's."""
        base = self._base[name]
        if name not in self._together:
            return base, 0
        size = self._size[name]
        return base + image * size, size
