# SPDX-License-Identifier: Apache-2.0
"""An accelerator that runs networks, wherever it is."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from lsfq.backends.base import Backend, PlanBackend
from lsfq.core import read_config
from lsfq.core_choice import advice
from lsfq.counters import PassCycles, read_counters
from lsfq.errors import (
    AcceleratorError,
    CoreError,
    MissingInterruptError,
    NoNetworkError,
    PassTimeoutError,
    TransferError,
)
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layout import images_to_bytes
from ref_model.hardware.plan import MAX_BATCH, Plan, plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.registers import Control, Interrupt, Register, Status, decode_error
from ref_model.hardware.results import in_order, packet_order
from ref_model.integer.execute import Progress, check_images
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import load_network

Logits = npt.NDArray[np.int64]
"""Raw results, int64: (N, classes), or (N, C, H, W) of a network whose result is a map."""

RESULT_BYTES = 8
BATCHES = (1, 2, 4, 8, 16, 32)
"""Images of a pass to choose from, where the caller names no number."""
NEARLY_BEST = 1.02
"""A batch that needs this much more than the fewest cycles an image is as good, if shorter."""
SLACK_FACTOR = 10
SLACK_S = 5.0
"""A pass may take this many times its estimate, and this many seconds more."""


@dataclass(frozen=True)
class _Program:
    """A network made ready for passes of so many images."""

    plan: Plan
    packet: bytes
    order: npt.NDArray[np.intp]
    """Where each beat of the results belongs in the flat (N, C, H, W) results."""


class Accelerator:
    """One core, used as a context manager or closed with `close`.

        with Accelerator(Simulator()) as accelerator:
            accelerator.load("networks/vgg7_w32_w4a4")
            classes = accelerator.predict(images)

    ``timeout`` is the longest that one image may take, in seconds; by default a pass may take ten
    times its estimate at a slow clock, and five seconds. Raises BackendError when there is no core.
    After any error of `run` the core was stopped and the next `run` works, as long as the backend
    itself does.
    """

    def __init__(self, backend: Backend, *, timeout: float | None = None) -> None:
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout {timeout}: give seconds above 0")
        self._backend = backend
        self._timeout = timeout
        self._loaded: IntegerNetwork | None = None
        self._plans: dict[int, Plan] = {}
        self._programs: dict[int, _Program] = {}
        self._current: _Program | None = None
        try:
            self.config = read_config(backend.read)
            self._stop()
        except BaseException:
            backend.close()
            raise

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the core; the backend's processes, buffers and files with it."""
        self._backend.close()

    @property
    def backend(self) -> Backend:
        """The backend that it was made with."""
        return self._backend

    @property
    def network(self) -> IntegerNetwork:
        """The network that was loaded; NoNetworkError before `load`."""
        if self._loaded is None:
            raise NoNetworkError("no network is loaded: call load first")
        return self._loaded

    def load(self, network: IntegerNetwork | str | os.PathLike[str]) -> Accelerator:
        """Take a network, or the folder of an exported one; returns itself.

        Raises UnsupportedNetworkError with the layer's name and what does not fit when this core
        cannot run it, NetworkFormatError when the folder holds none; the network that was loaded
        before stays.
        """
        if not isinstance(network, IntegerNetwork):
            network = load_network(network)
        try:
            plan = plan_network(network, self.config)
        except UnsupportedNetworkError as error:
            raise UnsupportedNetworkError(f"{error}{advice(network, self.config)}") from error
        program = _make_program(plan)
        self._hand_over(program)
        self._loaded, self._plans = network, {1: plan}
        self._programs, self._current = {1: program}, program
        return self

    def run(
        self,
        images: npt.ArrayLike,
        *,
        batch: int | None = None,
        progress: Progress | None = None,
    ) -> Logits:
        """The raw results of ``images``: int64 (N, classes), or (N, C, H, W) of a map.

        ``images`` are codes (N, C, H, W), or (C, H, W) for one image; for an 8-bit input the bytes
        of the picture. ``batch`` of them share a pass, so that weights are sent once for all of
        them; the default is chosen for the fewest cycles per image. ``progress`` is called with
        (images done, images in all). Raises NetworkError for images that do not fit, CoreError with
        the layer's name when the core reports an error, PassTimeoutError and TransferError.
        """
        codes = check_images(self.network, images)
        if batch is None:
            batch = choose_batch(self._plan, len(codes))
        if not 1 <= batch <= MAX_BATCH:
            raise ValueError(f"batch {batch}: give 1 to {MAX_BATCH}")
        shape = self.network.output_shapes()[-1]
        results = np.empty((len(codes), *shape), np.int64)
        for start in range(0, len(codes), batch):
            part = codes[start : start + batch]
            results[start : start + len(part)] = self._run_pass(part)
            if progress is not None:
                progress(start + len(part), len(codes))
        return results[:, :, 0, 0] if shape[1:] == (1, 1) else results

    def predict(
        self,
        images: npt.ArrayLike,
        *,
        batch: int | None = None,
        progress: Progress | None = None,
    ) -> npt.NDArray[np.int64]:
        """The class of every image, int64 (N,): the largest result, the lowest index on a tie.

        Arguments and errors are those of `run`; AcceleratorError when the result is a map.
        """
        if self.network.output_shapes()[-1][1:] != (1, 1):
            raise AcceleratorError(
                f"network {self.network.name}: its result is a map, not one number a class; use run"
            )
        classes: npt.NDArray[np.int64] = self.run(images, batch=batch, progress=progress).argmax(1)
        return classes

    def counters(self) -> PassCycles:
        """Where the cycles of the last pass went; AcceleratorError where nothing counted them."""
        if not self._backend.counts_cycles:
            raise AcceleratorError(f"the {self._backend.name} backend does not count cycles")
        if self._current is None:
            raise NoNetworkError("no network is loaded: call load and run first")
        return read_counters(self._backend.read, self._current.plan)

    def _plan(self, batch: int) -> Plan:
        """The plan of a pass over ``batch`` images, made once."""
        if batch not in self._plans:
            self._plans[batch] = plan_network(self.network, self.config, batch)
        return self._plans[batch]

    def _hand_over(self, program: _Program) -> None:
        """Give the backend the parameters of a pass, and the plan where it computes by that."""
        if isinstance(self._backend, PlanBackend):
            self._backend.follow(program.plan)
        self._backend.program(program.packet)

    def _run_pass(self, images: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Results (N, C, H, W) of images that share a pass."""
        backend = self._backend
        program = self._programs.get(len(images))
        if program is None:
            program = _make_program(self._plan(len(images)))
            self._programs[len(images)] = program
        packet = images_to_bytes(images, self.config.pin, self.config.data_width // 8)
        size = program.order.size * RESULT_BYTES
        try:
            if program is not self._current:
                self._current = None
                self._hand_over(program)
                self._current = program
            backend.send_program()
            backend.send_images(packet)
            backend.expect(size)
            backend.write(Register.IRQ_STATUS, int(Interrupt.DONE | Interrupt.ERROR))
            backend.write(Register.IRQ_ENABLE, int(Interrupt.DONE | Interrupt.ERROR))
            backend.write(Register.PASSES, 1)
            deadline = time.monotonic() + self._seconds(program)
            backend.write(Register.CONTROL, int(Control.START))
            interrupted = backend.wait(deadline)
            self._check_status(interrupted, program.plan)
            beats = backend.receive(deadline)
        except BaseException:
            with contextlib.suppress(AcceleratorError):  # the first error says more
                self._stop()
            raise
        if len(beats) != size:
            self._stop()
            raise TransferError(
                f"the results have {len(beats)} bytes, not {size}: they were cut short"
            )
        return in_order(program.plan, program.order, np.frombuffer(beats, "<i8"))

    def _check_status(self, interrupted: bool, plan: Plan) -> None:
        """Raise the error that the core, or its silence, stands for."""
        read = self._backend.read
        status = Status(read(Register.STATUS))
        if status & Status.ERROR:
            report = decode_error(read(Register.ERROR))
            raise CoreError(report.code, report.layer, _layer_name(plan, report.layer))
        if status & Status.DONE and interrupted:
            return
        stand = self._backend.progress()
        if status & Status.DONE:
            raise MissingInterruptError(
                f"the core is done, but its interrupt did not come: is irq connected? ({stand})"
            )
        done = read(Register.LAYERS)
        name = _layer_name(plan, done)
        where = f"in layer {name}" if name else "after the last layer"
        bits = " and ".join(str(bit.name) for bit in Status if bit & status) or "idle"
        raise PassTimeoutError(
            f"the core did not finish in time: {bits} {where}, "
            f"{done} of {len(plan.runs)} layer runs are finished; {stand}"
        )

    def _seconds(self, program: _Program) -> float:
        """How long a pass may take."""
        plan = program.plan
        if self._timeout is not None:
            return self._timeout * plan.batch
        return SLACK_S + SLACK_FACTOR * plan.cycles / self._backend.cycles_per_second

    def _stop(self) -> None:
        """Back to a core that knows nothing of what ran before."""

        def abort() -> None:
            self._backend.write(Register.CONTROL, int(Control.ABORT))
            self._backend.write(Register.IRQ_STATUS, int(Interrupt.DONE | Interrupt.ERROR))

        self._backend.reset_streams(abort)


def choose_batch(plan_of: Callable[[int], Plan], images: int) -> int:
    """How many of ``images`` should share a pass, so that weights are sent seldom.

    ``plan_of`` gives the plan of a pass over so many images. Of the numbers that are nearly as fast
    as the best, the one that needs the fewest bytes of parameters an image: a large batch of a
    network whose tensors do not all fit side by side sends weights image after image.
    """
    plans = [plan_of(batch) for batch in BATCHES if batch <= max(images, 1)]
    fastest = min(plan.cycles / plan.batch for plan in plans)
    good = [plan for plan in plans if plan.cycles / plan.batch <= fastest * NEARLY_BEST]
    return min(good, key=lambda plan: plan.packet_bytes / plan.batch).batch


def _make_program(plan: Plan) -> _Program:
    return _Program(plan, encode_plan(plan), packet_order(plan))


def _layer_name(plan: Plan, block: int) -> str | None:
    """The layer that a LAYER block of the program runs; None when there is no such block."""
    runs = plan.runs
    return plan.layers[runs[block].layer].fused.name if block < len(runs) else None
