# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the array's bench: lanes, offset sum, accumulators and emitter together.

Random layers in the core's own layouts (words of tensors and payloads made by the reference
model), fed word by word with random gaps; every pair, its tags and its cycle are expected from a
direct convolution and the table in lsfq_emitter.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layout import pairs_of, tensor_to_words
from ref_model.hardware.payload import Payload, pack_payload
from ref_model.integer.arithmetic import convolve_int64
from ref_model.integer.ranges import largest_activation, largest_weight, smallest_weight
from tb.support import Dut, rng, start
from tb.support.loop_nest import LayerCase, issues, random_case
from tb.support.pipeline import pack, signed, unpack

MEMORY_LATENCY = 2
LAYERS = 40

TAGS = (
    "issue_first",
    "issue_shift",
    "issue_offset",
    "issue_last",
    "issue_row_first",
    "issue_row_last",
    "issue_image_last",
)


def _latency(config: CoreConfig, kernel: Kernel = Kernel.K1X1) -> int:
    """Cycles from the tags of a step's last word to the step's first pair."""
    levels = (config.pin // 4).bit_length() - 1
    if config.code_bits == 3:
        return MEMORY_LATENCY + 7 + levels
    return MEMORY_LATENCY + 8 + levels + (kernel is Kernel.K1X1)


@dataclass
class Layer:
    """A layer with its codes, and what the array must make of them."""

    case: LayerCase
    features: list[int]
    weights: list[int]
    sums: npt.NDArray[np.int64]
    """(groups, sets, POUT, H, W)"""


def _random_codes(
    generator: np.random.Generator, low: int, high: int, shape: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    mode = generator.integers(0, 4)
    codes = generator.integers(low, high + 1, shape)
    if mode == 0:
        codes[:] = high
    elif mode == 1:
        codes[:] = low
    elif mode == 2:
        codes = np.where(codes > (low + high) / 2, high, low)
    return codes


def _random_layer(generator: np.random.Generator, config: CoreConfig, kernel: Kernel) -> Layer:
    case = replace(random_case(generator, config, kernel, rows=0), images=1, shared=False)
    shape = case.payload_shape
    codes = _random_codes(
        generator, 0, largest_activation(case.input_bits), (case.channels, case.height, case.width)
    )
    low, high = smallest_weight(case.weight_bits), largest_weight(case.weight_bits)
    weight = _random_codes(generator, low, high, shape.weight_shape())

    lanes = shape.lanes(config)
    zero = np.zeros(case.outputs, np.int64)
    payload = pack_payload(Payload(weight, zero, zero), shape, config)
    plane = config.pin * config.pout * config.code_bits
    planes: dict[Kernel, tuple[int, ...]] = {Kernel.K1X1: (0, 2), Kernel.FULL: (0, 1)}
    places = planes.get(kernel, (0, 1, 2))
    if kernel is Kernel.K1X1 and config.code_bits == 3:
        places = (1,)
    size, mask = len(places) * plane // 8, (1 << plane) - 1
    words = []
    at = 0
    for _ in range(shape.groups(config)):
        at += shape.head_bytes(config)
        for _ in range(shape.words(config)):
            sent = int.from_bytes(payload[at : at + size], "little")
            words.append(
                sum((sent >> plane * n & mask) << plane * place for n, place in enumerate(places))
            )
            at += size
    features = [
        pack(word.tolist(), config.pixels * config.code_bits)
        for word in tensor_to_words(
            codes.astype(np.uint8), case.input_bits, config.pin, config.code_bits
        )
    ]

    margins = {Kernel.K3X3: (1, 1), Kernel.K1X3: (0, 1)}.get(kernel, (0, 0))
    padded = np.pad(codes, ((0, 0), (margins[0],) * 2, (margins[1],) * 2))
    sums = convolve_int64(padded[None], weight, case.stride)[0]
    groups = shape.groups(config)
    all_lanes = np.zeros((groups * lanes, *sums.shape[1:]), np.int64)
    all_lanes[: case.outputs] = sums
    return Layer(
        case, features, words,
        all_lanes.reshape(groups, kernel.sets_of(config.code_bits), config.pout, *sums.shape[1:]),
    )  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """What leaves in one cycle; `odd` is None where that pixel does not exist."""

    cycle: int
    second_set: bool
    row_end: bool
    end: bool
    even: tuple[int, ...]
    odd: tuple[int, ...] | None


def _pairs_of_step(
    layer: Layer, group: int, y: int, t: int, cycle: int, pair_cycles: int, pixels: int
) -> list[Pair]:
    """Pairs of a step whose first one may leave in `cycle`; a word has so many `pixels`."""
    sums = layer.sums[group]
    height, width = sums.shape[2:]
    last = pairs_of(layer.case.width) - 1 if layer.case.kernel is not Kernel.FULL else 0
    strided = layer.case.stride == 2
    # cycle, set, pair
    if pixels == 4:
        places = [((at - 2 * t + 1) * pair_cycles, 0, at) for at in (2 * t - 1, 2 * t) if at >= 0]
        if last == 2 * t + 1:
            places.append((2 * pair_cycles, 0, last))
    elif layer.case.kernel is Kernel.K1X1:
        places = [(chosen * pair_cycles, chosen, t) for chosen in range(2)]
    else:
        places = [(0, 0, t - 1)] if t else []
        if t == last:
            places.append((pair_cycles, 0, t))

    def pixel(chosen: int, x: int) -> tuple[int, ...]:
        return tuple(int(v) for v in sums[chosen, :, y, x])

    return [
        Pair(
            cycle + delay, bool(chosen), at == last, at == last and y == height - 1,
            pixel(chosen, at if strided else 2 * at),
            None if strided or 2 * at + 1 == width else pixel(chosen, 2 * at + 1),
        )
        for delay, chosen, at in places
    ]  # fmt: skip


class Driver:
    """Drives tags and, two cycles later, words; rubbish where there are none. Collects pairs."""

    def __init__(self, dut: Dut, config: CoreConfig) -> None:
        self.dut, self.config = dut, config
        self.cycle = 0
        self.received: list[Pair] = []
        self._words: list[tuple[int, int]] = [(0, 0)] * MEMORY_LATENCY

    async def step(self, tags: tuple[bool, ...] | None, feature: int = 0, weight: int = 0) -> None:
        dut, config = self.dut, self.config
        if tags is None:
            tags = tuple(random.random() < 0.5 for _ in TAGS)
            feature = random.getrandbits(config.pixels * config.code_bits * config.pin)
            weight = random.getrandbits(3 * config.code_bits * config.pin * config.pout)
            dut.issue_valid.value = 0
        else:
            dut.issue_valid.value = 1
        for name, value in zip(TAGS, tags, strict=True):
            getattr(dut, name).value = int(value)
        self._words.append((feature, weight))
        dut.feature_word.value, dut.weight_word.value = self._words.pop(0)
        await RisingEdge(dut.aclk)
        if dut.pair_valid.value:
            self._take()
        self.cycle += 1

    def _take(self) -> None:
        dut, width, pout = self.dut, int(self.dut.ACC_W.value), self.config.pout
        sums = [0] * (2 * pout)
        for absent, terms in ((dut.pair_no_a, dut.term_a), (dut.pair_no_b, dut.term_b)):
            if not absent.value:
                lanes = unpack(int(terms.value), width, 2 * pout)
                sums = [signed(a + b, width) for a, b in zip(sums, lanes, strict=True)]
        even, odd = tuple(sums[:pout]), tuple(sums[pout:])
        self.received.append(
            Pair(
                self.cycle, bool(dut.pair_set.value), bool(dut.pair_row_end.value),
                bool(dut.pair_end.value), even, odd if dut.pair_both.value else None,
            )
        )  # fmt: skip

    async def idle(self, cycles: int) -> None:
        for _ in range(cycles):
            await self.step(None)

    def begin(self, case: LayerCase, pair_cycles: int) -> None:
        self.dut.pointwise.value = int(case.kernel is Kernel.K1X1)
        self.dut.odd.value = case.result_size[1] % 2
        width = 1 if case.kernel is Kernel.FULL else case.width
        self.dut.short_row.value = pairs_of(width) % 2
        self.dut.stride2.value = int(case.stride == 2)
        self.dut.pair_cycles.value = pair_cycles


async def _open(dut: Dut) -> Driver:
    config = CoreConfig(int(dut.PIN.value), int(dut.POUT.value), code_bits=int(dut.CODE_BITS.value))
    for name in (*TAGS, "issue_valid", "pointwise", "odd", "short_row", "stride2"):
        getattr(dut, name).value = 0
    dut.pair_cycles.value = 2
    await start(dut)
    return Driver(dut, config)


async def _run_layer(driver: Driver, layer: Layer, pair_cycles: int, gap: float) -> list[Pair]:
    """Feed a layer as fast as the pace of the output allows, or with random gaps."""
    case, config = layer.case, driver.config
    driver.begin(case, pair_cycles)
    await driver.idle(8)
    pace = pair_cycles * (2 if config.code_bits == 3 else case.kernel.sets)
    earliest = driver.cycle
    expected: list[Pair] = []
    group = y = t = 0
    for issue in issues(case, config):
        while random.random() < gap or (issue.last and driver.cycle < earliest):
            await driver.step(None)
        if issue.last:
            earliest = driver.cycle + pace
            first = driver.cycle + _latency(config, case.kernel)
            expected += _pairs_of_step(layer, group, y, t, first, pair_cycles, config.pixels)
            t += 1
            if issue.row_last:
                y, t = y + 1, 0
            if issue.image_last:
                group, y, t = group + 1, 0, 0
        await driver.step(
            issue.tags, layer.features[issue.address - case.base], layer.weights[issue.weight]
        )
    return expected


def _compare(driver: Driver, expected: list[Pair], case: LayerCase) -> None:
    width = int(driver.dut.ACC_W.value)

    def wrapped(sums: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(signed(value, width) for value in sums)

    for index, (got, pair) in enumerate(zip(driver.received, expected, strict=False)):
        odd = None if pair.odd is None else wrapped(pair.odd)
        right = replace(pair, even=wrapped(pair.even), odd=odd)
        assert got == right, f"{case}: pair {index} of {len(expected)}: got {got}, expected {right}"
    assert len(driver.received) == len(expected), (
        f"{case}: {len(driver.received)} pairs, expected {len(expected)}"
    )
    driver.received.clear()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def random_layers(dut: Dut) -> None:
    """Layers of all kernels one after the other, at full pace and with gaps."""
    driver = await _open(dut)
    generator = rng()
    for index in range(LAYERS):
        kernel = Kernel(index % 4) if index < 8 else Kernel(int(generator.integers(4)))
        layer = _random_layer(generator, driver.config, kernel)
        pair_cycles = int(generator.choice([1, 1, 1, 2, 4, 8]))
        gap = float(generator.choice([0, 0, 0.4]))
        expected = await _run_layer(driver, layer, pair_cycles, gap)
        await driver.idle(_latency(driver.config) + 2 * pair_cycles + 4)
        _compare(driver, expected, layer.case)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets(dut: Dut) -> None:
    """After a reset in mid-layer no pair leaves, and the next layer is right."""
    driver = await _open(dut)
    generator = rng()
    for kernel in (Kernel.K1X1, Kernel.K3X3, Kernel.K1X1):
        await _run_layer(driver, _random_layer(generator, driver.config, kernel), 1, 0.0)
        for _ in range(random.randint(0, _latency(driver.config))):
            await driver.step(None)
        dut.aresetn.value = 0
        dut.issue_valid.value = 0
        await RisingEdge(dut.aclk)
        dut.aresetn.value = 1
        driver.cycle += 1
        driver.received.clear()
        await driver.idle(_latency(driver.config) + 8)
        assert not driver.received, "a pair left after a reset"
        layer = _random_layer(generator, driver.config, Kernel.K1X1)
        expected = await _run_layer(driver, layer, 1, 0.2)
        await driver.idle(_latency(driver.config) + 8)
        _compare(driver, expected, layer.case)
    await ClockCycles(dut.aclk, 2)
