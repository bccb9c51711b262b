# SPDX-License-Identifier: Apache-2.0
"""What the driver's tests share: one small core, the shipped network, a few images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lsfq import CoreConfig
from ref_model.datasets import CIFAR10, read_records
from ref_model.integer import IntegerNetwork, load_network, run_network
from tb.ref_model.integer.builders import small_vgg

ROOT = Path(__file__).resolve().parents[2]
CORE = CoreConfig(pin=8, pout=8, feature_depth=8192)
IMAGES = 3


@dataclass(frozen=True)
class Case:
    """A network, images for it, and what the integer model says about them."""

    network: IntegerNetwork
    images: npt.NDArray[np.uint8]
    logits: npt.NDArray[np.int64]


def _case(network: IntegerNetwork, images: npt.NDArray[np.uint8]) -> Case:
    logits = run_network(network, images)[network.layers[-1].name].reshape(len(images), -1)
    return Case(network, images, logits)


@pytest.fixture(scope="session")
def shipped() -> Case:
    """The shipped network and CIFAR-10 test images."""
    batch = read_records(ROOT / "networks" / "cifar10_sample" / "test_batch.bin", CIFAR10)
    network = load_network(ROOT / "networks" / "vgg7_w32_w4a4")
    return _case(network, batch.first(IMAGES).pixels)


@pytest.fixture(scope="session")
def small() -> Case:
    """Three layers that take a few hundred cycles: conv1, conv2, classifier."""
    random = np.random.default_rng(1)
    network = small_vgg(random, width=16, size=16)
    return _case(network, random.integers(0, 256, (IMAGES, 3, 16, 16)).astype(np.uint8))
