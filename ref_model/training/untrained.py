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
from ref_model.training.layers import Network


def untrained_network(config: TrainingConfig, pixels: Tensor) -> Network:
    """The network of ``config`` with random weights, calibrated on ``pixels`` (uint8 (N, C, H, W)).

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
    images = to_unit(pixels)
    network.start_quantisation(images)
    network.eval()
    with torch.no_grad():
        network.classifier.linear.bias.sub_(network(images).mean(0))
    return network


def untrained_integer_network(
    config: TrainingConfig, pixels: Tensor, name: str | None = None
) -> IntegerNetwork:
    """The integers of `untrained_network`, called ``name`` or after its configuration."""
    network = to_integer_network(
        untrained_network(config, pixels), name or f"{config.name()}_untrained"
    )
    return replace(network, provenance={"trained": False, **provenance(config, {})})
