# SPDX-License-Identifier: Apache-2.0
"""Random layer programs on the whole core: every tensor against the reference model."""

from __future__ import annotations

import os

import cocotb

from tb.common import Dut, rng, stall_pattern
from tb.core.core_driver import Core, check_tensors
from tb.random_networks import random_image, random_network

PROGRAMS = int(os.environ.get("LSFQ_PROGRAMS", "10"))
STALLS = os.environ.get("LSFQ_STALLS", "none")
MAX_CYCLES = int(os.environ.get("LSFQ_MAX_CYCLES", "6000"))


@cocotb.test()
async def random_programs(dut: Dut) -> None:
    """Shapes, widths, kernels, bit widths and constants at random; every third runs two images."""
    random = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    for number in range(PROGRAMS):
        network = random_network(random, core.config, MAX_CYCLES)
        images = [random_image(random, network) for _ in range(1 + number % 3 // 2)]
        dut._log.info(f"program {number}: {network.name}")
        results = await core.run(network, images, cycles=100 * MAX_CYCLES)
        check_tensors(network, images, results, f"program {number}")
        counters = await core.counters(min(len(network.layers), core.config.max_layers))
        for counter in counters.layers:
            waits = ("starved_weights", "blocked_output", "starved_features")
            assert counter["cycles"] == counter["busy"] + sum(counter[name] for name in waits)
