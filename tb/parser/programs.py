# SPDX-License-Identifier: Apache-2.0
"""Random programs for the parser's bench, and what it has to make of them.

Layers need not follow from each other here: the parser looks at one block at a time. Payloads are
random bytes of the right length.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ref_model.hardware.blocks import (
    Block,
    BlockKind,
    EndBlock,
    Kernel,
    LayerBlock,
    ProgramBlock,
    pack_block,
    refit_checksum,
)
from ref_model.hardware.checks import check_layer, check_program
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layout import digits_of, pairs_of, tensor_word_count
from ref_model.hardware.payload import CONSTANT_BYTES
from ref_model.hardware.program import DecodedProgram, payload_shape_of
from ref_model.integer.ranges import CODE_BITS, MAX_SHIFT

Event = tuple[str, Any]
"""What is handed on: ("load", fields), ("layer", fields), ("set", bytes), ("word", planes)."""

Part = Block | bytes
"""A piece of a packet: a block, to which a CRC is added, or bytes as they are."""

MEMORY_PLANES = {
    Kernel.K1X1: (0, 2),
    Kernel.K1X3: (0, 1, 2),
    Kernel.K3X3: (0, 1, 2),
    Kernel.FULL: (0, 1),
}
"""Plane of the weight memory for every plane of a word, in the order sent."""


@dataclass(frozen=True)
class Program:
    """Blocks and payloads of a packet."""

    header: ProgramBlock
    layers: tuple[LayerBlock, ...]
    payloads: tuple[bytes, ...]

    def parts(self) -> list[Part]:
        """The pieces in order: PROGRAM, then LAYER and payload in turns, END."""
        parts: list[Part] = [self.header]
        for layer, payload in zip(self.layers, self.payloads, strict=True):
            parts += [layer, payload]
        return [*parts, EndBlock()]

    def packet(self) -> bytes:
        """The bytes of the packet."""
        return assemble(self.parts())

    def with_header(self, **changes: int) -> bytes:
        """The packet with other fields in its PROGRAM block."""
        return replace(self, header=replace(self.header, **changes)).packet()

    def with_layer(self, number: int, **changes: int) -> bytes:
        """The packet with other fields in one LAYER block."""
        layers = list(self.layers)
        layers[number] = replace(layers[number], **changes)
        return replace(self, layers=tuple(layers)).packet()


def assemble(parts: Iterable[Part]) -> bytes:
    """A packet of `parts`; every block gets the CRC of what lies before it."""
    packet, payload = b"", b""
    for part in parts:
        if isinstance(part, bytes):
            packet += part
            payload += part
        else:
            packet += pack_block(part, payload)
            payload = b""
    return packet


def random_program(config: CoreConfig, fewest: int = 1, longest: int = 3000) -> Program:
    """A program that the core accepts, of at least `fewest` layers, payloads up to `longest`."""
    while True:
        header = replace(_random_header(config), layers=random.randint(fewest, 4))
        try:
            check_program(header, config)
            break
        except ProgramError:
            continue
    layers = tuple(_random_layer(i, header, config, longest) for i in range(header.layers))
    payloads = tuple(random.randbytes(payload_shape_of(x).bytes(config)) for x in layers)
    return Program(header, layers, payloads)


def _random_header(config: CoreConfig) -> ProgramBlock:
    return ProgramBlock(
        pin=config.pin,
        pout=config.pout,
        layers=1,
        height=random.randint(1, 12),
        width=random.randint(1, 12),
        channels=random.randint(1, 2 * config.pin),
        bits=random.choice(CODE_BITS),
        row_window=random.getrandbits(1),
        base=random.randrange(config.feature_depth),
    )


def _random_layer(index: int, header: ProgramBlock, config: CoreConfig, longest: int) -> LayerBlock:
    """A layer that passes the checks, with a payload of at most `longest` bytes."""
    raw = index == header.layers - 1
    while True:
        block = LayerBlock(
            index=index,
            kernel=random.choice(list(Kernel)),
            pool=random.getrandbits(1),
            raw=int(raw),
            height=random.randint(1, 12),
            width=random.choice([1, 2, 3, random.randint(1, config.max_pool_width + 2)]),
            channels=random.randint(1, 3 * config.pin),
            outputs=random.randint(1, 4 * config.pout),
            input_base=random.randrange(config.feature_depth),
            output_base=0 if raw else random.randrange(config.feature_depth),
            input_bits=random.choice(CODE_BITS),
            weight_bits=random.choice(CODE_BITS),
            output_bits=0 if raw else random.choice(CODE_BITS),
            shift=0 if raw else random.randint(0, MAX_SHIFT),
        )
        try:
            check_layer(block, index, header, config)
        except ProgramError:
            continue
        if payload_shape_of(block).bytes(config) <= longest:
            return block


# ---- what the parser has to hand on


def expected_events(program: DecodedProgram, packet: bytes, config: CoreConfig) -> list[Event]:
    """Everything in order, for a packet without an error."""
    events: list[Event] = [("load", load_fields(program.header, config))]
    for section in program.sections:
        end = section.payload_offset + section.payload_bytes
        events.append(("layer", layer_fields(section.block, config)))
        events += payload_events(packet[section.payload_offset : end], section.block, config)
    return events


def load_fields(block: ProgramBlock, config: CoreConfig) -> dict[str, int]:
    """The input tensor; `digit_words` counts the words of one digit, as stored."""
    stored = block.channels * (3 if block.row_window else 1)
    return {
        "height": block.height,
        "width": block.width,
        "channels": block.channels,
        "wide": int(digits_of(block.bits) == 2),
        "window": block.row_window,
        "base": block.base,
        "digit_words": tensor_word_count((stored, block.height, block.width), 4, config.pin),
    }


def layer_fields(block: LayerBlock, config: CoreConfig) -> dict[str, int]:
    """What the array and the output need; of a raw layer's output nothing is stored."""
    kernel, shape = Kernel(block.kernel), payload_shape_of(block)
    full, raw = kernel is Kernel.FULL, bool(block.raw)
    height, width = (1, 1) if full else (block.height, block.width)
    pool = 2 if block.pool else 1
    one_digit = shape.words(config) // digits_of(block.weight_bits)
    rows = 3 if kernel is Kernel.K3X3 else 1

    def words(channels: int, rows: int, columns: int) -> int:
        return tensor_word_count((channels, rows, columns), 4, config.pin)

    fields = {
        "three_rows": int(kernel is Kernel.K3X3),
        "pointwise": int(kernel is Kernel.K1X1),
        "raw": block.raw,
        "pool": block.pool,
        "wide_in": int(digits_of(block.input_bits) == 2),
        "wide_weight": int(digits_of(block.weight_bits) == 2),
        "odd": width % 2,
        "rows": height,
        "pairs": pairs_of(width),
        "width": width,
        "words": one_digit // rows,
        "stride": 1 if full else words(1, block.height, block.width),
        "row_pitch": pairs_of(block.width),
        "in_base": block.input_base,
        "in_digit": words(block.channels, block.height, block.width),
        "weight_digit": one_digit,
        "group_words": shape.words(config),
        "groups": shape.groups(config),
        "channels": block.outputs,
        "out_planes": ceil_div(block.outputs, config.pin),
        "out_bits": block.output_bits,
        "shift": block.shift,
    }
    if not raw:
        fields["out_base"] = block.output_base
        fields["out_plane"] = words(1, height // pool, width // pool)
        fields["out_digit"] = words(block.outputs, height // pool, width // pool)
    return fields


def payload_events(payload: bytes, block: LayerBlock, config: CoreConfig) -> list[Event]:
    """Sets of constants and weight words in the order of a payload."""
    kernel, shape = Kernel(block.kernel), payload_shape_of(block)
    plane_bytes = config.pin * config.pout // 2
    events: list[Event] = []
    position = 0

    def take(count: int) -> bytes:
        nonlocal position
        position += count
        return payload[position - count : position]

    for _ in range(shape.groups(config)):
        for _ in range(kernel.sets):
            events.append(("set", take(config.pout * CONSTANT_BYTES)))
        for _ in range(shape.words(config)):
            events.append(("word", {p: take(plane_bytes) for p in MEMORY_PLANES[kernel]}))
    assert position == len(payload)
    return events


# ---- packets with faults


@dataclass(frozen=True)
class Fault:
    """A packet with an error, and what has to be reported."""

    name: str
    packet: bytes
    code: ErrorCode
    layer: int


def _edit(program: Program, index: int, byte: int, value: int) -> bytes:
    """The packet with a byte of block `index` (PROGRAM, layers, END) changed, its CRC fitted."""
    parts = program.parts()
    where = 0 if index == 0 else 2 * index - 1
    before = parts[where - 1] if index > 1 else b""
    assert isinstance(before, bytes)
    block = parts[where]
    assert not isinstance(block, bytes)
    data = bytearray(pack_block(block, before))
    data[byte] = value
    edited = refit_checksum(bytes(data), before)
    return assemble(parts[:where]) + edited + assemble(parts[where + 1 :])


def faults(program: Program, config: CoreConfig) -> list[Fault]:
    """One packet for every check, made from a program without an error and at least two layers."""
    found: list[Fault] = []
    count, depth = program.header.layers, config.feature_depth
    last = count - 1
    inner = random.randrange(last)  # a layer that is not raw
    any_layer = random.randrange(count)

    def add(name: str, packet: bytes, code: ErrorCode, layer: int) -> None:
        found.append(Fault(name, packet, code, layer))

    def header(name: str, code: ErrorCode, **changes: int) -> None:
        add(f"PROGRAM {name}", program.with_header(**changes), code, PROGRAM_LAYER)

    def layer(name: str, code: ErrorCode, number: int, **changes: int) -> None:
        add(f"LAYER {name}", program.with_layer(number, **changes), code, number)

    for block in range(count + 2):
        where = PROGRAM_LAYER if block == 0 else block - 1
        add("magic, low byte", _edit(program, block, 0, 0x4D), ErrorCode.MAGIC, where)
        add("magic, high byte", _edit(program, block, 1, 0x50), ErrorCode.MAGIC, where)
        add("version 0", _edit(program, block, 3, 0), ErrorCode.VERSION, where)
        add("version 2", _edit(program, block, 3, 2), ErrorCode.VERSION, where)
        own = BlockKind.PROGRAM if block == 0 else BlockKind.LAYER
        own = BlockKind.END if block == count + 1 else own
        for kind in {0, 1, 2, 3, 4, 255} - {int(own)}:
            # no END block came with TLAST
            code = ErrorCode.PARAM_SHORT if block == count + 1 else ErrorCode.KIND
            add(f"kind {kind} at {block}", _edit(program, block, 2, kind), code, where)
    add("layers swapped", _swapped(program), ErrorCode.KIND, 0)
    layer("index", ErrorCode.KIND, any_layer, index=any_layer + 1)
    add("END too early", assemble([*program.parts()[:-3], EndBlock()]), ErrorCode.KIND, last)
    parts = program.parts()
    one_more = [*parts[:-1], program.layers[-1], program.payloads[-1], EndBlock()]
    add("one layer too many", assemble(one_more), ErrorCode.KIND, count)

    header("PIN", ErrorCode.CORE, pin=config.pin ^ 12)
    header("POUT", ErrorCode.CORE, pout=config.pout ^ 12)
    header("PIN over 16", ErrorCode.CORE, pin=config.pin + 128)
    for name in ("layers", "height", "width", "channels"):
        header(f"no {name}", ErrorCode.SHAPE, **{name: 0})
    for bits in (0, 1, 5, 6, 7, 9, 12, 136):
        header(f"{bits} bits", ErrorCode.BITS, bits=bits)
        layer(f"{bits} input bits", ErrorCode.BITS, any_layer, input_bits=bits)
        layer(f"{bits} weight bits", ErrorCode.BITS, any_layer, weight_bits=bits)
        layer(f"{bits} output bits", ErrorCode.BITS, inner, output_bits=bits)
    too_many = config.pin // 3 + 1
    header("window", ErrorCode.KERNEL, row_window=1, channels=too_many)
    header("window of 65535", ErrorCode.KERNEL, row_window=1, channels=0xFFFF)
    header("base", ErrorCode.MEMORY, base=depth)
    header("last base", ErrorCode.MEMORY, base=0xFFFFFFFF)
    header("base over 18 bits", ErrorCode.MEMORY, base=program.header.base + (1 << 18))
    sizes = {"height": 0xFFFF, "width": 0xFFFF, "row_window": 0}
    header("65535 x 65535", ErrorCode.MEMORY, **sizes, base=0)
    header("65535 channels", ErrorCode.MEMORY, row_window=0, channels=0xFFFF, base=0)

    for name in ("height", "width", "channels", "outputs"):
        layer(f"no {name}", ErrorCode.SHAPE, any_layer, **{name: 0})
    plain = {"kernel": Kernel.K3X3, "pool": 1, "height": 4, "width": 4}
    layer("pool of one row", ErrorCode.SHAPE, inner, **{**plain, "height": 1})
    layer("pool of one column", ErrorCode.SHAPE, inner, **{**plain, "width": 1})
    too_wide = {**plain, "width": config.max_pool_width + 1}
    layer("pool too wide", ErrorCode.SHAPE, inner, **too_wide)
    layer("shift 41", ErrorCode.BITS, inner, shift=MAX_SHIFT + 1)
    layer("shift 64", ErrorCode.BITS, inner, shift=64)
    layer("shift 255", ErrorCode.BITS, inner, shift=255)
    layer("full map pooled", ErrorCode.KERNEL, inner, **{**plain, "kernel": Kernel.FULL})
    layer("raw in front", ErrorCode.KERNEL, inner, raw=1, pool=0, output_bits=0, shift=0)
    layer("last not raw", ErrorCode.KERNEL, last, raw=0, output_bits=4)
    layer("raw and pooled", ErrorCode.KERNEL, last, **plain)
    layer("raw with shift", ErrorCode.BITS, last, shift=1)
    layer("raw with output bits", ErrorCode.BITS, last, output_bits=4)

    layer("input base", ErrorCode.MEMORY, any_layer, input_base=depth)
    layer("last input base", ErrorCode.MEMORY, any_layer, input_base=0xFFFFFFFF)
    layer("output base", ErrorCode.MEMORY, inner, output_base=depth)
    layer("last output base", ErrorCode.MEMORY, inner, output_base=0xFFFFFFFF)
    base = program.layers[inner].input_base
    layer("output over input", ErrorCode.MEMORY, inner, output_base=base)
    huge = {"height": 0xFFFF, "width": 0xFFFF, "pool": 0, "input_base": 0}
    layer("65535 x 65535", ErrorCode.MEMORY, any_layer, **huge)
    layer("65535 channels", ErrorCode.MEMORY, any_layer, channels=0xFFFF, input_base=0)
    wide = {"pool": 0, "height": 4, "width": 4, "input_base": 0, "output_base": depth // 2}
    layer(
        "65535 outputs", ErrorCode.MEMORY, inner, **wide, outputs=0xFFFF, channels=1, input_bits=4
    )
    heavy = config.weight_depth * config.pin  # channels of which a 3x3 kernel has too many words
    small = {"height": 1, "width": 1, "pool": 0, "input_base": 0, "input_bits": 8}
    many = {**small, "channels": heavy, "weight_bits": 8}
    for kernel in (Kernel.K1X1, Kernel.K3X3, Kernel.FULL):
        layer(f"{kernel.name} words", ErrorCode.WEIGHTS, last, **many, kernel=kernel)

    packet = program.packet()
    for size in (32, 128):
        add(f"{size} bytes too long", packet + bytes(size), ErrorCode.PARAM_LONG, count)
    return found


def _swapped(program: Program) -> bytes:
    parts = program.parts()
    parts[1:3], parts[3:5] = parts[3:5], parts[1:3]
    return assemble(parts)


FIELD_VALUES: dict[str, Callable[[], int]] = {
    "height": lambda: random.choice([0, 1, 2, 3, 7, 300, 0xFFFF]),
    "width": lambda: random.choice([0, 1, 2, 3, 7, 300, 0xFFFF]),
    "channels": lambda: random.choice([0, 1, 5, 33, 500, 0xFFFF]),
    "outputs": lambda: random.choice([0, 1, 5, 33, 500, 0xFFFF]),
    "kernel": lambda: random.randrange(4),
    "pool": lambda: random.getrandbits(1),
    "input_base": lambda: random.choice([0, random.getrandbits(9), random.getrandbits(32)]),
    "output_base": lambda: random.choice([0, random.getrandbits(9), random.getrandbits(32)]),
    "input_bits": lambda: random.randrange(10),
    "weight_bits": lambda: random.randrange(10),
    "index": lambda: random.randrange(4),
    "raw": lambda: random.getrandbits(1),
    "output_bits": lambda: random.randrange(10),
    "shift": lambda: random.choice([0, 5, 40, 41, 255]),
}
"""Random values for the fields of a LAYER block, good and bad."""


def random_change(program: Program) -> bytes:
    """The packet with one to four random fields in one LAYER block; the payload stays."""
    names = random.sample(sorted(FIELD_VALUES), random.randint(1, 4))
    changes = {name: FIELD_VALUES[name]() for name in names}
    return program.with_layer(random.randrange(program.header.layers), **changes)
