# SPDX-License-Identifier: Apache-2.0
"""Plans in rows, carried out: every row of every tensor is the reference model's, and rings, LOADs
and flags are no larger, no earlier and no other than they have to be.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ref_model.hardware.blocks import Ring
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.plan import Plan
from ref_model.hardware.row_shapes import IMAGE, BlockRows, row_layers
from ref_model.hardware.steps import Load, Run
from ref_model.integer import IntegerNetwork, run_network
from tb.support.row_executor import Executor, WrongRowsError
from tb.support.row_networks import random_row_plan

LARGE: dict[str, Any] = {"feature_depth": 1 << 17, "max_pool_width": 512}
Steps = Sequence[Load | Run]


class Case:
    """A random network, a random plan, images, and what has to come out."""

    def __init__(self, seed: int, pin: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.config = CoreConfig(pin, 8, **LARGE)
        self.batch = 1 + seed % 3
        self.network, self.plan = random_row_plan(self.rng, self.config, self.batch)
        shape = (self.batch, *self.network.input_shape)
        self.images = self.rng.integers(0, 2**self.network.input_bits, shape)
        self.expected = run_network(self.network, self.images, judge=True, workers=1)

    def carry_out(self, when: Any = "early", steps: Steps | None = None) -> int:
        """Codes compared; WrongRowsError at the first wrong one."""
        plan = self.plan if steps is None else replace(self.plan, steps=tuple(steps))
        executor = Executor(plan, self.images, self.expected, when)
        executor.run()
        return executor.codes


def cases(pin: int, first: int, count: int) -> Iterator[Case]:
    for seed in range(first, first + count):
        yield Case(1_000_000 * pin + seed, pin)


@pytest.mark.parametrize("pin", [4, 8, 16])
def test_every_row_is_the_reference_models(pin: int) -> None:
    """LOADs as early as they may run, as late, and anywhere between."""
    codes = 0
    for case in cases(pin, 0, 15):
        codes += sum(case.carry_out(when) for when in ("early", "late", case.rng))
    assert codes > 30_000


@pytest.mark.slow
@pytest.mark.parametrize("pin", [4, 8, 16])
def test_every_row_of_many_more_networks(pin: int) -> None:
    for case in cases(pin, 100_000, 1000):
        for when in ("early", "late", case.rng):
            case.carry_out(when)


def with_ring(plan: Plan, tensor: int, rows: int) -> Iterator[Load | Run]:
    """The steps with another ring for a layer's result that is kept in part."""
    layers = row_layers(plan.layers)
    for step in plan.steps:
        if isinstance(step, Load) or step.rows is None:
            yield step
            continue
        layer, found, block = layers[step.layer], step.rows, step.rows.block
        if layer.source == tensor:
            found = replace(found, source=Ring(rows, block.inputs[0] % rows))
        if layer.skip == tensor:
            found = replace(found, skip=Ring(rows, block.array[0] % rows))
        if step.layer == tensor:
            found = replace(found, output=Ring(rows, block.rows[0] % rows))
        yield replace(step, rows=found)


def test_a_ring_of_one_row_less_is_noticed() -> None:
    tried = 0
    for case in cases(8, 200, 45):
        rows = case.plan.rows
        assert rows is not None
        for tensor, layer in enumerate(rows.region.layers):
            ring = rows.ring(tensor)
            if tensor in rows.region.whole or not 1 < ring < layer.height:
                continue
            case.carry_out(steps=list(with_ring(case.plan, tensor, ring)))
            with pytest.raises(WrongRowsError):
                case.carry_out(steps=list(with_ring(case.plan, tensor, ring - 1)))
            tried += 1
    assert tried > 20


def test_a_load_one_block_early_is_noticed() -> None:
    """Of LOADs behind a block that reads the rows which they overwrite; but for chance."""
    tried = noticed = 0
    for case in cases(8, 300, 20):
        steps, layers, rows = case.plan.steps, row_layers(case.plan.layers), case.plan.rows
        assert rows is not None
        free = {load.rows for load in rows.loads if load.behind < 0}
        for index in range(1, len(steps)):
            before, load = steps[index - 1], steps[index]
            if not isinstance(load, Load) or not isinstance(before, Run):
                continue
            layer = layers[before.layer]
            between = not layer.halo and layer.stride == 2  # rows that no block reads
            if load.rows is None or load.rows.stored in free or layer.source != IMAGE or between:
                continue
            tried += 1
            try:
                case.carry_out(steps=[*steps[: index - 1], load, before, *steps[index + 1 :]])
            except WrongRowsError:
                noticed += 1
    assert tried > 10
    assert noticed >= 0.9 * tried, (noticed, tried)


def test_a_layer_that_waits_for_a_load_less_is_noticed() -> None:
    tried = 0
    for case in cases(8, 400, 8):
        waits = [n for n, x in enumerate(case.plan.steps) if isinstance(x, Run) and x.loads]
        reached = 0
        for index in waits:
            run = case.plan.steps[index]
            assert isinstance(run, Run)
            if run.loads <= reached:
                continue  # the block before has waited for it
            if run.rows is None:
                continue  # for rows that nobody reads, which may be stored where nothing lies
            reached = run.loads
            steps = list(case.plan.steps)
            steps[index] = replace(run, loads=run.loads - 1)
            with pytest.raises(WrongRowsError):
                case.carry_out("late", steps)
            tried += 1
    assert tried > 20


FLAGS = ("above", "below", "above_behind", "below_behind")


def test_every_flag_counts() -> None:
    """Without it rows are missing, or others come out; the same ones only by chance."""
    tried, noticed = dict.fromkeys(FLAGS, 0), 0
    for case in cases(8, 500, 30):
        for flag in FLAGS:
            index = _first(case.plan, functools.partial(_flag, flag))
            if index is None:
                continue
            run = case.plan.steps[index]
            assert isinstance(run, Run)
            assert run.rows is not None
            block = cleared(run.rows.block, flag)
            steps = list(case.plan.steps)
            steps[index] = replace(run, rows=replace(run.rows, block=block))
            tried[flag] += 1
            try:
                case.carry_out(steps=steps)
            except WrongRowsError:
                noticed += 1
    assert min(tried.values()) >= 3, tried
    assert noticed >= 0.9 * sum(tried.values()), (noticed, tried)


def cleared(block: BlockRows, flag: str) -> BlockRows:
    fields: dict[str, Any] = {flag: False}
    return replace(block, **fields)


def _flag(flag: str, run: Run) -> bool:
    return bool(run.rows is not None and getattr(run.rows.block, flag))


def _first(plan: Plan, wanted: Callable[[Run], Any]) -> int | None:
    return next((n for n, x in enumerate(plan.steps) if isinstance(x, Run) and wanted(x)), None)


def test_all_kinds_are_drawn() -> None:
    """What the tests above say, they say of every kind of layer."""
    found: set[str] = set()
    for case in cases(8, 0, 40):
        found |= kinds(case.network, case.plan)
    assert found >= {
        "window", "thinned", "1x1", "3x3", "stride", "depthwise 1", "depthwise 2", "pool 2",
        "pool 3", "depthwise, pool 3", "skip", "branch", "raw map in rows", "8 bits",
    }  # fmt: skip


def kinds(network: IntegerNetwork, plan: Plan) -> set[str]:
    rows = plan.rows
    assert rows is not None
    found = {"window"} if plan.row_window else set()
    for layer in plan.layers[: len(rows.region.layers)]:
        found.add("x".join(map(str, layer.layer.kernel)))
        found |= {"thinned"} if layer.thinned else set()
        found |= {"stride"} if layer.layer.stride == 2 else set()
        found |= {f"depthwise {layer.depthwise.stride}"} if layer.depthwise else set()
        found |= {f"pool {layer.last.pool}"}
        found |= {"depthwise, pool 3"} if layer.depthwise and layer.last.pool == 3 else set()
        found |= {"skip"} if layer.layer.skip else set()
        found |= {"branch"} if layer.layer.source else set()
        found |= {"raw map in rows"} if layer.last.raw else set()
        found |= {f"{layer.last.output_bits} bits"}
    return found


def test_rows_that_no_layer_reads_do_not_come_late() -> None:
    """The pool drops the image's last row, and behind the region its place is another tensor's."""
    case = Case(4_100_771, 4)
    rows = case.plan.rows
    assert rows is not None
    assert rows.blocks[-1].loads < len(rows.loads)
    for seed in range(20):
        case.carry_out(np.random.default_rng(seed))
