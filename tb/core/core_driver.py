# SPDX-License-Identifier: Apache-2.0
"""The core under cocotb: registers, streams, and a look into the feature memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layout import (
    beats_to_result,
    image_to_bytes,
    tensor_word_count,
    words_to_tensor,
)
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.registers import (
    Control,
    ErrorReport,
    LayerCounter,
    Register,
    Status,
    decode_error,
    layer_address,
)
from ref_model.integer.compare import first_difference
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerNetwork
from tb.common import AxiLiteMaster, AxiStreamSink, AxiStreamSource, Dut, start, to_signed
from tb.common.stalls import StallPattern

Tensor = npt.NDArray[Any]
Stalls = Callable[[], StallPattern | None]

RESULT_WIDTH = 64
POLL_CYCLES = 50
CLOSE_POLLS = 20


def no_stalls() -> StallPattern | None:
    """Streams that never pause."""
    return None


@dataclass
class PassResult:
    """What one image left behind: every layer's tensor (C, H, W) by name."""

    tensors: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Counters:
    """The core's counters after a pass."""

    cycles: int
    load_cycles: int
    layers: tuple[dict[str, int], ...]


class Core:
    """Drives ``lsfq_accel``. Make it, then ``await open()``: clock, reset, and what core it is."""

    def __init__(self, dut: Dut, stalls: Stalls = no_stalls) -> None:
        self.dut = dut
        self.param = AxiStreamSource(dut, "s_axis_param", dut.aclk, stalls())
        self.data = AxiStreamSource(dut, "s_axis_data", dut.aclk, stalls())
        self.result = AxiStreamSink(dut, "m_axis_data", dut.aclk, stalls())
        self.registers = AxiLiteMaster(dut, "s_axi", dut.aclk, stalls)
        self.config = CoreConfig()

    async def open(self) -> None:
        """Start the clock, reset, and read from the registers what core this is."""
        await start(self.dut)
        core, features, weights, limits = await self.registers.read_all(
            [Register.CORE, Register.FEATURE_DEPTH, Register.WEIGHT_DEPTH, Register.LIMITS]
        )
        self.config = CoreConfig(
            pin=core & 0xFF,
            pout=core >> 8 & 0xFF,
            acc_width=core >> 16 & 0xFF,
            feature_depth=features,
            weight_depth=weights,
            max_pool_width=limits & 0xFFFF,
            max_layers=limits >> 16 & 0xFF,
        )

    async def status(self) -> Status:
        """The register STATUS."""
        return Status(await self.registers.read(Register.STATUS))

    async def error(self) -> ErrorReport:
        """The register ERROR."""
        return decode_error(await self.registers.read(Register.ERROR))

    async def begin(self, passes: int = 1) -> None:
        """START for this many passes."""
        await self.registers.write(Register.PASSES, passes)
        await self.registers.write(Register.CONTROL, Control.START)

    async def wait_idle(self, cycles: int) -> Status:
        """Wait until the core is not busy; a failure after ``cycles`` says where it stands."""
        waited = 0
        while (status := await self.status()) & Status.BUSY:
            assert waited < cycles, (
                f"after {cycles} cycles the core is still busy: {status!r}, "
                f"{await self.error()}, parser state {self.dut.u_core.u_parser.state_q.value}, "
                f"sequencer state {self.dut.u_core.u_sequencer.state_q.value}, "
                f"loader state {self.dut.u_core.u_loader.state_q.value}"
            )
            await ClockCycles(self.dut.aclk, POLL_CYCLES)
            waited += POLL_CYCLES
        return status

    def send(self, packet: bytes, image: bytes) -> None:
        """Queue the two packets of one pass."""
        self.param.send_packet(packet)
        self.data.send_packet(image)

    async def run(
        self, network: IntegerNetwork, images: Sequence[Tensor], cycles: int, watch: bool = True
    ) -> list[PassResult]:
        """Run ``images`` (C, H, W) back to back; ``cycles`` bounds all of them together.

        With ``watch`` every layer's tensor is read from the feature memory when the layer ends,
        without costing the core a cycle; else only the result is returned.
        """
        plan = plan_network(network, self.config)
        packet = encode_plan(plan)
        results = [PassResult() for _ in images]
        watcher = cocotb.start_soon(self._watch(plan, results)) if watch else None
        for image in images:
            self.send(packet, image_to_bytes(image, self.config.pin))
        await self.begin(len(images))
        status = await self.wait_idle(cycles)
        assert status == Status.DONE, f"{status!r}: {await self.error()}"
        last = plan.layers[-1]
        for result in results:
            beats = await self.result.receive(cycles=200)
            numbers = [to_signed(beat, RESULT_WIDTH) for beat in beats]
            result.tensors[last.layer.name] = beats_to_result(
                numbers, last.result, self.config.pout, last.kernel.sets
            )
        self.result.assert_empty()
        if watcher is not None:
            watcher.cancel()
        return results

    async def drop_results(self, what: str, closed: bool = True) -> None:
        """Forget what the core sent; with ``closed`` a packet that began must end soon."""
        for _ in range(CLOSE_POLLS):
            if closed and self.result.partial:
                await ClockCycles(self.dut.aclk, POLL_CYCLES)
        assert not closed or not self.result.partial, f"{what}: the result packet was left open"
        self.result.clear()

    async def counters(self, layers: int) -> Counters:
        """All counters of the last pass."""
        cycles, load_cycles = await self.registers.read_all([Register.CYCLES, Register.LOAD_CYCLES])
        values = await self.registers.read_all(
            [layer_address(index, counter) for index in range(layers) for counter in LayerCounter]
        )
        names = [counter.name.lower() for counter in LayerCounter]
        rows = [
            dict(zip(names, values[start : start + len(names)], strict=True))
            for start in range(0, len(values), len(names))
        ]
        return Counters(cycles, load_cycles, tuple(rows))

    async def _watch(self, plan: Plan, results: Sequence[PassResult]) -> None:
        core = self.dut.u_core
        for result in results:
            for layer in plan.layers:
                await RisingEdge(core.layer_finished)
                await ReadOnly()
                if layer.layer.output_bits is not None:
                    result.tensors[layer.layer.name] = self._read_tensor(
                        layer.output_base, layer.output, layer.layer.output_bits
                    )

    def _read_tensor(self, base: int, shape: tuple[int, int, int], bits: int) -> Tensor:
        pin = self.config.pin
        memory = self.dut.u_core.u_features.mem
        count = tensor_word_count(shape, bits, pin)
        data = b"".join(
            int(memory[address].value).to_bytes(pin, "little")
            for address in range(base, base + count)
        )
        return words_to_tensor(np.frombuffer(data, np.uint8).reshape(-1, pin), shape, bits)


def check_tensors(
    network: IntegerNetwork,
    images: Sequence[Tensor],
    results: Sequence[PassResult],
    what: str,
) -> None:
    """Compare every tensor of every layer; a failure names layer, channel, row, column, values."""
    for image, result in zip(images, results, strict=True):
        expected = run_network(network, image)
        for layer in network.layers:
            wrong = first_difference(
                layer.name, expected[layer.name][0], result.tensors[layer.name]
            )
            assert wrong is None, f"{what} ({network.name}): {wrong}"
