# SPDX-License-Identifier: Apache-2.0
"""An exported network on the core, image by image; writes what happened as JSON.

Environment: LSFQ_NETWORK (folder of the export), LSFQ_IMAGES (``.npy``, uint8 (N, C, H, W)),
LSFQ_STALLS (a pattern's name), LSFQ_REPORT (file to write).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import cocotb
import numpy as np

from ref_model.hardware.plan import plan_network
from ref_model.hardware.schedule import schedule_network
from ref_model.integer.compare import first_difference
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import load_network
from tb.common import Dut, stall_pattern
from tb.core.core_driver import Core, PassResult, Tensor

CYCLES_PER_IMAGE = 100  # bound, in multiples of the schedule's cycles
SETUP_CYCLES = 2_000_000


@cocotb.test()
async def runs_network(dut: Dut) -> None:
    """Every tensor of every layer of every image equals the reference model's."""
    network = load_network(os.environ["LSFQ_NETWORK"])
    images = np.load(os.environ["LSFQ_IMAGES"])
    stalls = os.environ.get("LSFQ_STALLS", "none")
    core = Core(dut, lambda: stall_pattern(stalls))
    await core.open()
    schedule = schedule_network(plan_network(network, core.config))
    bound = SETUP_CYCLES + CYCLES_PER_IMAGE * sum(layer.cycles for layer in schedule)

    rows = []
    differences: list[str] = []
    for number, image in enumerate(images):
        (result,) = await core.run(network, [image], bound)
        wrong = _differences(network, image, result)
        differences += [f"image {number}: {text}" for text in wrong.values()]
        last = network.layers[-1].name
        logits = result.tensors[last].reshape(-1)
        expected = run_network(network, image)[last].reshape(-1)
        counters = await core.counters(len(network.layers))
        rows.append(
            {
                "prediction": int(logits.argmax()),
                "reference": int(expected.argmax()),
                "differences": wrong,
                "cycles": counters.cycles,
                "load_cycles": counters.load_cycles,
                "layers": list(counters.layers),
            }
        )
        dut._log.info(f"image {number + 1} of {len(images)}: {counters.cycles} cycles")
    report = {
        "pin": core.config.pin,
        "pout": core.config.pout,
        "layers": [
            {"name": layer.name, "macs": layer.macs, "schedule": layer.cycles} for layer in schedule
        ],
        "images": rows,
    }
    if "LSFQ_REPORT" in os.environ:
        Path(os.environ["LSFQ_REPORT"]).write_text(json.dumps(report, indent=1), encoding="utf-8")
    assert not differences, "\n".join(differences)


def _differences(network: IntegerNetwork, image: Tensor, result: PassResult) -> dict[str, str]:
    expected = run_network(network, image)
    found = {}
    for layer in network.layers:
        wrong = first_difference(layer.name, expected[layer.name][0], result.tensors[layer.name])
        if wrong is not None:
            found[layer.name] = str(wrong)
    return found
