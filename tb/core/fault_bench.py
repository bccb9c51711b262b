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
from ref_model.hardware.order import WorkOrder
from ref_model.hardware.plan import plan_network
from ref_model.hardware.program import decode_program, encode_plan
from ref_model.hardware.registers import Control, Register, Status
from ref_model.integer.network import IntegerNetwork
from tb.core.core_driver import Core, Tensor, check_tensors
from tb.support import Dut, reset, rng, stall_pattern
from tb.support.random_networks import random_image, random_network, random_order

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
    """One pass: a network, its images, and the order of work."""

    network: IntegerNetwork
    images: list[Tensor]
    order: WorkOrder

    def packet(self, config: CoreConfig) -> bytes:
        """The parameter packet."""
        return encode_plan(plan_network(self.network, config, len(self.images), self.order))


def _draw(random: Rng, config: CoreConfig) -> Job:
    batch = int(random.integers(1, 4))
    network = random_network(random, config, MAX_CYCLES // batch)
    images = [random_image(random, network) for _ in range(batch)]
    return Job(network, images, random_order(random, network, config, batch))


async def _open(dut: Dut) -> tuple[Core, Rng, Job]:
    random = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    return core, random, _draw(random, core.config)


async def _check_alive(core: Core, job: Job, what: str) -> None:
    results = await core.run(
        job.network, job.images, cycles=BOUND, batch=len(job.images), order=job.order
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
        packet = fault(fill_beats(job.packet(core.config), beat), beat, random)
        error = expected_error(packet, core)
        if error is None:
            continue  # the edit changed nothing that matters
        what = f"{fault.__name__} {number} of {job.network.name}, {job.order}"
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
@cocotb.parametrize(beats=[-1, 1])
async def image_of_wrong_length(dut: Dut, beats: int) -> None:
    """An image a beat too short or too long is reported as such."""
    core, random, job = await _open(dut)
    beat = core.data.width // 8
    while len(core.image_packet(job.images)) <= beat:
        job = _draw(random, core.config)
    data = core.image_packet(job.images)
    core.param.send_packet(job.packet(core.config))
    core.data.send_packet(data[:-beat] if beats < 0 else data + bytes(beat))
    await core.begin()
    assert await core.wait_idle(BOUND) == Status.ERROR
    code = ErrorCode.IMAGE_SHORT if beats < 0 else ErrorCode.IMAGE_LONG
    assert (await core.error()).code == code
    await core.drop_results("a wrong image")
    await _check_alive(core, job, "a wrong image")


@cocotb.test()
@cocotb.parametrize(way=["reset", "abort"])
async def stopped_in_flight(dut: Dut, way: str) -> None:
    """Reset, or ABORT, at any moment; the next run is as if nothing had been."""
    core, random, job = await _open(dut)
    for _ in range(12):
        core.send(job.packet(core.config), job.images)
        await core.begin()
        await ClockCycles(dut.aclk, int(random.integers(1, 2 * MAX_CYCLES)))
        for source in (core.param, core.data):
            source.flush()
        if way == "reset":
            await reset(dut)
        else:
            await core.registers.write(Register.CONTROL, Control.ABORT)
            await ClockCycles(dut.aclk, 100)
            assert not await core.status() & (Status.BUSY | Status.DRAINING)
        await core.drop_results(way, closed=way == "abort")
        await _check_alive(core, job, way)


@cocotb.test()
async def interrupt_and_start_rules(dut: Dut) -> None:
    """The interrupt rises at the end, and a START while busy changes nothing."""
    core, _, job = await _open(dut)
    await core.registers.write(Register.IRQ_ENABLE, 3)
    core.send(job.packet(core.config), job.images)
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
