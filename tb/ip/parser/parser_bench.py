# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the parser's bench."""

from __future__ import annotations

import random
from collections.abc import Callable

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layer_word import LOAD_FIELDS, unpack_word
from ref_model.hardware.program import decode_program, encode_network
from tb.ip.parser.programs import (
    MEMORY_PLANES,
    Event,
    Fault,
    expected_events,
    faults,
    random_change,
    random_program,
)
from tb.support import (
    Beat,
    Dut,
    HandshakeSource,
    bounded,
    is_high,
    reset,
    rng,
    stall_pattern,
    start,
    to_beats,
    to_bytes,
)
from tb.support.random_networks import random_network

STREAM = {"valid": "valid", "ready": "ready", "data": "data", "last": "last"}
READY = ("load_ready", "layer_ready", "constant_space", "depthwise_space", "weight_space")
CONTROLS = (
    "done", "idle", "s_valid", "s_ready", "load_valid", "load_ready", "layer_valid",
    "layer_ready", "constant_write", "constant_space", "depthwise_kernel_write",
    "depthwise_constant_write", "depthwise_space", "weight_write", "weight_space", "error_valid",
)  # fmt: skip
SETS = {
    "constant_write": ("set", "constant_space"),
    "depthwise_kernel_write": ("kernels", "depthwise_space"),
    "depthwise_constant_write": ("constants behind", "depthwise_space"),
}
"""Event and space of every memory that is filled set by set."""

BLOCK_CYCLES = 24
"""Cycles from a block's last beat to the first beat after it, at most."""


class Bench:
    """Drives the parser's inputs and writes down what it hands on."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.config = CoreConfig(
            pin=int(dut.PIN.value),
            pout=int(dut.POUT.value),
            feature_depth=int(dut.FEATURE_DEPTH.value),
            weight_depth=int(dut.WEIGHT_DEPTH.value),
            max_pool_width=int(dut.MAX_POOL_WIDTH.value),
        )
        self.beat_bits = len(dut.s_data)
        for name in ("clear", "start", "stop", *READY):
            getattr(dut, name).value = 0
        self.source = HandshakeSource(dut, "s", dut.aclk, STREAM)
        self.willing = 1.0
        """Chance of each `space` and each `ready` in a cycle."""
        self.forget()

    def forget(self) -> None:
        """Forget what was written down."""
        self.events: list[Event] = []
        self.errors: list[tuple[ErrorCode, int]] = []
        self.cycles = 0
        self._set: dict[int, int] = {}
        self._word: dict[int, dict[int, int]] = {}
        self._waiting: dict[str, dict[str, int] | None] = {"load": None, "layer": None}

    async def open(self) -> None:
        """Clock and reset."""
        await start(self.dut)
        cocotb.start_soon(self._watch())

    async def pulse(self, name: str) -> None:
        """One cycle of `start`, `stop` or `clear`."""
        getattr(self.dut, name).value = 1
        await RisingEdge(self.dut.aclk)
        getattr(self.dut, name).value = 0

    def begin(self, packet: bytes, mood: str = "") -> list[Beat]:
        """New stalls; the beats of the packet, to be queued."""
        self.forget()
        self.source.stalls = stall_pattern(mood or random.choice(["none", "random", "bursty"]))
        self.willing = 1.0 if mood == "none" else random.choice([0.2, 0.6, 1.0])
        data = to_beats(packet, self.beat_bits)
        return [(value, int(i == len(data) - 1)) for i, value in enumerate(data)]

    async def finish(self, limit: int) -> None:
        """Wait for the end of the packet or an error."""

        async def end() -> None:
            while not self.errors and not is_high(self.dut.done):
                await RisingEdge(self.dut.aclk)

        await bounded(end(), limit, lambda: f"the end: {len(self.events)} events so far")

    async def accept(self, packet: bytes, mood: str = "") -> None:
        """A packet without an error: everything is handed on, in order."""
        beats = self.begin(packet, mood)
        await self.pulse("start")
        self.source.queue(beats)
        await RisingEdge(self.dut.aclk)
        await self.finish(200 * len(beats) + 2000)
        assert not self.errors, f"error {self.errors}"
        self.assert_events(packet)
        assert is_high(self.dut.idle)
        await ClockCycles(self.dut.aclk, 2)
        assert self.source.idle
        assert not self.errors

    def assert_events(self, packet: bytes) -> None:
        """What was handed on is what the packet holds."""
        program = decode_program(packet, self.config, self.beat_bits // 8)
        expected = expected_events(program, packet, self.config)
        for index, (got, wanted) in enumerate(zip(self.events, expected, strict=False)):
            assert _same(got, wanted), f"event {index}: got {got}, expected {wanted}"
        assert len(self.events) == len(expected), f"{len(self.events)} of {len(expected)} events"

    async def refuse(self, packet: bytes, code: ErrorCode, layer: int) -> None:
        """A packet with an error: it is reported, and nothing bad was used; then `stop`."""
        beats = self.begin(packet)
        await self.pulse("start")
        self.source.queue(beats)
        await RisingEdge(self.dut.aclk)
        await self.finish(200 * len(beats) + 2000)
        assert self.errors, f"no error instead of {code.name} in layer {layer}"
        await ClockCycles(self.dut.aclk, random.choice([0, 0, 1, 5, 100]))
        await self.stop()
        assert self.errors == [(code, layer)], f"{self.errors}, not {code!r} in layer {layer}"
        loads = [name for name, _ in self.events].count("load")
        layers = [name for name, _ in self.events].count("layer")
        index = -1 if layer == PROGRAM_LAYER else layer
        # TLAST in a payload: that layer's block was good
        assert layers in {max(index, 0), index + (code is ErrorCode.PARAM_SHORT)}, f"{layers}"
        assert layer != PROGRAM_LAYER or not loads

    async def stop(self) -> None:
        """Stop, then wait until the packet is dropped: not idle before its last beat was taken."""
        await self.pulse("stop")
        events = len(self.events)
        await RisingEdge(self.dut.aclk)

        async def drained() -> None:
            while not is_high(self.dut.idle):
                await RisingEdge(self.dut.aclk)

        await bounded(drained(), 100_000, "idle after stop")
        assert self.source.idle, "idle before the end of the packet"
        assert not is_high(self.dut.done)
        await RisingEdge(self.dut.aclk)
        assert len(self.events) - events <= 1, "went on after stop"

    # ---- what the parser does in each cycle

    async def _watch(self) -> None:
        dut = self.dut
        pins = {name: getattr(dut, name) for name in CONTROLS}
        now = dict.fromkeys(CONTROLS, False)
        while True:
            await RisingEdge(dut.aclk)
            self.cycles += 1
            before, now = now, {name: is_high(pin) for name, pin in pins.items()}
            self._watch_block("load", self._load, now)
            self._watch_block("layer", self._layer, now)
            for write, (event, space) in SETS.items():
                if now[write]:
                    assert before[space], f"{event} without space the cycle before"
                    self._constants(event)
            if now["weight_write"]:
                assert now["weight_space"], "weights without space"
                self._weights()
            if now["error_valid"]:
                self.errors.append(
                    (ErrorCode(int(dut.error_code.value)), int(dut.error_layer.value))
                )
            for name in READY:
                getattr(dut, name).value = int(random.random() < self.willing)

    def _load(self) -> dict[str, int]:
        return unpack_word(int(self.dut.load_word.value), LOAD_FIELDS)

    def _layer(self) -> dict[str, int]:
        return unpack_word(int(self.dut.layer_word.value))

    def _watch_block(
        self, kind: str, read: Callable[[], dict[str, int]], now: dict[str, bool]
    ) -> None:
        waiting, self._waiting[kind] = self._waiting[kind], None
        if not now[f"{kind}_valid"]:
            return
        fields = read()
        assert waiting is None or waiting == fields, f"a waiting {kind} changed"
        if now[f"{kind}_ready"]:
            self.events.append((kind, fields))
        else:
            self._waiting[kind] = fields

    def _constants(self, event: str) -> None:
        beat = int(self.dut.payload_beat.value)
        assert beat not in self._set
        self._set[beat] = int(self.dut.payload_data.value)
        if is_high(self.dut.constant_last):
            self.events.append((event, self._joined(self._set)))
            self._set = {}

    def _weights(self) -> None:
        dut = self.dut
        plane = self._word.setdefault(int(dut.weight_plane.value), {})
        beat = int(dut.payload_beat.value)
        assert beat not in plane
        plane[beat] = int(dut.payload_data.value)
        absent = int(dut.weight_absent.value)
        if is_high(dut.weight_last):
            assert set(self._word) | {absent} == {0, 1, 2}, f"{set(self._word)} without {absent}"
            word = {p: self._joined(beats) for p, beats in self._word.items()}
            self.events.append(("word", word))
            self._word = {}

    def _joined(self, beats: dict[int, int]) -> bytes:
        assert sorted(beats) == list(range(len(beats))), f"beats {sorted(beats)}"
        return to_bytes([beats[i] for i in range(len(beats))], self.beat_bits)


def _same(got: Event, wanted: Event) -> bool:
    if got[0] == wanted[0] == "layer":  # what is not looked at matters to nobody
        assert wanted[1].keys() <= got[1].keys()
        return got == ("layer", {**got[1], **wanted[1]})
    return got == wanted


async def _bench(dut: Dut) -> Bench:
    bench = Bench(dut)
    await bench.open()
    return bench


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def random_programs(dut: Dut) -> None:
    """Blocks and payloads are handed on in order, whatever the stalls; all kernels occur."""
    bench = await _bench(dut)
    kernels: set[frozenset[int]] = set()
    for _ in range(16):
        await bench.accept(random_program(bench.config).packet())
        kernels |= {frozenset(body) for name, body in bench.events if name == "word"}
    assert kernels == {frozenset(planes) for planes in MEMORY_PLANES.values()}


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def encoded_networks(dut: Dut) -> None:
    """Programs of random networks."""
    bench = await _bench(dut)
    generator = rng()
    for _ in range(2):
        network = random_network(generator, bench.config, max_cycles=1500)
        await bench.accept(encode_network(network, bench.config))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def takes_a_beat_a_cycle(dut: Dut) -> None:
    """Without stalls only the checks of a block cost cycles."""
    bench = await _bench(dut)
    packet = random_program(bench.config, fewest=2).packet()
    beats = len(to_beats(packet, bench.beat_bits))
    await bench.accept(packet, mood="none")
    blocks = 2 + sum(name in ("load", "layer") for name, _ in bench.events)
    assert bench.cycles <= beats + BLOCK_CYCLES * blocks + 4, f"{bench.cycles} for {beats} beats"


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def every_error(dut: Dut) -> None:
    """Every check of every block, and a good packet in between."""
    bench = await _bench(dut)
    codes: set[ErrorCode] = set()
    program = random_program(bench.config, fewest=2, longest=200, rows=0)
    cases = faults(program, bench.config)
    for case in cases:
        assert _decoded(bench, case.packet) == (case.code, case.layer), case.name
        codes.add(case.code)
    for case in _shuffled(cases):
        dut._log.info("%s", case.name)
        await bench.refuse(case.packet, case.code, case.layer)
        if random.random() < 0.1:
            await bench.accept(program.packet())
    all_codes = set(ErrorCode) - {ErrorCode.NONE, ErrorCode.IMAGE_SHORT, ErrorCode.IMAGE_LONG}
    assert all_codes - codes == {ErrorCode.CRC}  # see damaged_bits


def _shuffled(cases: list[Fault]) -> list[Fault]:
    return random.sample(cases, len(cases))


def _decoded(bench: Bench, packet: bytes) -> tuple[ErrorCode, int] | None:
    """The error that the reference decoder reports for a packet."""
    try:
        decode_program(packet, bench.config, bench.beat_bits // 8)
    except ProgramError as error:
        return error.code, error.layer
    return None


async def _compare(bench: Bench, packet: bytes) -> ErrorCode | None:
    """Run any packet and expect what the reference decoder says."""
    packet = to_bytes(to_beats(packet, bench.beat_bits), bench.beat_bits)
    error = _decoded(bench, packet)
    if error is None:
        await bench.accept(packet)
        return None
    await bench.refuse(packet, *error)
    return error[0]


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def random_fields(dut: Dut) -> None:
    """Random fields in a layer's block: accepted or refused as the reference decoder does."""
    bench = await _bench(dut)
    codes = set()
    for _ in range(50):
        codes.add(await _compare(bench, random_change(random_program(bench.config, 2, 200))))
    assert len(codes) >= 6, f"only {codes}"


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def damaged_bits(dut: Dut) -> None:
    """One flipped bit anywhere is noticed."""
    bench = await _bench(dut)
    packet = random_program(bench.config, 2, 200).packet()
    codes = set()
    for _ in range(20):
        damaged = bytearray(packet)
        damaged[random.randrange(len(packet))] ^= 1 << random.randrange(8)
        codes.add(await _compare(bench, bytes(damaged)))
    assert ErrorCode.CRC in codes
    assert None not in codes
    await bench.accept(packet)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def truncated(dut: Dut) -> None:
    """TLAST too early: in a block, in a payload, and right at the end of each of them."""
    bench = await _bench(dut)
    program = random_program(bench.config, 2, 200)
    packet = program.packet()
    ends, end = [bench.beat_bits // 8], 0
    for part in program.parts():
        end += len(part) if isinstance(part, bytes) else 64
        ends.append(end)
    lengths = {length for length in ends if length < len(packet)}
    lengths |= {random.randrange(1, len(packet) - bench.beat_bits // 8) for _ in range(12)}
    for length in sorted(lengths):
        assert await _compare(bench, packet[:length]) is not None
        if random.random() < 0.2:
            await bench.accept(packet)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def stop_in_flight(dut: Dut) -> None:
    """`stop` at any time, even before the packet came: the rest is dropped, the next one runs."""
    bench = await _bench(dut)
    program = random_program(bench.config, 2, 200)
    packet = program.packet()
    for _ in range(25):
        beats = bench.begin(packet)
        await bench.pulse("start")
        late = random.random() < 0.2
        if not late:
            bench.source.queue(beats)
            await ClockCycles(dut.aclk, random.randint(0, 2 * len(beats)))
        else:
            await ClockCycles(dut.aclk, 3)
            await bench.pulse("stop")
            await ClockCycles(dut.aclk, 10)
            assert not is_high(dut.idle), "idle, but the packet has not come"
            bench.source.queue(beats)
        await bench.stop()
        assert not bench.errors
        if random.random() < 0.4:
            await bench.accept(packet)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def starts_in_the_first_idle_cycle(dut: Dut) -> None:
    """A pass may start in the very cycle in which the parser has dropped the packet before."""
    bench = await _bench(dut)
    packet = random_program(bench.config, 2, 200).packet()
    for _ in range(8):
        beats = bench.begin(packet)
        await bench.pulse("start")
        bench.source.queue(beats)
        await ClockCycles(dut.aclk, random.randint(len(beats) // 4, len(beats) // 2))
        await bench.pulse("stop")
        while not (is_high(dut.s_valid) and is_high(dut.s_ready) and is_high(dut.s_last)):
            await RisingEdge(dut.aclk)
        assert not is_high(dut.idle)  # this edge takes the last beat, and `accept` starts behind it
        await bench.accept(packet)


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def clear_and_reset_in_flight(dut: Dut) -> None:
    """`clear` and reset forget the packet at once; the next one runs."""
    bench = await _bench(dut)
    packet = random_program(bench.config, 2, 200).packet()
    for turn in range(16):
        beats = bench.begin(packet)
        await bench.pulse("start")
        bench.source.queue(beats)
        await ClockCycles(dut.aclk, random.randint(0, 2 * len(beats)))
        bench.source.flush()
        await RisingEdge(dut.aclk)
        if turn % 2:
            await bench.pulse("clear")
        else:
            await reset(dut)
        await RisingEdge(dut.aclk)
        assert is_high(dut.idle)
        assert not is_high(dut.done)
        assert not is_high(dut.s_ready)
        assert not bench.errors
        if turn % 2 or turn > 10:
            await bench.accept(packet)
