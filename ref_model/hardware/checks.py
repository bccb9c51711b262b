# SPDX-License-Identifier: Apache-2.0
"""The checks that the core makes on the fields of a block, in the core's order.

Which kind of block may come, and with which index, is checked by `program.decode_program`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.blocks import Kernel, LayerBlock, LoadBlock, ProgramBlock, Ring
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
    if 0 in (block.layers, block.loads):
        raise ProgramError(ErrorCode.SHAPE, PROGRAM_LAYER, "no layer or no LOAD")


def check_load(block: LoadBlock, layer: int, config: CoreConfig) -> Words:
    """The words that a LOAD block fills; ProgramError for the first check that it fails.

    ``layer`` is the index of the layer that comes next.
    """

    def refuse(code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, layer, f"LOAD {block.index}: {text}")

    if 0 in (block.height, block.width, block.channels):
        raise refuse(ErrorCode.SHAPE, "a size is 0")
    rows = stored_rows(block)
    if rows < 1 or rows > block.ring or block.row >= block.ring:
        raise refuse(ErrorCode.SHAPE, f"{rows} rows from row {block.row} of a ring of {block.ring}")
    if block.thinned and not block.last and block.height % 2:
        raise refuse(ErrorCode.SHAPE, f"{block.height} thinned rows before the last ones")
    if block.row_window and block.width > config.max_pool_width:
        raise refuse(ErrorCode.SHAPE, f"rows of {block.width} for a row window")
    if block.bits not in CODE_BITS:
        raise refuse(ErrorCode.BITS, f"{block.bits} bits")
    if block.row_window and 3 * block.channels > config.pin:
        raise refuse(ErrorCode.KERNEL, f"a row window of {block.channels} channels")
    if block.thinned and not block.row_window:
        raise refuse(ErrorCode.KERNEL, "thinned rows without a row window")
    channels = block.channels * (3 if block.row_window else 1)
    words = tensor_word_count((channels, block.ring, block.width), block.bits, config.pin)
    place = Words(block.base, block.base + words)
    if place.end > config.feature_depth:
        raise refuse(ErrorCode.MEMORY, f"it ends at word {place.end}")
    return place


def stored_rows(block: LoadBlock) -> int:
    """Rows that a LOAD block stores: a row of a window is complete with the row below it."""
    if block.thinned:
        return ceil_div(block.height, 2)
    return block.height - (block.first - block.last if block.row_window else 0)


def check_layer(
    block: LayerBlock, header: ProgramBlock, config: CoreConfig, opened: Words | None = None
) -> None:
    """Raise ProgramError for the first check that a LAYER block fails.

    ``opened`` are the words of LOADs that may be under way while the layer runs, and None for a
    layer that waits for all LOADs so far.
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
    if block.pool and (min(output_size(block)) < 1 or columns > config.max_pool_width):
        raise refuse(ErrorCode.SHAPE, f"{rows} x {columns} cannot be pooled")
    _check_rows(block)
    _check_bits(block)
    if block.pool_3x3 and not block.pool:
        raise refuse(ErrorCode.KERNEL, "the size of a pool without a pool")
    if block.raw and (block.pool or block.skip or block.depthwise):
        raise refuse(ErrorCode.KERNEL, "a raw layer has no pooling, skip or depthwise layer")
    if kernel is Kernel.FULL and (block.stride2 or block.skip or block.depthwise):
        raise refuse(ErrorCode.KERNEL, "a full map has no stride, skip or depthwise layer")
    if block.skip and block.depthwise:
        raise refuse(ErrorCode.KERNEL, "skip and a depthwise layer together")
    if block.shared and kernel is not Kernel.FULL:
        raise refuse(ErrorCode.KERNEL, "shared weights are for a full map")
    if block.thinned and not (kernel is Kernel.K1X3 and block.stride2):
        raise refuse(ErrorCode.KERNEL, "thinned rows are for a 1x3 kernel with stride 2")
    _check_borders(block)
    if block.index == header.layers - 1 and not block.raw:
        raise refuse(ErrorCode.KERNEL, "the last layer is raw")
    _check_memory(block, config, opened)
    words = payload_shape_of(block).words(config)
    if words > config.weight_depth and not used_once(block):
        raise refuse(ErrorCode.WEIGHTS, f"a channel group has {words} weight words")


def convolution_size(block: LayerBlock) -> tuple[int, int]:
    """Height and width of what leaves the array; a height below 1 is refused."""
    if block.kernel == Kernel.FULL:
        return 1, 1
    inner = block.height - block.above - block.below
    if not block.stride2:
        return inner, block.width
    columns = ceil_div(block.width, 2)
    return inner if block.thinned else ceil_div(block.height - block.above, 2), columns


def result_size(block: LayerBlock) -> tuple[int, int]:
    """Height and width of a layer's result before pooling, behind the depthwise stage."""
    rows, columns = convolution_size(block)
    if not block.depthwise:
        return rows, columns
    if block.depthwise_stride2:
        return ceil_div(rows - block.above_behind, 2), ceil_div(columns, 2)
    return rows - block.above_behind - block.below_behind, columns


def output_size(block: LayerBlock) -> tuple[int, int]:
    """Height and width of what a layer stores."""
    rows, columns = result_size(block)
    if not block.pool:
        return rows, columns
    if block.pool_3x3:
        return ceil_div(rows - block.above_behind, 2), ceil_div(columns, 2)
    return rows // 2, columns // 2


def _check_rows(block: LayerBlock) -> None:
    """Rows of the block, and the rings that have to hold them."""

    def refuse(text: str) -> ProgramError:
        return ProgramError(ErrorCode.SHAPE, block.index, text)

    inner = convolution_size(block)[0]
    if block.height - block.above - block.below < 1:
        raise refuse(f"no output row in {block.height} rows with those beside")
    if block.depthwise and inner - block.above_behind - block.below_behind < 1:
        raise refuse(f"no output row of the depthwise layer in {inner} rows with those beside")
    if not block.rows:
        return
    if block.images != 1:
        raise refuse(f"rows of {block.images} images")
    rings = {"input": (block.input_pitch, block.height)}
    if not block.raw:
        rings["output"] = (block.output_pitch, output_size(block)[0])
    if block.skip:
        rings["skip tensor"] = (block.skip_pitch, inner)
    for name, (word, rows) in rings.items():
        ring = Ring.of_word(word)
        if ring.row >= ring.rows or rows > ring.rows:
            raise refuse(f"{rows} rows from row {ring.row} of its {name}'s ring of {ring.rows}")


def _check_borders(block: LayerBlock) -> None:
    """Rows beside a block: where a kernel reads them."""
    beside = block.above or block.below or block.above_behind or block.below_behind
    allowed = {
        "rows of a full map": not (block.rows and block.kernel == Kernel.FULL),
        "rows beside a whole map": bool(block.rows) or not beside,
        "a row above without a 3x3 kernel": block.kernel == Kernel.K3X3 or not block.above,
        "a row below without a 3x3 kernel of stride 1": not block.below
        or (block.kernel == Kernel.K3X3 and not block.stride2),
        "a row above without a depthwise layer or a 3x3 pool behind": not block.above_behind
        or bool(block.depthwise or block.pool_3x3),
        "a row below without a depthwise layer of stride 1 behind": not block.below_behind
        or bool(block.depthwise and not block.depthwise_stride2),
    }
    for text, right in allowed.items():
        if not right:
            raise ProgramError(ErrorCode.KERNEL, block.index, text)


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

    def span(base: int, pitch: int, bits: int, channels: int, size: tuple[int, int]) -> Words:
        """Words of a tensor: its ring, or the tensors of all images."""
        rows, columns = size
        if block.rows:
            shape: Shape = (channels, Ring.of_word(pitch).rows, columns)
            return Words(base, base + tensor_word_count(shape, bits, config.pin))
        if block.images > 1 and pitch >= PITCH_LIMIT:
            raise refuse(f"images {pitch} words apart")
        words = tensor_word_count((channels, rows, columns), bits, config.pin)
        return Words(base, base + words + (block.images - 1) * pitch)

    source = (block.height, block.width)
    places = {
        "input": span(block.input_base, block.input_pitch, block.input_bits, block.channels, source)
    }
    if not block.raw:
        places["output"] = span(
            block.output_base, block.output_pitch, result_bits(block),
            block.outputs, output_size(block),
        )  # fmt: skip
        if places["input"].meets(places["output"]):
            raise refuse("the output overwrites the input")
    if block.skip:
        places["skip tensor"] = span(
            block.skip_base, block.skip_pitch, block.skip_bits,
            block.outputs, convolution_size(block),
        )  # fmt: skip
        if places["output"].meets(places["skip tensor"]) and not _in_place(block):
            raise refuse("the output overwrites the skip tensor")
    for name, place in places.items():
        if place.end > config.feature_depth:
            raise refuse(f"its {name} ends at word {place.end}")
        # The next rows of an image may come into the ring that a block reads.
        fed = opened is not None and bool(block.rows) and place.start == opened.start
        if opened is not None and place.meets(opened) and not (fed and name == "input"):
            raise refuse(f"its {name} lies where an image is being stored")


def _in_place(block: LayerBlock) -> bool:
    """Whether every pair of the result is written where its pair of the skip tensor was."""
    together = block.output_pitch == block.skip_pitch or (block.images == 1 and not block.rows)
    return block.output_base == block.skip_base and together and not block.pool
