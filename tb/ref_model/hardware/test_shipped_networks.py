# SPDX-License-Identifier: Apache-2.0
"""Every network in networks/: loads, classifies the sample images, and runs in the core model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ref_model.datasets import CIFAR10, Images, load_test, read_records
from ref_model.hardware.core_config import CoreConfig
from ref_model.integer import (
    check_accumulators,
    evaluate,
    first_difference_of,
    load_stored,
    run_network,
)
from ref_model.integer.storage import MANIFEST
from tb.ref_model.hardware.test_core_model import assert_core_agrees

NETWORKS = Path(__file__).parents[3] / "networks"
SHIPPED = sorted(path.parent for path in NETWORKS.glob(f"*/{MANIFEST}"))

pytestmark = pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def images() -> Images:
    return read_records(NETWORKS / "cifar10_sample" / "test_batch.bin", CIFAR10)


def test_manifest_and_slice(folder: Path, images: Images) -> None:
    stored = load_stored(folder)
    check_accumulators(stored.network)
    assert stored.accuracy is not None, "shipped networks say how good they are"
    assert stored.accuracy.images == 10_000
    found = evaluate(stored.network, images.pixels, images.labels)
    assert found.accuracy > stored.accuracy.integer_accuracy - 15, "64 images, so roughly"


def test_fast_run_equals_the_judge_on_real_images(folder: Path, images: Images) -> None:
    network = load_stored(folder).network
    pixels = images.first(3).pixels
    expected = run_network(network, pixels, judge=True)
    assert first_difference_of(expected, run_network(network, pixels)) is None


@pytest.mark.parametrize("lanes", [8, 16])
def test_the_whole_network_in_the_core_model(folder: Path, images: Images, lanes: int) -> None:
    """On cores of two sizes; 128 KiB of features, as the Verilog has by default at 16 lanes."""
    network = load_stored(folder).network
    core = CoreConfig(lanes, lanes, feature_depth=8192 * 16 // lanes)
    assert_core_agrees(network, images.pixels[lanes], core)


@pytest.mark.dataset
def test_accuracy_on_the_whole_test_set(folder: Path) -> None:
    stored = load_stored(folder)
    assert stored.accuracy is not None
    test = load_test(CIFAR10)
    found = evaluate(stored.network, test.pixels, test.labels)
    assert (found.images, found.correct) == (stored.accuracy.images, stored.accuracy.correct)
