# SPDX-License-Identifier: Apache-2.0
"""Training on own pictures: class folders, any Dataset, floats; and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lsfq.command.main import main
from ref_model.datasets import DatasetError
from ref_model.datasets.class_folders import find_set, is_class_folder, read_set
from ref_model.integer import NetworkError, load_network
from ref_model.integer.execute import check_images
from tb.lsfq.conftest import Case

COLOURS = {"blue": (20, 30, 220), "green": (20, 200, 30), "red": (230, 30, 20)}
"""Classes that even a small network tells apart."""


def picture(path: Path, colour: tuple[int, int, int], seed: int) -> None:
    """A noisy picture of a colour, each of another size."""
    rng = np.random.default_rng(seed)
    size = (int(rng.integers(20, 90)), int(rng.integers(20, 90)), 3)
    pixels = np.clip(rng.normal(colour, 25, size), 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make(folder: Path, counts: Mapping[str, int], suffix: str = "png") -> Path:
    for number, (name, count) in enumerate(counts.items()):
        for i in range(count):
            picture(folder / name / f"{i:03d}.{suffix}", COLOURS[name], 100 * number + i)
    return folder


def test_a_split_takes_its_share_of_every_class(tmp_path: Path) -> None:
    folder = make(tmp_path / "photos", {"red": 10, "green": 20, "blue": 5})
    found = find_set(folder)
    assert found.names == ("blue", "green", "red")
    tests = [label for _, label in found.test]
    assert [tests.count(label) for label in range(3)] == [1, 4, 2]
    assert not {path for path, _ in found.train} & {path for path, _ in found.test}
    assert len(found.train) + len(found.test) == 35
    assert find_set(folder) == found  # whenever, and in whatever order the disk lists them
    assert all(path.parent.name == found.names[label] for path, label in found.train)
    assert len(find_set(folder, 0.5).test) == 10 + 5 + 2


def test_train_and_test_folders(tmp_path: Path) -> None:
    make(tmp_path / "train", {"red": 3, "green": 4}, "jpg")
    make(tmp_path / "test", {"green": 2})
    found = find_set(tmp_path)
    assert (len(found.train), len(found.test)) == (7, 2)
    assert {label for _, label in found.test} == {0}  # green is class 0 there, too
    images = read_set(found.test, (3, 16, 24), "crop")
    assert images.pixels.shape == (2, 3, 16, 24)
    assert images.pixels[:, 1].mean() > 150 > 60 > images.pixels[:, 0].mean()


def test_what_is_a_class_folder(tmp_path: Path) -> None:
    assert not is_class_folder(tmp_path / "none")
    assert not is_class_folder(tmp_path)
    (tmp_path / "cifar-10-batches-bin").mkdir()
    assert not is_class_folder(tmp_path)
    make(tmp_path / "photos", {"red": 1, "green": 1})
    assert is_class_folder(tmp_path / "photos")


def test_folders_that_are_no_set(tmp_path: Path) -> None:
    one = make(tmp_path / "one", {"red": 3})
    empty = make(tmp_path / "empty", {"red": 3})
    (empty / "green").mkdir()
    few = make(tmp_path / "few", {"red": 1, "green": 9})
    other = tmp_path / "other"
    make(other / "train", {"red": 2, "green": 2})
    make(other / "test", {"blue": 2})
    for folder, share, said in (
        (one, None, "one: 1 class folders, at least 2"),
        (empty, None, "green: no picture in this class folder"),
        (few, 0.9, "red: 1 pictures, and none is left"),
        (few, 0.01, "leaves no picture for testing"),
        (other, None, "blue: no such class under"),
        (other, 0.2, "has a test folder"),
    ):
        with pytest.raises(DatasetError, match=said):
            find_set(folder, share)


TINY = ["--width", "8", "--batch", "8", "--float-epochs", "3", "--quantised-epochs", "1",
        "--integer-epochs", "1", "--float-rate", "0.02", "--quantised-rate", "0.002",
        "--integer-rate", "0.0005", "--device", "cpu"]  # fmt: skip


def test_from_pictures_to_integers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Train, export, evaluate and run; the classes' names come along all the way."""
    pytest.importorskip("torch")
    photos = make(tmp_path / "photos", dict.fromkeys(COLOURS, 15))
    out, net = str(tmp_path / "run"), str(tmp_path / "net")
    line = ["train", "--data", str(photos), "--out", out, *TINY, "--json"]
    assert main(line) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert "3 classes, 36 pictures to train on, 9 to test, scaled to 32x32 (crop)" in said.err
    assert record["test_images"] == 9
    assert record["config"]["class_names"] == sorted(COLOURS)
    assert main(["export", "--checkpoint", f"{out}/network.pt", "--output", net, "--data",
                 str(photos), "--json"]) == 0  # fmt: skip
    network = load_network(net)
    assert network.classes == 3
    assert network.provenance["class_names"] == sorted(COLOURS)
    capsys.readouterr()
    assert main(["eval", net, "--data", str(photos), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["networks"][0]["manifest"] == "equal"
    accuracy = found["networks"][0]["integer_accuracy"]
    assert accuracy == pytest.approx(record["integer_accuracy"], abs=1e-3)
    picture(tmp_path / "new.jpg", COLOURS["red"], 999)
    assert main(["run", "--network", net, "--images", str(tmp_path / "new.jpg"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["names"][0] in COLOURS
    # elsewhere the test set is not the one that was recorded: said by name
    other = make(tmp_path / "other", {"red": 5, "green": 5})
    assert main(["eval", net, "--data", str(other)]) == 2
    assert "its classes are green, red" in capsys.readouterr().err
    assert main(["eval", net]) == 2
    assert "name their folder with --data" in capsys.readouterr().err
    assert main(["eval", net, "--data", str(tmp_path / "none")]) == 2
    assert "none: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--test-share", "0.3"], "--test-share goes with --data of class folders"),
        (["--data", "{cifar}", "--scale", "crop"], "--scale goes with --data of class folders"),
        (["--data", "{photos}", "--test-share", "1"], "--test-share 1.0: between 0 and 1"),
        (["--data", "{photos}", "--model", "ultranet"], "model ultranet: its images are larger"),
        (["--data", "{photos}", "--model", "alexnet"], "choose one of vgg7"),
        (["--data", "{photos}", "--dataset", "cifar10"], "cifar10 not found in"),
        (["--data", "{photos}", "--dataset", "own"], "dataset 'own'"),
        (["--data", "{bad}", "--out", "{out}"], "001.png: no PNG or JPEG picture"),
        (["--data", "{photos}", "--out", "{out}"], "there are 8 images to train on"),
    ],
)
def test_wrong_use(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("torch")
    from ref_model.datasets import download

    def offline(*arguments: Any) -> None:
        raise download.DownloadError("offline")

    monkeypatch.setattr(download, "fetch_archive", offline)
    places = {name: tmp_path / name for name in ("photos", "bad", "cifar", "out")}
    make(places["photos"], {"red": 5, "green": 5})
    make(places["bad"], {"red": 5, "green": 5})
    for path in places["bad"].glob("*/001.png"):
        path.write_text("no picture")
    places["cifar"].mkdir()
    line = [word.format(**places) for word in words]
    assert main(["train", *line]) == 2
    assert said in capsys.readouterr().err


class Pairs:
    """A Dataset as PyTorch knows it: a length, and items."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def test_any_dataset_gives_the_same_bytes() -> None:
    """PIL pictures, bytes and floats in [0, 1], as tensors or arrays, with labels of any kind."""
    torch = pytest.importorskip("torch")
    from ref_model.training.own_data import images_of

    pixels = np.random.default_rng(3).integers(0, 256, (8, 12, 3)).astype(np.uint8)
    tensor = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    found = images_of(
        Pairs(
            (Image.fromarray(pixels), 0), (pixels, np.int64(1)), (tensor, torch.tensor(2)),
            (tensor.float() / 255, 3), (pixels.astype(np.float64) / 255, 4.0),
            (pixels.transpose(2, 0, 1), 5),
        ),
        (3, 8, 12),
    )  # fmt: skip
    assert (found.pixels == pixels.transpose(2, 0, 1)).all()
    assert found.labels.tolist() == list(range(6))
    grey = images_of(Pairs((torch.zeros(1, 30, 20), 0)), (3, 8, 8))
    assert grey.pixels.shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    ("image", "label", "said"),
    [
        (np.full((3, 4, 4), -1.0), 0, "image 0 of the dataset: floats from -1 to -1: give bytes"),
        (np.full((3, 4, 4), np.nan), 0, "floats from nan"),
        (np.zeros((3, 4, 4), np.int32), 0, "type int32: give uint8"),
        (np.zeros((5, 4, 4, 1), np.uint8), 0, "shape"),
        (np.zeros((4, 4, 7), np.uint8), 0, "with 1 or 3 channels"),
        (np.zeros((3, 4, 4), np.uint8), -1, "label -1: give a whole number"),
        (np.zeros((3, 4, 4), np.uint8), 0.5, "label 0.5"),
        (np.zeros((3, 4, 4), np.uint8), "cat", "label 'cat'"),
    ],
)
def test_items_that_are_refused(image: Any, label: Any, said: str) -> None:
    pytest.importorskip("torch")
    from ref_model.training.own_data import images_of

    with pytest.raises(DatasetError, match=said):
        images_of(Pairs((image, label)), (3, 4, 4))


def test_training_from_a_program(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    import lsfq
    from ref_model.training.config import ConfigError, Stage

    rng = np.random.default_rng(4)

    def item(number: int) -> Any:
        """A light or a dark image, in floats."""
        light = torch.from_numpy(rng.random((3, 20, 20)).astype(np.float32))
        return light / (1 + 3 * (number % 2)), number % 2

    def items(count: int) -> Pairs:
        return Pairs(*map(item, range(count)))

    stages: dict[str, Any] = {
        f"{name}_stage": Stage(1, 0.001, 0.1) for name in ("float", "quantised", "integer")
    }
    record = lsfq.train(
        items(16), items(6), tmp_path / "run", ["light", "dark"], model="vgg7", width=8, batch=8,
        device="cpu", **stages,
    )  # fmt: skip
    assert record["test_images"] == 6
    assert (tmp_path / "run" / "network.pt").is_file()
    with pytest.raises(DatasetError, match="test_set: label 2, but there are 2 classes"):
        lsfq.train(items(4), Pairs((item(0)[0], 2)), tmp_path / "x", ["a", "b"])
    with pytest.raises(DatasetError, match="the dataset holds no images"):
        lsfq.train(Pairs(), items(2), tmp_path / "x", ["a", "b"])
    with pytest.raises(ConfigError, match="1 classes, at least 2"):
        lsfq.train(items(4), items(4), tmp_path / "x", ["one"])
    with pytest.raises(ConfigError, match="it does not classify"):
        lsfq.train(items(4), items(4), tmp_path / "x", ["a", "b"], model="ultranet")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x / 255, r"of pictures in \[0, 1\] give numpy.floor\(images \* 255 \+ 0.5\)"),
        (lambda x: x.astype(np.float64), r"of codes give images.astype\('uint8'\)"),
        (lambda x: (x - 120) / 60, "undo what was done to the pictures"),
        (lambda x: x / np.float32(0), "some are not finite"),
    ],
)
def test_floats_for_the_driver_get_a_sentence(small: Case, change: Any, said: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(NetworkError, match=said):
        check_images(small.network, change(small.images.astype(np.float32)))
    made: Any = np.floor(small.images / 255 * 255 + 0.5).astype("uint8")  # what it advises
    assert (check_images(small.network, made) == small.images).all()
