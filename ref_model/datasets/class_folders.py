# SPDX-License-Identifier: Apache-2.0
"""Own pictures as an image set: a folder of class folders, with PNG and JPEG files of any size.

    FOLDER/train/CLASS/*.jpg, FOLDER/test/CLASS/*.jpg        training and test pictures apart
    FOLDER/CLASS/*.jpg                                       a share of each class is for testing

Classes are the folders' names in alphabetic order. Pictures are scaled as `pictures` says, and kept
in memory as bytes of the network's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ref_model.datasets.cifar import DatasetError, Images
from ref_model.datasets.pictures import SUFFIXES, read_picture

OWN = "own"
"""What such a set is called in a configuration."""
TRAIN, TEST = "train", "test"
TEST_SHARE = 0.2
_SPLIT_SEED = 1


@dataclass(frozen=True)
class PictureSet:
    """Files and class numbers of the training and the test pictures; ``names`` of the classes."""

    names: tuple[str, ...]
    train: tuple[tuple[Path, int], ...]
    test: tuple[tuple[Path, int], ...]


def is_class_folder(folder: Path) -> bool:
    """Whether ``folder`` holds class folders, or train and test folders of them."""
    if not folder.is_dir():
        return False
    if (folder / TRAIN).is_dir() and (folder / TEST).is_dir():
        return True
    return any(_pictures(inside) for inside in _folders(folder))


def find_set(folder: Path, test_share: float | None = None) -> PictureSet:
    """The pictures under ``folder``; of a set without test folder ``test_share`` are for testing.

    The split is by the files' names alone, so that it is the same in every run. DatasetError, by
    name, for less than two classes, a class without pictures, test pictures of an unknown class, a
    share that leaves a class without pictures to train on, and for a share where there is a test
    folder; for no test pictures at all.
    """
    if (folder / TRAIN).is_dir() and (folder / TEST).is_dir():
        if test_share is not None:
            raise DatasetError(f"{folder}: has a test folder, so no share is taken for testing")
        names = _classes(folder / TRAIN)
        others = [x.name for x in _folders(folder / TEST) if x.name not in names]
        if others:
            raise DatasetError(f"{folder / TEST / others[0]}: no such class under {folder / TRAIN}")
        train = _labelled(folder / TRAIN, names)
        test = _labelled(folder / TEST, [x.name for x in _folders(folder / TEST)], names)
        return PictureSet(names, tuple(train), tuple(test))
    share = TEST_SHARE if test_share is None else test_share
    names = _classes(folder)
    parts: tuple[list[tuple[Path, int]], list[tuple[Path, int]]] = ([], [])
    for number, name in enumerate(names):
        files = _pictures(folder / name)
        order = np.random.default_rng(_SPLIT_SEED).permutation(len(files))
        count = round(share * len(files))
        if count == len(files):
            raise DatasetError(
                f"{folder / name}: {len(files)} pictures, and none is left to train on when "
                f"{share:g} of them are for testing"
            )
        for rank, index in enumerate(order.tolist()):
            parts[rank < count].append((files[index], number))
    if not parts[1]:
        raise DatasetError(f"{folder}: a share of {share:g} leaves no picture for testing")
    return PictureSet(names, tuple(sorted(parts[0])), tuple(sorted(parts[1])))


def read_set(
    files: Sequence[tuple[Path, int]], shape: tuple[int, int, int], scaling: str
) -> Images:
    """The pictures as images of ``shape`` (C, H, W); DatasetError for one that is none."""
    pixels = np.empty((len(files), *shape), np.uint8)
    for index, (path, _) in enumerate(files):
        pixels[index] = read_picture(path, shape, scaling).pixels
    return Images(pixels, np.array([label for _, label in files], np.int64))


def _folders(folder: Path) -> list[Path]:
    return sorted(x for x in folder.iterdir() if x.is_dir() and not x.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    return sorted(x for x in folder.iterdir() if x.is_file() and x.suffix.lower() in SUFFIXES)


def _classes(folder: Path) -> tuple[str, ...]:
    names = tuple(x.name for x in _folders(folder))
    if len(names) < 2:
        raise DatasetError(f"{folder}: {len(names)} class folders, at least 2 are needed")
    for name in names:
        if not _pictures(folder / name):
            raise DatasetError(f"{folder / name}: no picture in this class folder")
    return names


def _labelled(
    folder: Path, found: Sequence[str], names: Sequence[str] | None = None
) -> list[tuple[Path, int]]:
    known = list(found if names is None else names)
    files = [(path, known.index(name)) for name in found for path in _pictures(folder / name)]
    if not files:
        raise DatasetError(f"{folder}: no pictures in its class folders")
    return files
