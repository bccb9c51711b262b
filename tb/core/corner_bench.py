# SPDX-License-Identifier: Apache-2.0
"""Programs that once went wrong and that random ones hardly ever draw."""

from __future__ import annotations

import cocotb
import numpy as np

from ref_model.integer.network import IntegerNetwork
from tb.common import Dut
from tb.core.core_driver import Core, check_tensors
from tb.ref_model.builders import conv, linear


@cocotb.test()
async def dropped_pixels_before_pointwise(dut: Dut) -> None:
    """The pool drops a layer's last pixels, so the next layer starts while they are being emitted.

    With POUT = 4*PIN and 8-bit outputs a pair takes longest; the emitter must not go on counting
    under the next layer's settings.
    """
    rng = np.random.default_rng(1)
    core = Core(dut)
    await core.open()
    layers = (
        conv(rng, "pooled", 4, 16, pool=2, output_bits=8, shift=8),
        conv(rng, "pointwise", 16, 16, kernel=1, input_bits=8, output_bits=8, shift=12),
        linear(rng, "classes", (16, 1, 2), 4, input_bits=8),
    )
    network = IntegerNetwork("dropped_pixels", (4, 3, 5), layers, 4, input_bits=4)
    image = rng.integers(0, 16, network.input_shape).astype(np.uint8)
    results = await core.run(network, [image], cycles=20_000)
    check_tensors(network, [image], results, "corner")
