# SPDX-License-Identifier: Apache-2.0
"""Programs, run word by word by an independent core, give the reference model's tensors."""

from __future__ import annotations

import numpy as np
import pytest

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layout import beats_to_result, image_to_bytes
from ref_model.hardware.plan import plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.schedule import schedule_network
from ref_model.integer import IntegerNetwork, first_difference, run_network
from tb.hardware_format.core_model import CoreModel
from tb.random_networks import count_events, random_image, random_network

CONFIGS = [CoreConfig(pin, pout) for pin in (4, 8, 16) for pout in (4, 8, 16)]


def assert_core_agrees(
    network: IntegerNetwork, image: np.ndarray, config: CoreConfig, packet: bytes | None = None
) -> CoreModel:
    """Run ``network``'s program (or ``packet``) in the core model and compare every tensor."""
    plan = plan_network(network, config)
    core = CoreModel(config.pin, config.pout, config.feature_depth, config.acc_width)
    core.run(packet or encode_plan(plan), image_to_bytes(image, config.pin) + bytes(7))
    expected = run_network(network, image, judge=True)
    for layer, codes in zip(plan.layers[:-1], core.outputs, strict=True):
        assert first_difference(layer.layer.name, expected[layer.layer.name][0], codes) is None
    last = plan.layers[-1]
    result = beats_to_result(core.results, last.result, config.pout, last.kernel.sets)
    assert first_difference(last.layer.name, expected[last.layer.name][0], result) is None
    return core


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_random_networks(config: CoreConfig) -> None:
    rng = np.random.default_rng(1000 * config.pin + config.pout)
    events = {"low": 0, "high": 0, "tie": 0, "inside": 0}
    kernels: set[Kernel] = set()
    for _ in range(16):
        network = random_network(rng, config)
        image = random_image(rng, network)
        core = assert_core_agrees(network, image, config)
        plan = plan_network(network, config)
        assert core.words_used == sum(layer.words for layer in schedule_network(plan))
        kernels |= {layer.kernel for layer in plan.layers}
        for name, count in count_events(network, image).items():
            events[name] += count
    assert min(events.values()) > 0, events
    assert kernels == set(Kernel)
