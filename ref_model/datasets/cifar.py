# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 and CIFAR-100 in the official binary layout.

A file is a row of records without header. One record is the label byte (CIFAR-10) or the
coarse and the fine label byte (CIFAR-100, of which the fine one is used), then 3072 pixel
bytes: 1024 red, 1024 green, 1024 blue, each plane in row order.
Source: https://www.cs.toronto.edu/~kriz/cifar.html (binary version).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ref_model.datasets import download

PIXELS = 3 * 32 * 32
"""Pixel bytes of one record."""
CLASS_NAMES = "class_names"
"""Where a network's provenance names its classes."""


class DatasetError(Exception):
    """An image set is missing, incomplete or damaged; the message says what to do."""


@dataclass(frozen=True)
class CifarSet:
    """Where one of the two sets keeps its records.

    ``label_bytes`` is the number of label bytes before the pixels; the last one is the label
    that is used. ``classes`` is the number of different labels.
    """

    name: str
    folder: str
    train_files: tuple[str, ...]
    test_file: str
    names_file: str
    label_bytes: int
    classes: int
    archive: download.Archive


@dataclass(frozen=True)
class Images:
    """Images and labels: ``pixels`` uint8 (N, 3, 32, 32), ``labels`` int64 (N,)."""

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Images:
        """The first ``count`` images, or all of them for None."""
        return self if count is None else Images(self.pixels[:count], self.labels[:count])


CIFAR10 = CifarSet(
    name="cifar10",
    folder="cifar-10-batches-bin",
    train_files=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    test_file="test_batch.bin",
    names_file="batches.meta.txt",
    label_bytes=1,
    classes=10,
    archive=download.Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        md5="c32a1d4ab5d03f1284b67883e8d87530",
    ),
)

CIFAR100 = CifarSet(
    name="cifar100",
    folder="cifar-100-binary",
    train_files=("train.bin",),
    test_file="test.bin",
    names_file="fine_label_names.txt",
    label_bytes=2,
    classes=100,
    archive=download.Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        md5="03b5dce01913d631647c71ecec9e9cb8",
    ),
)


def dataset_by_name(name: str) -> CifarSet:
    """The set called ``name`` ("cifar10" or "cifar100"); DatasetError for any other name."""
    for dataset in (CIFAR10, CIFAR100):
        if dataset.name == name:
            return dataset
    raise DatasetError(f"unknown image set {name!r}: choose cifar10 or cifar100")


def read_records(path: Path, dataset: CifarSet) -> Images:
    """Read one binary file of ``dataset``.

    Raises DatasetError when the file is missing or empty, when its length is not a whole number of
    records, or when a label lies outside 0 .. classes-1 (the file of another set, say).
    """
    size = dataset.label_bytes + PIXELS
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    raw = np.fromfile(path, dtype=np.uint8)
    if len(raw) == 0 or len(raw) % size:
        raise DatasetError(
            f"{path}: {len(raw)} bytes is not a whole number of {size}-byte {dataset.name} "
            "records; the file is truncated or of another format"
        )
    records = raw.reshape(-1, size)
    labels = records[:, dataset.label_bytes - 1].astype(np.int64)
    if labels.max() >= dataset.classes:
        index = int(np.argmax(labels >= dataset.classes))
        raise DatasetError(
            f"{path}: record {index} has label {labels[index]}, but {dataset.name} has "
            f"{dataset.classes} classes; the file is damaged or of another format"
        )
    pixels = np.ascontiguousarray(records[:, dataset.label_bytes :]).reshape(-1, 3, 32, 32)
    return Images(pixels, labels)


def search_path(data: str | os.PathLike[str] | None = None) -> list[Path]:
    """Folders searched, in order: ``data`` alone when given, else $LSFQ_DATA, then ./data."""
    if data is not None:
        return [Path(data)]
    environment = os.environ.get("LSFQ_DATA")
    return ([Path(environment)] if environment else []) + [Path("data")]


def locate(
    dataset: CifarSet, data: str | os.PathLike[str] | None = None, fetch: bool = True
) -> Path:
    """The folder that holds the files of ``dataset``.

    Each folder of `search_path` may be the set's own folder or its parent. When no folder has the
    files and ``fetch`` is true, the official archive is downloaded to the first, and checked.
    Raises DatasetError, saying what is missing and where to put it, when that fails too.
    """
    wanted = (*dataset.train_files, dataset.test_file)
    places = search_path(data)
    partial = ""
    for place in places:
        for folder in (place / dataset.folder, place):
            missing = [name for name in wanted if not (folder / name).is_file()]
            if not missing:
                return folder
            if len(missing) < len(wanted):
                partial = f"\n{folder} is incomplete: {', '.join(missing)} missing."
    reason = "downloading was not asked for"
    if fetch:
        try:
            download.fetch_archive(dataset.archive, places[0])
            if all((places[0] / dataset.folder / name).is_file() for name in wanted):
                return places[0] / dataset.folder
            reason = "the official archive lacks some of the files"
        except download.DownloadError as error:
            reason = str(error)
    raise DatasetError(
        f"{dataset.name} not found in {', '.join(str(p) for p in places)}, and {reason}.{partial}\n"
        f"Download {dataset.archive.url} on a machine with a connection and unpack it so that\n"
        f"  {places[0] / dataset.folder / dataset.test_file}\n"
        f"exists (needed: {', '.join(wanted)}), or name another folder with --data or $LSFQ_DATA."
    )


def load_train(dataset: CifarSet, data: str | os.PathLike[str] | None = None) -> Images:
    """All training images of ``dataset`` (see `locate` for where they are looked for)."""
    folder = locate(dataset, data)
    parts = [read_records(folder / name, dataset) for name in dataset.train_files]
    return Images(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def load_test(dataset: CifarSet, data: str | os.PathLike[str] | None = None) -> Images:
    """All test images of ``dataset`` (see `locate` for where they are looked for)."""
    return read_records(locate(dataset, data) / dataset.test_file, dataset)


def class_names(dataset: CifarSet, data: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Class names from the set's own text file, or "class 0", "class 1", ... without that file."""
    path = locate(dataset, data) / dataset.names_file
    names = path.read_text().split("\n") if path.is_file() else []
    names = [name.strip() for name in names if name.strip()]
    if len(names) != dataset.classes:
        return tuple(f"class {index}" for index in range(dataset.classes))
    return tuple(names)
