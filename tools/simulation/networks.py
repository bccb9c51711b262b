# SPDX-License-Identifier: Apache-2.0
"""Networks to simulate, by name: exports, and models with random weights; images that fit them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lsfq.command.train import LARGE_MODELS
from lsfq.command.train import MODELS as TRAINED_MODELS
from lsfq.files import SAMPLE
from ref_model.datasets import CIFAR10, read_records
from ref_model.integer import load_network
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.stem import stem_channels
from ref_model.integer.synthetic import synthetic_images, vgg7

MODELS = (*TRAINED_MODELS, *LARGE_MODELS)
"""Models of the training package."""

USUAL_BATCH = {
    "mobilenetv2": 8, "resnet20": 8, "ultranet": 4, "mobilenetv2_224": 4, "resnet18": 4,
}  # fmt: skip
"""Images a pass at which models are measured; of other networks one."""


def find_network(name: str) -> IntegerNetwork:
    """A model with random weights, or the export in a folder of that name.

    Models of the training package are calibrated on the sample images; ``vgg7`` needs no PyTorch.
    Raises NetworkFormatError, and ImportError without PyTorch.
    """
    if name == "vgg7":
        return vgg7()
    if name not in MODELS:
        return load_network(Path(name))
    import torch

    from ref_model.training.config import TrainingConfig
    from ref_model.training.untrained import untrained_integer_network

    images = torch.from_numpy(read_records(SAMPLE, CIFAR10).pixels)
    return untrained_integer_network(TrainingConfig(model=name), images)


def find_images(network: IntegerNetwork, count: int) -> npt.NDArray[np.uint8]:
    """Images (N, C, H, W) for a network: CIFAR-10's where they fit, else synthetic ones.

    For a network with a stem, the channels that are made of images.
    """
    sample = read_records(SAMPLE, CIFAR10).pixels
    if network.input_shape == sample.shape[1:] and network.input_bits == 8:
        return np.resize(sample, (count, *network.input_shape))
    images = synthetic_images(
        np.random.default_rng(1), count, network.image_shape, network.input_bits
    )
    return stem_channels(images) if network.stem else images
