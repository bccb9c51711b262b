# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the counters' bench: random passes against counts kept in Python."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.registers import LayerCounter
from tb.support import Dut, reset, start

INPUTS = (
    "pass_start", "running", "first_beat", "loaded", "result_last", "layer_end", "layer_slot",
    "busy", "starved_weights", "blocked_output", "starved_features", "read_layer", "read_counter",
)  # fmt: skip
LAYER_APART = 9
"""Cycles between the ends of two layers, at least."""

STORED = 10
"""Cycles after a layer's end in which its slot is complete."""

READ_LATENCY = 3
"""Cycles from a slot's number to its count, as a bench sees it."""

REASONS = {
    "busy": LayerCounter.BUSY,
    "starved_weights": LayerCounter.STARVED_WEIGHTS,
    "blocked_output": LayerCounter.BLOCKED_OUTPUT,
    "starved_features": LayerCounter.STARVED_FEATURES,
}


@dataclass
class Expected:
    """What the counters have to hold."""

    cycles: int = 0
    load_cycles: int = 0
    layers: int = 0
    slots: dict[int, dict[str, int]] = field(default_factory=dict)


async def _cycle(dut: Dut, **high: int) -> None:
    """One cycle with these inputs high and the others low."""
    for name in INPUTS:
        getattr(dut, name).value = high.get(name, 0)
    await RisingEdge(dut.aclk)


async def _pass(dut: Dut, layers: int, longest: int, abandon: bool = False) -> Expected:
    """One pass of random length, some slots used several times, some there are not; `abandon`
    leaves it in the middle.
    """
    expected = Expected()
    # up to here the order of work waits, with the images of the pass before
    waiting = {"loaded": random.getrandbits(1), **dict.fromkeys(REASONS, 1)}
    await _cycle(dut, **waiting)
    await _cycle(dut, pass_start=1, **waiting)
    for _ in range(random.randint(0, 5)):
        await _cycle(dut, running=1)
    load = random.randint(1, longest)
    for cycle in range(load):
        # the second stream's first beat may come at any time after the other's
        await _cycle(dut, running=1, first_beat=int(cycle == 0 or random.random() < 0.1))
    expected.cycles = expected.load_cycles = load
    for number in range(layers):
        slot = random.choice([number, random.randint(0, layers), random.getrandbits(8)]) & 0xFF
        counts = expected.slots.setdefault(slot, dict.fromkeys(REASONS, 0))
        # the first may begin as late as the pass
        length = random.randint(LAYER_APART if number else 1, max(LAYER_APART, longest))
        if abandon and number == layers - 1:
            for _ in range(length):
                await _cycle(dut, running=1, loaded=1, busy=1)
            if not any(counts.values()):
                del expected.slots[slot]
            return expected
        for cycle in range(length):
            reason = random.choice(list(REASONS))
            counts[reason] += 1
            end = int(cycle == length - 1)
            settings = {"layer_end": end, "layer_slot": slot, reason: 1}
            await _cycle(dut, running=1, loaded=1, **settings)
        expected.cycles += length
        expected.layers += 1
    tail = random.randint(1, 6)
    for cycle in range(tail):
        await _cycle(dut, running=1, loaded=1, result_last=int(cycle == tail - 1))
    expected.cycles += tail
    for _ in range(random.randint(0, 5)):  # the parameter stream's END is still to be read
        await _cycle(dut, running=1, loaded=1)
    for _ in range(random.randint(0, 5)):
        await _cycle(dut, loaded=1)
    return expected


async def _read(dut: Dut, layer: int, counter: int) -> int:
    await _cycle(dut, loaded=1, read_layer=layer, read_counter=counter)
    await _cycle(dut, loaded=1)
    await _cycle(dut, loaded=1)
    return int(dut.read_data.value)


async def _check(dut: Dut, expected: Expected) -> None:
    """Totals, and the counters of every slot; those not reached read 0."""
    for _ in range(STORED - 1):
        await _cycle(dut, loaded=1)
    assert int(dut.cycles.value) == expected.cycles
    assert int(dut.load_cycles.value) == expected.load_cycles
    assert int(dut.layers.value) == expected.layers
    for layer in range(int(dut.LAYERS.value)):
        counts = expected.slots.get(layer, dict.fromkeys(REASONS, 0))
        for reason, counter in REASONS.items():
            assert await _read(dut, layer, counter // 4) == counts[reason], f"{layer}: {reason}"
        assert await _read(dut, layer, LayerCounter.CYCLES // 4) == sum(counts.values())
        for unlisted in (5, 6, 7):
            assert await _read(dut, layer, unlisted) == 0


async def _start(dut: Dut) -> None:
    for name in INPUTS:
        getattr(dut, name).value = 0
    await start(dut)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def counts(dut: Dut) -> None:
    """Passes one after another, some with more layers than there are counters, some cut short."""
    await _start(dut)
    await _check(dut, Expected())  # before the first pass everything reads 0
    depth = int(dut.LAYERS.value)
    for layers in (1, depth, depth + 3, 2, 1, depth - 1, 3 * depth):
        if random.random() < 0.5:
            await _pass(dut, 3, 20, abandon=True)
        await _check(dut, await _pass(dut, layers, 40))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reads_while_a_slot_is_stored(dut: Dut) -> None:
    """A count that is read in every cycle is the old one and, from some cycle on, the new one."""
    await _start(dut)
    await _cycle(dut, pass_start=1)
    count = 0
    for _ in range(6):
        old, length = count, random.randint(LAYER_APART, 2 * LAYER_APART)
        count += length
        for cycle in range(length):
            end = int(cycle == length - 1)
            await _cycle(dut, running=1, loaded=1, busy=1, layer_end=end, layer_slot=0)
        seen = []
        for _ in range(STORED + READ_LATENCY):
            await _cycle(dut, running=1, loaded=1, read_counter=LayerCounter.BUSY // 4)
            seen.append(int(dut.read_data.value))
        assert set(seen[READ_LATENCY:]) == {old, count}
        assert seen[READ_LATENCY:] == sorted(seen[READ_LATENCY:])


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reset_zeroes_totals(dut: Dut) -> None:
    """After a reset in a pass the totals are 0 and do not count before the next pass."""
    await _start(dut)
    await _pass(dut, 2, 10, abandon=True)
    await reset(dut)
    await _cycle(dut, running=1)
    await ClockCycles(dut.aclk, 5)
    for name in ("cycles", "load_cycles", "layers"):
        assert int(getattr(dut, name).value) == 0
    expected = await _pass(dut, 1, 10)
    assert int(dut.cycles.value) == expected.cycles
