# SPDX-License-Identifier: Apache-2.0
"""Random layer programs on the whole core: every tensor against the reference model."""

from __future__ import annotations

import os
from collections import Counter

import cocotb

from ref_model.hardware.plan import plan_network
from tb.core.core_driver import Core, check_tensors
from tb.support import Dut, rng, stall_pattern
from tb.support.random_networks import count_forms, random_image, random_network, random_order

PROGRAMS = int(os.environ.get("LSFQ_PROGRAMS", "10"))
STALLS = os.environ.get("LSFQ_STALLS", "none")
MAX_CYCLES = int(os.environ.get("LSFQ_MAX_CYCLES", "6000"))


@cocotb.test()
async def random_programs(dut: Dut) -> None:
    """Shapes, widths, kernels, depthwise layers, strides, bit widths, residual additions, branches,
    constants, and the order of work of a pass with up to four images; every third program runs two
    passes. What a layer can have occurs.
    """
    random = rng()
    core = Core(dut, lambda: stall_pattern(STALLS))
    await core.open()
    forms: Counter[str] = Counter()
    for number in range(PROGRAMS):
        batch = int(random.choice([1, 1, 2, 3, 4]))
        network = random_network(random, core.config, MAX_CYCLES // batch)
        forms += count_forms(network, core.config)
        order = random_order(random, network, core.config, batch)
        images = [random_image(random, network) for _ in range(batch * (1 + number % 3 // 2))]
        dut._log.info(f"program {number}: {network.name}, {order}")
        results = await core.run(network, images, cycles=200 * MAX_CYCLES, batch=batch, order=order)
        check_tensors(network, images, results, f"program {number}, {order}")
        layers = len(plan_network(network, core.config).layers)
        counters = await core.counters(min(layers, core.config.max_layers))
        for counter in counters.layers:
            waits = ("starved_weights", "blocked_output", "starved_features")
            assert counter["cycles"] == counter["busy"] + sum(counter[name] for name in waits)
    dut._log.info(f"{dict(forms)}")
    missing = [form for form in count_forms(network, core.config) if not forms[form]]
    assert PROGRAMS < 30 or not missing, f"never drawn: {missing}"
