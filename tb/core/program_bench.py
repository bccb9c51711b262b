# SPDX-License-Identifier: Apache-2.0
"""Random layer programs on the whole core: every tensor against the reference model."""

from __future__ import annotations

import os
from collections import Counter

import cocotb
import numpy as np
from cocotb.simtime import get_sim_time

from ref_model.hardware.plan import Plan, plan_network, schedule_network
from ref_model.hardware.program import encode_plan
from ref_model.integer import IntegerNetwork
from tb.core.core_driver import Core, check_tensors
from tb.support import Dut, is_high, rng, stall_pattern
from tb.support.clocking import PERIOD_NS
from tb.support.random_networks import (
    count_forms,
    random_image,
    random_network,
    random_order,
    random_rows,
)
from tb.support.row_networks import random_row_plan

PROGRAMS = int(os.environ.get("LSFQ_PROGRAMS", "10"))
STALLS = os.environ.get("LSFQ_STALLS", "none")
MAX_CYCLES = int(os.environ.get("LSFQ_MAX_CYCLES", "6000"))

ABOVE_DEPTHWISE, ABOVE_POOL = "above a depthwise layer", "above a 3x3 pool"
"""Blocks whose first row is no centre for what stands behind the array."""


class PortToPort:
    """Cycles of every pass, from its first beat on an input port to its last on the output port."""

    def __init__(self, dut: Dut) -> None:
        self.spans: list[int] = []
        self._begun: list[int] = []  # cycle of the first beat of a pass
        self._ended = [0, 0, 0]  # packets of each port: a pass has one on each
        for index, name in enumerate(("s_axis_param", "s_axis_data", "m_axis_data")):
            cocotb.start_soon(self._watch(dut, name, index))

    async def _watch(self, dut: Dut, name: str, index: int) -> None:
        """Wake only where a beat may pass: every cycle of three ports takes long."""
        edge = dut.aclk.rising_edge
        valid, ready, last = (getattr(dut, f"{name}_t{pin}") for pin in ("valid", "ready", "last"))
        while True:
            await edge
            if not is_high(valid):
                await valid.rising_edge
            elif not is_high(ready):
                await ready.rising_edge
            else:
                self._beat(index, is_high(last))

    def _beat(self, index: int, last: bool) -> None:
        cycle = int(get_sim_time("ns")) // PERIOD_NS
        output = index == 2
        if not output and self._ended[index] == len(self._begun):
            self._begun.append(cycle)
        if last:
            if output:
                self.spans.append(cycle - self._begun[self._ended[index]] + 1)
            self._ended[index] += 1


def _draw(
    random: np.random.Generator, core: Core, batch: int, number: int
) -> tuple[IntegerNetwork, Plan | None]:
    """A network, with a plan for two programs of three: its first layers in rows.

    Of these, one has blocks with rows above what stands behind the array: a pool, or a depthwise
    layer.
    """
    if number % 3 == 2:
        wanted = ABOVE_DEPTHWISE if number % 2 else ABOVE_POOL
        while True:
            network, plan = random_row_plan(random, core.config, batch)
            cycles = batch * sum(layer.cycles for layer in schedule_network(plan))
            last = len(plan.layers) - 1  # rows that nobody reads may come after it
            short = cycles + len(encode_plan(plan)) // 8 <= MAX_CYCLES
            if short and plan.runs[-1].layer == last and _count_rows(plan)[wanted]:
                return network, plan
    network = random_network(random, core.config, MAX_CYCLES // batch)
    return network, random_rows(random, network, core.config, batch) if number % 3 else None


def _count_rows(plan: Plan | None) -> Counter[str]:
    """How often ABOVE_DEPTHWISE and ABOVE_POOL occur in a plan."""
    found: Counter[str] = Counter()
    if plan is None:
        return found
    beside = [
        plan.layers[run.layer]
        for run in plan.runs
        if run.rows is not None and run.rows.block.above_behind
    ]
    found[ABOVE_DEPTHWISE] = sum(layer.depthwise is not None for layer in beside)
    found[ABOVE_POOL] = sum(layer.last.pool == 3 for layer in beside)
    return found


@cocotb.test()
async def random_programs(dut: Dut) -> None:
    """Shapes, widths, kernels, depthwise layers, strides, bit widths, residual additions, branches,
    constants, and the order of work of a pass with up to four images; every third program runs two
    passes. What a layer can have occurs.
    """
    random = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    passes = PortToPort(dut)
    forms: Counter[str] = Counter()
    in_rows = 0
    for number in range(PROGRAMS):
        batch = int(random.choice([1, 1, 2, 3, 4]))
        network, rows = _draw(random, core, batch, number)
        forms += count_forms(network, core.config) + _count_rows(rows)
        order = None if rows else random_order(random, network, core.config, batch)
        images = [random_image(random, network) for _ in range(batch * (1 + number % 3 // 2))]
        what = f"program {number}, {rows.rows.region if rows and rows.rows else order}"
        dut._log.info(f"{what}: {network.name}")
        results = await core.run(
            network, images, cycles=200 * MAX_CYCLES, batch=batch, order=order, plan=rows
        )
        check_tensors(network, images, results, what)
        in_rows += rows is not None
        layers = len((rows or plan_network(network, core.config)).layers)
        counters = await core.counters(min(layers, core.config.max_layers))
        assert counters.cycles == passes.spans[-1], "CYCLES is not port to port"
        if layers <= core.config.max_layers:
            counted = sum(counter["cycles"] for counter in counters.layers)
            assert counters.cycles == counters.load_cycles + counted
        for counter in counters.layers:
            waits = ("starved_weights", "blocked_output", "starved_features")
            assert counter["cycles"] == counter["busy"] + sum(counter[name] for name in waits)
    dut._log.info(f"{dict(forms)}, {in_rows} in rows")
    assert in_rows >= PROGRAMS // 8, f"only {in_rows} programs in rows"
    wanted = [*count_forms(network, core.config), ABOVE_DEPTHWISE, ABOVE_POOL]
    missing = [form for form in wanted if not forms[form]]
    assert PROGRAMS < 30 or not missing, f"never drawn: {missing}"
