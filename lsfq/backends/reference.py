# SPDX-License-Identifier: Apache-2.0
"""The integer reference model behind the core's registers: fast, and without any tool."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsfq.core import DEFAULT_CORE
from lsfq.errors import TransferError
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import ErrorCode, ProgramError
from ref_model.hardware.layout import bytes_to_image, result_to_beats
from ref_model.hardware.plan import Plan
from ref_model.hardware.program import decode_program
from ref_model.hardware.registers import (
    CORE_ACC_W,
    CORE_FORMAT,
    CORE_FORMAT_VALUE,
    CORE_PIN,
    CORE_POUT,
    ERROR_CODE,
    ERROR_LAYER,
    ID_VALUE,
    LIMITS_LAYERS,
    LIMITS_MAX_POOL_WIDTH,
    RESET_VALUES,
    VERSION_VALUE,
    Control,
    Interrupt,
    Register,
    Status,
)
from ref_model.integer.execute import run_network

BEAT = 8
"""Bytes by which a packet may be longer than its content."""


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
            Register.ID: ID_VALUE,
            Register.VERSION: VERSION_VALUE,
            Register.CORE: (
                CORE_PIN.word(config.pin)
                | CORE_POUT.word(config.pout)
                | CORE_ACC_W.word(config.acc_width)
                | CORE_FORMAT.word(CORE_FORMAT_VALUE)
            ),
            Register.FEATURE_DEPTH: config.feature_depth,
            Register.WEIGHT_DEPTH: config.weight_depth,
            Register.LIMITS: (
                LIMITS_MAX_POOL_WIDTH.word(config.max_pool_width)
                | LIMITS_LAYERS.word(config.max_layers)
            ),
        }
        self._config = config
        self._plan: Plan | None = None
        self._fault: ProgramError | None = None
        self._programs = 0
        self._images: list[bytes] = []
        self._results: list[bytes] = []

    def read(self, address: int) -> int:
        """The register at a byte address; 0 where there is none."""
        return self._registers.get(Register(address), 0) if address in set(Register) else 0

    def write(self, address: int, value: int) -> None:
        """Set a register; START runs at once when the packets are there, else in `wait`."""
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

    def program(self, packet: bytes, plan: Plan) -> None:
        """Keep the parameter packet, and find what the core would say of it."""
        self._plan, self._fault = plan, None
        try:
            decode_program(packet, self._config, BEAT)
        except ProgramError as error:
            self._fault = error

    def send_program(self) -> None:
        """Queue the parameter packet."""
        self._programs += 1

    def send_image(self, packet: bytes) -> None:
        """Queue an image packet."""
        self._images.append(packet)

    def expect(self, size: int) -> None:
        """Nothing to do: results are kept as they come."""

    def wait(self, deadline: float) -> bool:
        """Run the passes that were started."""
        passes = max(1, self.read(Register.PASSES))
        if not self.read(Register.STATUS) & Status.BUSY:
            return bool(self.read(Register.IRQ_STATUS))
        if min(self._programs, len(self._images)) < passes:
            return False
        images, self._images = self._images[:passes], self._images[passes:]
        self._programs -= passes
        self._run(images)
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

    def _run(self, images: list[bytes]) -> None:
        assert self._plan is not None
        if self._fault is not None:
            self._stop(self._fault.code, self._fault.layer)
            return
        network, pin = self._plan.network, self._config.pin
        channels, height, width = network.input_shape
        size = channels * height * width
        good = 0
        while good < len(images) and size <= len(images[good]) < size + BEAT:
            good += 1
        if good:
            codes = np.stack(
                [bytes_to_image(image, network.input_shape, pin) for image in images[:good]]
            )
            last = self._plan.layers[-1]
            for result in run_network(network, codes)[last.layer.name]:
                beats = result_to_beats(result, self._config.pout, last.kernel.sets)
                self._results.append(beats.astype("<i8").tobytes())
        self._registers[Register.PASSES_DONE] = good
        if good < len(images):
            short = len(images[good]) < size
            self._stop(ErrorCode.IMAGE_SHORT if short else ErrorCode.IMAGE_LONG, 0)
        else:
            self._registers[Register.LAYERS] = len(network.layers)
            self._registers[Register.STATUS] = Status.DONE
            self._registers[Register.IRQ_STATUS] = self.read(Register.IRQ_STATUS) | Interrupt.DONE

    def _stop(self, code: ErrorCode, layer: int) -> None:
        self._registers[Register.ERROR] = ERROR_CODE.word(code) | ERROR_LAYER.word(layer)
        self._registers[Register.STATUS] = Status.ERROR
        self._registers[Register.IRQ_STATUS] = self.read(Register.IRQ_STATUS) | Interrupt.ERROR
