# SPDX-License-Identifier: Apache-2.0
"""The checks that the core makes on the fields of a block, in the core's order.

Which kind of block may come, and with which index, is checked by `program.decode_program`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.blocks import Kernel, LayerBlock, LoadBlock, ProgramBlock
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layer_plan import weights_streamed
from ref_model.hardware.layout import digits_of, tensor_word_count
from ref_model.hardware.payload import PayloadShape
from ref_model.integer.network import Shape
from ref_model.integer.ranges import CODE_BITS, MAX_SHIFT

PITCH_LIMIT = 1 << 18
"""Distances between images are below this."""


@dataclass(frozen=True)
class Words:
    """Words ``start`` to ``end`` (not included) of the feature memory."""

    start: int
    end: int

    def meets(self, other: Words) -> bool:
        """Whether some word is in both."""
        return self.start < other.end and other.start < self.end

    def hull(self, other: Words | None) -> Words:
        """The words from the lowest of both to the highest."""
        if other is None:
            return self
        return Words(min(self.start, other.start), max(self.end, other.end))


def check_program(block: ProgramBlock, config: CoreConfig) -> None:
    """Raise ProgramError for the first check that the PROGRAM block fails."""
    if (block.pin, block.pout) != (config.pin, config.pout):
        text = f"made for {block.pin}x{block.pout}, this core is {config}"
        raise ProgramError(ErrorCode.CORE, PROGRAM_LAYER, text)
    if 0 in (block.layers, block.images):
        raise ProgramError(ErrorCode.SHAPE, PROGRAM_LAYER, "no layer or no image")


def check_load(block: LoadBlock, layer: int, config: CoreConfig) -> Words:
    """The words that a LOAD block fills; ProgramError for the first check that it fails.

    ``layer`` is the index of the layer that comes next.
    """

    def refuse(code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, layer, f"image {block.index}: {text}")

    if 0 in (block.height, block.width, block.channels):
        raise refuse(ErrorCode.SHAPE, "a size is 0")
    if block.bits not in CODE_BITS:
        raise refuse(ErrorCode.BITS, f"{block.bits} bits")
    if block.row_window and 3 * block.channels > config.pin:
        raise refuse(ErrorCode.KERNEL, f"a row window of {block.channels} channels")
    channels = block.channels * (3 if block.row_window else 1)
    words = tensor_word_count((channels, block.height, block.width), block.bits, config.pin)
    place = Words(block.base, block.base + words)
    if place.end > config.feature_depth:
        raise refuse(ErrorCode.MEMORY, f"it ends at word {place.end}")
    return place


def check_layer(
    block: LayerBlock, header: ProgramBlock, config: CoreConfig, opened: Words | None = None
) -> None:
    """Raise ProgramError for the first check that a LAYER block fails.

    ``opened`` are the words of images that may be stored while the layer runs.
    """

    def refuse(code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, block.index, text)

    kernel = Kernel(block.kernel)
    if 0 in (block.height, block.width, block.channels, block.outputs, block.images):
        raise refuse(ErrorCode.SHAPE, "a size or the number of images is 0")
    columns = convolution_size(block)[1]
    if block.depthwise and columns > config.max_pool_width:
        raise refuse(ErrorCode.SHAPE, f"rows of {columns} for the depthwise stage")
    rows, columns = result_size(block)
    if block.pool and (min(rows, columns) < 2 or columns > config.max_pool_width):
        raise refuse(ErrorCode.SHAPE, f"{rows} x {columns} cannot be pooled")
    _check_bits(block)
    if block.raw and (block.pool or block.skip or block.depthwise):
        raise refuse(ErrorCode.KERNEL, "a raw layer has no pooling, skip or depthwise layer")
    if kernel is Kernel.FULL and (block.stride2 or block.skip or block.depthwise):
        raise refuse(ErrorCode.KERNEL, "a full map has no stride, skip or depthwise layer")
    if block.skip and block.depthwise:
        raise refuse(ErrorCode.KERNEL, "skip and a depthwise layer together")
    if block.shared and kernel is not Kernel.FULL:
        raise refuse(ErrorCode.KERNEL, "shared weights are for a full map")
    if block.index == header.layers - 1 and not block.raw:
        raise refuse(ErrorCode.KERNEL, "the last layer is raw")
    _check_memory(block, config, opened)
    words = payload_shape_of(block).words(config)
    if words > config.weight_depth and not used_once(block):
        raise refuse(ErrorCode.WEIGHTS, f"a channel group has {words} weight words")


def convolution_size(block: LayerBlock) -> tuple[int, int]:
    """Height and width of what leaves the array."""
    if block.kernel == Kernel.FULL:
        return 1, 1
    stride = 2 if block.stride2 else 1
    return ceil_div(block.height, stride), ceil_div(block.width, stride)


def result_size(block: LayerBlock) -> tuple[int, int]:
    """Height and width of a layer's result before pooling, behind the depthwise stage."""
    rows, columns = convolution_size(block)
    if block.depthwise and block.depthwise_stride2:
        return ceil_div(rows, 2), ceil_div(columns, 2)
    return rows, columns


def result_bits(block: LayerBlock) -> int:
    """Width of the codes that are stored."""
    return block.depthwise_bits if block.depthwise else block.output_bits


def payload_shape_of(block: LayerBlock) -> PayloadShape:
    """Size and order of the payload that follows ``block``."""
    return PayloadShape(
        Kernel(block.kernel), block.channels, block.height, block.width,
        block.outputs, block.weight_bits, bool(block.shared), bool(block.depthwise),
    )  # fmt: skip


def used_once(block: LayerBlock) -> bool:
    """Whether every weight word of the layer is used in one cycle only, and may be any number."""
    return not block.shared and weights_streamed(
        Kernel(block.kernel), block.input_bits, block.images
    )


def _check_bits(block: LayerBlock) -> None:
    """Widths of codes and shifts."""

    def refuse(text: str) -> ProgramError:
        return ProgramError(ErrorCode.BITS, block.index, text)

    codes = [block.input_bits, block.weight_bits]
    codes += [] if block.raw else [block.output_bits]
    codes += [block.skip_bits] if block.skip else []
    codes += [block.depthwise_bits] if block.depthwise else []
    for bits in codes:
        if bits not in CODE_BITS:
            raise refuse(f"{bits} bits")
    if block.shift > MAX_SHIFT or (block.raw and (block.shift or block.output_bits)):
        raise refuse(f"shift {block.shift}, {block.output_bits} output bits")
    if block.depthwise and (block.depthwise_shift > MAX_SHIFT or digits_of(block.output_bits) > 1):
        raise refuse(f"depthwise shift {block.depthwise_shift}, input bits {block.output_bits}")


def _check_memory(block: LayerBlock, config: CoreConfig, opened: Words | None) -> None:
    def refuse(text: str) -> ProgramError:
        return ProgramError(ErrorCode.MEMORY, block.index, text)

    source: Shape = (block.channels, block.height, block.width)
    pool = 2 if block.pool else 1
    rows, columns = result_size(block)
    places = {
        "input": _span(block, source, block.input_bits, block.input_base, block.input_pitch, config)
    }
    if not block.raw:
        output = (block.outputs, rows // pool, columns // pool)
        places["output"] = _span(
            block, output, result_bits(block), block.output_base, block.output_pitch, config
        )
        if places["input"].meets(places["output"]):
            raise refuse("the output overwrites the input")
    if block.skip:
        skip = (block.outputs, *convolution_size(block))
        places["skip tensor"] = _span(
            block, skip, block.skip_bits, block.skip_base, block.skip_pitch, config
        )
        if places["output"].meets(places["skip tensor"]) and not _in_place(block):
            raise refuse("the output overwrites the skip tensor")
    for name, place in places.items():
        if place.end > config.feature_depth:
            raise refuse(f"its {name} ends at word {place.end}")
        if opened is not None and not block.after_load and place.meets(opened):
            raise refuse(f"its {name} lies where an image is being stored")


def _in_place(block: LayerBlock) -> bool:
    """Whether every pair of the result is written where its pair of the skip tensor was."""
    pitches = block.images == 1 or block.output_pitch == block.skip_pitch
    return block.output_base == block.skip_base and pitches and not block.pool


def _span(
    block: LayerBlock, shape: Shape, bits: int, base: int, pitch: int, config: CoreConfig
) -> Words:
    """Words of a tensor of all images."""
    if block.images > 1 and pitch >= PITCH_LIMIT:
        raise ProgramError(ErrorCode.MEMORY, block.index, f"images {pitch} words apart")
    words = tensor_word_count(shape, bits, config.pin)
    return Words(base, base + words + (block.images - 1) * pitch)
