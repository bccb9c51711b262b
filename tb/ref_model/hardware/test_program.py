# SPDX-License-Identifier: Apache-2.0
"""Parameter packets: bytes worked out by hand, round trip, and every way to be damaged."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ref_model.hardware.blocks import (
    BLOCK_BYTES,
    Block,
    BlockKind,
    EndBlock,
    Kernel,
    LayerBlock,
    LoadBlock,
    ProgramBlock,
    pack_block,
    refit_checksum,
    unpack_block,
)
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.plan import plan_network
from ref_model.hardware.program import (
    LayerSection,
    LoadSection,
    decode_program,
    describe,
    encode_network,
    encode_plan,
    layer_payload,
)
from ref_model.hardware.steps import Load
from ref_model.integer import IntegerLayer, IntegerNetwork
from tb.ref_model.hardware.named_bits import reserved_bits
from tb.ref_model.integer.builders import small_vgg
from tb.support.random_networks import random_network, random_order

CONFIG = CoreConfig(4, 4)


def two_layers() -> IntegerNetwork:
    """4-bit image 1x2x2; 3x3 with pool to 2 channels at 1x1; raw full map to 3 classes."""
    weight = np.arange(-7, 11, dtype=np.int8).reshape(2, 1, 3, 3) // np.int8(2)
    first = IntegerLayer(
        "a", "conv", weight, np.array([1, -2]),
        np.array([3, 4]), 5, 4, 8, 4, pool=2, padding=1,
    )  # fmt: skip
    last = IntegerLayer(
        "b", "linear", np.ones((3, 2, 1, 1), int), np.ones(3, int), np.zeros(3, int), 0, 4, 4, None
    )
    return IntegerNetwork("two", (1, 2, 2), (first, last), 3)


def hex_words(text: str) -> bytes:
    return b"".join(int(word, 16).to_bytes(4, "little") for word in text.split())


def test_a_packet_worked_out_by_hand() -> None:
    layer = IntegerLayer(
        "raw", "conv", np.array([3, -7]).reshape(1, 2, 1, 1), np.array([-2]), np.array([5]),
        0, 4, 4, None,
    )  # fmt: skip
    packet = encode_network(IntegerNetwork("one", (2, 1, 3), (layer,), 1, input_bits=4), CONFIG)
    head = hex_words("0301514C 00010404 00000001") + bytes(48)
    head += zlib.crc32(head).to_bytes(4, "little")
    load = hex_words("0304514C 00000000 00030001 06040002 00000000") + bytes(12)
    load += hex_words("00000001") + bytes(24)
    load += zlib.crc32(load).to_bytes(4, "little")
    block = hex_words("0302514C 00080000 00030001 00010002 00000000 00000000 00000404 00000001")
    block += bytes(24) + hex_words("00000001")
    block += zlib.crc32(block).to_bytes(4, "little")
    constants = ((5 << 18) + (2**18 - 2)).to_bytes(8, "little") + bytes(7 * 8)
    plane = bytes.fromhex("1b88" + "8888" * 3)  # lane 0: 3 + 8, -7 + 8, then the code 0
    payload = constants + plane + b"\x88" * 8
    end = hex_words("0303514C") + bytes(56)
    end += zlib.crc32(payload + end).to_bytes(4, "little")
    assert packet == head + load + block + payload + end


@pytest.mark.parametrize(
    "config", [CoreConfig(4, 4), CoreConfig(8, 16), CoreConfig(16, 4)], ids=str
)
def test_random_programs_come_back(config: CoreConfig) -> None:
    rng = np.random.default_rng(11)
    for number in range(25):
        network = random_network(rng, config)
        batch = 1 + number % 3
        plan = plan_network(network, config, batch, random_order(rng, network, config, batch))
        program = decode_program(encode_plan(plan), config)
        assert (program.header.layers, program.header.loads) == (len(plan.runs), batch)
        assert [type(part) for part in program.parts] == [
            LoadSection if isinstance(step, Load) else LayerSection for step in plan.steps
        ]
        loads = [step for step in plan.steps if isinstance(step, Load)]
        for load, loaded in zip(loads, program.loads, strict=True):
            assert (loaded.block.index, loaded.block.base) == (load.image, load.base)
            assert loaded.block.row_window == plan.row_window
        for run, section in zip(plan.runs, program.sections, strict=True):
            block, layer = section.block, plan.layers[run.layer]
            payload = layer_payload(layer)
            assert block.kernel == layer.kernel
            assert 1 + block.pool + block.pool_3x3 == layer.last.pool
            assert (block.stride2, block.shared) == (layer.layer.stride == 2, layer.shared)
            assert (block.channels, block.height, block.width) == layer.source
            assert (block.input_base, block.output_base) == (run.input_base, run.output_base)
            assert (block.images, block.input_pitch) == (run.images, run.input_pitch)
            assert (block.output_pitch, block.slot) == (run.output_pitch, run.layer)
            assert (block.shift, block.outputs) == (layer.layer.shift, layer.layer.outputs)
            assert (block.skip, block.depthwise) == (
                layer.layer.skip is not None, layer.depthwise is not None,
            )  # fmt: skip
            np.testing.assert_array_equal(section.payload.weight, payload.weight)
            np.testing.assert_array_equal(section.payload.multiplier, payload.multiplier)
            np.testing.assert_array_equal(section.payload.bias, payload.bias)


def test_description_names_every_block() -> None:
    network = small_vgg(np.random.default_rng(0))
    config = CoreConfig(16, 8)
    packet = encode_network(network, config)
    lines = describe(packet, config).splitlines()
    assert [line.split()[1] for line in lines] == [
        "PROGRAM", "LOAD", *["LAYER", "payload"] * 3, "END",
    ]  # fmt: skip
    assert "height=8 width=8 channels=3 bits=8 row_window=1" in lines[1]
    assert "kernel=1 pool=0 raw=0 stride2=0" in lines[2]
    assert "height=8 width=8 channels=9 outputs=4" in lines[2]
    assert int(lines[-1].split()[0]) == len(packet) - BLOCK_BYTES


@pytest.mark.parametrize(
    "block",
    [
        ProgramBlock(4, 8, 65535, 65534),
        LoadBlock(65535, 65534, 65533, 65532, 8, 1, 2**32 - 1, 65531, 65530, 0, 1, 1),
        LayerBlock(
            65535, 3, 1, 1, 1, 1, 65534, 65533, 65532, 65531, 2**32 - 1, 2**31, 255, 254, 253,
            9, 65530, 252, 2**32 - 2, 2**32 - 3, 1, 2**32 - 4, 2**18 - 1, 251, 2**32 - 5, 1, 1, 250,
            249, 1, 1, 1, 1, 1, 1, 65529,
        ),
        EndBlock(),
    ],
)  # fmt: skip
def test_blocks_come_back(block: Block) -> None:
    kind: Any = type(block)
    assert unpack_block(pack_block(block), kind) == block


def test_a_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"LayerBlock\.shift = 256 does not fit 8 bits"):
        pack_block(LayerBlock(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 4, 4, 4, 256, 1, 0, 0, 0))


def reported(packet: bytes, beat_bytes: int = 1) -> tuple[ErrorCode, int]:
    with pytest.raises(ProgramError) as caught:
        decode_program(packet, CONFIG, beat_bytes)
    return caught.value.code, caught.value.layer


def test_every_damaged_bit_is_reported() -> None:
    packet = encode_network(two_layers(), CONFIG)
    sections = decode_program(packet, CONFIG).sections
    starts = [section.block_offset for section in sections] + [len(packet) - BLOCK_BYTES]
    for bit in range(8 * len(packet)):
        damaged = bytearray(packet)
        damaged[bit // 8] ^= 1 << bit % 8
        code, layer = reported(bytes(damaged))
        # A payload counts to the block after it, whose checksum covers it.
        index = sum(bit // 8 >= start + BLOCK_BYTES for start in starts)
        in_program = bit // 8 < BLOCK_BYTES
        assert layer == (PROGRAM_LAYER if in_program else index), bit
        # Within its block; the image's block lies between PROGRAM and the first layer.
        in_load = BLOCK_BYTES <= bit // 8 < 2 * BLOCK_BYTES
        start = 0 if in_program else BLOCK_BYTES if in_load else starts[index]
        place = bit // 8 - start
        if place in (0, 1):
            assert code is ErrorCode.MAGIC
        elif place == 3:
            assert code is ErrorCode.VERSION
        else:
            assert code is ErrorCode.CRC


def test_packets_that_end_too_early_or_too_late() -> None:
    packet = encode_network(two_layers(), CONFIG)
    sections = decode_program(packet, CONFIG).sections
    for length in range(len(packet)):
        ended = [section.payload_offset + section.payload_bytes < length for section in sections]
        layer = PROGRAM_LAYER if length <= BLOCK_BYTES else sum(ended)
        assert reported(packet[:length]) == (ErrorCode.PARAM_SHORT, layer)
    assert reported(packet + bytes(8), beat_bytes=8) == (ErrorCode.PARAM_LONG, 2)
    decode_program(packet + bytes(7), CONFIG, beat_bytes=8)


PROGRAM, LOAD = -2, -1
"""Places of `with_fields`; from 0 on: layers."""


def with_fields(place: int, fields: dict[str, Any]) -> bytes:
    """A packet with fields changed in one block, its checksum right."""
    packet = encode_network(two_layers(), CONFIG)
    program = decode_program(packet, CONFIG)
    if place == PROGRAM:
        return pack_block(replace(program.header, **fields)) + packet[BLOCK_BYTES:]
    part = program.loads[0] if place == LOAD else program.sections[place]
    start = part.block_offset
    last = program.sections[place - 1]
    before = packet[last.payload_offset : start] if place > 0 else b""
    fresh = pack_block(replace(part.block, **fields), before)
    return packet[:start] + fresh + packet[start + BLOCK_BYTES :]


FIELD_ERRORS: list[tuple[int, dict[str, Any], ErrorCode]] = [
    (PROGRAM, {"pin": 8}, ErrorCode.CORE),
    (PROGRAM, {"pout": 16}, ErrorCode.CORE),
    (PROGRAM, {"layers": 0}, ErrorCode.SHAPE),
    (PROGRAM, {"loads": 0}, ErrorCode.SHAPE),
    (LOAD, {"index": 1}, ErrorCode.KIND),
    (LOAD, {"height": 0}, ErrorCode.SHAPE),
    (LOAD, {"channels": 0}, ErrorCode.SHAPE),
    (LOAD, {"bits": 5}, ErrorCode.BITS),
    (LOAD, {"row_window": 1, "channels": 2}, ErrorCode.KERNEL),  # 6 channels at PIN = 4
    (LOAD, {"base": CONFIG.feature_depth}, ErrorCode.MEMORY),
    (LOAD, {"width": 65535, "height": 65535, "ring": 65535, "row_window": 0}, ErrorCode.MEMORY),
    (0, {"index": 1}, ErrorCode.KIND),
    (0, {"outputs": 0}, ErrorCode.SHAPE),
    (0, {"width": 1}, ErrorCode.SHAPE),
    (0, {"width": CONFIG.max_pool_width + 1}, ErrorCode.SHAPE),
    (0, {"width": CONFIG.max_pool_width + 1, "pool_3x3": 1}, ErrorCode.SHAPE),
    (0, {"pool": 0, "pool_3x3": 1}, ErrorCode.KERNEL),
    (1, {"pool_3x3": 1}, ErrorCode.KERNEL),
    (0, {"rows": 1, "pool_3x3": 1, "above_behind": 1, "height": 1}, ErrorCode.SHAPE),
    (0, {"input_bits": 0}, ErrorCode.BITS),
    (0, {"weight_bits": 5}, ErrorCode.BITS),
    (0, {"output_bits": 16}, ErrorCode.BITS),
    (0, {"shift": 41}, ErrorCode.BITS),
    (0, {"raw": 1, "shift": 0, "output_bits": 0}, ErrorCode.KERNEL),
    (0, {"kernel": Kernel.FULL}, ErrorCode.SHAPE),  # pooled
    (1, {"stride2": 1}, ErrorCode.KERNEL),
    (0, {"shared": 1}, ErrorCode.KERNEL),
    (0, {"stride2": 1}, ErrorCode.SHAPE),  # one row is not pooled
    (0, {"images": 0}, ErrorCode.SHAPE),
    (0, {"images": 2, "input_pitch": 4096}, ErrorCode.MEMORY),
    (0, {"images": 2, "output_pitch": 4096}, ErrorCode.MEMORY),
    (1, {"images": 2, "input_pitch": 1 << 18}, ErrorCode.MEMORY),
    (0, {"loads": 0}, ErrorCode.MEMORY),  # its input is being stored
    (1, {"raw": 0, "output_bits": 4}, ErrorCode.KERNEL),
    (1, {"kernel": Kernel.K1X1, "pool": 1, "height": 2, "width": 2}, ErrorCode.KERNEL),
    (1, {"shift": 1}, ErrorCode.BITS),
    (1, {"output_bits": 4}, ErrorCode.BITS),
    (0, {"output_base": 0}, ErrorCode.MEMORY),
    (0, {"output_base": CONFIG.feature_depth}, ErrorCode.MEMORY),
    (0, {"output_base": 2**32 - 1}, ErrorCode.MEMORY),
    (1, {"input_base": CONFIG.feature_depth}, ErrorCode.MEMORY),
    (
        1,
        {"kernel": Kernel.K3X3, "input_base": 0, "channels": CONFIG.weight_depth * 3 // 2},
        ErrorCode.WEIGHTS,
    ),
]


@pytest.mark.parametrize(("place", "fields", "code"), FIELD_ERRORS)
def test_valid_packets_with_bad_fields(place: int, fields: dict[str, Any], code: ErrorCode) -> None:
    layer = {PROGRAM: PROGRAM_LAYER, LOAD: 0}.get(place, place)
    assert reported(with_fields(place, fields)) == (code, layer)


@pytest.mark.parametrize("kind", ["PROGRAM", "LOAD", "LAYER", "END"])
def test_every_bit_without_a_name_is_refused(kind: str) -> None:
    packet = encode_network(two_layers(), CONFIG)
    program = decode_program(packet, CONFIG)
    start, payload, layer = {
        "PROGRAM": (0, 0, PROGRAM_LAYER),
        "LOAD": (BLOCK_BYTES, BLOCK_BYTES, 0),
        "LAYER": (program.sections[1].block_offset, program.sections[0].payload_offset, 1),
        "END": (program.end_offset, program.sections[1].payload_offset, 2),
    }[kind]
    assert reserved_bits(kind)
    for bit in reserved_bits(kind):
        block = bytearray(packet[start : start + BLOCK_BYTES])
        block[bit // 8] |= 1 << bit % 8
        changed = packet[:start] + refit_checksum(bytes(block), packet[payload:start])
        assert reported(changed + packet[start + BLOCK_BYTES :]) == (ErrorCode.RESERVED, layer)


def test_numbers_of_blocks_that_differ_from_the_announced() -> None:
    # One layer: the first is then the last, and not raw. Three, or two images: END comes too early.
    assert reported(with_fields(PROGRAM, {"layers": 1})) == (ErrorCode.KERNEL, 0)
    assert reported(with_fields(PROGRAM, {"layers": 3})) == (ErrorCode.KIND, 2)
    assert reported(with_fields(PROGRAM, {"loads": 2})) == (ErrorCode.KIND, 2)


def test_blocks_of_the_wrong_kind() -> None:
    packet = encode_network(two_layers(), CONFIG)
    program = decode_program(packet, CONFIG)
    section = program.sections[0]
    for start, layer in ((0, PROGRAM_LAYER), (BLOCK_BYTES, 0), (section.block_offset, 0)):
        for kind in (BlockKind.END, BlockKind.PROGRAM if start else BlockKind.LAYER, 0, 77):
            block = bytearray(packet[start : start + BLOCK_BYTES])
            block[2] = kind
            changed = packet[:start] + refit_checksum(bytes(block), b"")
            assert reported(changed + packet[start + BLOCK_BYTES :]) == (ErrorCode.KIND, layer)
    payload = packet[program.sections[1].payload_offset : program.end_offset]
    end = pack_block(section.block, payload)
    # A last block that is not END is the end of a packet that came too early.
    assert reported(packet[:-BLOCK_BYTES] + end) == (ErrorCode.PARAM_SHORT, 2)
    assert reported(packet[:-BLOCK_BYTES] + end + bytes(8)) == (ErrorCode.KIND, 2)
