# SPDX-License-Identifier: Apache-2.0
"""Programs: a planned network as the bytes of a parameter packet, and back."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.blocks import (
    BLOCK_BYTES,
    FORMAT_VERSION,
    MAGIC,
    Block,
    BlockKind,
    EndBlock,
    Kernel,
    LayerBlock,
    ProgramBlock,
    block_kind,
    block_magic,
    block_version,
    checksum_is_right,
    describe_block,
    pack_block,
    unpack_block,
)
from ref_model.hardware.checks import check_layer, check_program
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.payload import Payload, PayloadShape, pack_payload, unpack_payload
from ref_model.hardware.plan import LayerPlan, Plan, plan_network
from ref_model.integer.network import IntegerNetwork


@dataclass(frozen=True)
class LayerSection:
    """One LAYER block, its payload, and where they lie in the packet (byte offsets)."""

    block: LayerBlock
    payload: Payload
    block_offset: int
    payload_offset: int
    payload_bytes: int


@dataclass(frozen=True)
class DecodedProgram:
    """A packet taken apart by `decode_program`."""

    header: ProgramBlock
    sections: tuple[LayerSection, ...]
    end_offset: int


def encode_network(network: IntegerNetwork, config: CoreConfig) -> bytes:
    """The parameter packet of ``network`` for a core; raises as `plan_network` does."""
    return encode_plan(plan_network(network, config))


def encode_plan(plan: Plan) -> bytes:
    """The parameter packet of a planned network, not yet filled to whole beats."""
    parts = [pack_block(program_block(plan))]
    payload = b""
    for index, layer in enumerate(plan.layers):
        parts += [pack_block(layer_block(layer, index), payload)]
        payload = pack_payload(layer_payload(layer), layer.payload_shape, plan.config)
        parts += [payload]
    parts += [pack_block(EndBlock(), payload)]
    return b"".join(parts)


def program_block(plan: Plan) -> ProgramBlock:
    """The PROGRAM block of a plan."""
    channels, height, width = plan.network.input_shape
    return ProgramBlock(
        pin=plan.config.pin,
        pout=plan.config.pout,
        layers=len(plan.layers),
        height=height,
        width=width,
        channels=channels,
        bits=plan.network.input_bits,
        row_window=int(plan.row_window),
        base=plan.layers[0].input_base,
    )


def layer_block(plan: LayerPlan, index: int) -> LayerBlock:
    """The LAYER block of one layer."""
    layer = plan.layer
    channels, height, width = plan.source
    return LayerBlock(
        index=index,
        kernel=plan.kernel,
        pool=int(layer.pool == 2),
        raw=int(layer.raw),
        height=height,
        width=width,
        channels=channels,
        outputs=layer.outputs,
        input_base=plan.input_base,
        output_base=plan.output_base,
        input_bits=layer.input_bits,
        weight_bits=layer.weight_bits,
        output_bits=layer.output_bits or 0,
        shift=layer.shift,
    )


def layer_payload(plan: LayerPlan) -> Payload:
    """What a layer's payload holds; a 3x3 kernel over a row window becomes 1x3 over 3C channels."""
    layer = plan.layer
    weight = layer.weight
    if plan.kernel is Kernel.K1X3:
        outputs, channels = weight.shape[:2]
        weight = weight.transpose(0, 2, 1, 3).reshape(outputs, 3 * channels, 1, 3)
    return Payload(weight, layer.multiplier, layer.bias)


def payload_shape_of(block: LayerBlock) -> PayloadShape:
    """Size and order of the payload that follows ``block``."""
    return PayloadShape(
        Kernel(block.kernel), block.channels, block.height, block.width,
        block.outputs, block.weight_bits,
    )  # fmt: skip


def decode_program(packet: bytes, config: CoreConfig, beat_bytes: int = 1) -> DecodedProgram:
    """Take a packet apart, with the core's checks in the core's order.

    ``packet`` may be filled with zeros to whole beats of ``beat_bytes``. Raises ProgramError with
    the code and the layer index that the core reports for a packet like this.
    """
    source = _Source(packet, beat_bytes)
    header = unpack_block(source.block(BlockKind.PROGRAM), ProgramBlock)
    check_program(header, config)
    sections: list[LayerSection] = []
    for index in range(header.layers):
        source.layer = index
        start = source.offset
        block = unpack_block(source.block(BlockKind.LAYER), LayerBlock)
        check_layer(block, index, header, config)
        shape = payload_shape_of(block)
        payload = source.payload(shape.bytes(config))
        content = unpack_payload(payload, shape, config)
        sections.append(LayerSection(block, content, start, start + BLOCK_BYTES, len(payload)))
    source.layer = header.layers
    end = source.offset
    source.block(BlockKind.END)
    return DecodedProgram(header, tuple(sections), end)


def describe(packet: bytes, config: CoreConfig) -> str:
    """The blocks and payloads of a packet, one a line with its byte offset, for people."""
    program = decode_program(packet, config)
    lines = [_line(0, program.header)]
    for section in program.sections:
        lines.append(_line(section.block_offset, section.block))
        shape = payload_shape_of(section.block)
        lines.append(
            f"{section.payload_offset:8d}  payload {section.payload_bytes} bytes: "
            f"{shape.groups(config)} groups of {shape.words(config)} words"
        )
    lines.append(_line(program.end_offset, EndBlock()))
    return "\n".join(lines)


class _Source:
    """Reads a packet block by block; ``layer`` is what an error is reported for."""

    def __init__(self, packet: bytes, beat_bytes: int) -> None:
        self.layer = PROGRAM_LAYER
        self.offset = 0
        self._packet = packet
        self._beat_bytes = beat_bytes
        self._payload = b""

    def block(self, kind: BlockKind) -> bytes:
        """The next block, which has to be of ``kind``."""
        data = self._packet[self.offset : self.offset + BLOCK_BYTES]
        if len(data) < BLOCK_BYTES:
            raise self._error(ErrorCode.PARAM_SHORT, "the packet ends in this block")
        if block_magic(data) != MAGIC:
            raise self._error(ErrorCode.MAGIC, f"begins with 0x{block_magic(data):04X}")
        if block_version(data) != FORMAT_VERSION:
            raise self._error(ErrorCode.VERSION, f"format version {block_version(data)}")
        if not checksum_is_right(data, self._payload):
            raise self._error(ErrorCode.CRC, "the checksum differs")
        rest = len(self._packet) - self.offset - BLOCK_BYTES
        last = rest < self._beat_bytes
        if last and block_kind(data) != BlockKind.END:
            raise self._error(ErrorCode.PARAM_SHORT, "the packet ends with this block")
        if block_kind(data) != kind:
            raise self._error(ErrorCode.KIND, f"block kind {block_kind(data)}, not {kind.name}")
        if kind is BlockKind.END and not last:
            raise self._error(ErrorCode.PARAM_LONG, f"{rest} bytes follow the END block")
        self.offset += BLOCK_BYTES
        self._payload = b""
        return data

    def payload(self, length: int) -> bytes:
        """The payload after a LAYER block; the packet must not end with it."""
        self._payload = self._packet[self.offset : self.offset + length]
        if len(self._packet) <= self.offset + length:
            raise self._error(ErrorCode.PARAM_SHORT, "the packet ends in the payload")
        self.offset += length
        return self._payload

    def _error(self, code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, self.layer, text)


def _line(offset: int, block: Block) -> str:
    return f"{offset:8d}  {describe_block(block)}"
