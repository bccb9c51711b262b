# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the depthwise stage's bench; expected is the reference model's arithmetic."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.hardware.core_config import ceil_div
from ref_model.hardware.layout import pairs_of
from ref_model.integer.arithmetic import convolve_int64, scale_and_add, shift_and_clamp
from tb.support import Dut, rng, start
from tb.support.pipeline import pack, unpack

Codes = npt.NDArray[np.int64]
Pair = tuple[int, int, int, int, int]  # set, both, row_end, end, codes of both pixels

TAIL_CYCLES = 40
"""More than the stage's pipeline is long."""
WINDOW_CYCLES = 3
"""From a move of the window until it has left."""


@dataclass
class Layer:
    """One layer: codes and results (group, image, set, lane, H, W), the rest (group, set, lane).

    Kernels have two more axes, row and column.
    """

    codes: Codes
    kernels: Codes
    multiplier: Codes
    bias: Codes
    shift: int
    bits: int
    stride: int
    result: Codes
    above: int = 0
    below: int = 0
    """Rows of a map at its top and its end that have no result."""

    @property
    def sets(self) -> int:
        return int(self.codes.shape[2])

    @property
    def step(self) -> int:
        """Pairs that the window lags behind: a row and one, of every set."""
        return self.sets * (pairs_of(self.codes.shape[-1]) + 1)


WRITES = ("kernel_beats", "kernel_end", "constant_beats", "constant_end")


class Stage:
    """Feeds a layer's pairs, keeps what leaves and when."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.lanes = int(dut.POUT.value)
        self.spacing = 3 - int(dut.PIXELS.value)  # of pairs, at least
        self.beats = 64 * self.lanes // int(dut.PARAM_W.value)
        self.received: list[Pair] = []
        self.times: list[int] = []
        self.now = 0
        self.busy_until = 0
        self.loaded = 0
        self._waiting: list[tuple[str, int, bool, int]] = []
        self._busy = False
        self._space = False

    async def cycle(self, pair: Pair | None = None) -> None:
        """One cycle, with a pair or none; parameters flow meanwhile."""
        dut = self.dut
        dut.s_valid.value = int(pair is not None)
        if pair is None:  # what comes with no pair must not matter
            pair = random_pair(64)
        for name, value in zip(
            ("s_set", "s_both", "s_row_end", "s_end", "s_code"), pair, strict=True
        ):
            getattr(dut, name).value = value
        self._offer_parameters()
        await RisingEdge(dut.aclk)
        self.now += 1
        if dut.m_valid.value:
            assert self._busy or not dut.enable.value, "a pair leaves and busy was low"
            self.received.append(
                (
                    int(dut.m_set.value), int(dut.m_both.value), int(dut.m_row_end.value),
                    int(dut.m_end.value), int(dut.m_code.value),
                )
            )  # fmt: skip
            self.times.append(self.now)
        self._busy = bool(dut.busy.value)
        if self._busy:
            self.busy_until = self.now

    def _offer_parameters(self) -> None:
        """A beat of the parameters where there was space two cycles before."""
        dut = self.dut
        write = dict.fromkeys(WRITES, 0)
        may_write, self._space = self._space, bool(dut.space.value)
        if self._waiting and may_write:
            signal, beat, last, data = self._waiting.pop(0)
            write[f"{signal}_beats"], write[f"{signal}_end"] = 1 << beat, int(last)
            dut.write_data.value = data
            self.loaded += last and signal == "constant"
        for name, value in write.items():
            getattr(dut, name).value = value

    def queue_parameters(self, layer: Layer) -> None:
        """Let the layer's sets follow those that wait: of every set kernels, then constants."""
        width = int(self.dut.PARAM_W.value)
        groups, sets = layer.kernels.shape[:2]
        for group in range(groups):
            for chosen in range(sets):
                taps = layer.kernels[group, chosen].transpose(0, 2, 1).reshape(self.lanes, 9) + 8
                kernel = pack((pack(x.tolist(), 4) for x in taps), 64)
                m, b = layer.multiplier[group, chosen], layer.bias[group, chosen]
                constant = pack(
                    (int(y) << 18 | int(x) & (1 << 18) - 1 for x, y in zip(m, b, strict=True)), 64
                )
                for signal, word in (("kernel", kernel), ("constant", constant)):
                    for beat, data in enumerate(unpack(word, width, self.beats)):
                        self._waiting.append((signal, beat, beat == self.beats - 1, data))

    async def begin(self, layer: Layer) -> None:
        dut = self.dut
        dut.two_sets.value, dut.stride_2.value = int(layer.sets == 2), int(layer.stride == 2)
        dut.images.value, dut.shift.value = layer.codes.shape[1], layer.shift
        dut.out_bits.value = layer.bits
        dut.above.value, dut.below.value = layer.above, layer.below
        dut.restart.value, dut.drain.value = 1, 0
        await self.cycle()
        dut.restart.value = 0
        self.received.clear()
        self.times.clear()

    async def run(
        self, layer: Layer, gap: float, spacing: int | None = None, stop_at: int | None = None
    ) -> None:
        """A layer from its first pair to the last that leaves, or its first `stop_at` pairs."""
        spacing = spacing or self.spacing
        self.dut.pair_cycles.value = spacing
        await self.begin(layer)
        self.queue_parameters(layer)
        before = self.loaded
        sent = 0
        for index, group in enumerate(layer.codes):
            for _ in range(10_000):
                if self.loaded - before >= (index + 1) * layer.sets:
                    break
                await self.cycle()
            else:
                raise AssertionError(f"group {index}: parameters find no space")
            for maps in group:
                for pair in pairs_in_order(maps):
                    while random.random() < gap:
                        await self.cycle()
                    await self.cycle(pair)
                    for _ in range(spacing - 1):
                        await self.cycle()
                    sent += 1
                    if sent == stop_at:
                        return
        self.dut.drain.value = 1
        last_move = self.now + 2 + (layer.step - 1) * spacing
        for _ in range(layer.step * spacing + TAIL_CYCLES):
            await self.cycle()
        assert not self.dut.busy.value, "never idle"
        # with stride 2 the last windows may stay
        assert self.busy_until <= max(self.times[-1], last_move + WINDOW_CYCLES), "busy too long"


def pairs_in_order(maps: Codes) -> list[Pair]:
    """Pairs of codes (set, lane, H, W) in the array's order, with their tags."""
    sets, _, height, width = maps.shape
    pairs = []
    for y in range(height):
        for t in range(pairs_of(width)):
            for chosen in range(sets):
                both = 2 * t + 1 < width
                row_end = t == pairs_of(width) - 1
                even = maps[chosen, :, y, 2 * t]
                odd = maps[chosen, :, y, 2 * t + 1] if both else random_codes(len(even))
                code = pack([*even.tolist(), *odd.tolist()], 8)
                pairs.append(
                    (chosen, int(both), int(row_end), int(row_end and y == height - 1), code)
                )
    return pairs


def random_pair(width: int) -> Pair:
    """Any tags and codes of `width` bits."""
    tags = [random.getrandbits(1) for _ in range(4)]
    return tags[0], tags[1], tags[2], tags[3], random.getrandbits(width)


def random_codes(count: int) -> Codes:
    """What may stand where no pixel is."""
    return np.array([random.getrandbits(4) for _ in range(count)])


def expected_pairs(layer: Layer) -> list[Pair]:
    """What leaves of a layer, in order."""
    return [pair for group in layer.result for maps in group for pair in pairs_in_order(maps)]


def without_odd(pairs: list[Pair], lanes: int) -> list[Pair]:
    """Pairs, the odd pixels that do not exist put to 0: their value means nothing."""
    mask = (1 << 8 * lanes) - 1
    return [(*tags, code if tags[1] else code & mask) for *tags, code in pairs]  # type: ignore[misc]


def draw_layer(generator: np.random.Generator, lanes: int, events: Counter[str]) -> Layer:
    """Codes, weights and constants, with all-extreme ones, ties and clamps; any shape up to 20."""
    pick = generator.integers
    sets, stride = int(pick(1, 3)), int(pick(1, 3))
    groups, images = int(pick(1, 4)), int(pick(1, 4))
    small = generator.random() < 0.5
    height, width = int(pick(1, 4 if small else 21)), int(pick(1, 5 if small else 21))
    if generator.random() < 0.1:
        height = width = 1
    shape = (groups, images, sets, lanes, height, width)
    codes = generator.integers(0, int(generator.choice([4, 8, 16])), shape)
    kernels = generator.integers(-7, 8, (groups, sets, lanes, 3, 3))
    mode = generator.integers(0, 4)
    if mode == 1:
        codes[:] = 15
        kernels = np.where(generator.random((groups, sets, lanes, 1, 1)) < 0.5, -7, 7) + 0 * kernels
    if mode == 2:
        kernels = np.where(generator.random(kernels.shape) < 0.8, 0, kernels)
    bits = int(generator.choice([2, 3, 4, 8]))
    shift = int(generator.choice([0, 1, 5, 12, 17]))
    above = int(height > 1 and pick(0, 3) == 0)
    below = int(stride == 1 and height > 1 + above and pick(0, 3) == 0)
    accumulators = _accumulate(codes, kernels, 1)
    accumulators = accumulators[..., above : height - below : stride, ::stride]
    spread = max(int(np.abs(accumulators).max()), 1)
    sign = np.where(generator.random((groups, sets, lanes)) < 0.3, -1, 1)
    tie = generator.random((groups, sets, lanes)) < 0.5
    scale = (1.5 * (1 << bits) * 2.0**shift / spread * generator.random(sign.shape)).astype(
        np.int64
    )
    multiplier = np.clip(
        sign * np.where(tie, 1 << max(shift - 1, 0), scale + 1), -(1 << 17), (1 << 17) - 1
    )
    bias = (generator.integers(0, 1 << bits, sign.shape) << shift) + ((1 << shift) >> 1)
    result, scaled = [], []
    for g in range(groups):
        flat = accumulators[g].reshape(images, sets * lanes, *accumulators.shape[-2:])
        values = scale_and_add(flat, multiplier[g].reshape(-1), bias[g].reshape(-1))
        scaled.append(values.copy())
        result.append(shift_and_clamp(values, shift, bits).reshape(accumulators[g].shape))
    everything = np.stack(scaled)
    inside = (everything >= 0) & (everything >> shift < 1 << bits)
    events["low"] += int((everything < 0).sum())
    events["high"] += int((everything >> shift >= 1 << bits).sum())
    events["tie"] += int((inside & (shift > 0) & (everything & (1 << shift) - 1 == 0)).sum())
    events["one pixel"] += height == width == 1
    events["strided"] += stride == 2
    events["above"] += above
    events["below"] += below
    events["strided rows above"] += above and stride == 2
    return Layer(
        codes, kernels, multiplier, bias, shift, bits, stride, np.stack(result).astype(np.int64),
        above, below,
    )  # fmt: skip


def _accumulate(codes: Codes, kernels: Codes, stride: int) -> Codes:
    groups, images, sets, lanes, height, width = codes.shape
    parts = [
        convolve_int64(
            codes[g].reshape(images, sets * lanes, height, width),
            kernels[g].reshape(sets * lanes, 1, 3, 3), stride, 1, sets * lanes,
        ).reshape(images, sets, lanes, ceil_div(height, stride), ceil_div(width, stride))
        for g in range(groups)
    ]  # fmt: skip
    return np.stack(parts)


async def _open(dut: Dut) -> Stage:
    for name in (
        "restart", "enable", "two_sets", "stride_2", "above", "below", "images", "out_bits",
        "shift", "pair_cycles", "drain", *WRITES, "write_data", "s_valid", "s_set", "s_both",
        "s_row_end", "s_end", "s_code",
    ):  # fmt: skip
        getattr(dut, name).value = 0
    await start(dut)
    dut.enable.value = 1
    return Stage(dut)


def _describe(layer: Layer) -> str:
    return f"codes {layer.codes.shape}, stride {layer.stride}, {layer.bits} bits >> {layer.shift}"


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_reference(dut: Dut) -> None:
    """Layers of any shape, maps back to back and with gaps, strides 1 and 2, one and two sets."""
    stage = await _open(dut)
    generator = rng()
    events: Counter[str] = Counter()
    for _ in range(80):
        layer = draw_layer(generator, stage.lanes, events)
        spacing = int(generator.choice([stage.spacing, stage.spacing, 3, 4]))
        await stage.run(layer, float(generator.choice([0, 0, 0.5])), spacing)
        expected = without_odd(expected_pairs(layer), stage.lanes)
        received = without_odd(stage.received, stage.lanes)
        assert len(received) == len(expected), f"{len(received)} pairs: {_describe(layer)}"
        for index, (got, wanted) in enumerate(zip(received, expected, strict=True)):
            assert got == wanted, f"pair {index} is {got}, not {wanted}: {_describe(layer)}"
        gaps = np.diff(stage.times)
        assert not len(gaps) or gaps.min() >= spacing, (
            f"pairs {gaps.min()} apart: {_describe(layer)}"
        )
    assert min(events.values()) > 5, events


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def costs_no_time(dut: Dut) -> None:
    """Pairs as close as may be: the last leaves a row, a pair and the pipeline after it came."""
    stage = await _open(dut)
    generator = rng()
    layer = draw_layer(generator, stage.lanes, Counter())
    while (
        layer.codes.shape[1] * layer.codes.shape[-2] < 20
        or layer.stride != 1
        or layer.above
        or layer.below
    ):
        layer = draw_layer(generator, stage.lanes, Counter())
    groups, images, sets, _, height, width = layer.codes.shape
    stage.queue_parameters(layer)
    await stage.run(layer, 0.0)
    assert groups * images * sets * height * pairs_of(width) == len(stage.times)
    later = np.diff(stage.times)
    assert (later == stage.spacing).sum() >= len(later) - groups, (
        "pairs leave slower than they came"
    )


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def begins_anew(dut: Dut) -> None:
    """A layer that a reset breaks off anywhere leaves no trace in the next."""
    stage = await _open(dut)
    generator = rng()
    for _ in range(12):
        layer = draw_layer(generator, stage.lanes, Counter())
        await stage.run(layer, 0.1, stop_at=int(generator.integers(1, layer.codes[..., ::2].size)))
        stage._waiting.clear()
        dut.aresetn.value = 0
        await stage.cycle()
        dut.aresetn.value = 1
        stage.received.clear()
        for _ in range(TAIL_CYCLES):
            await stage.cycle()
        assert not stage.received, "a pair leaves after a reset"
        layer = draw_layer(generator, stage.lanes, Counter())
        await stage.run(layer, 0.1)
        assert without_odd(stage.received, stage.lanes) == without_odd(
            expected_pairs(layer), stage.lanes
        ), _describe(layer)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def passes_on(dut: Dut) -> None:
    """Without a depthwise layer the pairs leave as they come, codes of 8 bits included."""
    stage = await _open(dut)
    dut.enable.value = 0
    sent: list[Pair] = []
    for _ in range(200):
        if random.random() < 0.5:
            sent.append(random_pair(len(dut.s_code)))
            await stage.cycle(sent[-1])
        else:
            await stage.cycle()
    await stage.cycle()
    assert stage.received == sent
    assert not dut.busy.value
