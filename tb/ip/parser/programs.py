# SPDX-License-Identifier: Apache-2.0
"""Random programs for the parser's bench, and what it has to make of them.

Layers need not follow from each other here: the parser looks at one block at a time. Payloads are
random bytes of the right length.
"""

from __future__ import annotations

import itertools
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
    LoadBlock,
    ProgramBlock,
    Ring,
    pack_block,
    refit_checksum,
)
from ref_model.hardware.checks import (
    Words,
    check_layer,
    check_load,
    convolution_size,
    output_size,
    payload_shape_of,
    result_bits,
    result_size,
)
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layout import digits_of, pairs_of, tensor_word_count
from ref_model.hardware.payload import CONSTANT_BYTES
from ref_model.hardware.program import DecodedProgram, LayerSection
from ref_model.integer.ranges import CODE_BITS, MAX_SHIFT
from tb.ref_model.hardware.named_bits import reserved_bits

Event = tuple[str, Any]
"""What is handed on: ("load" or "layer", fields), ("set", "kernels" or "constants behind", bytes),
("word", planes)."""

KINDS: dict[type[Block], int] = {
    ProgramBlock: BlockKind.PROGRAM,
    LoadBlock: BlockKind.LOAD,
    LayerBlock: BlockKind.LAYER,
    EndBlock: BlockKind.END,
}

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
    """Blocks and payloads of a packet; ``before[k]`` LOAD blocks stand before layer k."""

    header: ProgramBlock
    loads: tuple[LoadBlock, ...]
    before: tuple[int, ...]
    layers: tuple[LayerBlock, ...]
    payloads: tuple[bytes, ...]

    def parts(self) -> list[Part]:
        """The pieces in order: PROGRAM, then LOADs, LAYER and payload in turns, END."""
        parts: list[Part] = [self.header]
        loads = iter(self.loads)
        for count, layer, payload in zip(self.before, self.layers, self.payloads, strict=True):
            parts += [*itertools.islice(loads, count), layer, payload]
        return [*parts, *loads, EndBlock()]

    def packet(self) -> bytes:
        """The bytes of the packet."""
        return assemble(self.parts())

    def with_header(self, **changes: int) -> bytes:
        """The packet with other fields in its PROGRAM block."""
        return replace(self, header=replace(self.header, **changes)).packet()

    def with_load(self, number: int, **changes: int) -> bytes:
        """The packet with other fields in one LOAD block."""
        loads = list(self.loads)
        loads[number] = replace(loads[number], **changes)
        return replace(self, loads=tuple(loads)).packet()

    def with_layer(self, number: int, **changes: int) -> bytes:
        """The packet with other fields in one LAYER block."""
        layers = list(self.layers)
        layers[number] = replace(layers[number], **changes)
        return replace(self, layers=tuple(layers)).packet()

    def layer_after(self, load: int) -> int:
        """Index of the layer that comes after a LOAD block."""
        return next(
            (k for k, _ in enumerate(self.before) if sum(self.before[: k + 1]) > load),
            len(self.layers),
        )


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


def random_program(
    config: CoreConfig, fewest: int = 1, longest: int = 3000, rows: float = 0.5
) -> Program:
    """A program that the core accepts, of at least `fewest` layers, payloads up to `longest`.

    A share ``rows`` of the layers makes a part of its result.
    """
    layers = random.randint(fewest, 4)
    before = tuple(random.choice([0, 0, 1, 2]) for _ in range(layers))
    header = ProgramBlock(config.pin, config.pout, layers, max(1, sum(before)))
    loads: list[LoadBlock] = []
    blocks: list[LayerBlock] = []
    opened: Words | None = None
    for index, count in enumerate(before):
        for _ in range(count):
            begins, ends = loads[-1].last if loads else 1, len(loads) == header.loads - 1
            loads.append(_random_load(len(loads), config, begins, last=ends))
            opened = check_load(loads[-1], index, config).hull(opened)
        blocks.append(_random_layer(index, header, config, longest, opened, len(loads), rows))
        opened = None if blocks[-1].loads == len(loads) else opened
    loads += [_random_load(k, config, 1, last=True) for k in range(len(loads), header.loads)]
    payloads = tuple(random.randbytes(payload_shape_of(x).bytes(config)) for x in blocks)
    return Program(header, tuple(loads), before, tuple(blocks), payloads)


def _random_load(index: int, config: CoreConfig, first: int, *, last: bool) -> LoadBlock:
    """A LOAD that passes the checks; ``first``: an image begins; ``last``: it has to end here."""
    while True:
        ring = random.randint(1, 14)
        row_window = random.getrandbits(1)
        block = LoadBlock(
            index=index,
            height=random.randint(1, 12),
            width=random.randint(1, 12),
            channels=random.randint(1, 2 * config.pin),
            bits=random.choice(CODE_BITS),
            row_window=row_window,
            base=random.randrange(config.feature_depth),
            ring=ring,
            row=random.randrange(ring),
            first=first,
            last=int(last or random.random() < 0.5),
            thinned=row_window & random.getrandbits(1),
        )
        try:
            check_load(block, 0, config)
        except ProgramError:
            continue
        return block


def _random_layer(
    index: int,
    header: ProgramBlock,
    config: CoreConfig,
    longest: int,
    opened: Words | None,
    loads: int,
    share: float,
) -> LayerBlock:
    """A layer that passes the checks after ``loads`` LOADs, its payload up to `longest` bytes."""
    last = index == header.layers - 1
    tries = 0
    while True:
        tries += 1
        raw = last or (index > 0 and random.random() < 0.2)
        kernel = random.choice(list(Kernel))
        chosen = random.random()
        output_base = 0 if raw else random.randrange(config.feature_depth)
        in_place = random.random() < 0.3
        waits = loads if tries > 200 or random.random() < 0.4 else random.randint(0, loads)
        rows = int(random.random() < share)

        def pitch(rows: int = rows) -> int:
            if rows:
                ring = random.randint(1, 14)
                return Ring(ring, random.randrange(ring)).word
            return random.choice([0, random.randrange(config.feature_depth // 8)])

        output_pitch = pitch()
        pool = random.choice([1, 1, 2, 3])
        block = LayerBlock(
            index=index,
            kernel=kernel,
            pool=int(pool > 1),
            pool_3x3=int(pool == 3),
            raw=int(raw),
            stride2=int(random.random() < 0.3),
            shared=int(kernel is Kernel.FULL and random.random() < 0.5),
            height=random.randint(1, 12),
            width=random.choice([1, 2, 3, random.randint(1, config.max_pool_width + 2)]),
            channels=random.randint(1, 3 * config.pin),
            outputs=random.randint(1, 4 * config.pout),
            input_base=random.randrange(config.feature_depth),
            output_base=output_base,
            input_bits=random.choice(CODE_BITS),
            weight_bits=random.choice(CODE_BITS),
            output_bits=0 if raw else random.choice(CODE_BITS),
            shift=0 if raw else random.randint(0, MAX_SHIFT),
            images=1 if rows else random.choice([1, 1, 2, 3, 9]),
            slot=random.getrandbits(8),
            input_pitch=pitch(),
            output_pitch=output_pitch,
            skip=int(not raw and kernel is not Kernel.FULL and chosen < 0.3),
            skip_bits=random.choice(CODE_BITS),
            skip_base=output_base if in_place else random.randrange(config.feature_depth),
            skip_pitch=output_pitch if in_place else pitch(),
            skip_multiplier=random.getrandbits(18),
            depthwise=int(not raw and kernel is not Kernel.FULL and chosen > 0.7),
            depthwise_stride2=random.getrandbits(1),
            depthwise_bits=random.choice(CODE_BITS),
            depthwise_shift=random.randint(0, MAX_SHIFT),
            rows=rows,
            above=int(rows and random.random() < 0.3),
            below=int(rows and random.random() < 0.3),
            above_behind=int(rows and random.random() < 0.2),
            below_behind=int(rows and random.random() < 0.2),
            thinned=int(random.random() < 0.1),
            loads=waits,
        )
        try:
            check_layer(block, header, config, None if waits == loads else opened)
        except ProgramError:
            continue
        if payload_shape_of(block).bytes(config) <= longest:
            return block


# ---- what the parser has to hand on


def expected_events(program: DecodedProgram, packet: bytes, config: CoreConfig) -> list[Event]:
    """Everything in order, for a packet without an error."""
    events: list[Event] = []
    layers = loads = 0
    for part in program.parts:
        if isinstance(part, LayerSection):
            end = part.payload_offset + part.payload_bytes
            fields = layer_fields(part.block, config)
            fields["last"] = int(layers == program.header.layers - 1)
            events.append(("layer", fields))
            events += payload_events(packet[part.payload_offset : end], part.block, config)
            layers += 1
        else:
            fields = load_fields(part.block, config)
            fields["layers"] = layers
            fields["last"] = int(loads == program.header.loads - 1)
            events.append(("load", fields))
            loads += 1
    return events


def load_fields(block: LoadBlock, config: CoreConfig) -> dict[str, int]:
    """The image; `digit_words` counts the words of one digit, as stored."""
    stored = block.channels * (3 if block.row_window else 1)

    def words(channels: int, rows: int) -> int:
        return tensor_word_count((channels, rows, block.width), 4, config.pin)

    return {
        "height": block.height,
        "width": block.width,
        "channels": block.channels,
        "wide": int(digits_of(block.bits) == 2),
        "window": block.row_window,
        "begins": block.first,
        "ends": block.last,
        "thinned": block.thinned,
        "start": block.base + words(1, block.row),
        "plane": words(1, block.ring),
        "digit_words": words(stored, block.ring),
        "third": 0,
        "ring": block.ring,
        "left": block.ring - block.row,
    }


def layer_fields(block: LayerBlock, config: CoreConfig) -> dict[str, int]:
    """What the array and the output need; of a raw layer's output nothing is stored."""
    kernel, shape = Kernel(block.kernel), payload_shape_of(block)
    full, raw = kernel is Kernel.FULL, bool(block.raw)
    height, width = convolution_size(block)
    output = output_size(block)
    one_digit = shape.words(config) // digits_of(block.weight_bits)
    rows = 3 if kernel is Kernel.K3X3 else 1

    def words(channels: int, rows: int, columns: int) -> int:
        return tensor_word_count((channels, rows, columns), 4, config.pin)

    def ring(word: int, rows: int) -> Ring:
        return Ring.of_word(word) if block.rows else Ring(rows, 0)

    source = ring(block.input_pitch, block.height)
    plane = words(1, source.rows, block.width)
    last_centre = block.above + 2 * (height - 1)  # of stride 2
    fields = {
        "three_rows": int(kernel is Kernel.K3X3),
        "pointwise": int(kernel is Kernel.K1X1),
        "raw": block.raw,
        "pool": block.pool,
        "pool_3x3": block.pool_3x3,
        "stride2": block.stride2,
        "shared": block.shared,
        "above": block.above,
        "row_stride2": int(block.stride2 and not block.thinned),
        "loads": block.loads,
        "wide_in": int(digits_of(block.input_bits) == 2),
        "wide_weight": int(digits_of(block.weight_bits) == 2),
        "odd": width % 2,
        "rows": height,
        "pairs": 1 if full else pairs_of(block.width),
        "words": one_digit // rows,
        "stride": 1 if full and not block.shared else plane,
        "row_pitch": 1 if block.shared else pairs_of(block.width),
        "last_line": plane - 1 if block.shared else 0,
        "images": block.images,
        "slot": block.slot,
        "in_start": block.input_base + words(1, source.row, block.width),
        "in_ring": source.rows,
        "in_left": source.rows - source.row + int(kernel is Kernel.K3X3 and not block.above),
        "in_digit": words(block.channels, source.rows, block.width),
        "weight_digit": one_digit,
        "group_words": shape.words(config),
        "groups": shape.groups(config),
        "channels": block.outputs,
        "out_planes": ceil_div(block.outputs, config.pin),
        "out_bits": block.output_bits,
        "shift": block.shift,
        "skip": block.skip,
        "depthwise": block.depthwise,
    }
    if kernel is Kernel.K3X3:
        fields["below"] = int(last_centre < block.height - 1) if block.stride2 else block.below
    if block.skip:
        fields["skip_wide"] = int(digits_of(block.skip_bits) == 2)
        added = ring(block.skip_pitch, height)
        fields["skip_start"] = block.skip_base + words(1, added.row, width)
        fields["skip_count"] = words(1, height, width)
        fields["skip_left"] = words(1, added.rows - added.row, width)
        fields["skip_plane"] = words(1, added.rows, width)
        fields["skip_digit"] = words(block.outputs, added.rows, width)
        fields["skip_multiplier"] = block.skip_multiplier
    if block.pool:
        fields["pool_rows"] = result_size(block)[0]
    if block.depthwise or block.pool_3x3:
        fields["above_behind"] = block.above_behind
    if block.depthwise:
        fields["depthwise_stride2"] = block.depthwise_stride2
        fields["below_behind"] = block.below_behind
        fields["depthwise_bits"] = block.depthwise_bits
        fields["depthwise_shift"] = block.depthwise_shift
    if block.images > 1:
        fields["in_pitch"] = block.input_pitch
        if block.skip:
            fields["skip_pitch"] = block.skip_pitch
    if not raw:
        if block.images > 1:
            fields["out_pitch"] = block.output_pitch
        fields["wide_out"] = int(digits_of(result_bits(block)) == 2)
        stored = ring(block.output_pitch, output[0])
        fields["out_start"] = block.output_base + words(1, stored.row, output[1])
        fields["out_count"] = words(1, *output)
        fields["out_left"] = words(1, stored.rows - stored.row, output[1])
        fields["out_plane"] = words(1, stored.rows, output[1])
        fields["out_digit"] = words(block.outputs, stored.rows, output[1])
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
        for event in ("kernels", "constants behind") if block.depthwise else ():
            for _ in range(kernel.sets):
                events.append((event, take(config.pout * CONSTANT_BYTES)))
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


def _edit(program: Program, where: int, byte: int, value: int, *, keep: bool = False) -> bytes:
    """The packet with a byte of the block that is part `where` changed, its CRC fitted.

    With ``keep`` the bits of ``value`` are added to those that are set already.
    """
    parts = program.parts()
    previous = parts[where - 1] if where else b""
    before = previous if isinstance(previous, bytes) else b""
    block = parts[where]
    assert not isinstance(block, bytes)
    data = bytearray(pack_block(block, before))
    data[byte] = data[byte] | value if keep else value
    edited = refit_checksum(bytes(data), before)
    return assemble(parts[:where]) + edited + assemble(parts[where + 1 :])


def _set_bit(program: Program, where: int, bit: int) -> bytes:
    """The packet with a bit set in the block that is part `where`, its CRC fitted."""
    return _edit(program, where, bit // 8, 1 << bit % 8, keep=True)


def _first_of_each_kind(parts: list[Part]) -> dict[int, str]:
    """Place and name of the first block of every kind."""
    found: dict[str, int] = {}
    for where, part in enumerate(parts):
        if not isinstance(part, bytes):
            found.setdefault(BlockKind(KINDS[type(part)]).name, where)
    return {where: name for name, where in found.items()}


def _layer_at(parts: list[Part], where: int) -> int:
    """The layer that an error in part `where` is reported for: those before it are through."""
    return sum(isinstance(part, bytes) for part in parts[:where])


def faults(program: Program, config: CoreConfig) -> list[Fault]:
    """One packet for every check, made from a program without an error and at least two layers."""
    found: list[Fault] = []
    count, depth = program.header.layers, config.feature_depth
    last = count - 1
    inner = random.choice([k for k, x in enumerate(program.layers) if not x.raw])
    any_layer = random.randrange(count)
    any_load = random.randrange(program.header.loads)

    def add(name: str, packet: bytes, code: ErrorCode, layer: int) -> None:
        found.append(Fault(name, packet, code, layer))

    def header(name: str, code: ErrorCode, **changes: int) -> None:
        add(f"PROGRAM {name}", program.with_header(**changes), code, PROGRAM_LAYER)

    def load(name: str, code: ErrorCode, **changes: int) -> None:
        packet = program.with_load(any_load, **changes)
        add(f"LOAD {name}", packet, code, program.layer_after(any_load))

    def layer(name: str, code: ErrorCode, number: int, **changes: int) -> None:
        waits = sum(program.before[: number + 1])
        packet = program.with_layer(number, **{"loads": waits, **changes})
        add(f"LAYER {name}", packet, code, number)

    parts = program.parts()
    index = -1  # of the layer that an error is reported for
    for where, part in enumerate(parts):
        if isinstance(part, bytes):
            index += 1
            continue
        place = PROGRAM_LAYER if where == 0 else index
        index = max(index, 0)
        add("magic, low byte", _edit(program, where, 0, 0x4D), ErrorCode.MAGIC, place)
        add("magic, high byte", _edit(program, where, 1, 0x50), ErrorCode.MAGIC, place)
        add("version 0", _edit(program, where, 3, 0), ErrorCode.VERSION, place)
        add("version 1", _edit(program, where, 3, 1), ErrorCode.VERSION, place)
        for kind in {0, 1, 2, 3, 5, 255} - {KINDS[type(part)]}:
            # no END block came with TLAST
            code = ErrorCode.PARAM_SHORT if where == len(parts) - 1 else ErrorCode.KIND
            if kind == BlockKind.LAYER and isinstance(part, LoadBlock):
                continue  # may have the right index
            add(f"kind {kind} at {where}", _edit(program, where, 2, kind), code, place)
    for where, block_kind in _first_of_each_kind(parts).items():
        place = (
            PROGRAM_LAYER
            if where == 0
            else count
            if block_kind == "END"
            else _layer_at(parts, where)
        )
        for number, word in itertools.groupby(reserved_bits(block_kind), key=lambda bit: bit // 32):
            bit = random.choice(list(word))
            name = f"bit {bit % 32} of word {number} in {block_kind}"
            add(name, _set_bit(program, where, bit), ErrorCode.RESERVED, place)
    add("layers swapped", _swapped(program), ErrorCode.KIND, 0)
    layer("index", ErrorCode.KIND, any_layer, index=any_layer + 1)
    end = [*parts[:-1], program.layers[-1], program.payloads[-1], EndBlock()]
    add("one layer too many", assemble(end), ErrorCode.KIND, count)
    end = [*parts[:-1], replace(program.loads[-1], index=program.header.loads), EndBlock()]
    add("one image too many", assemble(end), ErrorCode.KIND, count)
    add("a layer missing", program.with_header(layers=count + 1), ErrorCode.KIND, count)
    more = program.with_header(loads=program.header.loads + 1)
    add("an image missing", more, ErrorCode.KIND, count)
    load("index", ErrorCode.KIND, index=any_load + 1)
    layer("index of 16 bits", ErrorCode.KIND, any_layer, index=any_layer + 256)

    header("PIN", ErrorCode.CORE, pin=config.pin ^ 12)
    header("POUT", ErrorCode.CORE, pout=config.pout ^ 12)
    header("PIN over 16", ErrorCode.CORE, pin=config.pin + 128)
    for name in ("layers", "loads"):
        header(f"no {name}", ErrorCode.SHAPE, **{name: 0})
    for name in ("height", "width", "channels"):
        load(f"no {name}", ErrorCode.SHAPE, **{name: 0})
    for bits in (0, 1, 5, 6, 7, 9, 12, 136):
        load(f"{bits} bits", ErrorCode.BITS, bits=bits)
        layer(f"{bits} input bits", ErrorCode.BITS, any_layer, input_bits=bits)
        layer(f"{bits} weight bits", ErrorCode.BITS, any_layer, weight_bits=bits)
        layer(f"{bits} output bits", ErrorCode.BITS, inner, output_bits=bits)
    window = {"row_window": 1, "channels": 1, "thinned": 0, "height": 4, "ring": 9, "row": 0}
    load("window", ErrorCode.KERNEL, **{**window, "channels": config.pin // 3 + 1})
    load("window of 65535", ErrorCode.KERNEL, **{**window, "channels": 0xFFFF})
    load("base", ErrorCode.MEMORY, base=depth)
    load("last base", ErrorCode.MEMORY, base=0xFFFFFFFF)
    load("base over 18 bits", ErrorCode.MEMORY, base=program.loads[any_load].base + (1 << 18))
    whole = {"row_window": 0, "thinned": 0, "row": 0}
    sizes = {**whole, "height": 0xFFFF, "ring": 0xFFFF, "width": 0xFFFF}
    load("65535 x 65535", ErrorCode.MEMORY, **sizes, base=0)
    load("ring too small", ErrorCode.SHAPE, **{**whole, "height": 4, "ring": 3})
    load("ring row", ErrorCode.SHAPE, row=9, ring=9)
    load("no ring", ErrorCode.SHAPE, row=0, ring=0)
    load("wide window", ErrorCode.SHAPE, **{**window, "width": config.max_pool_width + 1})
    load("thinned alone", ErrorCode.KERNEL, **{**whole, "height": 4, "ring": 9, "thinned": 1})
    begun = program.loads[any_load].first
    load("image that goes on", ErrorCode.KIND, first=1 - begun)
    pixel = {**whole, "height": 1, "ring": 1, "width": 1, "channels": 1}
    unended = program.with_load(len(program.loads) - 1, **pixel, last=0)
    add("image without an end", unended, ErrorCode.KIND, count)
    load("65535 channels", ErrorCode.MEMORY, **whole, height=1, ring=1, channels=0xFFFF, base=0)

    for name in ("height", "width", "channels", "outputs", "images"):
        layer(f"no {name}", ErrorCode.SHAPE, any_layer, **{name: 0})
    plain = {
        "kernel": Kernel.K3X3, "pool": 1, "height": 4, "width": 4, "stride2": 0, "shared": 0,
        "images": 1, "skip": 0, "depthwise": 0, "pool_3x3": 0,
    }  # fmt: skip
    layer("pool of one row", ErrorCode.SHAPE, inner, **{**plain, "height": 1})
    layer("pool of one column", ErrorCode.SHAPE, inner, **{**plain, "width": 1})
    too_wide = {**plain, "width": config.max_pool_width + 1}
    layer("pool too wide", ErrorCode.SHAPE, inner, **too_wide)
    layer("3x3 pool too wide", ErrorCode.SHAPE, inner, **{**too_wide, "pool_3x3": 1})
    layer("3x3 without a pool", ErrorCode.KERNEL, inner, **{**plain, "pool": 0, "pool_3x3": 1})
    layer("shift 41", ErrorCode.BITS, inner, shift=MAX_SHIFT + 1)
    layer("shift 64", ErrorCode.BITS, inner, shift=64)
    layer("shift 255", ErrorCode.BITS, inner, shift=255)
    layer("full map pooled", ErrorCode.SHAPE, inner, **{**plain, "kernel": Kernel.FULL})
    strided = {**plain, "stride2": 1}
    layer("pool of one row, stride", ErrorCode.SHAPE, inner, **{**strided, "height": 2})
    layer("pool of one column, stride", ErrorCode.SHAPE, inner, **{**strided, "width": 2})
    too_wide = {**strided, "width": 2 * config.max_pool_width + 1}
    layer("pool too wide, stride", ErrorCode.SHAPE, inner, **too_wide)
    full = {**plain, "kernel": Kernel.FULL, "pool": 0}
    layer("full map with stride", ErrorCode.KERNEL, any_layer, **{**full, "stride2": 1})
    for kernel in (Kernel.K1X1, Kernel.K1X3, Kernel.K3X3):
        sharing = {**plain, "pool": 0, "kernel": kernel, "shared": 1}
        layer(f"{kernel.name} shared", ErrorCode.KERNEL, any_layer, **sharing)
    layer("last not raw", ErrorCode.KERNEL, last, raw=0, output_bits=4)
    layer("raw and pooled", ErrorCode.KERNEL, last, **plain)
    layer("raw and 3x3 pooled", ErrorCode.KERNEL, last, **{**plain, "pool_3x3": 1})
    layer("raw with shift", ErrorCode.BITS, last, shift=1)
    layer("raw with output bits", ErrorCode.BITS, last, output_bits=4)

    behind = {**plain, "pool": 0, "depthwise": 1, "output_bits": 4, "depthwise_bits": 4}
    behind |= {"depthwise_stride2": 0, "depthwise_shift": 0}
    wide = {**behind, "width": config.max_pool_width + 1}
    layer("depthwise too wide", ErrorCode.SHAPE, inner, **wide)
    thin = {**behind, "pool": 1, "depthwise_stride2": 1}
    layer("pool of one row behind", ErrorCode.SHAPE, inner, **{**thin, "height": 2})
    layer("pool of one column behind", ErrorCode.SHAPE, inner, **{**thin, "width": 2})
    adding = {**plain, "pool": 0, "skip": 1, "skip_bits": 4}
    for bits in (0, 1, 5, 12, 136):
        layer(f"{bits} bits behind", ErrorCode.BITS, inner, **{**behind, "depthwise_bits": bits})
        layer(f"{bits} skip bits", ErrorCode.BITS, inner, **{**adding, "skip_bits": bits})
    layer("depthwise of 8 bits", ErrorCode.BITS, inner, **{**behind, "output_bits": 8})
    for shift in (MAX_SHIFT + 1, 64, 255):
        layer(
            f"shift {shift} behind", ErrorCode.BITS, inner, **{**behind, "depthwise_shift": shift}
        )
    layer("raw and depthwise", ErrorCode.KERNEL, last, **{**behind, "output_bits": 0})
    layer("raw and skip", ErrorCode.KERNEL, last, **adding)
    layer("skip and depthwise", ErrorCode.KERNEL, inner, **{**behind, "skip": 1, "skip_bits": 4})
    for name, fields in (("skip", adding), ("depthwise", behind)):
        layer(f"full map with {name}", ErrorCode.KERNEL, inner, **{**fields, "kernel": Kernel.FULL})
    for base in (depth, 0xFFFFFFFF):
        layer(f"skip base {base}", ErrorCode.MEMORY, inner, **{**adding, "skip_base": base})
    for pitch in (depth, 1 << 18, 0xFFFFFFFF):
        two = {**adding, "images": 2, "skip_base": 0, "skip_pitch": pitch}
        layer(f"skip pitch {pitch}", ErrorCode.MEMORY, inner, **two)
    found += _results_over_skip(program, inner, adding, depth)

    layer("input base", ErrorCode.MEMORY, any_layer, input_base=depth)
    layer("last input base", ErrorCode.MEMORY, any_layer, input_base=0xFFFFFFFF)
    layer("output base", ErrorCode.MEMORY, inner, output_base=depth)
    layer("last output base", ErrorCode.MEMORY, inner, output_base=0xFFFFFFFF)
    base = program.layers[inner].input_base
    layer("output over input", ErrorCode.MEMORY, inner, output_base=base)
    huge = {"height": 0xFFFF, "width": 0xFFFF, "pool": 0, "pool_3x3": 0, "depthwise": 0}
    huge |= {"input_base": 0}
    layer("65535 x 65535", ErrorCode.MEMORY, any_layer, **huge)
    layer("65535 channels", ErrorCode.MEMORY, any_layer, channels=0xFFFF, input_base=0)
    wide = {"pool": 0, "pool_3x3": 0, "height": 4, "width": 4, "input_base": 0}
    wide |= {"output_base": depth // 2}
    layer(
        "65535 outputs", ErrorCode.MEMORY, inner, **wide, outputs=0xFFFF, channels=1, input_bits=4
    )
    for name in ("input_pitch", "output_pitch"):
        for pitch in (depth, 1 << 18, 0xFFFFFFFF):
            layer(f"{name} {pitch}", ErrorCode.MEMORY, inner, images=2, **{name: pitch})
        layer(f"65535 images, {name}", ErrorCode.MEMORY, inner, images=0xFFFF, **{name: 0x3FFFF})
    layer("images meet", ErrorCode.MEMORY, inner, images=2, **_one_after_another(program, inner))
    found += _meeting_images(program, any_load)
    heavy = config.weight_depth * config.pin  # channels of which a 3x3 kernel has too many words
    small = {**plain, "height": 1, "width": 1, "pool": 0, "input_base": 0, "input_bits": 8}
    many = {**small, "channels": heavy, "weight_bits": 8}
    for kernel in (Kernel.K1X1, Kernel.K3X3, Kernel.FULL):
        layer(f"{kernel.name} words", ErrorCode.WEIGHTS, last, **{**many, "kernel": kernel})
    many = {**many, "kernel": Kernel.FULL, "input_bits": 4}
    layer("weights for two images", ErrorCode.WEIGHTS, last, **{**many, "images": 2})
    layer("shared weights", ErrorCode.WEIGHTS, last, **{**many, "shared": 1})

    for name, code, fields in row_faults():
        layer(name, code, inner, **{**plain, "pool": 0, "raw": 0, "output_bits": 4, **fields})
    for waits in (sum(program.before[: inner + 1]) + 1, 0xFFFF):
        layer(f"{waits} LOADs", ErrorCode.KIND, inner, loads=waits)

    packet = program.packet()
    for size in (32, 128):
        add(f"{size} bytes too long", packet + bytes(size), ErrorCode.PARAM_LONG, count)
    return found


def row_faults() -> list[tuple[str, ErrorCode, dict[str, int]]]:
    """Fields of a 3x3 layer of 4 x 4 pixels without pool that makes rows, one wrong each."""
    ring = Ring(9, 3)
    good = {
        "rows": 1, "above": 1, "input_pitch": ring.word, "output_pitch": ring.word,
        "skip_pitch": ring.word,
    }  # fmt: skip
    point = {"kernel": Kernel.K1X1, "above": 0}
    behind = {"depthwise": 1, "depthwise_bits": 4, "depthwise_stride2": 0, "depthwise_shift": 0}
    adding = {"skip": 1, "skip_bits": 4}
    wrong: list[tuple[str, ErrorCode, dict[str, int]]] = [
        ("rows of two images", ErrorCode.SHAPE, {"images": 2}),
        ("one row above", ErrorCode.SHAPE, {"height": 1}),
        ("two rows beside", ErrorCode.SHAPE, {"height": 2, "below": 1}),
        ("rows beside alone", ErrorCode.SHAPE, {**behind, "height": 2, "above_behind": 1}),
        ("rows of a full map", ErrorCode.KERNEL, {"kernel": Kernel.FULL, "above": 0}),
        ("above without rows", ErrorCode.KERNEL, {"rows": 0}),
        ("below without rows", ErrorCode.KERNEL, {"rows": 0, "above": 0, "below": 1}),
        ("above behind without rows", ErrorCode.KERNEL,
         {"rows": 0, "above": 0, "above_behind": 1, **behind}),
        ("below behind without rows", ErrorCode.KERNEL,
         {"rows": 0, "above": 0, "below_behind": 1, **behind}),
        ("above of 1x1", ErrorCode.KERNEL, {**point, "above": 1}),
        ("below of 1x1", ErrorCode.KERNEL, {**point, "below": 1}),
        ("below of stride 2", ErrorCode.KERNEL, {"below": 1, "stride2": 1}),
        ("above behind without depthwise", ErrorCode.KERNEL, {"above_behind": 1}),
        ("above behind of a 2x2 pool", ErrorCode.KERNEL, {"pool": 1, "above_behind": 1}),
        ("below behind of a 3x3 pool", ErrorCode.KERNEL,
         {"pool": 1, "pool_3x3": 1, "below_behind": 1}),
        ("3x3 pool of a row above", ErrorCode.SHAPE,
         {"pool": 1, "pool_3x3": 1, "height": 2, "above_behind": 1}),
        ("3x3 pool of a row above, depthwise", ErrorCode.SHAPE,
         {**behind, "pool": 1, "pool_3x3": 1, "height": 3, "above_behind": 1}),
        ("above behind of a 3x3 pool without rows", ErrorCode.KERNEL,
         {"rows": 0, "above": 0, "pool": 1, "pool_3x3": 1, "above_behind": 1}),
        ("below behind without depthwise", ErrorCode.KERNEL, {"below_behind": 1}),
        ("below behind of stride 2", ErrorCode.KERNEL,
         {**behind, "depthwise_stride2": 1, "below_behind": 1}),
        ("thinned 3x3", ErrorCode.KERNEL, {"thinned": 1, "stride2": 1}),
        ("thinned stride 1", ErrorCode.KERNEL, {"kernel": Kernel.K1X3, "above": 0, "thinned": 1}),
    ]  # fmt: skip
    for name, more in (("input", {}), ("output", {}), ("skip", adding)):
        for rows, row in ((0, 0), (9, 9), (9, 0xFFFF)):
            field = {f"{name}_pitch": Ring(rows, row).word, **more}
            wrong.append((f"{name} ring of {rows} at {row}", ErrorCode.SHAPE, field))
    wrong += [
        ("input ring too small", ErrorCode.SHAPE, {"input_pitch": Ring(3, 0).word}),
        ("output ring too small", ErrorCode.SHAPE, {"output_pitch": Ring(2, 0).word}),
        (
            "ring too small for a 3x3 pool",
            ErrorCode.SHAPE,
            {"pool": 1, "pool_3x3": 1, "output_pitch": Ring(1, 0).word},
        ),
        ("skip ring too small", ErrorCode.SHAPE, {**adding, "skip_pitch": Ring(2, 0).word}),
        ("input ring too large", ErrorCode.MEMORY, {"input_pitch": Ring(0xFFFF, 0).word}),
        ("output ring too large", ErrorCode.MEMORY, {"output_pitch": Ring(0xFFFF, 0).word}),
    ]
    return [(name, code, {**good, **fields}) for name, code, fields in wrong]


def _swapped(program: Program) -> bytes:
    """The first two layers in the wrong order."""
    order = [1, 0, *range(2, len(program.layers))]
    layers = tuple(program.layers[k] for k in order)
    payloads = tuple(program.payloads[k] for k in order)
    return replace(program, layers=layers, payloads=payloads).packet()


def _one_after_another(program: Program, number: int) -> dict[str, int]:
    """A second input image right where the output begins."""
    layer = program.layers[number]
    low, high = sorted([layer.input_base, layer.output_base])
    pitch = high - low
    if layer.input_base < layer.output_base:
        return {"input_pitch": pitch, "output_pitch": 0}
    return {"input_pitch": 0, "output_pitch": pitch}


def _results_over_skip(
    program: Program, number: int, fields: dict[str, int], depth: int
) -> list[Fault]:
    """Results beside their place in the skip tensor, and pooled or with another pitch in it."""
    cases = {
        "a word behind": {"skip_base": depth // 2 + 1, "images": 1},
        "a word before": {"skip_base": depth // 2 - 1, "images": 1},
        "pooled in place": {"skip_base": depth // 2, "images": 1, "pool": 1},
        "3x3 pooled in place": {"skip_base": depth // 2, "images": 1, "pool": 1, "pool_3x3": 1},
        "another pitch": {"skip_base": depth // 2, "images": 2, "output_pitch": 24},
    }
    small = {"channels": 1, "outputs": 1, "height": 4, "width": 4, "input_base": 0}
    small |= {"output_base": depth // 2, "input_bits": 4, "output_bits": 4, "weight_bits": 4}
    small |= {"input_pitch": 16, "skip_pitch": 16, "output_pitch": 16}
    return [
        Fault(f"result {name}", program.with_layer(number, **{**fields, **small, **case}),
              ErrorCode.MEMORY, number)
        for name, case in cases.items()
    ]  # fmt: skip


def _meeting_images(program: Program, number: int) -> list[Fault]:
    """An image of one word that is stored in a tensor of the layer beside it."""
    index = program.layer_after(number)
    if index == len(program.layers):
        return []
    layer = replace(program.layers[index], loads=0)
    if layer.rows:
        return []  # its ring may be fed
    layers = (*program.layers[:index], layer, *program.layers[index + 1 :])
    bases = [layer.input_base] if layer.raw else [layer.input_base, layer.output_base]
    bases += [layer.skip_base] if layer.skip else []
    changed = replace(program, layers=layers)
    small = {"height": 1, "width": 1, "channels": 1, "bits": 4, "row_window": 0, "ring": 1}
    small |= {"row": 0, "thinned": 0}
    return [
        Fault("LOAD meets a tensor", changed.with_load(number, base=base, **small),
              ErrorCode.MEMORY, index)
        for base in bases
    ]  # fmt: skip


def random_pitch() -> int:
    """A distance of images or a ring, good or bad."""
    ring = Ring(random.randint(0, 12), random.randint(0, 12)).word
    return random.choice([0, random.getrandbits(9), ring, ring, random.getrandbits(32)])


FIELD_VALUES: dict[str, Callable[[], int]] = {
    "height": lambda: random.choice([0, 1, 2, 3, 7, 300, 0xFFFF]),
    "width": lambda: random.choice([0, 1, 2, 3, 7, 300, 0xFFFF]),
    "channels": lambda: random.choice([0, 1, 5, 33, 500, 0xFFFF]),
    "outputs": lambda: random.choice([0, 1, 5, 33, 500, 0xFFFF]),
    "kernel": lambda: random.randrange(4),
    "pool": lambda: random.getrandbits(1),
    "pool_3x3": lambda: random.getrandbits(1),
    "input_base": lambda: random.choice([0, random.getrandbits(9), random.getrandbits(32)]),
    "output_base": lambda: random.choice([0, random.getrandbits(9), random.getrandbits(32)]),
    "input_bits": lambda: random.randrange(10),
    "weight_bits": lambda: random.randrange(10),
    "index": lambda: random.randrange(4),
    "raw": lambda: random.getrandbits(1),
    "loads": lambda: random.choice([0, 1, 2, 3, 0xFFFF]),
    "rows": lambda: random.getrandbits(1),
    "above": lambda: random.getrandbits(1),
    "below": lambda: random.getrandbits(1),
    "above_behind": lambda: random.getrandbits(1),
    "below_behind": lambda: random.getrandbits(1),
    "thinned": lambda: random.getrandbits(1),
    "stride2": lambda: random.getrandbits(1),
    "shared": lambda: random.getrandbits(1),
    "images": lambda: random.choice([0, 1, 2, 500, 0xFFFF]),
    "input_pitch": lambda: random_pitch(),
    "output_pitch": lambda: random_pitch(),
    "output_bits": lambda: random.randrange(10),
    "shift": lambda: random.choice([0, 5, 40, 41, 255]),
    "skip": lambda: random.getrandbits(1),
    "skip_bits": lambda: random.randrange(10),
    "skip_base": lambda: random.choice([0, random.getrandbits(9), random.getrandbits(32)]),
    "skip_pitch": lambda: random_pitch(),
    "depthwise": lambda: random.getrandbits(1),
    "depthwise_stride2": lambda: random.getrandbits(1),
    "depthwise_bits": lambda: random.randrange(10),
    "depthwise_shift": lambda: random.choice([0, 5, 40, 41, 255]),
}
"""Random values for the fields of a LAYER block, good and bad."""


def random_change(program: Program) -> bytes:
    """The packet with one to four random fields in one LAYER block; the payload stays."""
    names = random.sample(sorted(FIELD_VALUES), random.randint(1, 4))
    changes = {name: FIELD_VALUES[name]() for name in names}
    return program.with_layer(random.randrange(program.header.layers), **changes)
