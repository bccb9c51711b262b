# SPDX-License-Identifier: Apache-2.0
"""Programs that once went wrong, or that try what random ones hardly ever draw."""

from __future__ import annotations

import cocotb
import numpy as np

from ref_model.hardware.order import WorkOrder
from ref_model.hardware.program import encode_network
from ref_model.hardware.registers import Status
from ref_model.integer.network import IntegerNetwork
from tb.core.core_driver import RESULT_WIDTH, Core, check_tensors
from tb.ref_model.integer.builders import (
    STRIDED_RESULT_BEATS,
    STRIDED_RESULT_IMAGE,
    conv,
    linear,
    strided_result,
)
from tb.support import Dut, to_signed


@cocotb.test()
async def dropped_pairs_before_pointwise(dut: Dut) -> None:
    """The pool drops a layer's last pairs: the next layer waits all the same until they have left.

    With POUT = 4*PIN and 8-bit outputs a row's last pair leaves latest; it must not do so under the
    next layer's settings.
    """
    rng = np.random.default_rng(1)
    core = Core(dut)
    await core.open()
    layers = (
        conv(rng, "pooled", 4, 16, pool=2, output_bits=8, shift=8),
        conv(rng, "pointwise", 16, 16, kernel=1, input_bits=8, output_bits=8, shift=12),
        linear(rng, "classes", (16, 1, 2), 4, input_bits=8),
    )
    network = IntegerNetwork("dropped_pairs", (4, 3, 5), layers, 4, input_bits=4)
    image = rng.integers(0, 16, network.input_shape).astype(np.uint8)
    results = await core.run(network, [image], cycles=20_000)
    check_tensors(network, [image], results, "corner")


@cocotb.test()
async def image_beside_layers(dut: Dut) -> None:
    """The next image is stored while layers write as often as they can: both get through."""
    rng = np.random.default_rng(2)
    core = Core(dut)
    await core.open()
    layers = (
        conv(rng, "many", 1, 48, kernel=1, input_bits=8, shift=9),
        conv(rng, "wide", 48, 40, kernel=1, output_bits=8),
        conv(rng, "few", 40, 4, input_bits=8, stride=2, shift=16),
        linear(rng, "classes", (4, 6, 6), 3),
    )
    network = IntegerNetwork("image_beside_layers", (1, 12, 12), layers, 3)
    images = list(rng.integers(0, 256, (3, *network.input_shape)).astype(np.uint8))
    for load in (1, 2, 3):
        order = WorkOrder(3, 3, load, (True, True, True, False))
        results = await core.run(network, images, cycles=40_000, batch=3, order=order)
        check_tensors(network, images, results, f"load before layer {load}")


@cocotb.test()
async def small_strided_maps(dut: Dut) -> None:
    """Stride 2 over maps of one to four rows and one to five columns, with every kernel."""
    rng = np.random.default_rng(3)
    core = Core(dut)
    await core.open()
    for height in (1, 2, 3, 4):
        for width in (1, 2, 3, 4, 5):
            shape = (1, height, width)
            layers = (
                conv(rng, "first", 1, 5, stride=2, shift=7),
                conv(rng, "pointwise", 5, 9, kernel=1, stride=2, shift=7),
                conv(rng, "last", 9, 3, stride=2, output_bits=None, shift=0),
            )
            network = IntegerNetwork(f"strided_{height}x{width}", shape, layers, 3, input_bits=4)
            images = list(rng.integers(0, 16, (2, *shape)).astype(np.uint8))
            results = await core.run(network, images, cycles=10_000, batch=2)
            check_tensors(network, images, results, network.name)


@cocotb.test()
async def strided_pointwise_result(dut: Dut) -> None:
    """A raw 1x1 layer of stride 2 sends both sets of a pixel before the next pixel.

    One result stream is written out by hand; others have odd sizes, several groups and images.
    """
    rng = np.random.default_rng(4)
    core = Core(dut)
    await core.open()
    pout = core.config.pout
    network = strided_result()
    core.send(encode_network(network, core.config), [STRIDED_RESULT_IMAGE.astype(np.uint8)])
    await core.begin()
    assert await core.wait_idle(2_000) == Status.DONE
    beats = [to_signed(beat, RESULT_WIDTH) for beat in await core.result.receive(cycles=200)]
    assert beats == STRIDED_RESULT_BEATS
    for height, width, outputs in ((1, 3, pout + 1), (3, 5, 2 * pout), (2, 6, 3 * pout - 1)):
        shape = (5, height, width)
        last = conv(rng, "last", 5, outputs, kernel=1, stride=2, output_bits=None, shift=0)
        network = IntegerNetwork(f"strided_{height}x{width}", shape, (last,), outputs, input_bits=4)
        images = list(rng.integers(0, 16, (3, *shape)).astype(np.uint8))
        results = await core.run(network, images, cycles=20_000, batch=3)
        check_tensors(network, images, results, network.name)
