# SPDX-License-Identifier: Apache-2.0
"""When each layer of a planned pass runs: the estimate that takes the parameters' way into account.

`Plan.cycles` compares orders of work and reckons each layer by itself. Here the steps of the pass
follow each other as in the core:

- The parser takes a layer's block when the layer before it has started, so its parameters come
  while that one runs, a beat a cycle. It stops where the weight memory is full.
- The loader stores images beside the array; a LOAD waits for the layers in front of it.
- A layer starts when the one before it has ended and the images that it waits for are stored. It
  ends when the array is through, and not before its last parameters have come.

No step waits for a stream's partner: parameters, images and results flow without a pause.
"""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.core_config import ceil_div
from ref_model.hardware.order import RUN_CYCLES
from ref_model.hardware.plan import Plan, load_cycles
from ref_model.hardware.row_time import PARSE_CYCLES, RowCost, row_cost
from ref_model.hardware.steps import Load, Run


@dataclass(frozen=True)
class LayerTime:
    """A layer in a pass: ``cycles`` from the end of the block before to the end of its own, all
    blocks and images together; ``starved`` of them for want of parameters.
    """

    name: str
    cycles: int
    starved: int


@dataclass(frozen=True)
class PassTime:
    """A pass: ``cycles`` from the first code to the last result, those of each layer, and the
    cycles in which the ``first`` layer waits for the image.
    """

    cycles: int
    layers: tuple[LayerTime, ...]
    first: int


def pass_time(plan: Plan) -> PassTime:
    """When the layers of ``plan`` run; cycles for the whole pass over ``plan.batch`` images."""
    costs = [row_cost(layer, plan.config) for layer in plan.layers]
    image = load_cycles(plan.network, plan.config)
    height = plan.network.input_shape[1]
    spent, starved = [0] * len(costs), [0] * len(costs)
    stored: list[int] = []
    loader = parsed = before = end = first = 0
    for step in plan.steps:
        if isinstance(step, Load):
            taken = height if step.rows is None else step.rows.taken[1] - step.rows.taken[0]
            loader = max(loader, end) + ceil_div(image * taken, height)
            stored.append(loader)
            continue
        cost, capacity = costs[step.layer], _share_kept(plan, step.layer)
        work = _cycles(step, cost, plan.layers[step.layer].source[1])
        parsed = max(parsed, before) + PARSE_CYCLES + cost.beats
        start = max(end, stored[step.loads - 1]) if step.loads else end
        first += start - end if step.layer == 0 else 0
        arrived = max(parsed, start + round(cost.beats * (1 - capacity)))
        stop = max(start + work, arrived) + RUN_CYCLES
        spent[step.layer] += stop - start
        starved[step.layer] += max(0, arrived - start - work)
        parsed = max(arrived, stop - round(work * capacity))
        before, end = start, stop
    layers = tuple(
        LayerTime(layer.fused.name, cycles, late)
        for layer, cycles, late in zip(plan.layers, spent, starved, strict=True)
    )
    return PassTime(end, layers, first)


def _cycles(run: Run, cost: RowCost, height: int) -> int:
    """Cycles of the array in a step, as long as its results take to leave."""
    if run.rows is not None:
        return cost.cycles(*run.rows.block.array)
    return run.images * cost.cycles(0, len(cost.until) - 1)


def _share_kept(plan: Plan, index: int) -> float:
    """Share of a layer's weights that can lie in the weight memory before they are used.

    The words of the channel group that runs are given back when it ends.
    """
    shape, depth = plan.layers[index].payload_shape, plan.config.weight_depth
    words = shape.words(plan.config)
    total = words * shape.groups(plan.config)
    return 1.0 if total <= depth else max(0, depth - words) / total
