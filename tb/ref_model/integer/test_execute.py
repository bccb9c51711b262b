# SPDX-License-Identifier: Apache-2.0
"""Whole networks: fast path against judge, every tensor, classification and evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ref_model.datasets import CIFAR10, read_records
from ref_model.integer import (
    IntegerNetwork,
    NetworkError,
    evaluate,
    first_difference_of,
    predict,
    run_network,
)
from ref_model.integer.execute import BATCH
from tb.ref_model.integer.builders import conv, linear, residual_network, small_vgg

SAMPLE = Path(__file__).parents[3] / "networks" / "cifar10_sample" / "test_batch.bin"


@pytest.mark.parametrize("make", [small_vgg, residual_network])
@pytest.mark.parametrize("seed", range(5))
def test_fast_run_equals_the_judge(make: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = (small_vgg if make is small_vgg else residual_network)(rng)
    images = rng.integers(0, 256, (3, *network.input_shape))
    run = run_network(network, images)
    assert first_difference_of(run_network(network, images, judge=True), run) is None
    assert list(run) == ["input", *(layer.name for layer in network.layers)]
    for layer, shape in zip(network.layers, network.output_shapes(), strict=True):
        assert run[layer.name].shape == (3, *shape)
        assert run[layer.name].dtype == (np.int64 if layer.raw else np.uint8)
        if layer.output_bits is not None:
            assert run[layer.name].max() < 2**layer.output_bits
            assert len(np.unique(run[layer.name])) > 1, "the test sees no codes"


def test_real_images_through_a_network_with_known_numbers() -> None:
    """A sum over the whole image by an all-ones linear layer, with its own multiplier and bias."""
    images = read_records(SAMPLE, CIFAR10).first(4).pixels
    ones = np.ones((2, 3, 32, 32), int)
    layer = linear(
        np.random.default_rng(0), "sum", (3, 32, 32), 2,
        weight=ones, weight_bits=2, input_bits=8,
        multiplier=np.array([3, -2]), bias=np.array([7, 0]),
    )  # fmt: skip
    network = IntegerNetwork("sum", (3, 32, 32), (layer,), 2)
    total = images.astype(int).sum(axis=(1, 2, 3))
    result = run_network(network, images)["sum"]
    np.testing.assert_array_equal(result[:, 0, 0, 0], 3 * total + 7)
    np.testing.assert_array_equal(result[:, 1, 0, 0], -2 * total)
    np.testing.assert_array_equal(predict(network, images), 0)


def test_residual_is_added_before_the_clamp() -> None:
    rng = np.random.default_rng(0)
    none = {"weight": np.zeros((1, 1, 1, 1), int), "multiplier": np.zeros(1, int), "kernel": 1}
    add = conv(
        rng, "add", 1, 1, shift=1, bias=np.array([-6]), skip="input", skip_multiplier=3, **none
    )
    last = conv(rng, "last", 1, 1, output_bits=None, shift=0, bias=np.zeros(1, int), kernel=1)
    network = IntegerNetwork("n", (1, 1, 8), (add, last), 1, input_bits=4)
    image = np.array([0, 1, 2, 3, 4, 11, 12, 15]).reshape(1, 1, 1, 8)
    # (3 r - 6) >> 1: floor of -6/2, -3/2, 0, 3/2, 6/2, 27/2, 30/2, 39/2 within 0..15
    assert run_network(network, image)["add"].ravel().tolist() == [0, 0, 0, 1, 3, 13, 15, 15]


def test_evaluation_does_not_depend_on_batches_or_workers() -> None:
    rng = np.random.default_rng(1)
    network = small_vgg(rng)
    images = rng.integers(0, 256, (117, 3, 8, 8)).astype(np.uint8)
    expected = run_network(network, images, judge=True)["classifier"][..., 0, 0].argmax(axis=1)
    assert len(np.unique(expected)) > 1
    labels = expected.copy()
    labels[::5] = (labels[::5] + 1) % 10
    seen: list[tuple[int, int]] = []
    for workers in (1, 3):
        found = evaluate(
            network, images, labels, progress=lambda d, n: seen.append((d, n)), workers=workers
        )
        np.testing.assert_array_equal(found.predictions, expected)
        assert (found.correct, found.images) == (93, 117)
        assert found.accuracy == pytest.approx(100 * 93 / 117)
    assert seen == [(min(done, 117), 117) for done in range(BATCH, 117 + BATCH, BATCH)] * 2


def test_tensors_do_not_depend_on_batches_or_workers() -> None:
    rng = np.random.default_rng(2)
    network = residual_network(rng)
    images = rng.integers(0, 256, (2 * BATCH + 3, 3, 8, 8)).astype(np.uint8)
    expected = run_network(network, images, judge=True, workers=1)
    for workers in (1, 2, 5):
        run = run_network(network, images, workers=workers)
        assert first_difference_of(expected, run) is None
    assert all(len(tensor) == len(images) for tensor in run.values())
    assert run_network(network, images[:0])["classifier"].shape == (0, 5, 1, 1)


def test_equal_scores_give_the_lowest_class() -> None:
    layer = linear(
        np.random.default_rng(0), "flat", (1, 1, 1), 4,
        weight=np.zeros((4, 1, 1, 1), int), bias=np.array([0, 5, 5, 1]),
    )  # fmt: skip
    network = IntegerNetwork("flat", (1, 1, 1), (layer,), 4, input_bits=4)
    assert predict(network, np.zeros((2, 1, 1, 1), int)).tolist() == [1, 1]


def test_one_image_may_come_without_its_batch_axis() -> None:
    network = small_vgg(np.random.default_rng(1))
    image = np.full((3, 8, 8), 200, np.uint8)
    assert run_network(network, image)["classifier"].shape == (1, 10, 1, 1)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 3, 8, 9), int), "not int64 .1, 3, 8, 9."),
        (np.zeros((1, 3, 8, 8)), "not float64"),
        (np.full((1, 3, 8, 8), 256), "codes 256..256"),
        (np.full((1, 3, 8, 8), -1), "codes -1..-1"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: np.ndarray, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        run_network(small_vgg(np.random.default_rng(1)), images)


def test_evaluation_refuses_what_cannot_be_evaluated() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(NetworkError, match="0 images"):
        evaluate(small_vgg(rng), np.zeros((0, 3, 8, 8), int), np.zeros(0, int))
    last = conv(rng, "map", 1, 1, output_bits=None, shift=0)
    network = IntegerNetwork("map", (1, 4, 4), (last,), 1, input_bits=4)
    with pytest.raises(NetworkError, match="its result is a map"):
        predict(network, np.zeros((1, 1, 4, 4), int))
