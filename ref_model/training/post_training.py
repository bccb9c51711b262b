# SPDX-License-Identifier: Apache-2.0
"""Quantisation without training: clips of least square error, and corrected means.

Rounding of weights and clipping of activations move the mean of a channel, and a channel's offset
takes that back ("bias correction", Nagel et al., arXiv:1906.04721, section 4.2, here with images):
each layer, behind the quantised ones before it, gives every channel the mean that it has in the
float network. The correction goes into the mean that BatchNorm takes away, so that a training that
follows starts from it or, in training mode, measures it itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ref_model.training.export import clips_set
from ref_model.training.layers import ClassifierUnit, ConvUnit, Mode, Network


def unit_images(images: Tensor, what: str = "images") -> Tensor:
    """Float32 images in [0, 1] of bytes or of such images; ValueError for other numbers."""
    if images.dtype == torch.uint8:
        return images.to(torch.float32) / 255.0
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(f"{what}: give (N, C, H, W), uint8 or float32 in [0, 1]")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0.0 and high <= 1.0):
        raise ValueError(
            f"{what}: numbers from {low:.3g} to {high:.3g}; give pixels / 255, as the core sees "
            "them (where the model wants them normalised, quantize takes mean= and std=)"
        )
    return images.to(torch.float32)


@torch.no_grad()
def calibrate(network: Network, images: Tensor, correct_means: bool = True) -> None:
    """Set every clip of ``network`` and correct every channel's mean; QUANTIZED mode from then on.

    ``images`` are (N, C, H, W), uint8 or float32 in [0, 1], all in one batch. Weight clips are
    those of least square error, and so are the activations', each behind the quantised layers
    before it. Raises ValueError for other images and for a network that has clips already: its
    float weights are gone.
    """
    images = unit_images(images).to(next(network.parameters()).device)
    if calibrated(network):
        raise ValueError(
            "the network was calibrated already, and its float weights are gone: make a new one"
        )
    training = network.training
    network.eval()
    network.set_mode(Mode.FLOAT)
    means: dict[nn.Module, Tensor] = {}
    _run(network, images, lambda unit, mean: means.__setitem__(unit, mean))
    for unit in network.units():
        unit.initialise_weights()
    network.set_mode(Mode.CALIBRATE)
    if correct_means:
        _run(network, images, lambda unit, mean: _shift(unit, mean - means[unit]))
    else:
        network(images)
    network.set_mode(Mode.QUANTIZED)
    network.train(training)


def calibrated(network: Network) -> bool:
    """Whether the quantisation of ``network`` was started."""
    return clips_set(network) or any(unit.mode is not Mode.FLOAT for unit in network.units())


Look = Callable[[ConvUnit | ClassifierUnit, Tensor], None]
"""Called with a layer and the mean of each of its channels (O,), before BatchNorm."""


def _run(network: Network, images: Tensor, look: Look) -> None:
    """A forward pass; ``look`` may change a layer before its result goes on."""
    handles: list[RemovableHandle] = []
    for unit in network.conv_units():

        def before(_: nn.Module, inputs: tuple[Any, ...], unit: ConvUnit = unit) -> None:
            look(unit, inputs[0].mean((0, 2, 3)))

        handles.append(unit.norm.register_forward_pre_hook(before))
    for classifier in network.units():
        if isinstance(classifier, ClassifierUnit):
            handles.append(
                classifier.register_forward_hook(lambda unit, _, found: look(unit, found.mean(0)))
            )
    try:
        network(images)
    finally:
        for handle in handles:
            handle.remove()


def _shift(unit: ConvUnit | ClassifierUnit, surplus: Tensor) -> None:
    """Take ``surplus`` away from each channel of a layer."""
    if isinstance(unit, ClassifierUnit):
        unit.linear.bias.sub_(surplus)
        return
    assert unit.norm.running_mean is not None
    unit.norm.running_mean.add_(surplus)
