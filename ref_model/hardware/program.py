# SPDX-License-Identifier: Apache-2.0
"""Programs: a planned network as the bytes of a parameter packet, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ref_model.hardware.blocks import (
    BLOCK_BYTES,
    FORMAT_VERSION,
    MAGIC,
    Block,
    BlockKind,
    EndBlock,
    Kernel,
    LayerBlock,
    LoadBlock,
    ProgramBlock,
    Ring,
    block_kind,
    block_magic,
    block_version,
    checksum_is_right,
    describe_block,
    has_reserved_bits,
    pack_block,
    unpack_block,
)
from ref_model.hardware.checks import (
    Words,
    check_layer,
    check_load,
    check_program,
    payload_shape_of,
)
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.payload import Payload, pack_payload, unpack_payload
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.steps import Load, Run, RunRows
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.ranges import MULTIPLIER_BITS

NO_SLOT = 255
"""Counter slot of layers past the slots that a core can have."""


@dataclass(frozen=True)
class LayerSection:
    """One LAYER block, its payload, and where they lie in the packet (byte offsets)."""

    block: LayerBlock
    payload: Payload
    block_offset: int
    payload_offset: int
    payload_bytes: int


@dataclass(frozen=True)
class LoadSection:
    """One LOAD block, and where it lies in the packet (byte offset)."""

    block: LoadBlock
    block_offset: int


@dataclass(frozen=True)
class DecodedProgram:
    """A packet taken apart by `decode_program`; ``parts`` are in the packet's order."""

    header: ProgramBlock
    parts: tuple[LoadSection | LayerSection, ...]
    end_offset: int

    @property
    def loads(self) -> tuple[LoadSection, ...]:
        """The LOAD blocks."""
        return tuple(part for part in self.parts if isinstance(part, LoadSection))

    @property
    def sections(self) -> tuple[LayerSection, ...]:
        """The LAYER blocks with their payloads."""
        return tuple(part for part in self.parts if isinstance(part, LayerSection))


def encode_network(network: IntegerNetwork, config: CoreConfig, batch: int = 1) -> bytes:
    """The parameter packet of ``network`` for a core and ``batch`` images a pass.

    Raises as `plan_network` does.
    """
    return encode_plan(plan_network(network, config, batch))


def encode_plan(plan: Plan) -> bytes:
    """The parameter packet of a planned network, not yet filled to whole beats."""
    parts = [pack_block(program_block(plan))]
    payloads = [pack_payload(layer_payload(x), x.payload_shape, plan.config) for x in plan.layers]
    payload, layers, loads = b"", 0, 0
    for step in plan.steps:
        if isinstance(step, Load):
            parts.append(pack_block(load_block(plan, step, loads), payload))
            payload = b""
            loads += 1
        else:
            parts.append(pack_block(layer_block(plan, step, layers), payload))
            payload = payloads[step.layer]
            parts.append(payload)
            layers += 1
    parts.append(pack_block(EndBlock(), payload))
    return b"".join(parts)


def program_block(plan: Plan) -> ProgramBlock:
    """The PROGRAM block of a plan."""
    layers = len(plan.runs)
    return ProgramBlock(plan.config.pin, plan.config.pout, layers, len(plan.steps) - layers)


def load_block(plan: Plan, load: Load, index: int) -> LoadBlock:
    """The LOAD block of an image, or of some rows of one; ``index`` counts those of the pass."""
    channels, height, width = plan.network.input_shape
    thinned = plan.layers[0].thinned
    rows = load.rows
    taken = height if rows is None else rows.taken[1] - rows.taken[0]
    ring = Ring((height + 1) // 2 if thinned else height, 0) if rows is None else rows.ring
    return LoadBlock(
        index=index,
        height=taken,
        width=width,
        channels=channels,
        bits=plan.network.input_bits,
        row_window=int(plan.row_window),
        base=load.base,
        ring=ring.rows,
        row=ring.row,
        first=int(rows is None or rows.first),
        last=int(rows is None or rows.last),
        thinned=int(thinned),
    )


def layer_block(plan: Plan, run: Run, index: int) -> LayerBlock:
    """The LAYER block of one run of a layer."""
    planned = plan.layers[run.layer]
    layer = planned.layer
    channels, height, width = planned.source
    behind = planned.depthwise
    whole = LayerBlock(
        index=index,
        kernel=planned.kernel,
        pool=int(planned.last.pool > 1),
        pool_3x3=int(planned.last.pool == 3),
        raw=int(layer.raw),
        stride2=int(layer.stride == 2),
        shared=int(planned.shared),
        height=height,
        width=width,
        channels=channels,
        outputs=layer.outputs,
        input_base=run.input_base,
        output_base=run.output_base,
        input_bits=layer.input_bits,
        weight_bits=layer.weight_bits,
        output_bits=layer.output_bits or 0,
        shift=layer.shift,
        images=run.images,
        slot=min(run.layer, NO_SLOT),
        input_pitch=run.input_pitch,
        output_pitch=run.output_pitch,
        skip=int(layer.skip is not None),
        skip_base=run.skip_base,
        skip_multiplier=layer.skip_multiplier & (1 << MULTIPLIER_BITS) - 1,
        skip_bits=0 if layer.skip is None else plan.network.tensor_bits()[layer.skip],
        skip_pitch=run.skip_pitch,
        depthwise=int(behind is not None),
        depthwise_stride2=int(behind is not None and behind.stride == 2),
        depthwise_bits=0 if behind is None else behind.output_bits or 0,
        depthwise_shift=0 if behind is None else behind.shift,
        thinned=int(planned.thinned),
        loads=run.loads,
    )
    return whole if run.rows is None else _in_rows(whole, run.rows)


def _in_rows(whole: LayerBlock, rows: RunRows) -> LayerBlock:
    """The LAYER block that makes some rows of what ``whole`` makes."""
    block = rows.block
    return replace(
        whole,
        rows=1,
        above=int(block.above),
        below=int(block.below),
        above_behind=int(block.above_behind),
        below_behind=int(block.below_behind),
        height=block.inputs[1] - block.inputs[0],
        input_pitch=rows.source.word,
        output_pitch=0 if rows.output is None else rows.output.word,
        skip_pitch=0 if rows.skip is None else rows.skip.word,
    )


def layer_payload(plan: LayerPlan) -> Payload:
    """What a layer's payload holds.

    A 3x3 kernel over a row window becomes 1x3 over 3C channels; of shared weights both planes are
    the same.
    """
    layer = plan.layer
    weight = layer.weight
    if plan.kernel is Kernel.K1X3:
        outputs, channels = weight.shape[:2]
        weight = weight.transpose(0, 2, 1, 3).reshape(outputs, 3 * channels, 1, 3)
    if plan.shared:
        weight = weight[:, :, :1, :1].repeat(2, axis=3)
    behind = plan.depthwise
    kernels = None if behind is None else Payload(behind.weight, behind.multiplier, behind.bias)
    return Payload(weight, layer.multiplier, layer.bias, kernels)


def decode_program(packet: bytes, config: CoreConfig, beat_bytes: int = 1) -> DecodedProgram:
    """Take a packet apart, with the core's checks in the core's order.

    ``packet`` may be filled with zeros to whole beats of ``beat_bytes``. Raises ProgramError with
    the code and the layer index that the core reports for a packet like this.
    """
    source = _Source(packet, beat_bytes)
    kind, data = source.block()
    if kind != BlockKind.PROGRAM:
        raise source.error(ErrorCode.KIND, f"block kind {kind}, not PROGRAM")
    source.refuse_reserved(data, ProgramBlock)
    header = unpack_block(data, ProgramBlock)
    check_program(header, config)
    source.layer = 0
    parts: list[LoadSection | LayerSection] = []
    loads = in_image = 0
    opened: Words | None = None
    while True:
        start = source.offset
        kind, data = source.block()
        if kind == BlockKind.LOAD:
            load = unpack_block(data, LoadBlock)
            if load.index != loads or loads == header.loads:
                raise source.error(ErrorCode.KIND, f"LOAD {load.index} after {loads} LOADs")
            if load.first == in_image:
                text = "before the one before it ends" if in_image else "without a beginning"
                raise source.error(ErrorCode.KIND, f"LOAD {load.index} is of an image {text}")
            in_image = 1 - load.last
            source.refuse_reserved(data, LoadBlock)
            opened = check_load(load, source.layer, config).hull(opened)
            loads += 1
            parts.append(LoadSection(load, start))
        elif kind == BlockKind.LAYER:
            block = unpack_block(data, LayerBlock)
            if block.index != source.layer or source.layer == header.layers:
                text = f"layer {block.index} in place of {source.layer}"
                raise source.error(ErrorCode.KIND, text)
            if block.loads > loads:
                text = f"it waits for {block.loads} LOADs after {loads}"
                raise source.error(ErrorCode.KIND, text)
            source.refuse_reserved(data, LayerBlock)
            if block.loads == loads:
                opened = None
            check_layer(block, header, config, opened)
            shape = payload_shape_of(block)
            payload = source.payload(shape.bytes(config))
            content = unpack_payload(payload, shape, config)
            parts.append(LayerSection(block, content, start, start + BLOCK_BYTES, len(payload)))
            source.layer += 1
        elif kind == BlockKind.END:
            if (source.layer, loads, in_image) != (header.layers, header.loads, 0):
                text = f"after {source.layer} layers and {loads} LOADs"
                raise source.error(ErrorCode.KIND, f"END {text}")
            source.check_end()
            source.refuse_reserved(data, EndBlock)
            return DecodedProgram(header, tuple(parts), start)
        else:
            raise source.error(ErrorCode.KIND, f"block kind {kind}")


def describe(packet: bytes, config: CoreConfig) -> str:
    """The blocks and payloads of a packet, one a line with its byte offset, for people."""
    program = decode_program(packet, config)
    lines = [_line(0, program.header)]
    for part in program.parts:
        lines.append(_line(part.block_offset, part.block))
        if isinstance(part, LayerSection):
            shape = payload_shape_of(part.block)
            lines.append(
                f"{part.payload_offset:8d}  payload {part.payload_bytes} bytes: "
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

    def block(self) -> tuple[int, bytes]:
        """Kind and bytes of the next block."""
        data = self._packet[self.offset : self.offset + BLOCK_BYTES]
        if len(data) < BLOCK_BYTES:
            raise self.error(ErrorCode.PARAM_SHORT, "the packet ends in this block")
        if block_magic(data) != MAGIC:
            raise self.error(ErrorCode.MAGIC, f"begins with 0x{block_magic(data):04X}")
        if block_version(data) != FORMAT_VERSION:
            raise self.error(ErrorCode.VERSION, f"format version {block_version(data)}")
        if not checksum_is_right(data, self._payload):
            raise self.error(ErrorCode.CRC, "the checksum differs")
        self.offset += BLOCK_BYTES
        self._payload = b""
        if self._rest < self._beat_bytes and block_kind(data) != BlockKind.END:
            raise self.error(ErrorCode.PARAM_SHORT, "the packet ends with this block")
        return block_kind(data), data

    def refuse_reserved(self, data: bytes, kind: type[Block]) -> None:
        """All bits without a name in a block of ``kind`` are 0."""
        if has_reserved_bits(data, kind):
            raise self.error(ErrorCode.RESERVED, f"{kind.__name__} with a bit without a name")

    def check_end(self) -> None:
        """Nothing but filling follows the END block."""
        if self._rest >= self._beat_bytes:
            raise self.error(ErrorCode.PARAM_LONG, f"{self._rest} bytes follow the END block")

    @property
    def _rest(self) -> int:
        return len(self._packet) - self.offset

    def payload(self, length: int) -> bytes:
        """The payload after a LAYER block; the packet must not end with it."""
        self._payload = self._packet[self.offset : self.offset + length]
        if len(self._packet) <= self.offset + length:
            raise self.error(ErrorCode.PARAM_SHORT, "the packet ends in the payload")
        self.offset += length
        return self._payload

    def error(self, code: ErrorCode, text: str) -> ProgramError:
        """An error in this layer."""
        return ProgramError(code, self.layer, text)


def _line(offset: int, block: Block) -> str:
    return f"{offset:8d}  {describe_block(block)}"
