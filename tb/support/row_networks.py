# SPDX-License-Identifier: Apache-2.0
"""Random networks whose first layers can run in rows, with steps for them.

Drawn are kernels, strides, depthwise layers, pools of both sizes, residual additions and branches,
odd heights and widths; constants keep the codes spread out, so that a wrong row shows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layer_plan import plan_layers
from ref_model.hardware.plan import Plan, plan_network_in_rows
from ref_model.hardware.row_search import Steps
from ref_model.integer import IntegerLayer, IntegerNetwork
from ref_model.integer.execute import accumulate, run_layer
from ref_model.integer.network import INPUT
from ref_model.integer.ranges import largest_weight
from ref_model.integer.requantisation import requantisation

Rng = np.random.Generator
Codes = np.ndarray[Any, Any]


def random_row_network(rng: Rng, pin: int) -> IntegerNetwork:
    """Up to eight layers, the last one raw: a convolution or a linear layer."""
    few = rng.random() < 0.5
    shape = (
        int(rng.integers(1, max(2, pin // 3 + 1))) if few else int(rng.integers(1, pin + 5)),
        int(rng.integers(5, 30)),
        int(rng.integers(3, 12)),
    )
    bits = int(rng.choice([4, 8]))
    image = rng.integers(0, 2**bits, (1, *shape)).astype(np.uint8)
    known: list[tuple[str, Codes, int]] = [(INPUT, image, bits)]
    layers: list[IntegerLayer] = []
    for index in range(int(rng.integers(1, 8))):
        name, source, width = known[-1]
        if rng.random() < 0.15 and len(known) > 2:
            name, source, width = known[int(rng.integers(1, len(known)))]
        layer = _draw(rng, f"layer{index}", source, width, known)
        if name != known[-1][0]:
            layer = replace(layer, source=name)
        skip = next((codes for key, codes, _ in known if key == layer.skip), None)
        codes = run_layer(layer, source, skip)
        if min(codes.shape[2:]) < 2:
            break
        known.append((layer.name, codes, layer.output_bits or 0))
        layers.append(layer)
    name, source, width = known[-1]
    layers.append(_raw(rng, source, width))
    return IntegerNetwork("random", shape, tuple(layers), layers[-1].outputs, bits)


def random_steps(rng: Rng, network: IntegerNetwork, config: CoreConfig) -> Steps:
    """A region of `network` and steps for it; at times small ones throughout."""
    _, layers = plan_layers(network, config, in_rows=True)
    last = len(layers) - (layers[-1].layer.kind == "linear")
    reads_image = max(j for j, x in enumerate(layers) if INPUT in (x.fused.reads, x.layer.skip))
    end = int(rng.integers(reads_image + 1, last + 1)) if last > reads_image else 0
    if not end:
        raise UnsupportedNetworkError("no region")
    heights = [layers[0].source[1], *(layer.output[1] for layer in layers[:end])]
    most = int(rng.choice([1, 3, 40]))
    return tuple(int(rng.integers(1, min(height, most) + 1)) for height in heights)


def random_row_plan(rng: Rng, config: CoreConfig, batch: int = 1) -> tuple[IntegerNetwork, Plan]:
    """A network and a plan in rows for it."""
    while True:
        network = random_row_network(rng, config.pin)
        try:
            steps = random_steps(rng, network, config)
            return network, plan_network_in_rows(network, config, batch, steps)
        except UnsupportedNetworkError:
            continue


def _draw(
    rng: Rng, name: str, source: Codes, bits: int, known: list[tuple[str, Codes, int]]
) -> IntegerLayer:
    channels, height, columns = source.shape[1:]
    depthwise = bits <= 4 and rng.random() < 0.3
    kernel = 3 if depthwise or rng.random() < 0.6 else 1
    stride = int(rng.choice([1, 1, 2]))
    result = (-(-height // stride), -(-columns // stride))
    pool = int(rng.choice([1, 1, 2, 3])) if min(result) >= 2 else 1
    outputs = channels if depthwise else int(rng.integers(1, 20))
    addable = [(key, codes) for key, codes, _ in known[1:] if codes.shape[2:] == result]
    skip = None
    if addable and not depthwise and rng.random() < 0.6:
        skip, codes = addable[int(rng.integers(len(addable)))]
        outputs = codes.shape[1]
    limit = largest_weight(4)
    size = (outputs, 1 if depthwise else channels, kernel, kernel)
    weight = rng.integers(-limit, limit + 1, size).astype(np.int8)
    out_bits = int(rng.choice([4, 4, 8]))
    plain = IntegerLayer(
        name, "conv", weight, np.ones(outputs, np.int32), np.zeros(outputs, np.int64), 0, 4, bits,
        out_bits, pool=pool, stride=stride, padding=kernel // 2,
        groups=channels if depthwise else 1,
    )  # fmt: skip
    accumulator = accumulate(plain, source, judge=True).astype(np.float64)
    spread = np.maximum(accumulator.std(axis=(0, 2, 3)), 1.0)
    sign = np.where(rng.random(outputs) < 0.2, -1.0, 1.0)
    scale = sign * 2**out_bits / (4 * spread)
    offset = 2**out_bits * rng.uniform(0.2, 0.6, outputs)
    offset -= scale * accumulator.mean(axis=(0, 2, 3))
    multiplier, bias, shift = requantisation(name, scale, offset, 0.3)
    layer = replace(plain, multiplier=multiplier, bias=bias, shift=shift)
    if skip is None:
        return layer
    return replace(layer, skip=skip, skip_multiplier=int(0.3 * 2**shift))


def _raw(rng: Rng, source: Codes, bits: int) -> IntegerLayer:
    channels, height, columns = source.shape[1:]
    linear = rng.random() < 0.4
    kernel = (height, columns) if linear else (1, 1) if rng.random() < 0.5 else (3, 3)
    outputs = int(rng.integers(1, 20))
    weight = rng.integers(-7, 8, (outputs, channels, *kernel)).astype(np.int8)
    multiplier = rng.integers(1, 9, outputs).astype(np.int32)
    return IntegerLayer(
        "last", "linear" if linear else "conv", weight, multiplier, rng.integers(-99, 99, outputs),
        0, 4, bits, None, padding=0 if linear else kernel[0] // 2,
    )  # fmt: skip
