# SPDX-License-Identifier: Apache-2.0
"""Random programs of layers with a depthwise layer behind them or a skip tensor, block by block.

Layers read any earlier tensor, results may lie in the skip tensor's place, passes have several
images. Constants put most codes inside their range. What has to come of them is computed from the
bytes alone, by the independent core model.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import EndBlock, Kernel, LayerBlock, LoadBlock, ProgramBlock
from ref_model.hardware.checks import (
    check_layer,
    convolution_size,
    output_size,
    payload_shape_of,
    result_bits,
)
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import ProgramError
from ref_model.hardware.layout import digits_of, tensor_word_count
from ref_model.hardware.payload import Payload, pack_payload
from ref_model.integer.network import Shape
from ref_model.integer.ranges import BIAS_BITS, CODE_BITS, MAX_SHIFT, MULTIPLIER_BITS
from tb.ip.parser.programs import Part, assemble

Rng = np.random.Generator

TRIES = 300
"""Draws of a layer before a program ends without it."""


@dataclass(frozen=True)
class Stored:
    """A tensor of every image of the pass in the feature memory."""

    shape: Shape
    bits: int
    base: int
    pitch: int


@dataclass(frozen=True)
class StageProgram:
    """Packet, images (N, C, H, W), and where every layer's result lies (None: raw)."""

    packet: bytes
    images: npt.NDArray[np.uint8]
    layers: tuple[LayerBlock, ...]
    results: tuple[Stored | None, ...]

    def kinds(self) -> Counter[str]:
        """How often what the stages can do occurs."""
        found: Counter[str] = Counter()
        for x in self.layers:
            place = (x.output_base, x.output_pitch if x.images > 1 else 0)
            found["depthwise"] += x.depthwise
            found["depthwise, stride 2"] += x.depthwise and x.depthwise_stride2
            found["depthwise behind stride 2"] += x.depthwise and x.stride2
            found["depthwise, pooled"] += x.depthwise and x.pool
            found["depthwise, 3x3 pool"] += x.depthwise and x.pool_3x3
            found["depthwise behind 1x1"] += x.depthwise and x.kernel == Kernel.K1X1
            found["skip"] += x.skip
            found["skip, stride 2"] += x.skip and x.stride2
            found["skip, pooled"] += x.skip and x.pool
            found["3x3 pool of one set"] += x.pool_3x3 and x.kernel != Kernel.K1X1
            found["3x3 pool of two sets"] += x.pool_3x3 and x.kernel == Kernel.K1X1
            found["3x3 pool of 8 bits"] += x.pool_3x3 and result_bits(x) == 8
            found["3x3 pool of one column"] += x.pool_3x3 and output_size(x)[1] == 1
            found["skip, 1x1"] += x.skip and x.kernel == Kernel.K1X1
            found["skip of 8 bits"] += x.skip and x.skip_bits == 8
            in_place = place == (x.skip_base, x.skip_pitch if x.images > 1 else 0)
            found["skip, in place"] += x.skip and in_place and not x.raw
        return found


def random_stage_program(rng: Rng, config: CoreConfig, longest: int = 6) -> StageProgram:
    """A program that the core accepts, of up to ``longest`` layers and a raw one."""
    images = int(rng.choice([1, 1, 2, 3]))
    shape = (int(rng.integers(1, 2 * config.pin + 2)), int(rng.integers(1, 9)), _width(rng))
    bits = int(rng.choice(CODE_BITS))
    image = Stored(shape, bits, 0, tensor_word_count(shape, bits, config.pin))
    tensors, free = [image], images * image.pitch
    blocks: list[LayerBlock] = []
    results: list[Stored | None] = []
    header = ProgramBlock(config.pin, config.pout, longest + 2, images)
    for _ in range(int(rng.integers(1, longest + 1))):
        block = _draw_layer(rng, config, header, tensors, len(blocks), images, free)
        if block is None:
            break
        stored = _result_of(block)
        tensors = [x for x in tensors if x.base != stored.base] + [stored]
        free = max(free, stored.base + images * stored.pitch)
        blocks.append(block)
        results.append(stored)
    blocks.append(_last_layer(rng, config, tensors[-1], len(blocks), images))
    header = replace(header, layers=len(blocks))
    loads = [
        LoadBlock(k, shape[1], shape[2], shape[0], bits, 0, k * image.pitch, shape[1])
        for k in range(images)
    ]
    parts: list[Part] = [header, *loads]
    for block in blocks:
        check_layer(block, header, config)
        payload = pack_payload(_draw_payload(rng, block), payload_shape_of(block), config)
        parts += [block, payload]
    pixels = rng.integers(0, 1 << bits, (images, *shape)).astype(np.uint8)
    return StageProgram(assemble([*parts, EndBlock()]), pixels, tuple(blocks), (*results, None))


def _width(rng: Rng) -> int:
    return int(rng.choice([1, 2, 3, int(rng.integers(1, 14))]))


def _result_of(block: LayerBlock) -> Stored:
    shape = (block.outputs, *output_size(block))
    return Stored(shape, result_bits(block), block.output_base, block.output_pitch)


def _draw_layer(
    rng: Rng,
    config: CoreConfig,
    header: ProgramBlock,
    tensors: list[Stored],
    index: int,
    images: int,
    free: int,
) -> LayerBlock | None:
    for _ in range(TRIES):
        source = tensors[-1] if rng.random() < 0.6 else tensors[int(rng.integers(len(tensors)))]
        form = str(rng.choice(["depthwise", "skip", "skip", "plain"], p=[0.4, 0.25, 0.25, 0.1]))
        kernel = Kernel(int(rng.choice([Kernel.K1X1, Kernel.K1X3, Kernel.K3X3], p=[0.5, 0.2, 0.3])))
        pool = int(rng.choice([1, 2, 3], p=[0.6, 0.2, 0.2]))
        block = LayerBlock(
            index=index, kernel=kernel, pool=int(pool > 1), pool_3x3=int(pool == 3), raw=0,
            stride2=int(rng.random() < 0.25), shared=0, loads=images if index == 0 else 0,
            height=source.shape[1], width=source.shape[2], channels=source.shape[0],
            outputs=int(rng.integers(1, 4 * config.pout)), input_base=source.base,
            output_base=free, input_bits=source.bits, weight_bits=int(rng.choice([2, 3, 4, 4, 8])),
            output_bits=int(rng.choice([2, 3, 4] if form == "depthwise" else CODE_BITS)),
            shift=0, images=images, slot=index, input_pitch=source.pitch, output_pitch=0,
        )  # fmt: skip
        if form == "depthwise":
            block = replace(
                block, depthwise=1, depthwise_stride2=int(rng.random() < 0.4),
                depthwise_bits=int(rng.choice(CODE_BITS)),
            )  # fmt: skip
        if form == "skip":
            added = _draw_skip(rng, block, tensors)
            if added is None:
                continue
            block = added
        words = tensor_word_count(_result_of(block).shape, result_bits(block), config.pin)
        if block.output_base == free:
            block = replace(block, output_pitch=words)
        block = _with_shifts(rng, block)
        try:
            check_layer(block, header, config)
        except ProgramError:
            continue
        return block
    return None


def _draw_skip(rng: Rng, block: LayerBlock, tensors: list[Stored]) -> LayerBlock | None:
    """The layer with a tensor added that has its result's height and width; sometimes in place."""
    fits: list[Stored] = []
    for stride2 in (1, 0) if rng.random() < 0.7 else (0, 1):  # strided ones fit rarely
        strided = replace(block, stride2=stride2)
        fits = [x for x in tensors if x.shape[1:] == convolution_size(strided)]
        if fits:
            block = strided
            break
    if not fits:
        return None
    skip = fits[int(rng.integers(len(fits)))]
    block = replace(
        block, outputs=skip.shape[0], skip=1, skip_base=skip.base, skip_bits=skip.bits,
        skip_pitch=skip.pitch,
    )  # fmt: skip
    if (
        rng.random() < 0.6
        and not block.pool
        and digits_of(block.output_bits) <= digits_of(skip.bits)
    ):
        block = replace(block, output_base=skip.base, output_pitch=skip.pitch)
    return block


def _taps(block: LayerBlock) -> int:
    return block.channels * {Kernel.K1X1: 1, Kernel.K1X3: 3, Kernel.K3X3: 9}[Kernel(block.kernel)]


def _spread(products: int, input_bits: int, weight_bits: int) -> float:
    """About how far a sum of products lies from 0."""
    return float(max(1.0, products**0.5 * 2.0 ** (input_bits + weight_bits - 3)))


def _with_shifts(rng: Rng, block: LayerBlock) -> LayerBlock:
    """Shifts for which multipliers of some size spread the codes over their range."""

    def shift(spread: float, bits: int) -> int:
        size = 2.0 ** rng.uniform(2, MULTIPLIER_BITS - 1)
        return int(np.clip(np.log2(spread * size / 2**bits), 0, MAX_SHIFT))

    spread = _spread(_taps(block), block.input_bits, block.weight_bits)
    block = replace(block, shift=shift(spread, block.output_bits))
    if block.depthwise:
        behind = shift(_spread(9, block.output_bits, 4), block.depthwise_bits)
        block = replace(block, depthwise_shift=behind)
    if block.skip:
        size = int(
            np.clip(2 ** (block.shift + block.output_bits - block.skip_bits + 1), 2, 1 << 17)
        )
        factor = int(rng.integers(-size, size))
        block = replace(block, skip_multiplier=factor & (1 << MULTIPLIER_BITS) - 1)
    return block


def _last_layer(
    rng: Rng, config: CoreConfig, source: Stored, index: int, images: int
) -> LayerBlock:
    shared = int(rng.random() < 0.7)
    return LayerBlock(
        index=index, kernel=Kernel.FULL if shared else Kernel.K1X1, pool=0, raw=1,
        stride2=0, shared=shared, loads=images if index == 0 else 0, height=source.shape[1],
        width=source.shape[2], channels=source.shape[0],
        outputs=int(rng.integers(1, config.pout + 2)), input_base=source.base, output_base=0,
        input_bits=source.bits, weight_bits=4, output_bits=0, shift=0, images=images, slot=index,
        input_pitch=source.pitch, output_pitch=0,
    )  # fmt: skip


def _draw_payload(rng: Rng, block: LayerBlock) -> Payload:
    outputs = block.outputs
    weight = _codes(rng, payload_shape_of(block).weight_shape(), block.weight_bits)
    if block.shared:
        weight[..., 1] = weight[..., 0]
    if block.raw:
        limit = 1 << MULTIPLIER_BITS - 1
        return Payload(
            weight, rng.integers(-limit, limit, outputs), rng.integers(-limit, limit, outputs)
        )
    spread = _spread(_taps(block), block.input_bits, block.weight_bits)
    first = _constants(rng, outputs, spread, block.shift, block.output_bits)
    if not block.depthwise:
        return Payload(weight, *first)
    spread = _spread(9, block.output_bits, 4)
    constants = _constants(rng, outputs, spread, block.depthwise_shift, block.depthwise_bits)
    kernels = _codes(rng, (outputs, 1, 3, 3), 4)
    return Payload(weight, *first, Payload(kernels, *constants))


def _codes(rng: Rng, shape: tuple[int, ...], bits: int) -> npt.NDArray[np.int64]:
    half = 1 << bits - 1
    codes: npt.NDArray[np.int64] = rng.integers(-half, half, shape)
    if rng.random() < 0.2:
        codes = rng.choice([-half, half - 1], shape)
    return codes


def _constants(
    rng: Rng, outputs: int, spread: float, shift: int, bits: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Multipliers and biases that put most of the codes of `bits` bits inside their range."""
    top = 2.0 ** (shift + bits)
    limit = (1 << MULTIPLIER_BITS - 1) - 1
    multiplier = rng.normal(0, top / spread / 2, outputs)
    bias = rng.uniform(-0.2, 1.2, outputs) * top
    most = (1 << BIAS_BITS - 1) - 1
    return (
        np.clip(multiplier, -limit - 1, limit).astype(np.int64),
        np.clip(bias, -most - 1, most).astype(np.int64),
    )
