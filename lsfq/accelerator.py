# SPDX-License-Identifier: Apache-2.0
"""An accelerator that runs networks, wherever it is."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from lsfq.backends.base import Backend
from lsfq.core import read_config
from lsfq.counters import PassCycles, read_counters
from lsfq.errors import (
    AcceleratorError,
    CoreError,
    MissingInterruptError,
    NoNetworkError,
    PassTimeoutError,
    TransferError,
)
from ref_model.hardware.layout import image_to_bytes, result_order
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.registers import Control, Interrupt, Register, Status, decode_error
from ref_model.hardware.schedule import schedule_network
from ref_model.integer.execute import Progress, check_images
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import load_network

Logits = npt.NDArray[np.int64]
"""Raw results, int64: (N, classes), or (N, C, H, W) of a network whose result is a map."""

BATCH = 16
"""Images of one START, unless the caller says otherwise."""
SLACK_FACTOR = 10
SLACK_S = 5.0
"""A START may take this many times its schedule, and this many seconds more."""


@dataclass(frozen=True)
class _Loaded:
    network: IntegerNetwork
    plan: Plan
    order: npt.NDArray[np.intp]
    """Where each beat of a result belongs in the flat (C, H, W) result."""
    cycles: int
    """What one image takes by the schedule."""


class Accelerator:
    """One core, used as a context manager or closed with `close`.

        with Accelerator(Simulator()) as accelerator:
            accelerator.load("networks/vgg7_w32_w4a4")
            classes = accelerator.predict(images)

    ``timeout`` is the longest that one image may take, in seconds; by default ten times what the
    schedule says for a slow clock, and five seconds. Raises BackendError when there is no core.
    After any error of `run` the core was stopped and the next `run` works, as long as the backend
    itself does.
    """

    def __init__(self, backend: Backend, *, timeout: float | None = None) -> None:
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout {timeout}: give seconds above 0")
        self._backend = backend
        self._timeout = timeout
        self._loaded: _Loaded | None = None
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
        return self._network.network

    @property
    def plan(self) -> Plan:
        """How this core runs the network; NoNetworkError before `load`."""
        return self._network.plan

    def load(self, network: IntegerNetwork | str | os.PathLike[str]) -> Accelerator:
        """Take a network, or the folder of an exported one; returns itself.

        Raises UnsupportedNetworkError with the layer's name and what does not fit when this core
        cannot run it, NetworkFormatError when the folder holds none; the network that was loaded
        before stays.
        """
        if not isinstance(network, IntegerNetwork):
            network = load_network(network)
        plan = plan_network(network, self.config)
        last = plan.layers[-1]
        self._backend.program(encode_plan(plan), plan)
        self._loaded = _Loaded(
            network,
            plan,
            result_order(last.result, self.config.pout, last.kernel.sets),
            sum(layer.cycles for layer in schedule_network(plan)),
        )
        return self

    def run(
        self, images: npt.ArrayLike, *, batch: int = BATCH, progress: Progress | None = None
    ) -> Logits:
        """The raw results of ``images``: int64 (N, classes), or (N, C, H, W) of a map.

        ``images`` are codes (N, C, H, W), or (C, H, W) for one image; for an 8-bit input the bytes
        of the picture. ``batch`` images run after one START; ``progress`` is called with (images
        done, images in all). Raises NetworkError for images that do not fit, CoreError with the
        layer's name when the core reports an error, PassTimeoutError and TransferError.
        """
        loaded = self._network
        codes = check_images(loaded.network, images)
        if batch < 1:
            raise ValueError(f"batch {batch}: give at least 1")
        results = np.empty((len(codes), loaded.order.size), np.int64)
        for start in range(0, len(codes), batch):
            part = codes[start : start + batch]
            results[start : start + len(part)] = self._run_batch(part)
            if progress is not None:
                progress(start + len(part), len(codes))
        shape = loaded.plan.layers[-1].result
        return results.reshape(-1, shape[0]) if shape[1:] == (1, 1) else results.reshape(-1, *shape)

    def predict(
        self, images: npt.ArrayLike, *, batch: int = BATCH, progress: Progress | None = None
    ) -> npt.NDArray[np.int64]:
        """The class of every image, int64 (N,): the largest result, the lowest index on a tie.

        Arguments and errors are those of `run`; AcceleratorError when the result is a map.
        """
        if self._network.plan.layers[-1].result[1:] != (1, 1):
            raise AcceleratorError(
                f"network {self.network.name}: its result is a map, not one number a class; use run"
            )
        classes: npt.NDArray[np.int64] = self.run(images, batch=batch, progress=progress).argmax(1)
        return classes

    def counters(self) -> PassCycles:
        """Where the cycles of the last pass went; AcceleratorError where nothing counts them."""
        if not self._backend.counts_cycles:
            raise AcceleratorError(f"the {self._backend.name} backend does not count cycles")
        return read_counters(self._backend.read, self._network.plan)

    @property
    def _network(self) -> _Loaded:
        if self._loaded is None:
            raise NoNetworkError("no network is loaded: call load first")
        return self._loaded

    def _run_batch(self, images: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Results (N, size of a result) of images that run after one START."""
        loaded, backend = self._network, self._backend
        size = loaded.order.size * 8
        try:
            for image in images:
                backend.send_program()
                backend.send_image(image_to_bytes(image, self.config.pin))
                backend.expect(size)
            backend.write(Register.IRQ_STATUS, int(Interrupt.DONE | Interrupt.ERROR))
            backend.write(Register.IRQ_ENABLE, int(Interrupt.DONE | Interrupt.ERROR))
            backend.write(Register.PASSES, len(images))
            deadline = time.monotonic() + self._seconds(len(images))
            backend.write(Register.CONTROL, int(Control.START))
            interrupted = backend.wait(deadline)
            self._check_status(interrupted, deadline)
            beats = [self._receive(size, deadline) for _ in images]
        except BaseException:
            with contextlib.suppress(AcceleratorError):  # the first error says more
                self._stop()
            raise
        results = np.empty((len(images), loaded.order.size), np.int64)
        results[:, loaded.order] = np.stack(beats)
        return results

    def _receive(self, size: int, deadline: float) -> npt.NDArray[np.int64]:
        packet = self._backend.receive(deadline)
        if len(packet) != size:
            raise TransferError(f"a result has {len(packet)} bytes, not {size}: it was cut short")
        return np.frombuffer(packet, "<i8")

    def _check_status(self, interrupted: bool, deadline: float) -> None:
        """Raise the error that the core, or its silence, stands for."""
        status = Status(self._backend.read(Register.STATUS))
        if status & Status.ERROR:
            report = decode_error(self._backend.read(Register.ERROR))
            layers = self._network.network.layers
            name = layers[report.layer].name if report.layer < len(layers) else None
            raise CoreError(report.code, report.layer, name)
        if status & Status.DONE and interrupted:
            return
        stand = self._backend.progress()
        if status & Status.DONE:
            raise MissingInterruptError(
                f"the core is done, but its interrupt did not come: is irq connected? ({stand})"
            )
        done = self._backend.read(Register.PASSES_DONE)
        layer = self._backend.read(Register.LAYERS)
        raise PassTimeoutError(
            f"the core did not finish in time: {status!r}, {done} images done, "
            f"{layer} layers of the next; {stand}"
        )

    def _seconds(self, images: int) -> float:
        """How long a START may take."""
        if self._timeout is not None:
            return self._timeout * images
        cycles = self._network.cycles * images
        return SLACK_S + SLACK_FACTOR * cycles / self._backend.cycles_per_second

    def _stop(self) -> None:
        """Back to a core that knows nothing of what ran before."""

        def abort() -> None:
            self._backend.write(Register.CONTROL, int(Control.ABORT))
            self._backend.write(Register.IRQ_STATUS, int(Interrupt.DONE | Interrupt.ERROR))

        self._backend.reset_streams(abort)
