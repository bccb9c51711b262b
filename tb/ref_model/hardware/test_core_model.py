# SPDX-License-Identifier: Apache-2.0
"""Programs, run word by word by an independent core, give the reference model's tensors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layout import images_to_bytes
from ref_model.hardware.order import WorkOrder
from ref_model.hardware.plan import plan_network, schedule_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.results import packet_to_results
from ref_model.integer import IntegerNetwork, first_difference, run_network
from tb.ref_model.hardware.core_model import CoreModel
from tb.ref_model.integer.builders import (
    STRIDED_RESULT_BEATS,
    STRIDED_RESULT_IMAGE,
    conv,
    strided_result,
)
from tb.support.random_networks import (
    count_events,
    count_forms,
    random_image,
    random_network,
    random_order,
)

CONFIGS = [CoreConfig(pin, pout) for pin in (4, 8, 16) for pout in (4, 8, 16)]


def assert_core_agrees(
    network: IntegerNetwork,
    images: np.ndarray,
    config: CoreConfig,
    packet: bytes | None = None,
    order: WorkOrder | None = None,
) -> CoreModel:
    """Run ``network``'s program (or ``packet``) in the core model and compare every tensor.

    ``images`` (C, H, W) is one image, (N, C, H, W) those of one pass.
    """
    images = images.reshape(-1, *network.input_shape)
    plan = plan_network(network, config, len(images), order)
    core = CoreModel(config.pin, config.pout, config.feature_depth, config.acc_width)
    core.run(packet or encode_plan(plan), images_to_bytes(images, config.pin, 8), 8)
    expected = run_network(network, images, judge=True)
    outputs = iter(core.outputs)
    for run in plan.runs:
        layer = plan.layers[run.layer].last
        for image in range(run.image, run.image + run.images) if not layer.raw else ():
            codes = next(outputs)
            assert first_difference(layer.name, expected[layer.name][image], codes) is None
    last = network.layers[-1].name
    packet = packet or encode_plan(plan)
    decoded = core.decode_results(packet, core.results)
    for image, result in enumerate(decoded):
        assert first_difference(last, expected[last][image], result) is None
    distinct = list(range(len(core.results)))
    np.testing.assert_array_equal(
        packet_to_results(plan, distinct), core.decode_results(packet, distinct)
    )
    return core


def test_strided_pointwise_result() -> None:
    """A raw 1x1 layer of stride 2 with two sets, against a result stream written out by hand."""
    image = STRIDED_RESULT_IMAGE.astype(np.uint8)
    core = assert_core_agrees(strided_result(), image, CoreConfig(4, 4))
    assert core.results == STRIDED_RESULT_BEATS


@pytest.mark.parametrize("size", [(1, 3), (3, 5), (2, 6), (5, 2)])
@pytest.mark.parametrize("outputs", [5, 8, 11])
def test_strided_pointwise_results(size: tuple[int, int], outputs: int) -> None:
    rng = np.random.default_rng(1)
    last = conv(rng, "last", 3, outputs, kernel=1, stride=2, output_bits=None, shift=0)
    network = IntegerNetwork("strided", (3, *size), (last,), outputs, input_bits=4)
    images = rng.integers(0, 16, (3, *network.input_shape)).astype(np.uint8)
    assert_core_agrees(network, images, CoreConfig(4, 4))


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_random_networks(config: CoreConfig) -> None:
    rng = np.random.default_rng(1000 * config.pin + config.pout)
    events = {"low": 0, "high": 0, "tie": 0, "inside": 0}
    kernels: set[Kernel] = set()
    forms: Counter[str] = Counter()
    for _ in range(24):
        network = random_network(rng, config)
        batch = int(rng.choice([1, 1, 2, 3]))
        order = random_order(rng, network, config, batch)
        images = np.stack([random_image(rng, network) for _ in range(batch)])
        core = assert_core_agrees(network, images, config, order=order)
        plan = plan_network(network, config)
        assert core.words_used == batch * sum(layer.words for layer in schedule_network(plan))
        image = images[0]
        kernels |= {layer.kernel for layer in plan.layers}
        forms += count_forms(network, config)
        for name, count in count_events(network, image).items():
            events[name] += count
    assert min(events.values()) > 0, events
    assert kernels == set(Kernel)
    assert min(forms.values()) > 0 or sum(forms.values()) < 40, forms
