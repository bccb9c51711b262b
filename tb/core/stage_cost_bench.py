# SPDX-License-Identifier: Apache-2.0
"""What a depthwise layer behind a 1x1 layer costs: the layer's cycles with and without it."""

from __future__ import annotations

import cocotb
import numpy as np

from ref_model.hardware.blocks import EndBlock, Kernel, LayerBlock, LoadBlock, ProgramBlock
from ref_model.hardware.checks import payload_shape_of
from ref_model.hardware.layout import tensor_word_count
from ref_model.hardware.payload import Payload, pack_payload
from ref_model.hardware.registers import Status
from tb.core.core_driver import Core
from tb.ip.parser.programs import Part, assemble
from tb.support import Dut

SIZE = 16
IMAGES = 2


async def _cycles(core: Core, words: int, depthwise: int, stride2: int = 0) -> int:
    """Cycles of a 1x1 layer whose pixels have ``words`` words, with 8 groups of channels."""
    config = core.config
    channels, outputs = words * config.pin, 16 * config.pout
    shape = (channels, SIZE, SIZE)
    pitch = tensor_word_count(shape, 4, config.pin)
    after = IMAGES * pitch
    block = LayerBlock(
        index=0, kernel=Kernel.K1X1, pool=0, raw=0, stride2=0, shared=0, height=SIZE,
        width=SIZE, channels=channels, outputs=outputs, input_base=0, output_base=after,
        input_bits=4, weight_bits=4, output_bits=4, shift=0, images=IMAGES, slot=0,
        input_pitch=pitch, output_pitch=0, depthwise=depthwise, depthwise_stride2=stride2,
        depthwise_bits=4, loads=IMAGES,
    )  # fmt: skip
    last = LayerBlock(
        index=1, kernel=Kernel.K1X1, pool=0, raw=1, stride2=0, shared=0, height=1,
        width=1, channels=1, outputs=1, input_base=0, output_base=0, input_bits=4, weight_bits=4,
        output_bits=0, shift=0, images=1, slot=1, input_pitch=0, output_pitch=0,
    )  # fmt: skip
    parts: list[Part] = [ProgramBlock(config.pin, config.pout, 2, IMAGES)]
    parts += [LoadBlock(k, SIZE, SIZE, channels, 4, 0, k * pitch, SIZE) for k in range(IMAGES)]
    for layer in (block, last):
        zeros = np.zeros(layer.outputs, np.int64)
        weight = np.zeros((layer.outputs, layer.channels, 1, 1), np.int16)
        behind = Payload(np.zeros((layer.outputs, 1, 3, 3), np.int16), zeros, zeros)
        payload = Payload(weight, zeros, zeros, behind if layer.depthwise else None)
        parts += [layer, pack_payload(payload, payload_shape_of(layer), config)]
    core.send(assemble([*parts, EndBlock()]), [np.zeros(shape, np.uint8)] * IMAGES)
    await core.begin()
    assert await core.wait_idle(200_000) == Status.DONE
    await core.result.receive(cycles=200)
    return (await core.counters(1)).layers[0]["cycles"]


@cocotb.test()
async def costs(dut: Dut) -> None:
    """From 4 words a pixel on, at most 5 % more than the 1x1 layer alone; with fewer, 4 a step."""
    core = Core(dut)
    await core.open()
    for words in (1, 2, 4, 6):
        plain = await _cycles(core, words, 0)
        for stride2 in (0, 1):
            both = await _cycles(core, words, 1, stride2)
            what = f"{words} words: {plain} cycles, {both} with depthwise, stride {stride2 + 1}"
            dut._log.info(what)
            assert both <= 1.05 * plain * max(1, 4 / max(words, 2)), what
