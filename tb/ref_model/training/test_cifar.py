# SPDX-License-Identifier: Apache-2.0
"""Reading CIFAR files, and what is said when they are missing or damaged."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from lsfq.files import SAMPLE
from ref_model.datasets import (
    CIFAR10,
    CIFAR100,
    CifarSet,
    DatasetError,
    cifar,
    dataset_by_name,
    download,
    load_test,
    load_train,
    read_records,
)


def write_records(path: Path, dataset: CifarSet, count: int, seed: int = 0) -> np.ndarray:
    """A file of ``count`` random records; returns them, uint8 (count, record size)."""
    rng = np.random.default_rng(seed)
    records = rng.integers(0, 256, (count, dataset.label_bytes + cifar.PIXELS), dtype=np.uint8)
    records[:, dataset.label_bytes - 1] = rng.integers(0, dataset.classes, count)
    if dataset.label_bytes == 2:
        records[:, 0] = rng.integers(0, 20, count)
    path.parent.mkdir(parents=True, exist_ok=True)
    records.tofile(path)
    return records


@pytest.mark.parametrize("dataset", [CIFAR10, CIFAR100], ids=lambda d: d.name)
def test_planes_and_labels_land_where_the_format_says(dataset: CifarSet, tmp_path: Path) -> None:
    records = write_records(tmp_path / "x.bin", dataset, 5)
    images = read_records(tmp_path / "x.bin", dataset)
    assert images.pixels.shape == (5, 3, 32, 32)
    assert images.pixels.dtype == np.uint8
    assert images.labels.tolist() == records[:, dataset.label_bytes - 1].tolist()
    green = dataset.label_bytes + 1024 + 7 * 32 + 9
    assert images.pixels[3, 1, 7, 9] == records[3, green]


@pytest.mark.parametrize("dataset", [CIFAR10, CIFAR100], ids=lambda d: d.name)
@pytest.mark.parametrize("inside", [True, False], ids=["parent folder", "own folder"])
def test_whole_set_is_found_and_joined_in_order(
    dataset: CifarSet, inside: bool, tmp_path: Path
) -> None:
    folder = tmp_path / dataset.folder if inside else tmp_path
    parts = [
        write_records(folder / name, dataset, 3, seed)
        for seed, name in enumerate(dataset.train_files)
    ]
    write_records(folder / dataset.test_file, dataset, 2, seed=99)
    (folder / dataset.names_file).write_text("\n".join(f"n{i}" for i in range(dataset.classes)))
    train = load_train(dataset, tmp_path)
    expected = np.concatenate([part[:, dataset.label_bytes - 1] for part in parts])
    assert train.labels.tolist() == expected.tolist()
    assert len(load_test(dataset, tmp_path)) == 2
    assert cifar.class_names(dataset, tmp_path)[1] == "n1"


def test_environment_variable_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSFQ_DATA", str(tmp_path / "a"))
    assert cifar.search_path() == [tmp_path / "a", Path("data")]
    assert cifar.search_path(tmp_path) == [tmp_path]


@pytest.mark.parametrize("cut", [1, 3072, 3073 * 2 + 5])
def test_truncated_file_is_refused(cut: int, tmp_path: Path) -> None:
    write_records(tmp_path / "x.bin", CIFAR10, 4)
    data = (tmp_path / "x.bin").read_bytes()
    (tmp_path / "x.bin").write_bytes(data[:cut])
    with pytest.raises(DatasetError, match="truncated or of another format"):
        read_records(tmp_path / "x.bin", CIFAR10)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bin").touch()
    with pytest.raises(DatasetError, match="0 bytes"):
        read_records(tmp_path / "x.bin", CIFAR10)


def test_label_out_of_range_is_refused_with_its_record(tmp_path: Path) -> None:
    records = write_records(tmp_path / "x.bin", CIFAR10, 4)
    records[2, 0] = 10
    records.tofile(tmp_path / "x.bin")
    with pytest.raises(DatasetError, match="record 2 has label 10"):
        read_records(tmp_path / "x.bin", CIFAR10)


def test_unknown_set_is_refused() -> None:
    with pytest.raises(DatasetError, match="cifar10 or cifar100"):
        dataset_by_name("mnist")


def offline(*_: object, **__: object) -> None:
    """Stand in for the network of a machine without one."""
    raise OSError("no route to host")


def test_missing_set_offline_says_what_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", offline)
    with pytest.raises(DatasetError) as caught:
        load_test(CIFAR10, tmp_path / "data")
    text = str(caught.value)
    assert "cifar10 not found" in text
    assert "no route to host" in text
    assert str(tmp_path / "data" / "cifar-10-batches-bin" / "test_batch.bin") in text
    assert "data_batch_3.bin" in text
    assert not (tmp_path / "data").exists()


def test_incomplete_set_names_the_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", offline)
    for name in CIFAR10.train_files:
        write_records(tmp_path / name, CIFAR10, 1)
    with pytest.raises(DatasetError, match=r"incomplete: test_batch\.bin missing"):
        load_test(CIFAR10, tmp_path)


def archive_of(dataset: CifarSet, folder: Path) -> bytes:
    """A small archive with the file names of the official one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in (*dataset.train_files, dataset.test_file):
            write_records(folder / name, dataset, 2)
            tar.add(folder / name, f"{dataset.folder}/{name}")
    return buffer.getvalue()


def test_download_is_checked_and_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = archive_of(CIFAR10, tmp_path / "source")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(blob))
    good = download.Archive("https://example.org/set.tar.gz", hashlib.md5(blob).hexdigest())
    download.fetch_archive(good, tmp_path / "data")
    assert len(load_train(CIFAR10, tmp_path / "data")) == 10


def test_download_with_another_sum_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = archive_of(CIFAR10, tmp_path / "source")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(blob))
    with pytest.raises(DatasetError, match="has MD5"):
        load_test(CIFAR10, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_shipped_sample_is_real_images() -> None:
    images = read_records(SAMPLE, CIFAR10)
    assert len(images) == 64
    assert set(images.labels.tolist()) == set(range(10))
    names = (SAMPLE.parent / "batches.meta.txt").read_text().split()
    assert len(names) == 10
