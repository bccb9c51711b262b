# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the registers' bench: an AXI4-Lite master against a table of values."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.blocks import FORMAT_VERSION
from ref_model.hardware.registers import (
    ID_VALUE,
    LAYER_BASE,
    Control,
    Interrupt,
    LayerCounter,
    Register,
    Status,
    decode_error,
    layer_address,
)
from tb.support import AxiLiteMaster, Dut, is_high, random_stalls, reset, start

INPUTS = {
    "busy": 1, "done": 1, "error": 1, "draining": 1, "error_code": 8, "error_layer": 16,
    "passes_done": 32, "cycles": 32, "load_cycles": 32, "layers": 16,
}  # fmt: skip
PULSES = ("irq_done", "irq_error")
ALL_BYTES = 0xF


def _merge(old: int, data: int, strobe: int) -> int:
    mask = sum(0xFF << 8 * byte for byte in range(4) if strobe >> byte & 1)
    return old & ~mask | data & mask


class Bench:
    """The master, the values behind the registers, and what they have to read as."""

    def __init__(self, dut: Dut, stalled: bool) -> None:
        self.dut = dut
        for name in (*INPUTS, *PULSES, "counter_data"):
            getattr(dut, name).value = 0
        stalls = random_stalls if stalled else lambda: None
        self.master = AxiLiteMaster(dut, "s_axi", dut.aclk, stalls)
        self.inputs = dict.fromkeys(INPUTS, 0)
        self.starts = self.aborts = 0
        self.salt = random.getrandbits(32)
        self.written = {Register.PASSES: 1, Register.IRQ_ENABLE: 0}
        self.irq_status = 0

    async def open(self) -> None:
        """Clock and reset."""
        await start(self.dut)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        """Count the pulses and play the counters: data two cycles after their address."""
        dut = self.dut
        answer = 0
        while True:
            await RisingEdge(dut.aclk)
            if not is_high(dut.aresetn):
                continue
            dut.counter_data.value = answer
            self.starts += is_high(dut.start)
            self.aborts += is_high(dut.abort_now)
            layer, select = dut.counter_layer.value, dut.counter_select.value
            if layer.is_resolvable and select.is_resolvable:
                answer = self.counter(int(layer), int(select))

    def counter(self, layer: int, select: int) -> int:
        """Content of one counter."""
        return (0x9E3779B1 * (8 * layer + select + 1) ^ self.salt) & 0xFFFFFFFF

    def set_inputs(self) -> None:
        """New values on everything that the registers show."""
        for name, width in INPUTS.items():
            self.inputs[name] = random.choice([0, (1 << width) - 1, random.getrandbits(width)])
            getattr(self.dut, name).value = self.inputs[name]

    def expected(self, address: int) -> int:
        """What a read gives, from the register map."""
        dut, state = self.dut, self.inputs
        if address >= LAYER_BASE:
            layer, offset = divmod(address - LAYER_BASE, 32)
            return self.counter(layer, offset // 4)
        status = Status(0)
        for name in ("busy", "done", "error", "draining"):
            status |= Status[name.upper()] if state[name] else Status(0)
        core = int(dut.PIN.value) | int(dut.POUT.value) << 8 | int(dut.ACC_W.value) << 16
        values = {
            Register.ID: ID_VALUE,
            Register.VERSION: 0x00000200,
            Register.CORE: core | FORMAT_VERSION << 24,
            Register.FEATURE_DEPTH: int(dut.FEATURE_DEPTH.value),
            Register.WEIGHT_DEPTH: int(dut.WEIGHT_DEPTH.value),
            Register.LIMITS: (
                int(dut.MAX_POOL_WIDTH.value)
                | int(dut.LAYERS.value) << 16
                | int(dut.DEPTHWISE_PIXELS.value) << 24
            ),
            Register.PORTS: int(dut.PARAM_W.value) | int(dut.DATA_W.value) << 16,
            Register.STATUS: int(status),
            Register.ERROR: state["error_code"] | state["error_layer"] << 16,
            Register.PASSES_DONE: state["passes_done"],
            Register.CYCLES: state["cycles"],
            Register.LOAD_CYCLES: state["load_cycles"],
            Register.LAYERS: state["layers"],
            Register.IRQ_STATUS: self.irq_status,
            **self.written,
        }
        return {int(key): value for key, value in values.items()}.get(address, 0)

    async def check(self, addresses: list[int]) -> None:
        """Read and compare."""
        for address, value in zip(addresses, await self.master.read_all(addresses), strict=True):
            wanted = self.expected(address & ~3)
            assert value == wanted, f"{address:#05x} reads {value:#x}, not {wanted:#x}"

    async def write_all(self, writes: list[tuple[int, int, int]]) -> tuple[int, int]:
        """Write, keep the table up to date; the pulses of `start` and `abort` to be expected."""
        starts = aborts = 0
        for address, data, strobe in writes:
            bits = _merge(0, data, strobe)
            if address == Register.PASSES:
                self.written[Register.PASSES] = _merge(self.written[Register.PASSES], data, strobe)
            elif address == Register.IRQ_ENABLE:
                old = self.written[Register.IRQ_ENABLE]
                self.written[Register.IRQ_ENABLE] = _merge(old, data, strobe) & 3
            elif address == Register.IRQ_STATUS:
                self.irq_status &= ~bits
            elif address == Register.CONTROL:
                starts += bool(bits & Control.START and not self.inputs["busy"])
                aborts += bool(bits & Control.ABORT)
        await self.master.write_all(writes)
        return starts, aborts

    async def interrupt(self, bits: int) -> None:
        """The events of `bits` for one cycle."""
        self.dut.irq_done.value = int(bool(bits & Interrupt.DONE))
        self.dut.irq_error.value = int(bool(bits & Interrupt.ERROR))
        await RisingEdge(self.dut.aclk)
        self.dut.irq_done.value = 0
        self.dut.irq_error.value = 0
        self.irq_status |= bits
        await ClockCycles(self.dut.aclk, 2)

    def assert_irq(self) -> None:
        """The line is up while an enabled event waits."""
        wanted = bool(self.irq_status & self.written[Register.IRQ_ENABLE])
        assert is_high(self.dut.irq) == wanted


def _any_address(dut: Dut) -> int:
    layer = random.randrange(int(dut.LAYERS.value))
    return random.choice(
        [
            random.choice(list(Register)),
            random.choice(list(Register)),
            layer_address(layer, random.choice(list(LayerCounter))),
            random.randrange(0, LAYER_BASE, 4),
        ]
    )


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(stalled=[False, True])
async def random_access(dut: Dut, stalled: bool) -> None:
    """Reads and writes of every kind, several under way, any byte strobes, any stalls."""
    bench = Bench(dut, stalled)
    await bench.open()
    await bench.check([int(register) for register in Register])
    for _ in range(60):
        bench.set_inputs()
        await RisingEdge(dut.aclk)
        if random.random() < 0.3:
            await bench.interrupt(random.randrange(4))
        bench.starts = bench.aborts = 0
        writes = [
            (
                int(random.choice([*Register, Register.PASSES, _any_address(dut)])),
                random.choice([0, 0xFFFFFFFF, random.getrandbits(32)]),
                random.choice([ALL_BYTES, ALL_BYTES, 0, random.getrandbits(4)]),
            )
            for _ in range(random.randint(0, 5))
        ]
        pulses = await bench.write_all(writes)
        await ClockCycles(dut.aclk, 3)
        assert (bench.starts, bench.aborts) == pulses
        bench.assert_irq()
        await bench.check([_any_address(dut) for _ in range(random.randint(1, 6))])
        await bench.check([Register.PASSES, Register.IRQ_ENABLE, Register.IRQ_STATUS])
    bench.master.assert_empty()


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reads_during_writes(dut: Dut) -> None:
    """The two directions do not disturb each other."""
    bench = Bench(dut, True)
    await bench.open()
    bench.set_inputs()
    fixed = [Register.ID, Register.CORE, Register.CYCLES, layer_address(3, LayerCounter.BUSY)]

    async def reads() -> None:
        for _ in range(20):
            await bench.check([int(address) for address in fixed])

    reader = cocotb.start_soon(reads())
    for _ in range(20):
        await bench.write_all([(Register.PASSES, random.getrandbits(32), ALL_BYTES)] * 3)
    await reader
    await bench.check([Register.PASSES])


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def interrupts(dut: Dut) -> None:
    """Each event by itself: shown whether enabled or not, cleared by a 1; an event that comes
    in the cycle of the clearing is not lost.
    """
    bench = Bench(dut, False)
    await bench.open()
    for enable in range(4):
        await bench.write_all([(Register.IRQ_ENABLE, enable, ALL_BYTES)])
        for event in (Interrupt.DONE, Interrupt.ERROR):
            await bench.interrupt(event)
            bench.assert_irq()
            await bench.check([Register.IRQ_STATUS])
            await bench.write_all([(Register.IRQ_STATUS, 3 ^ event, ALL_BYTES)])
            await bench.check([Register.IRQ_STATUS])
            await bench.write_all([(Register.IRQ_STATUS, event, ALL_BYTES)])
            await ClockCycles(dut.aclk, 2)
            bench.assert_irq()
            await bench.check([Register.IRQ_STATUS])

    for moment in range(8):
        await bench.interrupt(Interrupt.DONE)
        clearing = cocotb.start_soon(bench.master.write(Register.IRQ_STATUS, Interrupt.DONE))
        cleared = None
        for cycle in range(12):
            dut.irq_done.value = int(cycle == moment)
            await RisingEdge(dut.aclk)
            if cleared is None and is_high(dut.s_axi_bvalid):
                cleared = cycle - 1  # carried out one cycle before its answer
        assert cleared is not None
        assert 0 < cleared < 7
        await clearing
        left = await bench.master.read(Register.IRQ_STATUS)
        assert left == int(moment >= cleared), f"event at {moment}, cleared at {cleared}: {left}"
        await bench.write_all([(Register.IRQ_STATUS, 3, ALL_BYTES)])


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def error_word(dut: Dut) -> None:
    """Drivers that decode ERROR get the code and the layer."""
    bench = Bench(dut, False)
    await bench.open()
    for code in (0, 5, 14):
        for layer in (0, 3, 0xFFFF):
            dut.error_code.value = code
            dut.error_layer.value = layer
            await RisingEdge(dut.aclk)
            report = decode_error(await bench.master.read(Register.ERROR))
            assert (report.code, report.layer) == (code, layer)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reset_in_flight(dut: Dut) -> None:
    """A reset with accesses under way: registers at their reset values, no answer left over."""
    names = ("awvalid", "wvalid", "bready", "arvalid", "rready")
    pins = {name: getattr(dut, f"s_axi_{name}") for name in names}
    bench = Bench(dut, False)
    await bench.open()
    for _ in range(20):
        await bench.write_all(
            [(Register.PASSES, 7, ALL_BYTES), (Register.IRQ_ENABLE, 3, ALL_BYTES)]
        )
        await bench.interrupt(random.randrange(4))
        for pin in pins.values():
            pin.value = random.getrandbits(1)
        await ClockCycles(dut.aclk, random.randint(1, 6))
        for name, pin in pins.items():
            pin.value = int(name in ("bready", "rready"))
        await reset(dut)
        assert not is_high(dut.s_axi_bvalid)
        assert not is_high(dut.s_axi_rvalid)
        bench.written = {Register.PASSES: 1, Register.IRQ_ENABLE: 0}
        bench.irq_status = 0
        bench.assert_irq()
        bench.master = AxiLiteMaster(dut, "s_axi", dut.aclk)  # the old one holds stray answers
        await bench.check([Register.PASSES, Register.IRQ_ENABLE, Register.IRQ_STATUS])
        bench.master.assert_empty()
