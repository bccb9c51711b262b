# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the skip scale's bench."""

from __future__ import annotations

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, rng, start_clock
from tb.support.pipeline import pack, signed, unpack


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies(dut: Dut) -> None:
    """Every code by multipliers of every size and sign, extremes too; 0 without a skip tensor."""
    generator = rng()
    lanes = int(dut.POUT.value)
    for name in ("restart", "enable", "multiplier", "pair"):
        getattr(dut, name).value = 0
    start_clock(dut)
    extremes = [-(1 << 17), (1 << 17) - 1, -1, 0, 1]
    for factor in [*extremes, *(int(x) for x in generator.integers(-(1 << 17), 1 << 17, 20))]:
        enable = int(generator.random() < 0.8)
        dut.multiplier.value, dut.enable.value = factor & (1 << 18) - 1, enable
        dut.restart.value = 1
        await RisingEdge(dut.aclk)
        dut.restart.value = 0
        await RisingEdge(dut.aclk)
        cycles = 0
        while not dut.ready.value:
            await RisingEdge(dut.aclk)
            cycles += 1
            assert cycles < 20, "never ready"
        assert cycles == 0 or enable, "waits without a skip tensor"
        codes = [generator.permutation(256).tolist() for _ in range(2 * lanes)]
        previous: list[int] | None = None
        for column in zip(*codes, strict=True):
            dut.pair.value = pack(column, 8)
            await RisingEdge(dut.aclk)
            if previous is not None:
                got = [signed(x, 26) for x in unpack(int(dut.residue.value), 26, 2 * lanes)]
                assert got == previous, f"{got}, not {previous}: multiplier {factor}"
            previous = [enable * factor * code for code in column]
