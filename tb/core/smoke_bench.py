# SPDX-License-Identifier: Apache-2.0
"""Small programs, and no unknown bit on any output from the reset on."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import ReadOnly, RisingEdge

from tb.core.core_driver import Core, check_tensors
from tb.support import Dut
from tb.support.random_networks import random_image, random_network

CONTROLS = [
    "s_axi_awready",
    "s_axi_wready",
    "s_axi_bvalid",
    "s_axi_arready",
    "s_axi_rvalid",
    "irq",
    "s_axis_param_tready",
    "s_axis_data_tready",
    "m_axis_data_tvalid",
]
PAYLOADS = {
    "s_axi_bvalid": ["s_axi_bresp"],
    "s_axi_rvalid": ["s_axi_rdata", "s_axi_rresp"],
    "m_axis_data_tvalid": ["m_axis_data_tdata", "m_axis_data_tlast"],
}


async def _no_unknowns(dut: Dut) -> None:
    await RisingEdge(dut.aresetn)
    while True:
        await RisingEdge(dut.aclk)
        await ReadOnly()
        for name in CONTROLS:
            value = getattr(dut, name).value
            assert value.is_resolvable, f"{name} is {value}"
            if bool(value):
                for payload in PAYLOADS.get(name, []):
                    word = getattr(dut, payload).value
                    assert word.is_resolvable, f"{payload} is {word} while {name}"


@cocotb.test()
async def no_unknown_outputs(dut: Dut) -> None:
    """Three random programs; every output is known in every cycle after reset."""
    watcher = cocotb.start_soon(_no_unknowns(dut))
    core = Core(dut)
    await core.open()
    random = np.random.default_rng(3)
    for number in range(3):
        network = random_network(random, core.config, 1500)
        image = random_image(random, network)
        results = await core.run(network, [image], cycles=200_000)
        check_tensors(network, [image], results, f"program {number}")
        await core.counters(len(network.layers))
    assert not watcher.done()
    watcher.cancel()
