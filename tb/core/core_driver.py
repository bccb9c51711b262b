# SPDX-License-Identifier: Apache-2.0
"""The core under cocotb: registers, streams, and a look into the feature memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import ReadOnly, RisingEdge

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.layout import images_to_bytes, tensor_word_count, words_to_tensor
from ref_model.hardware.order import WorkOrder
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.registers import (
    CORE_REGISTERS,
    Control,
    ErrorReport,
    LayerCounter,
    Register,
    Status,
    decode_core,
    decode_error,
    layer_address,
)
from ref_model.hardware.results import packet_to_results
from ref_model.hardware.steps import Run, RunRows
from ref_model.integer.compare import Difference, first_difference
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerLayer, IntegerNetwork
from tb.core.depthwise_input import DepthwiseInput
from tb.ref_model.hardware.core_model import CoreModel
from tb.support import (
    AxiLiteMaster,
    AxiStreamSink,
    AxiStreamSource,
    Dut,
    sleep_cycles,
    start,
    to_signed,
)
from tools.simulation.stalls import StallPattern

Tensor = npt.NDArray[Any]
Stalls = Callable[[], StallPattern | None]

RESULT_WIDTH = 64
POLL_CYCLES = 50
CLOSE_POLLS = 20
NOT_MADE = -1
"""In the place of codes of rows that no block made, because no layer reads them."""


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

    def __init__(
        self, dut: Dut, stalls: Stalls = no_stalls, param_stalls: Stalls | None = None
    ) -> None:
        self.dut = dut
        param = (param_stalls or stalls)()
        self.param = AxiStreamSource(dut, "s_axis_param", dut.aclk, param)
        self.data = AxiStreamSource(dut, "s_axis_data", dut.aclk, stalls())
        self.result = AxiStreamSink(dut, "m_axis_data", dut.aclk, stalls())
        self.registers = AxiLiteMaster(dut, "s_axi", dut.aclk, stalls)
        self.config = CoreConfig()

    async def open(self) -> None:
        """Start the clock, reset, and read from the registers what core this is."""
        await start(self.dut)
        words = await self.registers.read_all(CORE_REGISTERS)
        self.config = decode_core(dict(zip(CORE_REGISTERS, words, strict=True)))

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
                f"{await self.error()}, parser state {self.dut.u_program.u_parser.state_q.value}, "
                f"sequencer state {self.dut.u_datapath.u_compute.u_sequencer.state_q.value}, "
                f"loader state {self.dut.u_features.u_loader.state_q.value}"
            )
            pause = max(POLL_CYCLES, waited // 8)
            await sleep_cycles(self.dut.aclk, pause)
            waited += pause
        return status

    def send(self, packet: bytes, images: Sequence[Tensor]) -> None:
        """Queue the two packets of one pass."""
        self.param.send_packet(packet)
        self.data.send_packet(self.image_packet(images))

    def image_packet(self, images: Sequence[Tensor]) -> bytes:
        """The packet of a pass with these images (C, H, W)."""
        return images_to_bytes(np.stack(images), self.config.pin, self.data.width // 8)

    async def run(
        self,
        network: IntegerNetwork,
        images: Sequence[Tensor],
        cycles: int,
        watch: bool = True,
        batch: int = 1,
        order: WorkOrder | None = None,
        plan: Plan | None = None,
    ) -> list[PassResult]:
        """Run ``images`` (C, H, W) back to back; ``cycles`` bounds all of them together.

        A pass takes ``batch`` of them, which divides their number, in the order of work ``order``
        or the best, or after ``plan``. With ``watch`` every layer's tensor is read from the feature
        memory when the layer ends, or what a depthwise layer reads as it passes, without costing
        the core a cycle; else only the result is returned.
        """
        plan = plan or plan_network(network, self.config, batch, order)
        packet = encode_plan(plan)
        results = [PassResult() for _ in images]
        passes = [results[first : first + batch] for first in range(0, len(images), batch)]
        watcher = cocotb.start_soon(self._watch(plan, passes)) if watch else None
        for number in range(len(passes)):
            self.send(packet, images[number * batch : (number + 1) * batch])
        await self.begin(len(passes))
        status = await self.wait_idle(cycles)
        assert status == Status.DONE, f"{status!r}: {await self.error()}"
        for chosen in passes:
            beats = await self.result.receive(cycles=200)
            numbers = [to_signed(beat, RESULT_WIDTH) for beat in beats]
            parts = CoreModel(self.config.pin, self.config.pout, 0).decode_results(packet, numbers)
            maps = _whole_maps(plan, parts)
            np.testing.assert_array_equal(packet_to_results(plan, numbers), maps)
            for result, tensor in zip(chosen, maps, strict=True):
                result.tensors[network.layers[-1].name] = tensor
        self.result.assert_empty()
        if watcher is not None:
            watcher.cancel()
        return results

    async def drop_results(self, what: str, closed: bool = True) -> None:
        """Forget what the core sent; with ``closed`` a packet that began must end soon."""
        for _ in range(CLOSE_POLLS):
            if closed and self.result.partial:
                await sleep_cycles(self.dut.aclk, POLL_CYCLES)
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

    async def _watch(self, plan: Plan, passes: Sequence[Sequence[PassResult]]) -> None:
        finished = self.dut.layer_finished
        for results in passes:
            for run in plan.runs:
                layer = plan.layers[run.layer]
                passing = DepthwiseInput(self.dut)
                collector = cocotb.start_soon(passing.collect()) if layer.depthwise else None
                await RisingEdge(finished)
                await ReadOnly()
                while not bool(finished.value):  # a glitch within the time step
                    await RisingEdge(finished)
                    await ReadOnly()
                if collector is not None:
                    collector.cancel()
                if layer.depthwise is not None and not layer.fused.hands_on:
                    self._passed(layer, run, passing, results)
                if layer.last.output_bits is None:
                    continue
                if run.rows is not None:
                    self._stored_rows(layer, run, run.rows, results[run.image])
                    continue
                for k in range(run.images):
                    results[run.image + k].tensors[layer.last.name] = self.read_tensor(
                        run.output_base + k * run.output_pitch,
                        layer.output,
                        layer.last.output_bits,
                    )

    def _passed(
        self, layer: LayerPlan, run: Run, passing: DepthwiseInput, results: Sequence[PassResult]
    ) -> None:
        """Keep what the depthwise layer read of each image, or the rows of it that a block made."""
        name = layer.layer.name
        if run.rows is None:
            for k, codes in enumerate(passing.tensors(layer, run.images, self.config)):
                results[run.image + k].tensors[name] = codes
            return
        first, end = run.rows.block.array
        tensors = results[run.image].tensors
        whole = tensors.setdefault(name, np.full(layer.result, NOT_MADE, np.int16))
        whole[:, first:end] = passing.tensors(layer, 1, self.config, end - first)[0]

    def _stored_rows(self, layer: LayerPlan, run: Run, rows: RunRows, result: PassResult) -> None:
        """Keep the rows that a block has stored in its ring."""
        assert rows.output is not None
        channels, _, width = layer.output
        kept, bits = rows.output.rows, layer.last.output_bits or 0
        ring = self.read_tensor(run.output_base, (channels, kept, width), bits)
        whole = result.tensors.setdefault(
            layer.last.name, np.full(layer.output, NOT_MADE, np.int16)
        )
        for index, row in enumerate(range(*rows.block.rows)):
            whole[:, row] = ring[:, (rows.output.row + index) % kept]

    def read_tensor(self, base: int, shape: tuple[int, int, int], bits: int) -> Tensor:
        """Codes (C, H, W) of a tensor in the feature memory, without costing the core a cycle."""
        pin = self.config.pin
        memory = self.dut.u_features.u_memory.u_ram.mem
        count = tensor_word_count(shape, bits, pin)
        data = b"".join(
            int(memory[address].value).to_bytes(pin, "little")
            for address in range(base, base + count)
        )
        return words_to_tensor(np.frombuffer(data, np.uint8).reshape(-1, pin), shape, bits)


def _whole_maps(plan: Plan, maps: Sequence[Tensor]) -> Sequence[Tensor]:
    """The results of every image, of a last layer that ran in rows put together."""
    runs = [run for run in plan.runs if run.layer == len(plan.layers) - 1]
    if runs[0].rows is None:
        return maps
    found = [np.zeros(plan.layers[-1].result, np.int64) for _ in range(plan.batch)]
    for run, part in zip(runs, maps, strict=True):
        assert run.rows is not None
        found[run.image][:, slice(*run.rows.block.array)] = part
    return found


def difference(layer: IntegerLayer, expected: Tensor, result: PassResult) -> Difference | None:
    """Where a layer's tensor differs from what is right, but for rows that were not made."""
    found = result.tensors[layer.name]
    if not layer.raw:
        found = np.where(found == NOT_MADE, expected, found)
    return first_difference(layer.name, expected, found)


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
            wrong = difference(layer, expected[layer.name][0], result)
            assert wrong is None, f"{what} ({network.name}): {wrong}"
