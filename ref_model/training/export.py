# SPDX-License-Identifier: Apache-2.0
"""From a trained network to integers: the border between PyTorch and the rest of the project."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork
from ref_model.integer.requantisation import RangeError
from ref_model.training import checkpoint
from ref_model.training.config import TrainingConfig
from ref_model.training.constants import network_constants
from ref_model.training.graph import UnsupportedLayerError, trace
from ref_model.training.layers import ClassifierUnit, ConvUnit, Mode, Network
from ref_model.training.quantizers import ActivationQuantizer, WeightQuantizer


class NotQuantisedError(ValueError):
    """A network was trained in float only; the message says what starts its quantisation."""


def to_integer_network(
    source: Path | str | Network, name: str | None = None, solve: bool = False
) -> IntegerNetwork:
    """The integer network of a checkpoint file or of a network in memory.

    The derivation is deterministic (float64, `constants`), so the same checkpoint always gives the
    same integers. From a file, the name defaults to the configuration's and the provenance holds
    the run's record; a network in memory is called "network" and has none.

    The integers are those that the integer stage of training computes with. ``solve`` takes, for
    each layer, those of the fewest accumulators that get another code than the real scale and
    offset give them, for networks that end with the quantised stage; the provenance then has the
    counts, ``thresholds``.

    Raises CheckpointError for a file that cannot be read, RangeError for values that do not fit or
    are not finite, UnsupportedLayerError for a network with something that has no integer form,
    NotQuantisedError for one whose quantisation was never started.
    """
    if isinstance(source, Network):
        _check_started(source)
        return _convert(source, name or "network", {}, solve)
    if isinstance(source, torch.nn.Module):
        raise UnsupportedLayerError(
            f"{type(source).__name__} is not a Network: derive from ref_model.training.layers."
            "Network and make the layers of ConvUnit and ClassifierUnit (docs/training.md)"
        )
    network, config, record = checkpoint.load_network(Path(source))
    float_only = "float_accuracy" in record and "quantised_accuracy" not in record
    if float_only and not _clips_set(network):
        raise NotQuantisedError(
            f"{source}: holds the float network of a run; quantisation was never started "
            "(network.pt is the end of a run, --float-from takes this file)"
        )
    _check_started(network)
    return _convert(network, name or config.name(), provenance(config, record), solve)


def _clips_set(network: Network) -> bool:
    """Whether a clip of ``network`` was set since the network was made."""
    return any(quantizer.clip_set for unit in network.units() for quantizer in _clipped(unit))


def _clipped(unit: ConvUnit | ClassifierUnit) -> list[WeightQuantizer | ActivationQuantizer]:
    """The quantisers of a layer that `Network.start_quantisation` sets the clip of."""
    found: list[WeightQuantizer | ActivationQuantizer] = [unit.weight_quantizer]
    if isinstance(unit, ConvUnit):
        found.append(unit.activation_quantizer)
    return [quantizer for quantizer in found if quantizer.has_clip]


def _check_started(network: Network) -> None:
    """NotQuantisedError, naming the first layer, when nothing ever set the network's clips.

    The integers of such a network are valid and mean nothing.
    """
    advice = "call start_quantisation(images) first, then train or set_mode(Mode.QUANTIZED)"
    fault = ""
    clipped = [unit for unit in network.units() if _clipped(unit)]
    if clipped and not _clips_set(network):
        fault = (
            f"layer {clipped[0].name}: quantisation was never started, its clips are those of a "
            f"new network; {advice}"
        )
    for unit in network.units():
        if not fault and unit.mode is not Mode.QUANTIZED:
            fault = f"layer {unit.name}: is in {unit.mode.value} mode; {advice}"
    if fault:
        # what no training would mend comes first: a layer that has no integer form
        with suppress(RangeError):
            network_constants(network)
        raise NotQuantisedError(fault)


def provenance(config: TrainingConfig, record: dict[str, Any]) -> dict[str, Any]:
    """What an exported network says about its origin: accuracies in percent, and the recipe."""
    keys = ("float_accuracy", "quantised_accuracy", "integer_accuracy", "test_images", "commit")
    known = {key: record[key] for key in keys if key in record}
    return {**known, "config": config.to_dict()}


def _convert(network: Network, name: str, origin: dict[str, Any], solve: bool) -> IntegerNetwork:
    steps = trace(network)
    found = network_constants(network, steps, solve)
    agreements = [constants.agreement for constants in found if constants.agreement]
    if agreements:
        sums = {
            key: sum(getattr(agreement, key) for agreement in agreements)
            for key in ("values", "differing", "rounded")
        }
        origin = {**origin, "thresholds": sums}
    layers: list[IntegerLayer] = []
    bits = {INPUT: network.input_bits}
    previous = INPUT
    for step, constants in zip(steps, found, strict=True):
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
