# SPDX-License-Identifier: Apache-2.0
"""The 7x7 stem as 3x3 over 27 channels, and the 3x3 max pool, against their definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ref_model.integer import IntegerNetwork, NetworkError, load_network, run_network, save_network
from ref_model.integer.arithmetic import convolve_int64, max_pool_3x3
from ref_model.integer.stem import stem_channels, stem_shape, stem_weight
from tb.ref_model.integer.builders import conv


@pytest.mark.parametrize("size", [(2, 2), (4, 10), (12, 6)])
def test_the_stem_is_the_7x7_convolution(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(size))
    images = rng.integers(0, 256, (2, 3, *size))
    weight = rng.integers(-7, 8, (5, 3, 7, 7))
    channels = stem_channels(images)
    assert channels.shape == (2, *stem_shape((3, *size)))
    wanted = convolve_int64(images, weight, 2, 3)
    np.testing.assert_array_equal(convolve_int64(channels, stem_weight(weight), 1, 1), wanted)
    weight[0, 1, 0, 6] += 1  # every tap has its place
    assert (stem_weight(weight) != 0).sum() == (weight != 0).sum()


def test_an_odd_image_has_no_stem() -> None:
    with pytest.raises(ValueError, match="no whole blocks"):
        stem_channels(np.zeros((1, 3, 5, 4), np.uint8))


def test_a_network_with_a_stem_takes_images_and_channels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = stem_weight(rng.integers(-7, 8, (4, 3, 7, 7)))
    first = conv(rng, "stem", 27, 4, weight=weight, input_bits=8, pool=3)
    last = conv(rng, "last", 4, 2, kernel=1, output_bits=None, shift=0)
    network = IntegerNetwork("stem", (27, 6, 4), (first, last), 2, stem=True)
    assert network.image_shape == (3, 12, 8)
    assert network.layer_macs() == (4 * 147 * 6 * 4, 2 * 4 * 3 * 2)
    assert network.macs() == sum(network.layer_macs())
    images = rng.integers(0, 256, (2, 3, 12, 8)).astype(np.uint8)
    wanted = run_network(network, stem_channels(images))["last"]
    np.testing.assert_array_equal(run_network(network, images)["last"], wanted)
    save_network(network, tmp_path)
    assert load_network(tmp_path).stem
    with pytest.raises(NetworkError, match=r"\(N, 3, 12, 8\)"):
        run_network(network, images[:, :, :, 1:])
    with pytest.raises(NetworkError, match="9 channels of each"):
        IntegerNetwork("n", (4, 6, 4), (last,), 2, stem=True)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (5, 4), (8, 7)])
def test_max_pool_3x3_is_the_largest_of_what_is_there(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(size))
    codes = rng.integers(0, 16, (2, 3, *size)).astype(np.uint8)
    pooled = max_pool_3x3(codes)
    assert pooled.shape == (2, 3, (size[0] + 1) // 2, (size[1] + 1) // 2)
    for n, c, y, x in np.ndindex(*pooled.shape):
        part = codes[n, c, max(2 * y - 1, 0) : 2 * y + 2, max(2 * x - 1, 0) : 2 * x + 2]
        assert pooled[n, c, y, x] == part.max()
