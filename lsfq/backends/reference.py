# SPDX-License-Identifier: Apache-2.0
"""The integer reference model behind the core's registers: fast, and without any tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lsfq.core import DEFAULT_CORE
from lsfq.errors import TransferError
from ref_model.hardware.blocks import Kernel, LayerBlock
from ref_model.hardware.checks import convolution_size
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import ErrorCode, ProgramError
from ref_model.hardware.layout import bytes_to_image
from ref_model.hardware.plan import Plan
from ref_model.hardware.program import decode_program
from ref_model.hardware.registers import (
    ERROR_CODE,
    ERROR_LAYER,
    ID_VALUE,
    RESET_VALUES,
    VERSION_VALUE,
    Control,
    Interrupt,
    Register,
    Status,
    encode_core,
)
from ref_model.integer.execute import run_network


class Reference:
    """A core of ``config`` that computes with the reference model.

    It checks a program as the core does, so a program that the core would refuse is refused here
    with the same code and layer. Its cycle counters stay 0.
    """

    name = "reference"
    counts_cycles = False
    cycles_per_second = 20e3

    def __init__(self, config: CoreConfig = DEFAULT_CORE) -> None:
        self._registers = {
            **RESET_VALUES,
            **encode_core(config),
            Register.ID: ID_VALUE,
            Register.VERSION: VERSION_VALUE,
        }
        self._config = config
        self._plan: Plan | None = None
        self._raw_blocks: list[LayerBlock] = []
        self._fault: ProgramError | None = None
        self._programs = 0
        self._images: list[bytes] = []
        self._results: list[bytes] = []

    def read(self, address: int) -> int:
        """The register at a byte address; 0 where there is none."""
        return self._registers.get(Register(address), 0) if address in set(Register) else 0

    def write(self, address: int, value: int) -> None:
        """Set a register; what START begins runs in `wait`."""
        if address == Register.CONTROL:
            if value & Control.ABORT:
                self._registers[Register.STATUS] = 0
            elif value & Control.START:
                self._registers[Register.STATUS] = Status.BUSY
                self._registers[Register.PASSES_DONE] = 0
                self._registers[Register.ERROR] = 0
        elif address == Register.IRQ_STATUS:
            self._registers[Register.IRQ_STATUS] = self.read(address) & ~value
        elif address in (Register.PASSES, Register.IRQ_ENABLE):
            self._registers[Register(address)] = value

    def follow(self, plan: Plan) -> None:
        """Compute the passes from now on by ``plan``."""
        self._plan = plan

    def program(self, packet: bytes) -> None:
        """Find what the core would say of the parameter packet."""
        self._fault = None
        try:
            program = decode_program(packet, self._config, self._config.param_width // 8)
            self._raw_blocks = [x.block for x in program.sections if x.block.raw]
        except ProgramError as error:
            self._fault = error

    def send_program(self) -> None:
        """Queue the parameter packet."""
        self._programs += 1

    def send_images(self, packet: bytes) -> None:
        """Queue the images of a pass."""
        self._images.append(packet)

    def expect(self, size: int) -> None:
        """Nothing to do: results are kept as they come."""

    def wait(self, deadline: float) -> bool:
        """Run the passes that were started, as far as their packets are there."""
        while self._status & Status.BUSY and self._programs and self._images:
            self._programs -= 1
            self._run_pass(self._images.pop(0))
        return bool(self.read(Register.IRQ_STATUS) & self.read(Register.IRQ_ENABLE))

    def receive(self, deadline: float) -> bytes:
        """The next result packet."""
        if not self._results:
            raise TransferError("there is no result packet")
        return self._results.pop(0)

    def reset_streams(self, abort: Callable[[], None]) -> None:
        """Forget every packet."""
        abort()
        self._programs = 0
        self._images.clear()
        self._results.clear()

    def progress(self) -> str:
        """Where the streams stand."""
        return f"{self._programs} programs and {len(self._images)} images are waiting"

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def _status(self) -> int:
        return self.read(Register.STATUS)

    def _run_pass(self, packet: bytes) -> None:
        assert self._plan is not None
        if self._fault is not None:
            self._stop(self._fault.code, self._fault.layer)
            return
        network, beat = self._plan.network, self._config.data_width // 8
        size = ceil_div(int(np.prod(network.input_shape)), beat) * beat
        filled = ceil_div(len(packet), beat) * beat
        if filled != self._plan.batch * size:
            short = filled < self._plan.batch * size
            self._stop(ErrorCode.IMAGE_SHORT if short else ErrorCode.IMAGE_LONG, 0)
            return
        codes = [
            bytes_to_image(packet[start : start + size], network.input_shape, self._config.pin)
            for start in range(0, filled, size)
        ]
        results = run_network(network, np.stack(codes))[network.layers[-1].name]
        packet = _result_packet(results, self._raw_blocks, self._config.pout)
        self._results.append(packet)
        done = self.read(Register.PASSES_DONE) + 1
        self._registers[Register.PASSES_DONE] = done
        if done >= self.read(Register.PASSES):
            self._registers[Register.LAYERS] = len(self._plan.runs)
            self._end(Status.DONE, Interrupt.DONE)

    def _stop(self, code: ErrorCode, layer: int) -> None:
        self._registers[Register.ERROR] = ERROR_CODE.word(code) | ERROR_LAYER.word(layer)
        self._end(Status.ERROR, Interrupt.ERROR)

    def _end(self, status: Status, interrupt: Interrupt) -> None:
        self._registers[Register.STATUS] = status
        self._registers[Register.IRQ_STATUS] = self.read(Register.IRQ_STATUS) | interrupt


def _result_packet(
    results: npt.NDArray[np.int64], blocks: Sequence[LayerBlock], pout: int
) -> bytes:
    """The result stream of a pass: its ``blocks`` are the runs of the raw layer, in order.

    Written from docs/stream_format.md alone: a driver's table for the way back that is wrong must
    not find the same table here.
    """
    numbers: list[int] = []
    done = rows = 0
    for block in blocks:
        made = convolution_size(block)[0] if block.rows else results.shape[2]
        part = results[done : done + block.images, :, rows : rows + made]
        numbers += _result_numbers(part, block, pout)
        rows = (rows + made) % results.shape[2]
        done += block.images if rows == 0 else 0
    return np.array(numbers, "<i8").tobytes()


def _result_numbers(results: npt.NDArray[np.int64], block: LayerBlock, pout: int) -> Iterator[int]:
    """The results (N, C, H, W) of one LAYER block, one after the other as the core sends them."""
    _, channels, height, width = results.shape
    sets = 2 if block.kernel == Kernel.K1X1 else 1
    pixels = 1 if block.stride2 else 2  # of a pair
    for group in range(ceil_div(channels, pout * sets)):
        for image in results:
            for y in range(height):
                for pair in range(ceil_div(width, pixels)):
                    for part in range(group * sets, (group + 1) * sets):
                        pair_pixels = image[:, y, pair * pixels : (pair + 1) * pixels]
                        for pixel in pair_pixels[part * pout : (part + 1) * pout].T:
                            yield from pixel.tolist()
