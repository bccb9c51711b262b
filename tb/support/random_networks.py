# SPDX-License-Identifier: Apache-2.0
"""Random integer networks that try the core's corners, and images for them.

Drawn are shapes, odd widths, channel counts that divide neither PIN nor POUT, kernels, depthwise
layers, strides, bit widths, pooling, residual additions, layers that read any earlier tensor, the
order of work of a pass with several images; weights that are all at one end of their grid; and
constants that make outputs hit both clamps, exact rounding ties, and the ends of
the multiplier's and the bias's range. The same generator state gives the same network.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.order import WorkOrder
from ref_model.hardware.plan import (
    Plan,
    orders_of,
    plan_network_in_rows,
    plan_whole,
    schedule_network,
)
from ref_model.hardware.program import encode_plan
from ref_model.integer import IntegerLayer, IntegerNetwork, run_network
from ref_model.integer.arithmetic import scale_and_add
from ref_model.integer.execute import accumulate, run_layer
from ref_model.integer.network import INPUT, Shape
from ref_model.integer.ranges import (
    BIAS_BITS,
    CODE_BITS,
    MAX_SHIFT,
    MULTIPLIER_BITS,
    largest_activation,
    largest_weight,
    signed_range,
    smallest_weight,
)

Rng = np.random.Generator
Codes = npt.NDArray[Any]

MAX_CYCLES = 20_000
"""Default limit for array cycles plus the cycles in which 8-byte beats bring the program."""

KINDS = ("range", "range", "tie", "tie", "constant", "extreme")
"""What the requantisation constants of a channel are made for."""


def random_network(rng: Rng, config: CoreConfig, max_cycles: int = MAX_CYCLES) -> IntegerNetwork:
    """A network that ``config`` can run in about ``max_cycles``, ended by a raw layer."""
    while True:
        network = _draw_network(rng, config)
        try:
            plan = plan_whole(network, config)
        except UnsupportedNetworkError:
            continue
        cycles = sum(layer.cycles for layer in schedule_network(plan))
        if cycles + len(encode_plan(plan)) // 8 <= max_cycles:
            return network


def random_image(rng: Rng, network: IntegerNetwork) -> npt.NDArray[np.uint8]:
    """An image (C, H, W) for ``network``: uniform, all at one end, both ends, or mostly 0."""
    return _draw_codes(rng, network.input_shape, network.input_bits)


def random_order(rng: Rng, network: IntegerNetwork, config: CoreConfig, batch: int) -> WorkOrder:
    """Any order of work for ``batch`` images that fits; the planner's choice in one of four."""
    orders = orders_of(network, config, batch)
    if rng.random() < 0.25:
        return plan_whole(network, config, batch).order
    while True:
        order = orders[int(rng.integers(len(orders)))]
        alone = tuple(alone or bool(rng.random() < 0.15) for alone in order.alone)
        order = replace(order, alone=alone)
        try:
            return plan_whole(network, config, batch, order).order
        except UnsupportedNetworkError:
            continue


def random_rows(rng: Rng, network: IntegerNetwork, config: CoreConfig, batch: int) -> Plan | None:
    """A plan with the first layers in rows: any region, any steps; None where none was found."""
    layers = len(plan_whole(network, config).layers)
    for _ in range(8):
        end = int(rng.integers(1, layers + 1))
        steps = tuple(int(rng.integers(1, rng.choice([2, 4, 9]))) for _ in range(end + 1))
        with contextlib.suppress(UnsupportedNetworkError, ValueError):
            plan = plan_network_in_rows(network, config, batch, steps)
            if plan.runs[-1].layer == layers - 1:  # rows that nobody reads may come after it
                return plan
    return None


def count_events(network: IntegerNetwork, image: npt.NDArray[np.uint8]) -> dict[str, int]:
    """How many outputs of ``image``'s run were clamped low, clamped high, ties, or neither."""
    tensors = run_network(network, image)
    events = {"low": 0, "high": 0, "tie": 0, "inside": 0}
    for layer, source in zip(network.layers, network.sources(), strict=True):
        if layer.output_bits is not None:
            accumulator = accumulate(layer, tensors[source], judge=True)
            skip = None if layer.skip is None else tensors[layer.skip]
            scaled = scale_and_add(
                accumulator, layer.multiplier, layer.bias, skip, layer.skip_multiplier
            )
            value = scaled >> layer.shift
            low, high = value < 0, value > largest_activation(layer.output_bits)
            # The half sits in the bias, so a tie is a number without fraction after it was added.
            tie = (scaled & (1 << layer.shift) - 1 == 0) & (layer.shift > 0) & ~low & ~high
            masks = {"low": low, "high": high, "tie": tie, "inside": ~low & ~high}
            for name, mask in masks.items():
                events[name] += int(mask.sum())
    return events


def count_forms(network: IntegerNetwork, config: CoreConfig) -> Counter[str]:
    """How many layers of ``network`` have what not every layer has."""
    found: Counter[str] = Counter()
    for layer in network.layers:
        found["depthwise"] += layer.groups > 1
        found["depthwise, stride 2"] += layer.groups > 1 and layer.stride == 2
        found["stride 2"] += layer.groups == 1 and layer.stride == 2
        found["skip"] += layer.skip is not None
        found["skip of the image"] += layer.skip == INPUT
        found["branch"] += layer.source is not None
        found["pool"] += layer.pool == 2
        found["3x3 pool"] += layer.pool == 3
        found["linear"] += layer.kind == "linear"
        strided = layer.raw and layer.kernel == (1, 1) and layer.stride == 2
        found["raw pairs of one pixel, two sets"] += (
            strided and layer.outputs > config.pout and network.output_shapes()[-1][2] > 1
        )
    return found


@dataclass(frozen=True)
class _Known:
    """A tensor that the next layer may read or add: its codes for one image, and their width."""

    name: str
    codes: Codes
    bits: int


def _draw_network(rng: Rng, config: CoreConfig) -> IntegerNetwork:
    shape = _draw_input_shape(rng, config)
    input_bits = int(rng.choice(CODE_BITS))
    known = [_Known(INPUT, _draw_codes(rng, shape, input_bits)[None], input_bits)]
    layers: list[IntegerLayer] = []
    for index in range(int(rng.integers(0, 7))):
        source = _draw_source(rng, known)
        layer = _draw_layer(rng, config, f"layer{index}", source, known)
        skip = next((x.codes for x in known if x.name == layer.skip), None)
        known.append(
            _Known(layer.name, run_layer(layer, source.codes, skip), layer.output_bits or 0)
        )
        layers.append(_reading(layer, source, known[-2]))
    last = _draw_raw(rng, config, f"layer{len(layers)}", source := _draw_source(rng, known))
    layers.append(_reading(last, source, known[-1]))
    name = f"random_{int(rng.integers(1 << 32)):08x}"
    return IntegerNetwork(name, shape, tuple(layers), layers[-1].outputs, input_bits)


def _draw_source(rng: Rng, known: list[_Known]) -> _Known:
    """Mostly the last tensor."""
    return known[-1] if rng.random() < 0.8 else known[int(rng.integers(len(known)))]


def _reading(layer: IntegerLayer, source: _Known, previous: _Known) -> IntegerLayer:
    """``layer`` reading ``source``, by name where that is not the tensor before it."""
    return layer if source is previous else replace(layer, source=source.name)


def _draw_input_shape(rng: Rng, config: CoreConfig) -> Shape:
    width = int(rng.integers(1, 41))
    height = int(rng.integers(1, max(2, 401 // width) if rng.random() < 0.8 else 13))
    channels = _draw_channels(rng, config.pin)
    if rng.random() < 0.4:  # few enough for a row window
        channels = int(rng.integers(1, max(2, config.pin // 3 + 1)))
    return channels, min(height, 40), width


def _draw_channels(rng: Rng, lanes: int) -> int:
    """A channel count: often 1, a whole number of groups, or one more or less than that."""
    if rng.random() < 0.5:
        return int(rng.integers(1, 2 * lanes + lanes // 2 + 1))
    return max(1, lanes * int(rng.integers(0, 3)) + int(rng.integers(-1, 2)))


def _draw_layer(
    rng: Rng, config: CoreConfig, name: str, source: _Known, known: list[_Known]
) -> IntegerLayer:
    """A layer that leaves codes."""
    _, channels, height, width = source.codes.shape
    depthwise = source.bits <= 4 and channels > 1 and rng.random() < 0.35
    full = not depthwise and rng.random() < 0.08 and height * width <= 400
    kernel = 1 if not depthwise and rng.random() < 0.35 else 3
    stride = 2 if not full and rng.random() < (0.4 if depthwise else 0.2) else 1
    small = min(height, width) <= stride or (kernel == 1 and stride == 2)
    pool = 1 if full or small or rng.random() < 0.55 else int(rng.integers(2, 4))
    result = (-(-height // stride), -(-width // stride))
    addable = [x for x in known if x.codes.shape[2:] == result]
    skip = addable[int(rng.integers(len(addable)))] if addable and rng.random() < 0.5 else None
    if full or depthwise:
        skip = None
    outputs = channels if depthwise else _draw_channels(rng, config.pout)
    if skip is not None:
        outputs = skip.codes.shape[1]
    weight_bits = int(rng.choice([2, 3, 4, 4, 4] if depthwise else [2, 3, 4, 4, 4, 8]))
    weight = _draw_kernels(
        rng, (outputs, 1 if depthwise else channels), (height, width) if full else (kernel, kernel),
        weight_bits, full,
    )  # fmt: skip
    output_bits = int(rng.choice([2, 3, 4, 4, 4, 8]))
    plain = IntegerLayer(
        name, "linear" if full else "conv", weight, np.ones(outputs, np.int32),
        np.zeros(outputs, np.int64), 0, weight_bits, source.bits, output_bits, pool=pool,
        stride=stride, padding=0 if full else kernel // 2, groups=channels if depthwise else 1,
    )  # fmt: skip
    accumulator = accumulate(plain, source.codes, judge=True)
    multiplier, bias, shift = _constants(rng, accumulator, output_bits)
    layer = replace(plain, multiplier=multiplier, bias=bias, shift=shift)
    if skip is None:
        return layer
    most = int(np.clip(2 ** (shift + output_bits - skip.bits + 1), 2, (1 << MULTIPLIER_BITS - 1)))
    factor = int(rng.choice([-most, most - 1, int(rng.integers(-most, most))]))
    return replace(layer, skip=skip.name, skip_multiplier=factor)


def _draw_raw(rng: Rng, config: CoreConfig, name: str, source: _Known) -> IntegerLayer:
    """The last layer."""
    _, channels, height, width = source.codes.shape
    strided = width > 2 and rng.random() < 0.25  # 1x1 and two sets: pairs of one pixel
    full = not strided and rng.random() < 0.6 and height * width <= 400
    kernel = 1 if strided or rng.random() < 0.35 else 3
    stride = 2 if strided or (not full and rng.random() < 0.2) else 1
    outputs = _draw_channels(rng, config.pout) + (config.pout if strided else 0)
    weight_bits = int(rng.choice([2, 3, 4, 4, 4, 8]))
    sides = (height, width) if full else (kernel, kernel)
    weight = _draw_kernels(rng, (outputs, channels), sides, weight_bits, full)
    multiplier, bias = _raw_constants(rng, outputs)
    return IntegerLayer(
        name, "linear" if full else "conv", weight, multiplier, bias, 0, weight_bits, source.bits,
        None, stride=stride, padding=0 if full else kernel // 2,
    )  # fmt: skip


def _draw_kernels(
    rng: Rng, channels: tuple[int, int], sides: tuple[int, int], bits: int, full: bool
) -> npt.NDArray[np.int8]:
    """Weights (O, C, kh, kw); of a full map sometimes an average pool and a linear layer in one."""
    weight = _draw_weight(rng, (*channels, *sides), bits)
    if full and rng.random() < 0.4:
        return np.broadcast_to(weight[:, :, :1, :1], weight.shape)
    return weight


def _draw_weight(rng: Rng, shape: tuple[int, ...], bits: int) -> npt.NDArray[np.int8]:
    low, limit = smallest_weight(bits), largest_weight(bits)
    mode = rng.choice(["uniform", "uniform", "all max", "all min", "ends", "sparse"])
    if mode == "all max":
        return np.full(shape, limit, np.int8)
    if mode == "all min":
        return np.full(shape, low, np.int8)
    weight = rng.integers(low, limit + 1, shape)
    if mode == "ends":
        weight = np.where(weight < 0, low, limit)
    if mode == "sparse":
        weight = np.where(rng.random(shape) < 0.85, 0, weight)
    return weight.astype(np.int8)


def _draw_codes(rng: Rng, shape: Shape, bits: int) -> npt.NDArray[np.uint8]:
    largest = largest_activation(bits)
    mode = rng.choice(["uniform", "uniform", "uniform", "all max", "all zero", "ends", "sparse"])
    if mode == "all max":
        return np.full(shape, largest, np.uint8)
    if mode == "all zero":
        return np.zeros(shape, np.uint8)
    codes = rng.integers(0, largest + 1, shape)
    if mode == "ends":
        codes = np.where(codes > largest // 2, largest, 0)
    if mode == "sparse":
        codes = np.where(rng.random(shape) < 0.8, 0, codes)
    return codes.astype(np.uint8)


def _raw_constants(rng: Rng, outputs: int) -> tuple[Codes, Codes]:
    multiplier = _any_multiplier(rng, outputs)
    bias = _any_bias(rng, outputs)
    ones = rng.random(outputs) < 0.5
    return np.where(ones, 1, multiplier), np.where(rng.random(outputs) < 0.5, bias >> 30, bias)


def _constants(rng: Rng, accumulator: Codes, bits: int) -> tuple[Codes, Codes, int]:
    """Multipliers, biases and the shift of a layer, made for the accumulators of a sample image."""
    outputs = accumulator.shape[1]
    flat = accumulator.transpose(1, 0, 2, 3).reshape(outputs, -1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    levels = largest_activation(bits)
    spread = int(np.maximum(high - low, 1).max())
    # The largest shift with which one code of the widest channel keeps a multiplier in range.
    widest = int(math.log2(spread / (1.5 * levels)) + MULTIPLIER_BITS - 2)
    shift = int(np.clip(widest - rng.choice([0, 0, 1, 4, 9, 40]), 0, MAX_SHIFT))
    multiplier = np.zeros(outputs, np.int64)
    bias = np.zeros(outputs, np.int64)
    half = (1 << shift) >> 1
    for c in range(outputs):
        kind = rng.choice(KINDS)
        sign = -1 if rng.random() < 0.4 else 1
        if kind == "range":
            m = sign * int(1.5 * levels * 2.0**shift / max(int(high[c] - low[c]), 1))
        elif kind == "tie":
            down = int(rng.integers(1, 6))
            m = sign * 2 ** min(max(shift - down, 0), MULTIPLIER_BITS - 2)
        elif kind == "constant":
            m = 0
        else:
            m = int(_any_multiplier(rng, 1)[0])
        m = int(np.clip(m, *signed_range(MULTIPLIER_BITS)))
        middle = int(low[c] + high[c]) // 2
        b = (int(rng.integers(0, levels + 1)) << shift) - (middle * m >> shift << shift) + half
        if kind == "extreme" and rng.random() < 0.5:
            b = int(_any_bias(rng, 1)[0])
        multiplier[c] = m
        bias[c] = np.clip(b, *signed_range(BIAS_BITS))
    return multiplier, bias, shift


def _any_multiplier(rng: Rng, count: int) -> Codes:
    low, high = signed_range(MULTIPLIER_BITS)
    ends = rng.choice([low, low + 1, -1, 0, 1, high], count)
    return np.where(rng.random(count) < 0.5, ends, rng.integers(low, high + 1, count))


def _any_bias(rng: Rng, count: int) -> Codes:
    low, high = signed_range(BIAS_BITS)
    ends = rng.choice([low, -1, 0, 1, high], count)
    return np.where(rng.random(count) < 0.5, ends, rng.integers(low, high + 1, count))
