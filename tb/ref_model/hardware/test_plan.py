# SPDX-License-Identifier: Apache-2.0
"""Addresses, kernels, refusals, and the cycles that follow from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layout import tensor_word_count
from ref_model.hardware.order import WorkOrder
from ref_model.hardware.plan import Plan, orders_of, plan_network, plan_whole, schedule_network
from ref_model.hardware.program import decode_program, encode_plan
from ref_model.hardware.schedule import emit_cycles
from ref_model.hardware.steps import Load
from ref_model.integer import IntegerLayer, IntegerNetwork
from ref_model.integer.network import INPUT
from tb.ref_model.integer.builders import conv, linear, small_vgg
from tb.support.random_networks import count_events, random_image, random_network, random_order

RNG = np.random.default_rng(0)


def vgg7(width: int) -> IntegerNetwork:
    """VGG7 on 32x32: 2 x width, 2 x 2 width, 2 x 4 width, classifier."""
    layers: list[IntegerLayer] = []
    channels = 3
    for i, scale in enumerate((1, 1, 2, 2, 4, 4)):
        bits = 8 if i == 0 else 4
        fields: dict[str, Any] = {"input_bits": bits, "pool": 1 + i % 2}
        layers.append(conv(RNG, f"conv{i + 1}", channels, scale * width, **fields))
        channels = scale * width
    layers.append(linear(RNG, "classifier", (channels, 4, 4), 10))
    return IntegerNetwork("vgg7", (3, 32, 32), tuple(layers), 10)


def raw(inputs: int, **fields: Any) -> IntegerLayer:
    return conv(RNG, "last", inputs, 2, output_bits=None, shift=0, **fields)


def depthwise(name: str, channels: int, **fields: Any) -> IntegerLayer:
    return conv(RNG, name, channels, channels, groups=channels, **fields)


def net(*layers: IntegerLayer, shape: tuple[int, int, int] = (2, 6, 6), bits: int = 4) -> Any:
    return IntegerNetwork("n", shape, layers, layers[-1].outputs, input_bits=bits)


Place = tuple[int, int]
"""First word, and the one after the last."""


def replay(plan: Plan) -> None:
    """Follow the steps of a pass: every run finds what it reads where it was put, untouched."""
    pin, network = plan.config.pin, plan.network
    bits = network.tensor_bits()
    where: dict[tuple[str, int], Place] = {}
    opened: dict[int, Place] = {}

    def put(name: str, image: int, base: int, size: int) -> None:
        place = (base, base + size)
        assert 0 <= base < place[1] <= plan.config.feature_depth
        for key in [k for k, (start, end) in where.items() if start < place[1] and base < end]:
            del where[key]  # overwritten
        where[name, image] = place

    for step in plan.steps:
        if isinstance(step, Load):
            size = tensor_word_count(plan.layers[0].source, network.input_bits, pin)
            put(INPUT, step.image, step.base, size)
            opened[step.image] = where[INPUT, step.image]
            continue
        layer = plan.layers[step.layer]
        if step.loads:
            opened.clear()
        source, skip = layer.fused.reads, layer.layer.skip
        for k in range(step.images):
            found = where[source, step.image + k]
            base = step.input_base + k * step.input_pitch
            size = tensor_word_count(layer.source, bits[source], pin)
            assert found == (base, base + size)
            assert step.layer > 0 or step.image + k not in opened, "the image is not there yet"
        reads = {where[source, step.image + k] for k in range(step.images)}
        for k in range(step.images) if skip is not None else ():
            found = where[skip or "", step.image + k]
            base = step.skip_base + k * step.skip_pitch
            assert found == (base, base + tensor_word_count(layer.result, bits[skip or ""], pin))
            reads.add(found)
        for k in range(step.images) if not layer.last.raw else ():
            base = step.output_base + k * step.output_pitch
            size = tensor_word_count(layer.output, bits[layer.last.name], pin)
            for start, end in {*reads, *opened.values()}:
                assert end <= base or base + size <= start, "overwrites what is in use"
            put(layer.last.name, step.image + k, base, size)
    assert {image for name, image in where if name == INPUT} <= set(range(plan.batch))
    ran = [(run.layer, run.image + k) for run in plan.runs for k in range(run.images)]
    every = {(j, image) for j in range(len(plan.layers)) for image in range(plan.batch)}
    assert set(ran) == every
    assert len(ran) == len(every)


@pytest.mark.parametrize("pin", [4, 8, 16])
def test_tensors_never_meet(pin: int) -> None:
    rng = np.random.default_rng(pin)
    config = CoreConfig(pin, 8, feature_depth=1500)
    for number in range(60):
        network = random_network(rng, config)
        batch = 1 + number % 4
        replay(plan_network(network, config, batch))
        plan = plan_network(network, config, batch, random_order(rng, network, config, batch))
        replay(plan)
        decode_program(encode_plan(plan), config)  # the core's own checks


def test_memory_that_just_fits_and_just_does_not() -> None:
    network = net(conv(RNG, "wide", 2, 20), raw(20))
    # Input: 1 group * 6 * 3 words; output: 5 groups * 6 * 3 at PIN = 4.
    plan = plan_network(network, CoreConfig(4, 4, feature_depth=108))
    assert plan.feature_words == 108
    assert plan.rows is None
    message = r"wide: .* 108 words \(input 18, wide 90\); .* 107, 1 too few"
    with pytest.raises(UnsupportedNetworkError, match=message):
        plan_whole(network, CoreConfig(4, 4, feature_depth=107))


def test_what_does_not_fit_whole_runs_in_rows() -> None:
    """Down to single rows; then the message says what is missing."""
    network = net(conv(RNG, "wide", 2, 20), raw(20))
    # In rows of 3 words: three of the image and one that is loaded; three of 5 groups for "last".
    least = 4 * 3 + 3 * 5 * 3
    for depth in (107, least):
        config = CoreConfig(4, 4, feature_depth=depth)
        for batch in (1, 3):
            plan = plan_network(network, config, batch)
            assert plan.rows is not None
            assert plan.feature_words <= depth
            decode_program(encode_plan(plan), config)
    message = f"layer last: even row by row the tensors take {least} words; .* 1 too few"
    with pytest.raises(UnsupportedNetworkError, match=message):
        plan_network(network, CoreConfig(4, 4, feature_depth=least - 1))


def test_a_batch_takes_what_memory_there_is() -> None:
    """With less memory fewer layers take all images at once; with enough for one it always fits."""
    network = vgg7(16)
    splits, fewest = [], plan_network(network, CoreConfig(16, 16)).feature_words
    for depth in (fewest, 2000, 3000, 6000, 16384):
        plan = plan_network(network, CoreConfig(16, 16, feature_depth=depth), 8)
        replay(plan)
        splits.append(plan.order.split)
    assert splits[0] > splits[-1], splits
    assert splits == sorted(splits, reverse=True), splits


def test_loads_hide_behind_layers() -> None:
    plan = plan_network(vgg7(32), CoreConfig(16, 16, feature_depth=8192), 4)
    kinds = ["load" if isinstance(step, Load) else step.layer for step in plan.steps]
    k = plan.order.split
    assert kinds[:3] == ["load", 0, "load"], "the next image comes during the second layer"
    assert kinds[-1] == len(plan.layers) - 1
    assert all(run.images == 4 for run in plan.runs if run.layer >= k)
    assert all(run.images == 1 for run in plan.runs if run.layer < k)


def test_a_full_map_that_does_not_fit_runs_image_by_image() -> None:
    config = CoreConfig(4, 4, weight_depth=16)
    network = net(conv(RNG, "a", 2, 2, kernel=1), linear(RNG, "fc", (2, 6, 6), 3))  # 18 words
    plan = plan_network(network, config, 3, WorkOrder(3, 0, 0, (False, True)))
    replay(plan)
    assert [(run.layer, run.images) for run in plan.runs] == [(0, 3), (1, 1), (1, 1), (1, 1)]
    assert {order.alone[1] for order in orders_of(network, config, 3)} == {True}


def test_impossible_orders_and_batches_are_refused() -> None:
    network = net(conv(RNG, "a", 2, 4), raw(4))
    with pytest.raises(ValueError, match=r"batch of 0 images is not in 1\.\.256"):
        plan_network(network, CoreConfig(4, 4), 0)
    with pytest.raises(UnsupportedNetworkError, match="order of work is impossible"):
        plan_network(network, CoreConfig(4, 4), 2, WorkOrder(2, 2, 0, (True, True)))


def test_equal_weights_over_a_map_are_shared() -> None:
    """An average pool and a linear layer in one: a weight word a channel group."""
    weight = RNG.integers(-7, 8, (3, 20, 1, 1)).repeat(5, axis=2).repeat(4, axis=3)
    network = net(linear(RNG, "fc", (20, 5, 4), 3, weight=weight), shape=(20, 5, 4))
    layer = plan_network(network, CoreConfig(8, 4)).layers[0]
    assert layer.shared
    assert layer.payload_shape.words(CoreConfig(8, 4)) == 3
    weight[0, 0, 0, 0] += 1 if weight[0, 0, 0, 0] < 7 else -1
    network = net(linear(RNG, "fc", (20, 5, 4), 3, weight=weight), shape=(20, 5, 4))
    assert not plan_network(network, CoreConfig(8, 4)).layers[0].shared


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (net(conv(RNG, "a", 2, 2, stride=3), raw(2)), "layer a: .* stride 3; use stride 1 or 2"),
        (net(conv(RNG, "a", 4, 4, groups=2), raw(4), shape=(4, 3, 3)), "layer a: .* grouped"),
        (net(conv(RNG, "a", 2, 4, groups=2), raw(4)), "layer a: .* grouped .* 2 to 4 channels"),
        (net(depthwise("a", 2, kernel=5), raw(2)), "layer a: .* depthwise 5x5 kernel"),
        (net(depthwise("a", 2, stride=3), raw(2)), "layer a: .* stride 3; use 3x3"),
        (net(depthwise("a", 2, weight_bits=8), raw(2)), "layer a: .* 8 bits; use 2, 3 or 4"),
        (net(depthwise("a", 2, input_bits=8), raw(2), bits=8), "layer a: .* 8 bits; use 2, 3"),
        (net(depthwise("a", 2, skip="input"), raw(2)), "layer a: .* residual .* depthwise"),
        (net(raw(2, groups=2)), "layer last: .* depthwise layer as the last one"),
        (net(depthwise("a", 2), raw(2), shape=(2, 2, 600)), "layer a: rows of 600 pixels"),
        (net(conv(RNG, "a", 2, 2), raw(2, skip="a")), "layer last: .* residual .* last one"),
        (net(conv(RNG, "a", 2, 2, padding=0), raw(2)), "layer a: .* 3x3 kernel with padding 0"),
        (net(conv(RNG, "a", 2, 2, kernel=5), raw(2)), "layer a: .* 5x5 kernel"),
        (net(conv(RNG, "a", 2, 2, kernel=1, padding=1), raw(2)), "1x1 kernel with padding 1"),
        (net(conv(RNG, "a", 2, 2, pool=2), raw(2), shape=(2, 2, 600)), "600 pixels .* pool"),
        (net(conv(RNG, "a", 2, 2, pool=3), raw(2), shape=(2, 2, 600)), "600 pixels .* pool"),
        (net(raw(700, kernel=3), shape=(700, 1, 1)), "layer last: .* 525 words.* 512, 13 too few"),
        (
            net(raw(2000, kernel=1, weight_bits=8, input_bits=8,
                    weight=np.full((2, 2000, 1, 1), 127)), shape=(2000, 1, 1), bits=8),
            "channel 0 can reach",
        ),
    ],
)  # fmt: skip
def test_what_the_core_does_not_run_is_refused_by_name(
    network: IntegerNetwork, message: str
) -> None:
    config = CoreConfig(4, 4, acc_width=26 if "reach" in message else 27)
    with pytest.raises(UnsupportedNetworkError, match=message):
        plan_network(network, config)


def test_weights_of_a_full_map_are_streamed_when_used_once() -> None:
    config = CoreConfig(4, 4, weight_depth=16)
    plan_network(net(linear(RNG, "fc", (2, 6, 6), 3)), config)
    with pytest.raises(UnsupportedNetworkError, match="18 words"):
        plan_network(net(linear(RNG, "fc", (2, 6, 6), 3, input_bits=8), bits=8), config)


def test_row_window_when_the_three_rows_fit() -> None:
    network = small_vgg(RNG)
    assert plan_network(network, CoreConfig(16, 8)).layers[0].kernel is Kernel.K1X3
    assert plan_network(network, CoreConfig(16, 8)).layers[0].source == (9, 8, 8)
    assert plan_network(network, CoreConfig(8, 8)).layers[0].kernel is Kernel.K3X3
    assert not plan_network(net(raw(1, kernel=1), shape=(1, 6, 6)), CoreConfig(16, 4)).row_window


def test_schedule_of_the_papers_network() -> None:
    """The figures of the design: VGG7 at width 128 on 16x16, 607.6 M MACs in 381 k cycles."""
    plan = plan_network(vgg7(128), CoreConfig(16, 16, feature_depth=16384))
    layers = schedule_network(plan)
    macs, cycles = sum(layer.macs for layer in layers), sum(layer.cycles for layer in layers)
    assert round(macs / 1e5) == 6076
    assert round(cycles / 1e3) == 381
    assert macs / (cycles * plan.config.peak) == pytest.approx(1.037, abs=1e-3)
    assert max(layer.utilisation(plan.config) for layer in layers) > 1  # padding rows are skipped


def test_schedule_counts_by_hand() -> None:
    config = CoreConfig(4, 8)
    network = net(
        conv(RNG, "a", 2, 9, input_bits=8, weight_bits=8, pool=2),  # 2 groups, 3 pairs, 4 phases
        conv(RNG, "b", 9, 20, kernel=1, output_bits=8),  # 2 groups of 16, 2 pairs, G = 3
        linear(RNG, "c", (20, 3, 3), 9, input_bits=8),  # 2 groups, G = 5, 3 rows, 2 pairs, 2 phases
        bits=8,
    )
    layers = schedule_network(plan_network(network, config))
    rows = 2 + 3 + 3 + 3 + 3 + 2
    assert (layers[0].words, layers[0].cycles) == (2 * 3 * 4 * rows, 2 * 3 * 4 * rows)
    assert (layers[1].words, layers[1].cycles) == (2 * 2 * 3 * 3, 2 * 2 * 3 * 8)  # emission: 2*2*2
    assert (layers[2].words, layers[2].cycles) == (2 * 5 * 3 * 2 * 2, 2 * 5 * 3 * 2 * 2)
    plans = plan_network(network, config).layers
    assert [emit_cycles(plan.work, config) for plan in plans] == [2, 8, 2]


def test_schedule_of_strides_and_shared_weights() -> None:
    config = CoreConfig(4, 4)
    network = net(
        conv(RNG, "a", 2, 4, stride=2),  # rows 0, 2, 4 of 6, all 3 pairs
        conv(RNG, "b", 4, 9, kernel=1, stride=2),  # rows 0, 2 of 3, 2 pairs, 2 groups of 8
        linear(RNG, "c", (9, 2, 2), 4, weight=np.full((4, 9, 2, 2), -3)),
    )
    layers = schedule_network(plan_network(network, config))
    assert layers[0].words == 3 * (2 + 3 + 3)
    assert layers[1].words == 2 * 2 * 2
    assert layers[2].words == 3 * 2 * 1  # G = 3, 2 rows, 1 pair
    assert plan_network(network, config).layers[2].payload_shape.words(config) == 3


def test_random_networks_repeat_and_reach_the_corners() -> None:
    config = CoreConfig(8, 8)

    def draw(seed: int) -> list[bytes]:
        rng = np.random.default_rng(seed)
        return [encode_plan(plan_network(random_network(rng, config), config)) for _ in range(20)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    rng = np.random.default_rng(4)
    seen: dict[str, set[Any]] = {}
    events: dict[str, int] = {}
    for _ in range(150):
        network = random_network(rng, config)
        plan = plan_network(network, config)
        assert sum(layer.cycles for layer in schedule_network(plan)) <= 20_000
        for layer in plan.layers:
            for name, value in {
                "kernel": layer.kernel, "pool": layer.layer.pool, "stride": layer.layer.stride,
                "shared": layer.shared, "width": layer.source[2],
                "bits": (layer.layer.input_bits, layer.layer.weight_bits),
                "out": layer.layer.output_bits, "rest": layer.layer.outputs % 8,
                "weights": len(np.unique(layer.layer.weight)) == 1, "shift": layer.layer.shift,
            }.items():  # fmt: skip
                seen.setdefault(name, set()).add(value)
        for name, count in count_events(network, random_image(rng, network)).items():
            events[name] = events.get(name, 0) + count
    assert seen["kernel"] == set(Kernel)
    assert seen["pool"] == {1, 2, 3}
    assert len(seen["bits"]) == 16
    assert seen["out"] == {2, 3, 4, 8, None}
    assert seen["rest"] == set(range(8))
    assert seen["weights"] == {False, True}
    assert {1, 2, 3, 39, 40} & seen["width"]
    assert seen["stride"] == {1, 2}
    assert seen["shared"] == {False, True}
    assert max(seen["width"]) > 35
    assert 0 in seen["shift"]
    assert min(events.values()) > 500, events
