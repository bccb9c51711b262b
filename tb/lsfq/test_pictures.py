# SPDX-License-Identifier: Apache-2.0
"""`lsfq run --images` with pictures: what a network sees, its boxes, and what is refused."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from lsfq.boxes import BoxError, detector_of, read_anchors
from lsfq.command.main import main
from ref_model.datasets import DatasetError
from ref_model.datasets.pictures import open_picture, read_picture, seen_part
from ref_model.integer import IntegerLayer, IntegerNetwork, load_network, run_network, save_network
from tb.lsfq.conftest import Case
from tb.ref_model.integer.builders import small_vgg

SIZE = 16


def save(path: Path, pixels: npt.NDArray[Any], **fields: Any) -> Path:
    """A picture of pixels (H, W, C) or (H, W)."""
    Image.fromarray(pixels).save(path, **fields)
    return path


def colours(height: int, width: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def network(small: Case, tmp_path: Path) -> str:
    save_network(small.network, tmp_path / "net")
    return str(tmp_path / "net")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["run", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_picture_of_the_size_is_taken_as_it_is(
    network: str, small: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Channels in the order red, green, blue, rows and columns where they are."""
    files = [
        str(save(tmp_path / f"{i}.png", image.transpose(1, 2, 0)))
        for i, image in enumerate(small.images)
    ]
    found = run(capsys, "--network", network, "--images", *files)
    assert found["logits"] == small.logits.tolist()
    assert found["files"] == files


def test_a_folder_in_the_order_of_names(
    network: str, small: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, image in zip("cab", small.images, strict=True):
        save(folder / f"{name}.PNG", image.transpose(1, 2, 0))
    (folder / "readme.txt").write_text("no picture")
    found = run(capsys, "--network", network, "--images", str(folder), "--count", "2")
    assert found["logits"] == small.logits[[1, 2]].tolist()


def test_crop_keeps_the_middle(tmp_path: Path) -> None:
    wide = np.zeros((SIZE, 3 * SIZE, 3), np.uint8)
    middle = colours(SIZE, SIZE)
    wide[:, SIZE : 2 * SIZE] = middle
    path = save(tmp_path / "wide.png", wide)
    cropped = read_picture(path, (3, SIZE, SIZE), "crop")
    assert (cropped.pixels == middle.transpose(2, 0, 1)).all()
    assert list(cropped.seen) == [SIZE, 0, 2 * SIZE, SIZE]
    stretched = read_picture(path, (3, SIZE, SIZE), "stretch")
    assert list(stretched.seen) == [0, 0, 3 * SIZE, SIZE]
    assert stretched.pixels[:, :, 0].max() == 0


@pytest.mark.parametrize("size", [(1, 1), (7, 500), (500, 7), (333, 333), (4000, 3)])
@pytest.mark.parametrize("shape", [(16, 16), (160, 320), (5, 3)])
def test_what_is_cut_has_the_shape_and_lies_inside(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    left, top, right, bottom = seen_part(size, *shape, "crop")
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert (right - left) / (bottom - top) == pytest.approx(shape[1] / shape[0])
    assert left == pytest.approx(size[0] - right, abs=1e-6)
    assert top == pytest.approx(size[1] - bottom, abs=1e-6)
    assert min(left, top) == pytest.approx(0)


def test_a_smaller_picture_is_an_average(tmp_path: Path) -> None:
    """Not every eighth pixel: a chequered picture becomes grey."""
    board = (255 * (np.indices((128, 128)).sum(0) % 2)).astype(np.uint8)
    pixels = read_picture(save(tmp_path / "board.png", board), (1, 16, 16), "crop").pixels
    assert pixels.min() > 120
    assert pixels.max() < 135


def test_a_picture_is_turned_as_the_camera_says(tmp_path: Path) -> None:
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, 8:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    path = save(tmp_path / "turned.jpg", picture, exif=exif, quality=100)
    upright = np.asarray(open_picture(path))
    assert upright.shape == (16, 8, 3)
    assert upright[8:].min() > 250
    assert upright[:8].max() < 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_kind_of_picture(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    Image.fromarray(colours(9, 7)).convert(mode).save(path)
    for channels in (1, 3):
        found = read_picture(path, (channels, 4, 4), "stretch")
        assert found.pixels.shape == (channels, 4, 4)
        assert found.pixels.dtype == np.uint8


def chunk_bomb(path: Path) -> None:
    """A PNG that says it is 60,000 x 60,000."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def damaged(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """Files that are no pictures, and what is said of them."""
    whole = save(tmp_path / "whole.png", colours(64, 64)).read_bytes()
    jpeg = save(tmp_path / "whole.jpg", colours(64, 64)).read_bytes()
    contents = {
        "empty.png": (b"", "no PNG or JPEG picture"),
        "text.jpg": (b"hello", "no PNG or JPEG picture"),
        "cut.png": (whole[: len(whole) // 2], "damaged picture"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "damaged picture"),
        "head.png": (whole[:20], "picture"),
        "gif.png": (b"GIF89a" + bytes(30), "no PNG or JPEG picture"),
    }
    found = {}
    for name, (content, words) in contents.items():
        (tmp_path / name).write_bytes(content)
        found[name] = (tmp_path / name, words)
    chunk_bomb(tmp_path / "bomb.png")
    found["bomb"] = (tmp_path / "bomb.png", "too large")
    deep = np.zeros((8, 8), np.uint16)
    found["deep"] = (save(tmp_path / "deep.png", deep), "more than 8 bits")
    found["absent"] = (tmp_path / "absent.png", "no such file")
    (tmp_path / "folder").mkdir()
    found["folder"] = (tmp_path / "folder", "no picture in this folder")
    return found


def test_no_pictures_are_refused_by_name(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, words in damaged(tmp_path).values():
        assert main(["run", "--network", network, "--images", str(path)]) == 2, path
        said = capsys.readouterr()
        assert not said.out
        assert words in said.err
        assert str(path) in said.err
        assert len(said.err.splitlines()) == 1


def test_bytes_changed_at_random_give_a_picture_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for name in ("x.png", "x.jpg"):
        whole = bytearray(save(tmp_path / name, colours(20, 20)).read_bytes())
        for _ in range(150):
            changed = bytearray(whole)
            for _ in range(int(rng.integers(1, 6))):
                changed[int(rng.integers(len(whole)))] = int(rng.integers(256))
            (tmp_path / name).write_bytes(bytes(changed))
            with contextlib.suppress(DatasetError):
                read_picture(tmp_path / name, (3, 8, 8), "crop")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images", "{png}", "{npy}"], "images.npy: no PNG or JPEG picture; several --images"),
        (["--images", "{npy}", "--scale", "crop"], "--scale goes with pictures"),
        (["--images", "{npy}", "--draw", "x.png"], "--draw goes with pictures"),
        (["--images", "{png}", "--count", "2"], "--count 2: {png} holds 1 images"),
        (["--images", "{png}", "--draw", "x.png"], "one number a class, not boxes"),
        (["--images", "{png}", "--anchors", "9x9"], "one number a class, not boxes"),
        (["--images", "{png}", "--anchors", "9xx9"], "give WIDTHxHEIGHT"),
        (["--images", "{png}", "--names", "{npy}"], "images.npy: no text file"),
        (["--images", "{png}", "--names", "{names}"], "2 names, the network has 10 classes"),
        (["--images", "{png}", "--names", "/none"], "/none: No such file"),
    ],
)
def test_wrong_use(
    network: str, tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    np.save(tmp_path / "images.npy", np.zeros((1, 3, SIZE, SIZE), np.uint8))
    save(tmp_path / "x.png", colours(9, 9))
    places = {
        "png": tmp_path / "x.png", "npy": tmp_path / "images.npy", "names": tmp_path / "names.txt"
    }  # fmt: skip
    line = [word.format(**places) for word in words]
    assert main(["run", "--network", network, *line]) == 2
    error = capsys.readouterr().err
    assert said.format(**places) in error
    assert len(error.splitlines()) == 1


def test_codes_of_fewer_bits_are_no_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ones, weight = np.ones(1, np.int32), np.ones((1, 3, 1, 1), np.int8)
    layer = IntegerLayer("last", "conv", weight, ones, np.ones(1, np.int64), 0, 4, 4, None)
    save_network(IntegerNetwork("four", (3, 8, 8), (layer,), 1, 4), tmp_path / "net")
    path = save(tmp_path / "x.png", colours(8, 8))
    assert main(["run", "--network", str(tmp_path / "net"), "--images", str(path)]) == 2
    assert "takes codes of 4 bits, a picture has 8" in capsys.readouterr().err


def test_names_of_classes(network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "x.png", colours(40, 50))
    names = [f"thing{i}" for i in range(10)]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n")
    line = ["--network", network, "--images", str(path)]
    found = run(capsys, *line, "--names", str(tmp_path / "names.txt"))
    assert found["names"] == [names[found["classes"][0]]]
    assert "names" not in run(capsys, *line)  # no file beside it, and not trained on CIFAR-10
    shipped = run(capsys, "--images", str(path))
    assert shipped["names"][0] in {"airplane", "automobile", "bird", "cat", "deer", "dog",
                                   "frog", "horse", "ship", "truck"}  # fmt: skip


# A network whose best box is where the picture is reddest: confidence is the red of a pixel, the
# other numbers are the same everywhere.
STEP = 0.01
BIAS = {"x": 40, "y": -70, "w": 30, "h": 90}
ROWS, COLUMNS = 4, 8
BEST = 4
"""The anchor with the largest confidence."""


def detector(step: float | None = STEP) -> IntegerNetwork:
    weight = np.zeros((36, 3, 1, 1), np.int8)
    weight[4::6, 0] = 1
    bias = np.zeros(36, np.int64)
    for place, value in enumerate(BIAS.values()):
        bias[place::6] = value
    bias[6 * BEST + 4] = 5
    layer = IntegerLayer("head", "conv", weight, np.ones(36, np.int32), bias, 0, 4, 8, None)
    origin: dict[str, Any] = {"trained": False}
    if step is not None:
        origin["result_step"] = step
    return IntegerNetwork("spot", (3, ROWS, COLUMNS), (layer,), 36, provenance=origin)


def spotted(tmp_path: Path, row: int, column: int, zoom: int) -> Path:
    """A picture of ROWS x COLUMNS squares, the one at a place red, the others dark."""
    pixels = np.full((ROWS, COLUMNS, 3), 20, np.uint8)
    pixels[row, column] = 200, 0, 0
    return save(tmp_path / "spot.png", pixels.repeat(zoom, 0).repeat(zoom, 1))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 6), (3, 7)])
def test_the_best_box(
    tmp_path: Path, row: int, column: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the formula, in plain arithmetic, at the place of the spot in the whole picture."""
    zoom = 10
    path = spotted(tmp_path, row, column, zoom)
    save_network(detector(), tmp_path / "net")
    found = run(
        capsys, "--network", str(tmp_path / "net"), "--images", str(path),
        "--anchors", "9x9,9x9,9x9,9x9,2x1,9x9",
    )  # fmt: skip

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    # a pixel of the network's image is `zoom` pixels of the picture
    centre_x = (column + sigmoid(0.40)) * zoom
    centre_y = (row + sigmoid(-0.70)) * zoom
    half_width, half_height = 2 * math.exp(0.30) * zoom / 2, 1 * math.exp(0.90) * zoom / 2
    box = found["boxes"][0]
    assert box["left"] == pytest.approx(max(0, centre_x - half_width))
    assert box["top"] == pytest.approx(max(0, centre_y - half_height))
    assert box["right"] == pytest.approx(min(COLUMNS * zoom, centre_x + half_width))
    assert box["bottom"] == pytest.approx(min(ROWS * zoom, centre_y + half_height))
    red = int(read_picture(path, (3, ROWS, COLUMNS), "stretch").pixels[0, row, column])
    assert 100 < red <= 200  # the filter takes a part from the squares around
    assert box["score"] == pytest.approx(sigmoid(STEP * (red + 5)))


def test_the_box_is_drawn_on_a_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spotted(tmp_path, 2, 3, 40)
    before = path.read_bytes()
    save_network(detector(), tmp_path / "net")
    line = ["--network", str(tmp_path / "net"), "--images", str(path), "--anchors", "2x1," * 5 +
            "2x1", "--draw"]  # fmt: skip
    assert main(["run", *line, str(tmp_path / "out.png")]) == 0
    shown = capsys.readouterr().out
    assert "weights are untrained" in shown
    assert f"wrote {tmp_path / 'out.png'}" in shown
    assert path.read_bytes() == before
    drawn = np.asarray(Image.open(tmp_path / "out.png")).astype(int)
    changed = (drawn != np.asarray(Image.open(path)).astype(int)).any(2)
    box = run(capsys, *line, str(tmp_path / "more"))["boxes"][0]
    rows = np.flatnonzero(changed[:, int(box["left"]) + 40])
    assert rows.min() >= int(box["top"]) - 20
    assert abs(int(rows.max()) - int(box["bottom"])) <= 2
    columns = np.flatnonzero(changed[int(box["bottom"]) - 30])
    assert abs(int(columns.min()) - int(box["left"])) <= 1
    assert (tmp_path / "more" / "000_spot.png").is_file()


def test_what_cannot_be_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = spotted(tmp_path, 0, 0, 3)
    save_network(detector(), tmp_path / "net")
    save_network(detector(None), tmp_path / "old")
    (tmp_path / "file").write_text("")
    line = ["run", "--images", str(path)]
    for words, said in (
        (["net", "--draw", str(path)], "that is the picture itself"),
        (["net", "--draw", str(tmp_path / "no" / "x.png")], "there is no folder"),
        (["net", "--draw", str(tmp_path / "file")], "neither a .png or .jpg file nor a folder"),
        (["net", "--draw", str(tmp_path / "x.png"), "--anchors", "1x1"], "36 channels, 1 anchors"),
        (["net", "--anchors", "0x1,1x1,1x1,1x1,1x1,1x1"], "sizes must be above 0"),
        (["old", "--draw", str(tmp_path / "x.png")], "give --result-step"),
        (["net", "--result-step", "-1"], "give --result-step"),
    ):
        assert main([*line, "--network", str(tmp_path / words[0]), *words[1:]]) == 2, words
        assert said in capsys.readouterr().err
    two = ["--images", str(path), str(path), "--draw", str(tmp_path / "x.png")]
    assert main(["run", "--network", str(tmp_path / "net"), *two]) == 2
    assert "one file for 2 pictures; give a folder" in capsys.readouterr().err
    # without a box asked for, an unknown step is no error
    assert "boxes" not in run(capsys, "--network", str(tmp_path / "old"), "--images", str(path))


def test_numbers_of_any_size_make_a_box_inside(tmp_path: Path) -> None:
    from lsfq.boxes import best_box

    path = spotted(tmp_path, 0, 0, 3)
    found = detector_of(detector(1e6))
    picture = read_picture(path, (3, ROWS, COLUMNS), "stretch")
    result = np.random.default_rng(2).integers(-(2**26), 2**26, (36, ROWS, COLUMNS))
    box = best_box(found, result, picture)
    assert 0 <= box.left <= box.right <= COLUMNS * 3
    assert 0 <= box.top <= box.bottom <= ROWS * 3
    assert 0 <= box.score <= 1


def test_what_is_no_detector() -> None:
    with pytest.raises(BoxError, match="one number a class"):
        detector_of(small_vgg(np.random.default_rng(1)))
    with pytest.raises(ValueError, match="give WIDTHxHEIGHT"):
        read_anchors("")
    assert read_anchors("3x4,5.5x6") == ((3, 4), (5.5, 6))


def test_ultranet_says_what_its_results_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export holds the step, and step times result is the PyTorch network's number."""
    torch = pytest.importorskip("torch")
    from ref_model.training.augment import to_unit
    from ref_model.training.export import to_integer_network
    from ref_model.training.layers import ConvUnit, HeadUnit, Network
    from ref_model.training.quantizers import Scheme

    class Small(Network):
        def __init__(self) -> None:
            super().__init__((3, 8, 16))
            scheme = Scheme("lsfq")
            self.stem = ConvUnit("stem", 3, 8, scheme, 4, 4, pool=2)
            self.head = HeadUnit("head", 8, 36, scheme, 4)

        def forward(self, x: Any) -> Any:
            return self.head(self.stem(x))

    torch.manual_seed(1)
    images = torch.from_numpy(
        np.random.default_rng(1).integers(0, 256, (4, 3, 8, 16)).astype(np.uint8)
    )
    model = Small()
    model.start_quantisation(to_unit(images))
    model.eval()
    network = to_integer_network(model, "small")
    save_network(network, tmp_path / "net")
    step = load_network(tmp_path / "net").provenance["result_step"]
    raw = run_network(network, images.numpy())["head"]
    with torch.no_grad():
        wanted = model(to_unit(images)).numpy()
    assert np.abs(raw * step - wanted).max() < 0.05 * np.abs(wanted).max()
    path = save(tmp_path / "x.jpg", colours(50, 70))
    found = run(capsys, "--network", str(tmp_path / "net"), "--images", str(path))
    assert len(found["boxes"]) == 1
