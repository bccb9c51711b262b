# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the constant memory's bench: payloads go in, multipliers and biases come out."""

from __future__ import annotations

import random
from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import ReadOnly, RisingEdge

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.payload import CONSTANT_BYTES, Payload, PayloadShape, pack_payload
from ref_model.integer.ranges import BIAS_BITS, MULTIPLIER_BITS, signed_range
from tb.support import Dut, is_high, reset, rng, start, to_beats, to_signed

Constants = list[tuple[int, int]]
INPUTS = ("write_beats", "write_end", "write_data", "read_set", "release_sets")


def random_set(generator: np.random.Generator, pout: int) -> tuple[Constants, bytes]:
    """The (m, b) of POUT channels, the ends of their ranges among them, and their bytes."""
    columns = []
    for bits in (MULTIPLIER_BITS, BIAS_BITS):
        low, high = signed_range(bits)
        values = generator.integers(low, high + 1, pout)
        ends = generator.choice([low, -1, 0, 1, high], pout)
        columns.append(np.where(generator.random(pout) < 0.4, ends, values))
    multiplier, bias = columns
    shape = PayloadShape(Kernel.K1X3, 1, 1, 1, pout, 4)
    weight = np.zeros(shape.weight_shape(), np.int8)
    config = CoreConfig(pin=4, pout=pout)
    packet = pack_payload(Payload(weight, multiplier, bias), shape, config)
    pairs = [(int(m), int(b)) for m, b in zip(multiplier, bias, strict=True)]
    return pairs, packet[: pout * CONSTANT_BYTES]


class Bench:
    """Offers beats, reads and releases sets, and compares, cycle by cycle."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.sets = int(dut.SETS.value)
        self.rng = rng()
        self.forget()

    def forget(self) -> None:
        """An empty memory, nothing offered."""
        self.held: deque[Constants] = deque()
        self.written = 0
        self._spaces = [False, False, True]  # two cycles before, the cycle before, now
        self._pending: deque[tuple[int, int, bool, Constants]] = deque()
        for name in INPUTS:
            getattr(self.dut, name).value = 0

    _settled = False

    async def run(self, cycles: int, eager: float, release: float) -> None:
        """`eager`: chance of a beat where there is space; `release`: chance that sets are freed."""
        dut = self.dut
        for _ in range(cycles):
            write = self._spaces[0] and random.random() < eager
            if not self._pending:
                pairs, data = random_set(self.rng, int(dut.POUT.value))
                beats = to_beats(data, len(dut.write_data))
                self._pending.extend(
                    (i, value, i == len(beats) - 1, pairs) for i, value in enumerate(beats)
                )
            number, value, last, pairs = self._pending[0]
            dut.write_beats.value = int(write) << number
            dut.write_end.value = int(write and last)
            dut.write_data.value = value
            second = len(self.held) > 1 and random.random() < 0.5
            dut.read_set.value = int(second)
            free = random.randint(1, 2) if random.random() < release else 0
            free = min(free, len(self.held))
            dut.release_sets.value = free
            await ReadOnly()
            if self._settled:
                assert is_high(dut.space) == self._spaces[2], f"{len(self.held)} sets held"
            if self.held:
                self._compare(self.held[int(second)])
            await RisingEdge(dut.aclk)
            self._settled = True
            space = len(self.held) + (write and last) < self.sets - 2
            self._spaces = [*self._spaces[1:], space]
            for _ in range(free):
                self.held.popleft()
            if write:
                self._pending.popleft()
                if last:
                    self.held.append(pairs)
                    self.written += 1

    def _compare(self, pairs: Constants) -> None:
        data = int(self.dut.read_data.value)
        for lane, pair in enumerate(pairs):
            word = data >> 64 * lane
            multiplier = to_signed(word & (1 << MULTIPLIER_BITS) - 1, MULTIPLIER_BITS)
            bias = to_signed(word >> MULTIPLIER_BITS & (1 << BIAS_BITS) - 1, BIAS_BITS)
            assert (multiplier, bias) == pair, f"lane {lane}"


async def _bench(dut: Dut) -> Bench:
    bench = Bench(dut)
    await start(dut)
    return bench


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(eager=[0.4, 1.0], release=[0.02, 0.3])
async def reads_what_was_sent(dut: Dut, eager: float, release: float) -> None:
    """Sets come out in order, first and second, while others are written and released."""
    bench = await _bench(dut)
    await bench.run(1000, eager, release)
    assert bench.written > 2 * bench.sets


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def keeps_two_sets_free(dut: Dut) -> None:
    """All sets but two go in while none is released; these take the beats on their way."""
    bench = await _bench(dut)
    await bench.run(40 * bench.sets, 1.0, 0.0)
    beats = int(dut.POUT.value) * 8 * CONSTANT_BYTES // len(dut.write_data)
    assert bench.written == bench.sets - 2 + 2 // beats
    await bench.run(200, 1.0, 0.3)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_empties(dut: Dut) -> None:
    """Reset at any time, also in mid-set: the next sets come out in order."""
    bench = await _bench(dut)
    for turn in range(10):
        await bench.run(random.randint(1, 60), 1.0, 0.1)
        bench.forget()
        if turn % 2:  # one cycle long
            dut.aresetn.value = 0
            await RisingEdge(dut.aclk)
            dut.aresetn.value = 1
        else:
            await reset(dut)
        await bench.run(60, 1.0, 0.1)
