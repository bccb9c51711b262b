# SPDX-License-Identifier: Apache-2.0
"""What goes wrong outside the core: damaged programs, wrong images, aborts, resets.

Each fault must be reported, leave nothing hanging, and not disturb the next run.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from ref_model.hardware.blocks import BLOCK_BYTES
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import ErrorCode, ProgramError
from ref_model.hardware.layout import fill_beats
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.program import decode_program, encode_plan
from ref_model.hardware.registers import Control, Register, Status
from ref_model.integer.network import IntegerNetwork
from tb.core.core_driver import Core, Tensor, check_tensors
from tb.support import Dut, reset, rng, stall_pattern
from tb.support.random_networks import (
    random_image,
    random_network,
    random_order,
    random_rows,
)

DAMAGED = int(os.environ.get("LSFQ_DAMAGED", "10"))
STALLS = os.environ.get("LSFQ_STALLS", "none")
MAX_CYCLES = 1500
BOUND = 200 * MAX_CYCLES

Rng = np.random.Generator


def damage_bit(packet: bytes, beat: int, random: Rng) -> bytes:
    """One bit flipped anywhere."""
    position = int(random.integers(len(packet) * 8))
    changed = bytearray(packet)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def drop_beat(packet: bytes, beat: int, random: Rng) -> bytes:
    """One beat lost."""
    at = int(random.integers(len(packet) // beat)) * beat
    return packet[:at] + packet[at + beat :]


def repeat_beat(packet: bytes, beat: int, random: Rng) -> bytes:
    """One beat twice."""
    at = int(random.integers(len(packet) // beat)) * beat
    return packet[: at + beat] + packet[at:]


def truncate(packet: bytes, beat: int, random: Rng) -> bytes:
    """The end is missing."""
    return packet[: int(random.integers(1, len(packet) // beat)) * beat]


def append_beats(packet: bytes, beat: int, random: Rng) -> bytes:
    """Something follows the end."""
    return packet + random.bytes(beat * int(random.integers(1, 5)))


def foreign(packet: bytes, beat: int, random: Rng) -> bytes:
    """Not a program at all."""
    return random.bytes(beat * int(random.integers(BLOCK_BYTES // beat, 40)))


def edit_block(packet: bytes, beat: int, random: Rng) -> bytes:
    """A field of the first three blocks (LAYER or LOAD the last) changed, its checksum right."""
    start = BLOCK_BYTES * int(random.integers(3))
    block = bytearray(packet[start : start + BLOCK_BYTES])
    block[int(random.integers(40))] = int(random.integers(256))
    block[60:] = struct.pack("<I", zlib.crc32(bytes(block[:60])))
    return packet[:start] + bytes(block) + packet[start + BLOCK_BYTES :]


FAULTS = (damage_bit, drop_beat, repeat_beat, truncate, append_beats, foreign, edit_block)


def expected_error(packet: bytes, core: Core) -> ProgramError | None:
    """What the reference decoder says about a packet; None where it finds nothing wrong."""
    try:
        decode_program(packet, core.config, core.param.width // 8)
    except ProgramError as error:
        return error
    return None


@dataclass(frozen=True)
class Job:
    """One pass: a network, its images, and the plan for both."""

    network: IntegerNetwork
    images: list[Tensor]
    plan: Plan

    def packet(self) -> bytes:
        """The parameter packet."""
        return encode_plan(self.plan)


def _draw(random: Rng, config: CoreConfig) -> Job:
    """A job, in rows where the coin says so and the network can."""
    batch = int(random.integers(1, 4))
    network = random_network(random, config, MAX_CYCLES // batch)
    images = [random_image(random, network) for _ in range(batch)]
    plan = random_rows(random, network, config, batch) if random.random() < 0.6 else None
    if plan is None:
        order = random_order(random, network, config, batch)
        plan = plan_network(network, config, batch, order)
    return Job(network, images, plan)


async def _open(dut: Dut) -> tuple[Core, Rng, Job]:
    random = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    return core, random, _draw(random, core.config)


async def _check_alive(core: Core, job: Job, what: str) -> None:
    results = await core.run(
        job.network, job.images, cycles=BOUND, batch=len(job.images), plan=job.plan
    )
    check_tensors(job.network, job.images, results, f"after {what}")


@cocotb.test()
async def damaged_programs(dut: Dut) -> None:
    """Every damaged program is reported with its code and layer, and the next start works."""
    core, random, _ = await _open(dut)
    reported: dict[str, int] = {}
    number = 0
    while number < DAMAGED:
        job = _draw(random, core.config)
        fault = FAULTS[number % len(FAULTS)]
        beat = core.param.width // 8
        packet = fault(fill_beats(job.packet(), beat), beat, random)
        error = expected_error(packet, core)
        if error is None:
            continue  # the edit changed nothing that matters
        what = f"{fault.__name__} {number} of {job.network.name}"
        core.send(packet, job.images)
        await core.begin()
        status = await core.wait_idle(BOUND)
        report = await core.error()
        image_fault = report.code in (ErrorCode.IMAGE_SHORT, ErrorCode.IMAGE_LONG)
        # an edited input shape makes the image wrong too, and that may be seen first
        if not (image_fault and fault is edit_block):
            assert status == Status.ERROR, f"{what}: {status!r}, expected {error}"
            assert (report.code, report.layer) == (error.code, error.layer), (
                f"{what}: reported {report}, expected {error}"
            )
        reported[report.code.name] = reported.get(report.code.name, 0) + 1
        await core.drop_results(what)
        await _check_alive(core, job, what)
        number += 1
    dut._log.info(f"{number} damaged programs reported: {reported}")


@cocotb.test()
@cocotb.parametrize(length=["a beat short", "a beat long", "cut anywhere"])
async def image_of_wrong_length(dut: Dut, length: str) -> None:
    """Images too short or too long are reported as such, wherever a part of them ends."""
    core, random, _ = await _open(dut)
    beat = core.data.width // 8
    code = ErrorCode.IMAGE_LONG if length == "a beat long" else ErrorCode.IMAGE_SHORT
    for _ in range(6):
        job = _draw(random, core.config)
        data = core.image_packet(job.images) + bytes(beat)
        whole = len(data) // beat - 1
        if length == "a beat short" and whole > 1:
            data = data[: (whole - 1) * beat]
        elif length == "cut anywhere" and whole > 1:
            data = data[: int(random.integers(1, whole)) * beat]
        elif length != "a beat long":
            continue
        core.param.send_packet(job.packet())
        core.data.send_packet(data)
        await core.begin()
        assert await core.wait_idle(BOUND) == Status.ERROR
        assert (await core.error()).code == code
        await core.drop_results("a wrong image")
        await _check_alive(core, job, "a wrong image")


@cocotb.test()
@cocotb.parametrize(way=["reset", "abort", "abort before the senders"])
async def stopped_in_flight(dut: Dut, way: str) -> None:
    """Reset, or ABORT, at any moment, while the senders still offer beats or not; the next run is
    as if nothing had been.
    """
    core, random, _ = await _open(dut)
    for _ in range(12):
        job = _draw(random, core.config)
        core.send(job.packet(), job.images)
        await core.begin()
        await ClockCycles(dut.aclk, int(random.integers(1, 2 * MAX_CYCLES)))
        sources = (core.param, core.data)
        for source in sources if way != "abort before the senders" else ():
            source.flush()
        if way == "reset":
            await reset(dut)
        else:
            await core.registers.write(Register.CONTROL, Control.ABORT)
            await ClockCycles(dut.aclk, 100)
            assert not await core.status() & (Status.BUSY | Status.DRAINING)
            for source in sources:
                source.flush()
            await ClockCycles(dut.aclk, int(random.integers(1, 5)))
        await core.drop_results(way, closed=way != "reset")
        await _check_alive(core, job, way)


@cocotb.test()
async def interrupt_and_start_rules(dut: Dut) -> None:
    """The interrupt rises at the end, and a START while busy changes nothing."""
    core, _, job = await _open(dut)
    await core.registers.write(Register.IRQ_ENABLE, 3)
    core.send(job.packet(), job.images)
    await core.begin()
    await core.begin()
    assert await core.wait_idle(BOUND) == Status.DONE
    assert await core.registers.read(Register.PASSES_DONE) == 1
    assert dut.irq.value == 1
    await core.registers.write(Register.IRQ_STATUS, 1)
    assert await core.registers.read(Register.IRQ_STATUS) == 0
    await ClockCycles(dut.aclk, 2)
    assert dut.irq.value == 0
    await core.drop_results("the interrupt")
    await _check_alive(core, job, "the interrupt")
