# SPDX-License-Identifier: Apache-2.0
"""How a core runs a network: kernels, the order of work, and the place of every tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import BLOCK_BYTES
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import DoesNotFitError
from ref_model.hardware.layer_plan import LayerPlan, plan_layers
from ref_model.hardware.memory_plan import choose_order, lifetimes_of, too_large
from ref_model.hardware.order import LayerCost, Lifetime, WorkOrder, work_orders
from ref_model.hardware.placement import needed_words
from ref_model.hardware.plan_rows import (
    find_steps,
    fits_in_rows,
    plan_in_rows,
    row_problem,
    too_large_in_rows,
)
from ref_model.hardware.row_plan import RowPlan
from ref_model.hardware.row_search import Steps
from ref_model.hardware.schedule import LayerSchedule, row_costs, words_and_cycles
from ref_model.hardware.steps import Load, Run
from ref_model.integer.network import INPUT, IntegerNetwork

MAX_BATCH = 256
"""Most images of one pass that are planned for."""

ROW_PAUSE = 2
"""Cycles in which the loader takes no code, in front of each row of a channel group."""


@dataclass(frozen=True)
class Plan:
    """How a network runs on one core. ``row_window``: the image is stored as 3C channels.

    ``layers`` are fewer than the network's where depthwise layers run behind others.

    ``steps`` is the order of work of a pass over ``batch`` images, ``order`` how it came about.
    """

    network: IntegerNetwork
    config: CoreConfig
    row_window: bool
    layers: tuple[LayerPlan, ...]
    batch: int
    order: WorkOrder
    steps: tuple[Load | Run, ...]
    feature_words: int
    """Words of the feature memory in use at the fullest moment."""
    cycles: int
    """Estimated cycles of a pass, from the first image's first code to the last result."""
    rows: RowPlan | None = None
    """How the first layers run in rows; None where all tensors are kept whole."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """The steps that run a layer."""
        return tuple(step for step in self.steps if isinstance(step, Run))

    @property
    def packet_bytes(self) -> int:
        """Length of the parameter packet."""
        payloads = [plan.payload_shape.bytes(self.config) for plan in self.layers]
        blocks = len(self.steps) + 2  # PROGRAM and END
        return blocks * BLOCK_BYTES + sum(payloads[run.layer] for run in self.runs)


def plan_network(
    network: IntegerNetwork, config: CoreConfig, batch: int = 1, order: WorkOrder | None = None
) -> Plan:
    """Choose kernels, the order of work for ``batch`` images a pass, and addresses.

    Tensors are kept whole where they fit, otherwise the first layers run in blocks of rows; with
    an ``order`` of work for whole tensors that is taken.
    Raises UnsupportedNetworkError, naming the layer, for a layer that the core does not run, an
    accumulator, a weight group or tensors that do not fit (with what is missing), and ValueError
    for a batch outside 1..MAX_BATCH.
    """
    try:
        return plan_whole(network, config, batch, order)
    except DoesNotFitError:
        if order is not None:
            raise
    return plan_network_in_rows(network, config, batch)


def plan_whole(
    network: IntegerNetwork, config: CoreConfig, batch: int = 1, order: WorkOrder | None = None
) -> Plan:
    """`plan_network` with every tensor whole.

    The order of work is the one of the smallest estimate of those that fit the memory, or
    ``order``. Raises DoesNotFitError where none does, and as `plan_network`.
    """
    _check_batch(batch)
    row_window, layers = plan_layers(network, config)
    lifetimes = lifetimes_of(network, layers, config)
    orders = [order] if order else _orders(network, config, batch, layers)
    depth = config.feature_depth
    placed, fewest = choose_order(orders, lifetimes, len(layers), depth)
    if placed is None:
        raise too_large(network.name, depth, fewest, layers)
    places = {
        life.name: (base, life.size) for life, base in zip(lifetimes, placed.bases, strict=True)
    }
    return Plan(
        network, config, row_window, layers, batch, placed.order,
        tuple(_steps(placed.order, layers, lifetimes, places)),
        max(needed_words(placed.tensors, len(layers))),
        placed.order.cycles([_cost(x, config) for x in layers], load_cycles(network, config)),
    )  # fmt: skip


def plan_network_in_rows(
    network: IntegerNetwork, config: CoreConfig, batch: int = 1, steps: Steps | None = None,
    order: WorkOrder | None = None,
) -> Plan:  # fmt: skip
    """`plan_network` with the first layers in blocks of rows, whether all would fit whole or not.

    ``steps`` are rows of a LOAD and of a block of each layer of the region, which ends where they
    do; by default they are searched for, once for a network and core. ``order`` counts the region
    as layer 0.
    """
    _check_batch(batch)
    row_window, layers = plan_layers(network, config, in_rows=True)
    loading = load_cycles(network, config)
    problem = row_problem(network, config, row_window, layers, loading, batch)
    if steps is None:
        known = _STEPS.setdefault(network, {})
        key = config, batch > 1
        if key not in known:
            known[key] = find_steps(network, problem, layers)
        steps = known[key]
    costs = [_cost(plan, config) for plan in layers]
    found = plan_in_rows(network, config, problem, layers, costs, steps, order)
    return Plan(
        network, config, row_window, layers, batch, found.order, found.steps, found.feature_words,
        found.cycles, found.rows,
    )  # fmt: skip


def check_network(network: IntegerNetwork, config: CoreConfig) -> None:
    """Raise as `plan_network` would for one image a pass, without a search for the best plan."""
    try:
        plan_whole(network, config)
    except DoesNotFitError:
        row_window, layers = plan_layers(network, config, in_rows=True)
        loading = load_cycles(network, config)
        problem = row_problem(network, config, row_window, layers, loading, 1)
        if not fits_in_rows(problem):
            raise too_large_in_rows(network.name, problem, layers) from None


_STEPS: WeakKeyDictionary[IntegerNetwork, dict[tuple[CoreConfig, bool], Steps]] = (
    WeakKeyDictionary()
)
"""Steps that were searched for; a network never changes."""


def _check_batch(batch: int) -> None:
    if not 1 <= batch <= MAX_BATCH:
        raise ValueError(f"a batch of {batch} images is not in 1..{MAX_BATCH}")


def schedule_network(plan: Plan) -> tuple[LayerSchedule, ...]:
    """The schedule of every layer for one image, with the rows that blocks make twice."""
    return tuple(_schedule(plan, index) for index in range(len(plan.layers)))


def _schedule(plan: Plan, index: int) -> LayerSchedule:
    layer = plan.layers[index]
    blocks = () if plan.rows is None else plan.rows.blocks
    made = [slice(*x.block.array) for x in blocks if x.layer == index] or [slice(None)]

    def total(rows: npt.NDArray[np.int64]) -> int:
        return sum(int(rows[part].sum()) for part in made)

    words, cycles = row_costs(layer.work, plan.config)
    alone = row_costs(layer.work.alone(), plan.config)[1]
    return LayerSchedule(layer.fused.name, layer.macs, total(words), total(cycles), total(alone))


def orders_of(network: IntegerNetwork, config: CoreConfig, batch: int) -> list[WorkOrder]:
    """Orders of work for ``batch`` images a pass, the cheapest first, whether they fit or not."""
    return _orders(network, config, batch, plan_layers(network, config)[1])


def _orders(
    network: IntegerNetwork, config: CoreConfig, batch: int, layers: Sequence[LayerPlan]
) -> list[WorkOrder]:
    costs = [_cost(plan, config) for plan in layers]
    loops = [_runs_alone(plan, config) for plan in layers]
    loading = load_cycles(network, config)
    return sorted(work_orders(batch, loops), key=lambda order: order.cycles(costs, loading))


def _cost(plan: LayerPlan, config: CoreConfig) -> LayerCost:
    """Cycles and parameter beats of a layer."""
    size = plan.payload_shape.bytes(config) + BLOCK_BYTES
    return LayerCost(words_and_cycles(plan.work, config)[1], ceil_div(8 * size, config.param_width))


def load_cycles(network: IntegerNetwork, config: CoreConfig) -> int:
    """Cycles that storing an image takes: one a pixel of a channel group and a beat of its codes.

    In front of each row of a channel group the loader pauses.
    """
    channels, height, width = network.input_shape
    at_once = min(config.data_width // 8, config.pin)
    row = 0
    for first in range(0, channels, config.pin):
        codes = min(config.pin, channels - first)
        row += ROW_PAUSE + width * ceil_div(codes, at_once)
    return height * row


def _runs_alone(plan: LayerPlan, config: CoreConfig) -> bool:
    """Whether a group's weights are too many to be kept for several images."""
    return plan.payload_shape.words(config) > config.weight_depth


def _steps(
    order: WorkOrder,
    layers: Sequence[LayerPlan],
    lifetimes: Sequence[Lifetime],
    places: dict[str, tuple[int, int]],
) -> Iterator[Load | Run]:
    """The order of work with addresses."""
    together = {life.name for life in lifetimes if life.used >= order.split}

    def base(name: str, image: int) -> tuple[int, int]:
        start, size = places[name]
        return (start + image * size, size) if name in together else (start, 0)

    loads = 0

    def load(image: int) -> Load:
        nonlocal loads
        loads = image + 1
        return Load(image, base(INPUT, image)[0])

    def run(index: int, image: int, images: int) -> Run:
        plan = layers[index]
        target = (0, 0) if plan.last.raw else base(plan.last.name, image)
        skip = (0, 0) if plan.layer.skip is None else base(plan.layer.skip, image)
        source = base(plan.fused.reads, image)
        waits = loads if index == 0 else 0
        return Run(index, image, images, *source, *target, *skip, waits)

    if order.split:
        yield load(0)
        for image in range(order.batch):
            for index in range(order.split):
                if index == order.load and image + 1 < order.batch:
                    yield load(image + 1)
                yield run(index, image, 1)
            if order.load == order.split and image + 1 < order.batch:
                yield load(image + 1)
    else:
        for image in range(order.batch):
            yield load(image)
    for index in range(order.split, len(layers)):
        if order.alone[index]:
            for image in range(order.batch):
                yield run(index, image, 1)
        else:
            yield run(index, 0, order.batch)
