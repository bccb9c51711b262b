# SPDX-License-Identifier: Apache-2.0
"""The checks that the core makes on the fields of a block, in the core's order."""

from __future__ import annotations

from ref_model.hardware.blocks import Kernel, LayerBlock, ProgramBlock
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, ProgramError
from ref_model.hardware.layout import tensor_word_count
from ref_model.hardware.payload import PayloadShape
from ref_model.hardware.plan import weights_streamed
from ref_model.integer.ranges import CODE_BITS, MAX_SHIFT


def check_program(block: ProgramBlock, config: CoreConfig) -> None:
    """Raise ProgramError for the first check that the PROGRAM block fails."""

    def refuse(code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, PROGRAM_LAYER, text)

    if (block.pin, block.pout) != (config.pin, config.pout):
        raise refuse(ErrorCode.CORE, f"made for {block.pin}x{block.pout}, this core is {config}")
    if 0 in (block.layers, block.height, block.width, block.channels):
        raise refuse(ErrorCode.SHAPE, "a size or the number of layers is 0")
    if block.bits not in CODE_BITS:
        raise refuse(ErrorCode.BITS, f"{block.bits} bits")
    if block.row_window and 3 * block.channels > config.pin:
        raise refuse(ErrorCode.KERNEL, f"a row window of {block.channels} channels")
    channels = block.channels * (3 if block.row_window else 1)
    words = tensor_word_count((channels, block.height, block.width), block.bits, config.pin)
    if block.base + words > config.feature_depth:
        raise refuse(ErrorCode.MEMORY, f"the image ends at word {block.base + words}")


def check_layer(block: LayerBlock, index: int, header: ProgramBlock, config: CoreConfig) -> None:
    """Raise ProgramError for the first check that a LAYER block fails."""

    def refuse(code: ErrorCode, text: str) -> ProgramError:
        return ProgramError(code, index, text)

    kernel = Kernel(block.kernel)
    if block.index != index:
        raise refuse(ErrorCode.KIND, f"layer {block.index} comes in place of layer {index}")
    if 0 in (block.height, block.width, block.channels, block.outputs):
        raise refuse(ErrorCode.SHAPE, "a size is 0")
    if block.pool and (min(block.height, block.width) < 2 or block.width > config.max_pool_width):
        raise refuse(ErrorCode.SHAPE, f"{block.height} x {block.width} cannot be pooled")
    outputs = () if block.raw else (block.output_bits,)
    for bits in (block.input_bits, block.weight_bits, *outputs):
        if bits not in CODE_BITS:
            raise refuse(ErrorCode.BITS, f"{bits} bits")
    if block.shift > MAX_SHIFT or (block.raw and (block.shift or block.output_bits)):
        raise refuse(ErrorCode.BITS, f"shift {block.shift}, {block.output_bits} output bits")
    if block.raw != (index == header.layers - 1) or (block.raw and block.pool):
        raise refuse(ErrorCode.KERNEL, "raw is for the last layer, and not with pooling")
    if block.pool and kernel is Kernel.FULL:
        raise refuse(ErrorCode.KERNEL, "a full map has nothing to pool")
    _check_memory(block, kernel, index, config)


def _check_memory(block: LayerBlock, kernel: Kernel, index: int, config: CoreConfig) -> None:
    source = (block.channels, block.height, block.width)
    start = block.input_base
    end = start + tensor_word_count(source, block.input_bits, config.pin)
    ends = [end]
    if not block.raw:
        pool = 2 if block.pool else 1
        size = (1, 1) if kernel is Kernel.FULL else (block.height // pool, block.width // pool)
        words = tensor_word_count((block.outputs, *size), block.output_bits, config.pin)
        ends.append(block.output_base + words)
        if block.output_base < end and start < block.output_base + words:
            raise ProgramError(ErrorCode.MEMORY, index, "the output overwrites the input")
    if max(ends) > config.feature_depth:
        raise ProgramError(ErrorCode.MEMORY, index, f"a tensor ends at word {max(ends)}")
    shape = PayloadShape(kernel, *source, block.outputs, block.weight_bits)
    words = shape.words(config)
    if words > config.weight_depth and not weights_streamed(kernel, block.input_bits):
        raise ProgramError(ErrorCode.WEIGHTS, index, f"a channel group has {words} weight words")
