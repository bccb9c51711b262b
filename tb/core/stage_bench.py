# SPDX-License-Identifier: Apache-2.0
"""Depthwise layers, strides behind them and residual additions on the whole core."""

from __future__ import annotations

import os
from collections import Counter

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge

from ref_model.hardware.blocks import describe_block
from ref_model.hardware.layout import images_to_bytes
from ref_model.hardware.registers import Status
from ref_model.integer.compare import first_difference
from tb.core.core_driver import RESULT_WIDTH, Core, Tensor
from tb.core.stage_programs import StageProgram, random_stage_program
from tb.ref_model.hardware.core_model import CoreModel
from tb.support import Dut, rng, stall_pattern, to_signed

PROGRAMS = int(os.environ.get("LSFQ_PROGRAMS", "10"))
STALLS = os.environ.get("LSFQ_STALLS", "none")
CYCLES = 400_000
"""A pass takes fewer."""


async def _tensors(core: Core, program: StageProgram, found: list[Tensor]) -> None:
    """Every result as it lies in the feature memory when its layer ends."""
    finished = core.dut.layer_finished
    for block, stored in zip(program.layers, program.results, strict=True):
        await RisingEdge(finished)
        await ReadOnly()
        while not bool(finished.value):  # a glitch within the time step
            await RisingEdge(finished)
            await ReadOnly()
        if stored is None:
            continue
        for image in range(block.images):
            base = stored.base + image * stored.pitch
            found.append(core.read_tensor(base, stored.shape, stored.bits))


async def _check(core: Core, program: StageProgram, what: str) -> None:
    config, data = core.config, core.data.width // 8
    model = CoreModel(config.pin, config.pout, config.feature_depth, config.acc_width)
    model.run(program.packet, images_to_bytes(program.images, config.pin, data), data)
    found: list[Tensor] = []
    watcher = cocotb.start_soon(_tensors(core, program, found))
    core.send(program.packet, list(program.images))
    await core.begin()
    status = await core.wait_idle(CYCLES)
    assert status == Status.DONE, f"{what}: {status!r}, {await core.error()}"
    beats = await core.result.receive(cycles=200)
    watcher.cancel()
    names = [
        f"{what}, image {image} of {describe_block(block)}"
        for block in program.layers
        if not block.raw
        for image in range(block.images)
    ]
    for name, wanted, got in zip(names, model.outputs, found, strict=True):
        wrong = first_difference(name, wanted, got.astype(wanted.dtype))
        assert wrong is None, f"{wrong.layer}: {wrong}"
    assert [to_signed(beat, RESULT_WIDTH) for beat in beats] == model.results, f"{what}: results"


@cocotb.test()
async def random_programs(dut: Dut) -> None:
    """Every tensor of random programs; what the stages can do occurs."""
    generator = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    kinds: Counter[str] = Counter()
    for number in range(PROGRAMS):
        program = random_stage_program(generator, core.config)
        dut._log.info(f"program {number}: {len(program.layers)} layers")
        await _check(core, program, f"program {number}")
        kinds += program.kinds()
    dut._log.info(f"{dict(kinds)}")
    missing = [name for name, count in program.kinds().items() if not kinds[name]]
    assert PROGRAMS < 20 or not missing, f"never: {missing}"
