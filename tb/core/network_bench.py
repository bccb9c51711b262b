# SPDX-License-Identifier: Apache-2.0
"""An exported network on the core, pass after pass; writes what happened as JSON.

Environment: LSFQ_NETWORK (folder of the export), LSFQ_IMAGES (``.npy``, uint8 (N, C, H, W)),
LSFQ_BATCH (images a pass, 1), LSFQ_STALLS (a pattern's name), LSFQ_PARAM_STALLS (another one for
the parameter stream), LSFQ_REPORT (file to write).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from ref_model.hardware.plan import plan_network, schedule_network
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import load_network
from tb.core.core_driver import Core, PassResult, Tensor, difference
from tb.support import Dut, stall_pattern

CYCLES_PER_IMAGE = 100  # bound, in multiples of the schedule's cycles
SETUP_CYCLES = 2_000_000


@cocotb.test()
async def runs_network(dut: Dut) -> None:
    """Every tensor of every layer of every image equals the reference model's."""
    network = load_network(os.environ["LSFQ_NETWORK"])
    images = np.load(os.environ["LSFQ_IMAGES"])
    batch = int(os.environ.get("LSFQ_BATCH", "1"))
    stalls = os.environ.get("LSFQ_STALLS", "none")
    param_stalls = os.environ.get("LSFQ_PARAM_STALLS", stalls)
    core = Core(dut, lambda: stall_pattern(stalls), lambda: stall_pattern(param_stalls))
    await core.open()
    plan = plan_network(network, core.config, batch)
    schedule = schedule_network(plan)
    per_image = CYCLES_PER_IMAGE * sum(layer.cycles for layer in schedule)

    rows: list[dict[str, Any]] = []
    passes: list[dict[str, Any]] = []
    differences: list[str] = []
    began = time.monotonic()
    for first in range(0, len(images), batch):
        chosen = images[first : first + batch]
        bound = SETUP_CYCLES + len(chosen) * per_image
        results = await core.run(network, list(chosen), bound, batch=len(chosen))
        for number, (image, result) in enumerate(zip(chosen, results, strict=True), first):
            wrong = _differences(network, image, result)
            differences += [f"image {number}: {text}" for text in wrong.values()]
            last = network.layers[-1].name
            expected = run_network(network, image)[last].reshape(-1)
            rows.append({
                "prediction": int(result.tensors[last].reshape(-1).argmax()),
                "reference": int(expected.argmax()),
                "differences": wrong,
                "pass": len(passes),
            })  # fmt: skip
        counters = await core.counters(len(plan.layers))
        passes.append({
            "images": len(chosen),
            "cycles": counters.cycles,
            "load_cycles": counters.load_cycles,
            "layers": list(counters.layers),
        })  # fmt: skip
        done = first + len(chosen)
        dut._log.info(f"image {done} of {len(images)}: {counters.cycles} cycles a pass")
    report = {
        "pin": core.config.pin,
        "pout": core.config.pout,
        "param_width": core.config.param_width,
        "depthwise_pixels": core.config.depthwise_pixels,
        "batch": batch,
        "seconds": time.monotonic() - began,
        "packet_bytes": plan.packet_bytes,
        "layers": [
            {
                "name": layer.name,
                "parts": [part.name for part in planned.fused.parts],
                "kernel": planned.kernel.name,
                "macs": layer.macs,
                "words": layer.words,
                "schedule": layer.cycles,
                "alone": layer.alone,
                "depthwise": planned.depthwise is not None,
                "parameter_bytes": planned.payload_shape.bytes(core.config),
            }
            for layer, planned in zip(schedule, plan.layers, strict=True)
        ],
        "passes": passes,
        "images": rows,
    }
    if "LSFQ_REPORT" in os.environ:
        Path(os.environ["LSFQ_REPORT"]).write_text(json.dumps(report, indent=1), encoding="utf-8")
    assert not differences, "\n".join(differences)


def _differences(network: IntegerNetwork, image: Tensor, result: PassResult) -> dict[str, str]:
    expected = run_network(network, image)
    found = {}
    for layer in network.layers:
        wrong = difference(layer, expected[layer.name][0], result)
        if wrong is not None:
            found[layer.name] = str(wrong)
    return found
