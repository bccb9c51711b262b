# SPDX-License-Identifier: Apache-2.0
"""From a trained network to integers: the border between PyTorch and the rest of the project."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ref_model.datasets import CLASS_NAMES
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork
from ref_model.integer.requantisation import RangeError
from ref_model.integer.stem import STEM_KERNEL, stem_shape, stem_weight
from ref_model.training import checkpoint
from ref_model.training.config import TrainingConfig
from ref_model.training.constants import network_constants
from ref_model.training.graph import Step, UnsupportedLayerError, trace
from ref_model.training.layers import (
    ClassifierUnit,
    ConvUnit,
    HeadUnit,
    LinearUnit,
    Mode,
    Network,
    Unit,
)
from ref_model.training.quantizers import ActivationQuantizer, WeightQuantizer


class NotQuantisedError(ValueError):
    """A network was trained in float only; the message says what starts its quantisation."""


def to_integer_network(
    source: Path | str | Network, name: str | None = None, solve: bool = False
) -> IntegerNetwork:
    """The integer network of a checkpoint file or of a network in memory.

    The derivation is deterministic (float64, `constants`), so the same checkpoint always gives the
    same integers. From a file, the name defaults to the configuration's and the provenance holds
    the run's record; a network in memory is called "network" and has none. Of a network whose
    result is a map it holds what the results are to be multiplied with, ``result_step``.

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
    if float_only and not clips_set(network):
        raise NotQuantisedError(
            f"{source}: holds the float network of a run; quantisation was never started "
            "(network.pt is the end of a run, --float-from takes this file)"
        )
    _check_started(network)
    return _convert(network, name or config.name(), provenance(config, record), solve)


def clips_set(network: Network) -> bool:
    """Whether a clip of ``network`` was set since the network was made."""
    return any(quantizer.clip_set for unit in network.units() for quantizer in _clipped(unit))


def _clipped(unit: Unit) -> list[WeightQuantizer | ActivationQuantizer]:
    """The quantisers of a layer that `Network.start_quantisation` sets the clip of."""
    found: list[WeightQuantizer | ActivationQuantizer] = [unit.weight_quantizer]
    if isinstance(unit, ConvUnit):
        found.append(unit.activation_quantizer)
    return [quantizer for quantizer in found if quantizer.has_clip]


def _check_started(network: Network) -> None:
    """NotQuantisedError, naming the first layer, when nothing ever set the network's clips.

    The integers of such a network are valid and mean nothing.
    """
    advice = (
        "call start_quantisation(images) or lsfq.calibrate(network, images) first, then train or "
        "set_mode(Mode.QUANTIZED)"
    )
    fault = ""
    clipped = [unit for unit in network.units() if _clipped(unit)]
    if clipped and not clips_set(network):
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
    names = {CLASS_NAMES: list(config.class_names)} if config.class_names else {}
    return {**known, **names, "config": config.to_dict()}


def _stem(network: Network, steps: tuple[Step, ...]) -> Step | None:
    """The 7x7 layer with stride 2 that alone reads the image, if there is one."""
    readers = [step for step in steps if INPUT in (step.source, step.skip)]
    first, shape = readers[0], network.input_shape
    if len(readers) > 1 or not isinstance(first.unit, ConvUnit) or first.unit.conv.groups > 1:
        return None
    conv = first.unit.conv
    even = shape[1] % 2 == 0 and shape[2] % 2 == 0
    is_stem = (conv.kernel_size, conv.stride, conv.padding) == (STEM_KERNEL, (2, 2), (3, 3))
    return first if is_stem and even else None


def _convert(network: Network, name: str, origin: dict[str, Any], solve: bool) -> IntegerNetwork:
    steps = trace(network)
    stem = _stem(network, steps)
    found = network_constants(network, steps, solve)
    agreements = [constants.agreement for constants in found if constants.agreement]
    if agreements:
        sums = {
            key: sum(getattr(agreement, key) for agreement in agreements)
            for key in ("values", "differing", "rounded")
        }
        origin = {**origin, "thresholds": sums}
    if found[-1].result_step:
        origin = {**origin, "result_step": found[-1].result_step}
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
        if isinstance(unit, HeadUnit):
            layers.append(IntegerLayer(kind="conv", output_bits=None, **shared))
            continue
        bits[unit.name] = unit.activation_quantizer.bits
        previous = unit.name
        stride, padding = int(unit.conv.stride[0]), int(unit.conv.padding[0])
        if step is stem:
            shared["weight"] = stem_weight(shared["weight"])
            stride, padding = 1, 1
        layers.append(
            IntegerLayer(
                kind="linear" if isinstance(unit, LinearUnit) else "conv",
                output_bits=unit.activation_quantizer.bits,
                pool=unit.pool,
                stride=stride,
                padding=padding,
                groups=unit.conv.groups,
                skip=step.skip,
                skip_multiplier=constants.skip_multiplier,
                **shared,
            )
        )
    shape = network.input_shape
    return IntegerNetwork(
        name=name,
        input_shape=shape if stem is None else stem_shape(shape),
        stem=stem is not None,
        layers=tuple(layers),
        classes=layers[-1].outputs,
        input_bits=network.input_bits,
        provenance=origin,
    )
