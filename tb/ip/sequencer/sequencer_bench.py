# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the sequencer's bench.

The surroundings are modelled by their contracts: a weight memory that fills at random and holds
`WEIGHT_DEPTH` words or the largest group, an output that takes a while for every pair, a result
queue that drains at random.
"""

from __future__ import annotations

import random

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layer_plan import weights_streamed
from ref_model.hardware.layout import digits_of, pairs_of
from tb.support import Dut, rng, start
from tb.support.loop_nest import Issue, LayerCase, issues, random_case

TAGS = (
    "issue_first",
    "issue_shift",
    "issue_offset",
    "issue_last",
    "issue_row_first",
    "issue_row_last",
    "issue_image_last",
)
COUNTERS = (
    "count_busy",
    "count_starved_weights",
    "count_blocked_output",
    "count_starved_features",
)
WEIGHT_DEPTH = 16
RESULT_DEPTH = 32
STUCK = 2000
"""Cycles without progress that are too many."""


def _fields(case: LayerCase, config: CoreConfig) -> dict[str, int]:
    """The layer's fields, as the parser derives them from a LAYER block."""
    groups_in, pairs = ceil_div(case.channels, config.pin), ceil_div(case.width, config.pixels)
    digits_in = digits_of(case.input_bits, config.code_bits)
    digits_out = digits_of(case.output_bits or 1, config.code_bits)
    full = case.kernel is Kernel.FULL
    kept, row = case.ring or (case.height, 0)
    plane = kept * pairs
    words = case.payload_shape.words(config)
    return {
        "layer_three_rows": case.kernel is Kernel.K3X3,
        "layer_pointwise": case.kernel is Kernel.K1X1,
        "layer_raw": case.output_bits is None,
        "layer_row_stride2": case.row_stride == 2,
        "layer_shared": case.shared,
        "layer_above": case.above,
        "layer_below": case.centres[-1] < case.height - 1,
        "layer_wide_in": {1: 0, 2: 1, 3: 3}[digits_in],
        "layer_wide_weight": case.payload_shape.phases(config) > 1,
        "layer_rows": case.result_size[0],
        "layer_pairs": 1 if full else pairs_of(case.width),
        "layer_words": groups_in * plane if full and not case.shared else groups_in,
        "layer_stride": 1 if full and not case.shared else plane,
        "layer_row_pitch": 1 if case.shared else pairs,
        "layer_last_line": plane - 1 if case.shared else 0,
        "layer_images": case.images,
        "layer_in_pitch": case.pitch,
        "layer_loads": 0,
        "layer_in_start": case.base + row * pairs,
        "layer_in_ring": kept,
        "layer_in_left": kept - row + (case.kernel is Kernel.K3X3 and not case.above),
        "layer_in_digit": groups_in * plane,
        "layer_weight_digit": words // case.payload_shape.phases(config),
        "layer_group_words": words,
        "layer_groups": case.payload_shape.groups(config),
        "layer_wide_out": {1: 0, 2: 1, 3: 3}[digits_out],
        "layer_depthwise": 0,
        "layer_last": 0,
    }


def _pairs_of_step(case: LayerCase, issue: Issue, config: CoreConfig) -> list[tuple[int, int]]:
    """(cycles in pair_cycles, pixels) of the pairs of a step, by lsfq_emitter."""
    most = 3 - case.stride
    last = 1 if issue.row_last and case.result_size[1] % 2 else most
    if config.code_bits == 3:
        before = [] if issue.row_first else [(0, most)]
        if not issue.row_last:
            return [*before, (1, most)]
        width = 1 if case.kernel is Kernel.FULL else case.width
        rest = [(1, last)] if pairs_of(width) % 2 else [(1, most), (2, last)]
        return [*before, *rest]
    if case.kernel is Kernel.K1X1:
        return [(0, last), (1, last)]
    return [*([] if issue.row_first else [(0, most)]), *([(1, last)] if issue.row_last else [])]


class Surroundings:
    """Everything around the sequencer, cycle by cycle."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.config = CoreConfig(
            int(dut.PIN.value), int(dut.POUT.value), code_bits=int(dut.CODE_BITS.value)
        )
        self.pointer_mask = (1 << int(dut.PTR_W.value)) - 1
        self.base = 0  # weight words of all groups before this layer
        self.complete = 0
        self.free = 0
        self.counted = dict.fromkeys(COUNTERS, 0)
        self.level = 0
        self.nothing_freed = False  # weights_free is still 0, whatever came before

    async def open(self) -> None:
        dut = self.dut
        for name in (
            "loads",
            "layer_valid",
            "weights_complete",
            "pair_done",
            "result_level",
            "result_sent",
        ):
            getattr(dut, name).value = 0
        for name in ("output_idle", "tables_ready", "step_ready"):
            getattr(dut, name).value = 1
        for name in _fields(LayerCase(Kernel.K1X1, 1, 1, 1, 1, 4, 4, 4), self.config):
            getattr(dut, name).value = 0
        await start(dut)
        dut.loads.value = 1

    async def begin_at(self, first_weight: int) -> None:
        """Start anew as if earlier layers had had `first_weight` weight words."""
        dut = self.dut
        dut.aresetn.value = 0
        await RisingEdge(dut.aclk)
        dut.aresetn.value = 1
        await RisingEdge(dut.aclk)
        dut.group_base_q.value = first_weight
        dut.u_walk.u_address.group_base_q.value = first_weight
        self.base = self.free = self.complete = first_weight
        self.nothing_freed = True

    async def layer(
        self,
        case: LayerCase,
        flow: float,
        drain: float,
        latency: int,
        sent_after: int | None = None,
    ) -> None:
        """Run a layer and check every cycle of it.

        Weights come with probability `flow` a cycle (1: all are there), raw results leave with
        `drain`, a step's first pair is done `latency` cycles after its last word. With `sent_after`
        it is the pass's last layer, whose results have left that many cycles after its last word.
        """
        dut, config = self.dut, self.config
        for name, value in _fields(case, config).items():
            getattr(dut, name).value = int(value)
        dut.layer_last.value = int(sent_after is not None)
        dut.result_sent.value = 0
        dut.layer_valid.value = 1
        words = case.payload_shape.words(config)
        total = words * case.payload_shape.groups(config)
        expected = list(issues(case, config))
        last_use = [-1] * total
        for index, issue in enumerate(expected):
            last_use[issue.weight] = index
        streamed = not case.shared and weights_streamed(
            case.kernel, case.input_bits, case.images, config.code_bits
        )
        depth = WEIGHT_DEPTH if streamed else max(WEIGHT_DEPTH, words)
        pairs_a_step = 2 if config.code_bits == 3 else case.kernel.sets
        pair_cycles = case.emit_cycles(config) // pairs_a_step

        counted = dict.fromkeys(COUNTERS, 0)
        done_at: dict[int, int] = {}
        odd_due = False
        arriving = 0
        issued = cycle = progress = 0
        begun = finished = False
        tables_were, tables_at = True, 0 if flow >= 1 else random.randint(0, 30)
        output_idle_at = -1
        last_end = -1000
        while not finished:
            # ---- the cycle's inputs, from what was seen before
            if flow >= 1:
                self.complete = self.base + total
            elif random.random() < flow and self.complete - self.free < depth:
                self.complete = min(self.complete + 1, self.base + total)
            dut.weights_complete.value = self.complete & self.pointer_mask
            pixels = done_at.pop(cycle, 0)
            done = pixels > 0
            dut.pair_done.value = int(done)
            if done:
                output_idle_at = cycle + 1 + random.randint(0, 5)
            idle = cycle >= output_idle_at
            dut.output_idle.value = int(idle)
            if self.level and random.random() < drain:
                self.level -= 1
            dut.result_level.value = self.level
            may_end = flow >= 1 or random.random() < 0.7
            tables = cycle >= tables_at
            dut.tables_ready.value = int(tables)
            sent = sent_after is None or (cycle > last_end + sent_after and issued == len(expected))
            dut.result_sent.value = int(sent and sent_after is not None)
            dut.step_ready.value = int(may_end)
            if case.output_bits is None:
                self.level += arriving  # a cycle on its way, and seen from the next one on
                arriving, odd_due = done + odd_due, pixels == 2
                assert self.level <= RESULT_DEPTH, "the result queue overflows"

            await RisingEdge(dut.aclk)
            cycle += 1
            progress += 1
            assert progress < STUCK, f"{case}: stuck after {issued} of {len(expected)} words"

            # ---- what the sequencer does in it
            kinds = [name for name in COUNTERS if getattr(dut, name).value]
            assert len(kinds) == 1, f"a cycle counts as {kinds}"
            assert may_end or not dut.step_taken.value, "a step ends without its pairs"
            assert tables_were or not dut.step_taken.value, "a step ends before the tables are made"
            tables_were = tables
            counted[kinds[0]] += 1
            if dut.layer_begin.value:
                assert not begun, "a layer begins twice"
                begun = True
            assert not begun or int(dut.pair_cycles.value) == pair_cycles
            if dut.issue_valid.value:
                assert begun, "a word before the layer began"
                assert issued < len(expected), "more words than the layer has"
                issue = expected[issued]
                got = tuple(bool(getattr(dut, name).value) for name in TAGS)
                address, pointer = int(dut.feature_address.value), int(dut.weight_pointer.value)
                where = f"{case}: word {issued}"
                assert address == issue.address, f"{where}: address {address}, not {issue.address}"
                right = self.base + issue.weight & self.pointer_mask
                assert pointer == right, f"{where}: weight {pointer}, not {right}"
                step = issue.tags if issue.last else issue.tags[:4]
                assert got[: len(step)] == step, f"{where}: tags {got}, not {issue.tags}"
                assert self.base + issue.weight < self.complete, f"{where}: its weights are missing"
                issued += 1
                progress = 0
                if issue.last:
                    pace = pair_cycles * pairs_a_step
                    assert cycle - last_end >= pace, f"{where}: {cycle - last_end} cycles a step"
                    last_end = cycle
                    for delay, pixels in _pairs_of_step(case, issue, config):
                        at = cycle + latency + delay * pair_cycles
                        assert at not in done_at
                        done_at[at] = pixels
            self._check_free(issued, last_use, len(expected))
            if dut.layer_ready.value:
                assert issued == len(expected), f"{case}: finished after {issued} words"
                assert not done_at, f"{case}: finished with pairs under way"
                assert idle, f"{case}: finished before the output"
                assert sent, f"{case}: finished before its results have left"
                finished = True
        assert begun
        dut.layer_valid.value = 0
        self.base += total
        assert self.free == self.base, f"{case}: frees up to {self.free}, not {self.base}"
        if sent_after is None:
            self._check_cycles(case, counted, eager=flow >= 1, latency=latency)
        for name in COUNTERS:
            self.counted[name] += counted[name]

    def _check_free(self, issued: int, last_use: list[int], count: int) -> None:
        """Words are freed in order, and none of them is read after this cycle."""
        free = int(self.dut.weights_free.value)
        if self.nothing_freed and free == 0:
            return
        self.nothing_freed = False
        ahead = free - self.free & self.pointer_mask
        assert ahead <= len(last_use), f"the free pointer steps back to {free}"
        for word in range(self.free - self.base, self.free - self.base + ahead):
            assert word < len(last_use), "frees words of the next layer"
            assert last_use[word] < issued, (
                f"frees word {word} after {issued} of {count} words; it is needed for word "
                f"{last_use[word]}"
            )
        self.free += ahead

    def _check_cycles(
        self, case: LayerCase, counted: dict[str, int], *, eager: bool, latency: int
    ) -> None:
        """The words and, where nothing has to be waited for, the cycles of the schedule."""
        words, cycles_right = case.words_and_cycles(self.config)
        assert counted["count_busy"] == words
        if eager and case.output_bits is not None:
            cycles = counted["count_busy"] + counted["count_blocked_output"]
            slack = case.emit_cycles(self.config)  # before the first step ends, none is emitted
            right = cycles_right - slack < cycles <= cycles_right
            assert right, f"{case}: {cycles} cycles, not {cycles_right}"
        assert counted["count_starved_features"] <= latency + 40

    async def idle(self, cycles: int) -> None:
        """No layer waits: the time counts as waiting for the stream."""
        for _ in range(cycles):
            await RisingEdge(self.dut.aclk)
            assert not self.dut.issue_valid.value
            assert self.dut.count_starved_weights.value


def _cases(config: CoreConfig, generator: np.random.Generator, count: int) -> list[LayerCase]:
    cases = [random_case(generator, config, Kernel(index % 4)) for index in range(count)]
    # single rows never use the outer rows of the kernel
    cases.insert(1, LayerCase(Kernel.K3X3, 2 * config.pin, 1, 4, 2 * config.pout, 8, 8, 4))
    cases.insert(2, LayerCase(Kernel.K3X3, 1, 1, 1, 3 * config.pout, 4, 4, 4))
    # many raw results a word
    cases += [LayerCase(Kernel(k), 1, 5, 7, config.pout + 1, 4, 4, None) for k in (0, 1)]
    return cases


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(flow=[1.0, 0.6, 0.1])
async def random_layers(dut: Dut, flow: float) -> None:
    """Layer after layer: every word, its tags, what is freed, and where each cycle goes."""
    around = Surroundings(dut)
    await around.open()
    generator = rng()
    for case in _cases(around.config, generator, 40 if flow > 0.3 else 12):
        drain = float(generator.choice([1.0, 0.3, 0.05]))
        await around.layer(case, flow, drain, int(generator.integers(8, 16)))
        await around.idle(int(generator.integers(0, 4)))
    assert around.counted["count_blocked_output"], around.counted
    assert flow >= 1 or around.counted["count_starved_weights"], around.counted


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def pointers_wrap(dut: Dut) -> None:
    """The weight pointers run over their end in each layer's first or a later group."""
    around = Surroundings(dut)
    await around.open()
    generator = rng()
    for index in range(16):
        case = random_case(generator, around.config, Kernel(index % 4))
        words = case.payload_shape.words(around.config) * case.payload_shape.groups(around.config)
        await around.begin_at(around.pointer_mask + 1 - int(generator.integers(1, max(2, words))))
        if words > 1:
            await around.layer(case, 0.6, 1.0, 10)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_begins_anew(dut: Dut) -> None:
    """After a reset in mid-layer the pointers are 0, and the next layer is right."""
    generator = rng()
    around = Surroundings(dut)
    await around.open()
    for _ in range(4):
        case = random_case(generator, around.config, Kernel.K3X3)
        for name, value in _fields(case, around.config).items():
            getattr(dut, name).value = int(value)
        dut.layer_valid.value = 1
        dut.weights_complete.value = 1000
        for _ in range(int(generator.integers(1, 60))):
            await RisingEdge(dut.aclk)
        dut.aresetn.value = 0
        dut.layer_valid.value = 0
        await RisingEdge(dut.aclk)
        dut.aresetn.value = 1
        dut.weights_complete.value = 0
        await RisingEdge(dut.aclk)
        assert not dut.issue_valid.value
        around = Surroundings(dut)
        await around.layer(random_case(generator, around.config, Kernel.K1X1), 1.0, 1.0, 10)
        # the layers that follow begin anew as well
        dut.aresetn.value = 0
        await RisingEdge(dut.aclk)
        dut.aresetn.value = 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def waits_for_images(dut: Dut) -> None:
    """A layer starts when the images that it asks for are stored; the time before the first one
    counts for nothing, later it is waiting for features.
    """
    generator = rng()
    around = Surroundings(dut)
    await around.open()
    for wanted, stored in ((3, range(4)), (0, range(1)), (0xFFFF, (1, 0x7FFF, 0xFFFE, 0xFFFF))):
        for name, value in _fields(random_case(generator, around.config, Kernel.K1X1),
                                   around.config).items():  # fmt: skip
            getattr(dut, name).value = int(value)
        dut.layer_loads.value = wanted
        dut.layer_valid.value = 1
        for loads in stored:
            dut.loads.value = loads
            await RisingEdge(dut.aclk)
            for _ in range(3 if loads < wanted else 0):
                await RisingEdge(dut.aclk)
                counting = [name for name in COUNTERS if getattr(dut, name).value]
                assert counting == ["count_starved_features"] * (loads > 0)
                assert not dut.layer_begin.value
        await RisingEdge(dut.aclk)
        await RisingEdge(dut.aclk)
        assert dut.layer_begin.value
        dut.aresetn.value = 0
        dut.layer_valid.value = 0
        await RisingEdge(dut.aclk)
        dut.aresetn.value = 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_last_layer_waits_for_its_results(dut: Dut) -> None:
    """The last layer of a pass ends after its results have left; until then the output is full."""
    generator = rng()
    around = Surroundings(dut)
    await around.open()
    for sent_after in (0, 40, 200):
        case = random_case(generator, around.config, Kernel.K1X1)
        before = around.counted["count_blocked_output"]
        await around.layer(case, 1.0, 1.0, 10, sent_after=sent_after)
        blocked = around.counted["count_blocked_output"] - before
        assert blocked >= sent_after - 60, f"{blocked} of {sent_after} cycles are the output's"
