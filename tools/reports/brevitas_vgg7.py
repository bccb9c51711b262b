# SPDX-License-Identifier: Apache-2.0
"""VGG7 of Brevitas' layers, for `make bench-train`; nothing else needs Brevitas.

The network is `models.vgg7`'s: same layers, same order of BatchNorm, pool and activation. Weights
are on the narrow grid with one learned scale a tensor, activations unsigned with a learned clip.
"""

from __future__ import annotations

import brevitas.nn as qnn
from brevitas.inject.enum import ScalingImplType
from brevitas.quant import Int8WeightPerTensorFloat, Uint8ActPerTensorFloat
from torch import nn


def brevitas_vgg7(width: int, classes: int, weight_bits: int, activation_bits: int) -> nn.Module:
    """A new network; ``width`` channels in the first stage.

    Its clips are statistics of the first batch it sees in training and learned from then on.
    """
    weights = {
        "weight_quant": Int8WeightPerTensorFloat,
        "weight_bit_width": weight_bits,
        "weight_narrow_range": True,
        "weight_scaling_impl_type": ScalingImplType.PARAMETER_FROM_STATS,
    }
    layers: list[nn.Module] = []
    inputs = 3
    for index, factor in enumerate((1, 1, 2, 2, 4, 4)):
        outputs = width * factor
        layers.append(qnn.QuantConv2d(inputs, outputs, 3, padding=1, bias=False, **weights))
        layers.append(nn.BatchNorm2d(outputs))
        if index % 2:
            layers.append(nn.MaxPool2d(2))
        layers.append(
            qnn.QuantReLU(
                act_quant=Uint8ActPerTensorFloat,
                bit_width=activation_bits,
                scaling_impl_type=ScalingImplType.PARAMETER_FROM_STATS,
                collect_stats_steps=1,
            )
        )
        inputs = outputs
    layers += [nn.Flatten(), qnn.QuantLinear(inputs * 16, classes, bias=True, **weights)]
    return nn.Sequential(*layers)
