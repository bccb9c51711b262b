# SPDX-License-Identifier: Apache-2.0
"""Networks to try hardware with before any training: random weights, everything else in place."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ref_model.integer.network import IntegerNetwork
from ref_model.training.augment import to_unit
from ref_model.training.config import TrainingConfig
from ref_model.training.export import provenance, to_integer_network
from ref_model.training.layers import RAW_UNITS, Mode, Network

CODES = 40 * 3 * 32 * 32
"""Codes of calibration images at least, if there are so many: large images are fewer."""


def scaled_to(pixels: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """``pixels`` (N, C, H, W) with the height and width of ``shape``: the nearest pixel of each."""
    _, height, width = shape
    rows = torch.arange(height) * pixels.shape[2] // height
    columns = torch.arange(width) * pixels.shape[3] // width
    return pixels[:, :, rows][:, :, :, columns]


def untrained_network(config: TrainingConfig, pixels: Tensor) -> Network:
    """The network of ``config`` with random weights, calibrated on ``pixels`` (uint8 (N, C, H, W)).

    Images of another size than the network's are scaled; of large ones the first few do.
    Clips and BatchNorm's statistics fit those images, so that every tensor uses its grid as a
    trained network's would; BatchNorm's gammas have both signs, and no class is preferred. It has
    learned nothing.
    A function of configuration, seed and images alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = config.build()
        with torch.no_grad():
            for unit in network.conv_units():
                unit.norm.weight.uniform_(-1.5, 1.5)
                unit.norm.bias.uniform_(-0.5, 0.5)
    shape = network.input_shape
    if tuple(pixels.shape[1:]) != shape:
        count = max(2, CODES // (shape[0] * shape[1] * shape[2]))
        pixels = scaled_to(pixels[:count], shape)
    images = to_unit(pixels)
    network.start_quantisation(images)
    network.eval()
    last = next(unit for unit in network.units() if isinstance(unit, RAW_UNITS))
    with torch.no_grad():
        means = network(images).transpose(0, 1).reshape(len(last.bias), -1).mean(1)
        last.bias.sub_(means)
    return network


def unquantised_integer_network(config: TrainingConfig) -> IntegerNetwork:
    """The layers of ``config``'s network with random weights that nothing was calibrated for.

    For plans alone: shapes and widths are right, the codes mean nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = config.build()
    for unit in network.units():
        unit.initialise_weights()
    network.set_mode(Mode.QUANTIZED)
    network.eval()
    return to_integer_network(network, config.model)


def untrained_integer_network(
    config: TrainingConfig, pixels: Tensor, name: str | None = None
) -> IntegerNetwork:
    """The integers of `untrained_network`, called ``name`` or after its configuration."""
    network = to_integer_network(
        untrained_network(config, pixels), name or f"{config.name()}_untrained"
    )
    origin = {**network.provenance, "trained": False, **provenance(config, {})}
    return replace(network, provenance=origin)
