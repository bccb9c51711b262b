# SPDX-License-Identifier: Apache-2.0
"""From a trained network to integers: the border between PyTorch and the rest of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork
from ref_model.training import checkpoint
from ref_model.training.config import TrainingConfig
from ref_model.training.constants import network_constants
from ref_model.training.graph import trace
from ref_model.training.layers import ClassifierUnit, Network


def to_integer_network(source: Path | str | Network, name: str | None = None) -> IntegerNetwork:
    """The integer network of a checkpoint file or of a network in memory.

    The derivation is deterministic (float64, `constants`), so the same checkpoint always gives the
    same integers. From a file, the name defaults to the configuration's and the provenance holds
    the run's record; a network in memory is called "network" and has none.

    Raises CheckpointError for a file that cannot be read, RangeError for values that do not fit,
    UnsupportedLayerError for a network with something that has no integer form.
    """
    if isinstance(source, Network):
        return _convert(source, name or "network", {})
    network, config, record = checkpoint.load_network(Path(source))
    return _convert(network, name or config.name(), provenance(config, record))


def provenance(config: TrainingConfig, record: dict[str, Any]) -> dict[str, Any]:
    """What an exported network says about its origin: accuracies in percent, and the recipe."""
    keys = ("float_accuracy", "quantised_accuracy", "integer_accuracy", "test_images", "commit")
    known = {key: record[key] for key in keys if key in record}
    return {**known, "config": config.to_dict()}


def _convert(network: Network, name: str, origin: dict[str, Any]) -> IntegerNetwork:
    steps = trace(network)
    layers: list[IntegerLayer] = []
    bits = {INPUT: network.input_bits}
    previous = INPUT
    for step, constants in zip(steps, network_constants(network, steps), strict=True):
        unit = step.unit
        shared: dict[str, Any] = {
            "name": unit.name,
            "weight": constants.weight.astype(np.int8),
            "multiplier": constants.multiplier,
            "bias": constants.bias,
            "shift": constants.shift,
            "weight_bits": unit.weight_quantizer.bits,
            "input_bits": bits[step.source],
            "source": None if step.source == previous else step.source,
        }
        if isinstance(unit, ClassifierUnit):
            layers.append(IntegerLayer(kind="linear", output_bits=None, **shared))
            continue
        bits[unit.name] = unit.activation_quantizer.bits
        previous = unit.name
        layers.append(
            IntegerLayer(
                kind="conv",
                output_bits=unit.activation_quantizer.bits,
                pool=unit.pool,
                stride=int(unit.conv.stride[0]),
                padding=int(unit.conv.kernel_size[0] // 2),
                groups=unit.conv.groups,
                skip=step.skip,
                skip_multiplier=constants.skip_multiplier,
                **shared,
            )
        )
    return IntegerNetwork(
        name=name,
        input_shape=network.input_shape,
        layers=tuple(layers),
        classes=layers[-1].outputs,
        input_bits=network.input_bits,
        provenance=origin,
    )
