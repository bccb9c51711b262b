# SPDX-License-Identifier: Apache-2.0
"""Networks that nobody trained: seeded random weights, constants that keep the codes spread out.

They stand in for trained networks where only shapes and bit widths matter: speed, bit-exactness,
sizes that no training run exists for. The constants are chosen layer by layer from the accumulators
of a few calibration images, as BatchNorm followed by a clip would choose them, so codes reach every
level of their grid and both clamps; a wrong bit anywhere still shows in the last layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ref_model.integer.execute import accumulate, run_layer
from ref_model.integer.network import IntegerLayer, IntegerNetwork, Shape
from ref_model.integer.ranges import largest_activation, largest_weight
from ref_model.integer.requantisation import requantisation

Rng = np.random.Generator
Codes = npt.NDArray[np.uint8]

CALIBRATION_IMAGES = 2
WEIGHT_SPREAD = 2.5
"""Standard deviations of the weights that fit the grid; what lies beyond is clipped."""
CODE_SPREAD = (3.0, 4.5)
"""Standard deviations of a channel's accumulators that the code grid spans."""
CODE_CENTRE = (0.1, 0.45)
"""Where on the grid a channel's mean lies, as a share: much is clamped to 0, as after ReLU."""
NEGATIVE_SHARE = 0.1
"""Channels whose multiplier is negative."""


@dataclass(frozen=True)
class LayerShape:
    """What is fixed about a layer before its numbers are drawn.

    ``kernel`` is the side of a square kernel with the padding that keeps the size, or None for a
    linear layer over the whole map. ``output_bits`` None makes the layer raw.
    """

    name: str
    outputs: int
    kernel: int | None = 3
    pool: int = 1
    weight_bits: int = 4
    output_bits: int | None = 4


def synthetic_network(
    name: str, input_shape: Shape, shapes: Sequence[LayerShape], seed: int = 1, input_bits: int = 8
) -> IntegerNetwork:
    """A network of these shapes; the same arguments always give the same integers.

    ``input_shape`` is (C, H, W). The last of ``shapes`` is raw. Raises NetworkError where the
    shapes do not make a network.
    """
    rng = np.random.default_rng(seed)
    codes, bits = synthetic_images(rng, CALIBRATION_IMAGES, input_shape, input_bits), input_bits
    layers = []
    for shape in shapes:
        layer = _draw_layer(rng, shape, codes, bits)
        layers.append(layer)
        codes, bits = run_layer(layer, codes), layer.output_bits or 0
    provenance = {"weights": "random, untrained", "seed": seed}
    return IntegerNetwork(
        name, input_shape, tuple(layers), layers[-1].outputs, input_bits, provenance
    )


def synthetic_images(rng: Rng, count: int, shape: Shape, bits: int = 8) -> Codes:
    """Images uint8 (``count``, C, H, W) of coarse random patches with noise on them."""
    channels, height, width = shape
    grid = rng.random((count, channels, -(-height // 4), -(-width // 4)))
    patches = grid.repeat(4, axis=2).repeat(4, axis=3)[:, :, :height, :width]
    values = patches + rng.normal(0.0, 0.1, patches.shape)
    largest = largest_activation(bits)
    codes: Codes = np.clip(np.floor(values * (largest + 1)), 0, largest).astype(np.uint8)
    return codes


def vgg7(
    width: int = 128, classes: int = 10, bits: int = 4, seed: int = 1, size: int = 32
) -> IntegerNetwork:
    """VGG7: 2 x ``width``, 2 x 2 ``width``, 2 x 4 ``width`` channels, 2x2 pooling after each two.

    Width 128 on 32x32 images is the published network (128-128-256-256-512-512). ``bits`` is the
    width of weights and codes; images have 8 bits.
    """
    shapes = [
        LayerShape(
            f"conv{i + 1}", width * factor, pool=1 + i % 2, weight_bits=bits, output_bits=bits
        )
        for i, factor in enumerate((1, 1, 2, 2, 4, 4))
    ]
    shapes.append(LayerShape("classifier", classes, None, weight_bits=bits, output_bits=None))
    return synthetic_network(f"vgg7_w{width}_w{bits}a{bits}_random", (3, size, size), shapes, seed)


def _draw_layer(rng: Rng, shape: LayerShape, codes: Codes, bits: int) -> IntegerLayer:
    kernel = codes.shape[2:] if shape.kernel is None else (shape.kernel, shape.kernel)
    weight = _draw_weight(rng, (shape.outputs, codes.shape[1], *kernel), shape.weight_bits)

    def layer(m: npt.ArrayLike, b: npt.ArrayLike, shift: int) -> IntegerLayer:
        return IntegerLayer(
            shape.name,
            "linear" if shape.kernel is None else "conv",
            weight,
            np.asarray(m),
            np.asarray(b),
            shift,
            shape.weight_bits,
            bits,
            shape.output_bits,
            pool=shape.pool,
            padding=0 if shape.kernel is None else shape.kernel // 2,
        )

    ones, zeros = np.ones(shape.outputs, np.int32), np.zeros(shape.outputs, np.int64)
    plain = layer(ones, zeros, 0)
    accumulator = accumulate(plain, codes).astype(np.float64)
    spread = np.maximum(accumulator.std(axis=(0, 2, 3)), 1.0)
    if shape.output_bits is None:
        return layer(ones, np.floor(rng.normal(0.0, spread)).astype(np.int64), 0)
    levels = largest_activation(shape.output_bits)
    sign = np.where(rng.random(shape.outputs) < NEGATIVE_SHARE, -1.0, 1.0)
    scale = sign * levels / (spread * rng.uniform(*CODE_SPREAD, shape.outputs))
    centre = levels * rng.uniform(*CODE_CENTRE, shape.outputs)
    offset = centre - scale * accumulator.mean(axis=(0, 2, 3))
    return layer(*requantisation(shape.name, scale, offset))


def _draw_weight(rng: Rng, shape: tuple[int, ...], bits: int) -> npt.NDArray[np.int8]:
    limit = largest_weight(bits)
    values = np.floor(rng.normal(0.0, limit / WEIGHT_SPREAD, shape) + 0.5)
    return np.clip(values, -limit, limit).astype(np.int8)
