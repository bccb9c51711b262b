# SPDX-License-Identifier: Apache-2.0
"""The test pictures of a network that was trained on own ones, as its training took them."""

from __future__ import annotations

from pathlib import Path

from ref_model.datasets import DatasetError, Images
from ref_model.datasets.class_folders import OWN, find_set, read_set
from ref_model.integer import IntegerNetwork


def is_of_own_pictures(network: IntegerNetwork) -> bool:
    """Whether its provenance says that it was trained on own pictures."""
    config = network.provenance.get("config")
    return isinstance(config, dict) and config.get("dataset") == OWN


def own_test_images(network: IntegerNetwork, data: Path | None) -> Images:
    """The test pictures under ``data``, split and scaled as in training; DatasetError."""
    config = network.provenance["config"]
    if data is None:
        raise DatasetError(
            f"{network.name} was trained on own pictures: name their folder with --data"
        )
    if not data.is_dir():
        raise DatasetError(f"{data}: no such folder")
    share, names = config.get("test_share"), tuple(config.get("class_names", ()))
    found = find_set(data, share or None)
    if found.names != names:
        raise DatasetError(
            f"{data}: its classes are {', '.join(found.names)}; {network.name} was trained for "
            f"{', '.join(map(str, names))}"
        )
    return read_set(found.test, network.image_shape, str(config.get("scaling")))
