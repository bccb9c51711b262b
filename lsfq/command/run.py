# SPDX-License-Identifier: Apache-2.0
"""Run an exported network on images: on the reference model, in the simulator, or on a board.

Images are a CIFAR-10 binary file, a .npy file, or PNG and JPEG pictures of any size, or folders of
them. A picture is scaled to the network's size with Pillow's bilinear filter: to just cover it, and
cut at both sides alike (--scale crop), or height and width each by a factor of their own (--scale
stretch). Where a detector's result is a map of six numbers an anchor, the best box is printed, and
drawn on a copy of the picture.

The exit status is 0 when all images ran, 1 when the accelerator reports an error or, with
--compare, a result differs from the reference model; 2 for wrong use.

examples:
  lsfq run                                               8 sample images, reference model
  lsfq run --backend simulator --pin 8 --pout 8          the same through the Verilog
  lsfq run --backend simulator --compare --stalls 0.3    random stalls; compare every logit
  lsfq run --network networks/mine --images mine.npy     uint8 images (N, C, H, W)
  lsfq run --images photo.jpg another.png                pictures, or a folder of them
  lsfq run --network networks/ultranet --images photo.jpg --draw box.png     a detector
  lsfq run --backend board --bitstream lsfq.bit          on a Zynq board, under PYNQ
  lsfq run --json | jq .classes
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lsfq.accelerator import Accelerator
from lsfq.backends.base import Backend
from lsfq.backends.board import Board
from lsfq.backends.reference import Reference
from lsfq.backends.simulator import Simulator
from lsfq.boxes import (
    ANCHORS,
    Box,
    BoxError,
    Detector,
    best_box,
    detector_of,
    draw_box,
    read_anchors,
)
from lsfq.command import output
from lsfq.command.core_choice import add_lanes, add_memories, chosen_core
from lsfq.core import verilog_parameters
from lsfq.errors import AcceleratorError
from lsfq.files import NETWORK, SAMPLE
from lsfq.simulation.build import is_built
from ref_model.datasets import CIFAR10, CLASS_NAMES, DatasetError, read_records
from ref_model.datasets.pictures import (
    SCALINGS,
    SUFFIXES,
    Picture,
    find_pictures,
    is_picture,
    read_pictures,
)
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH
from ref_model.integer import IntegerNetwork, NetworkError, NetworkFormatError, load_network
from ref_model.integer.console import ProgressBar, table

COUNT = 8
"""Images to run where no number is asked for."""
BOX_OPTIONS = ("draw", "anchors", "result_step")
PICTURE_OPTIONS = ("scale", *BOX_OPTIONS)
"""Options that go with pictures, and of these with detectors."""
BORDERS = ("left", "top", "right", "bottom")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--network", type=Path, default=NETWORK, metavar="DIR", help="an export")
    result.add_argument(
        "--images", type=Path, nargs="+", default=[SAMPLE], metavar="FILE",
        help="a CIFAR-10 binary file, a .npy file, or PNG and JPEG pictures and folders of them",
    )  # fmt: skip
    result.add_argument(
        "--count", type=output.number(1), metavar="N",
        help=f"the first N images ({COUNT}, or all where there are fewer; all pictures)",
    )  # fmt: skip
    result.add_argument(
        "--batch", type=int, metavar="N",
        help="images of a pass (as many as take the fewest cycles per image)",
    )  # fmt: skip
    result.add_argument(
        "--backend", choices=("reference", "simulator", "board"), default="reference",
        help="where to run (reference)",
    )  # fmt: skip
    result.add_argument(
        "--compare", action="store_true", help="compare every logit with the reference model"
    )
    result.add_argument(
        "--timeout", type=float, metavar="S", help="longest time for an image, in seconds"
    )
    pictures = result.add_argument_group("pictures")
    pictures.add_argument(
        "--scale", choices=SCALINGS,
        help="how they get the network's size (crop; stretch where the result is a map)",
    )  # fmt: skip
    pictures.add_argument(
        "--names", type=Path, metavar="FILE", help="names of the classes, one a line"
    )
    pictures.add_argument(
        "--draw", type=Path, metavar="OUT",
        help="draw the best box on a copy: a .png or .jpg file, or a folder for several pictures",
    )  # fmt: skip
    pictures.add_argument(
        "--anchors", metavar="WxH,...", help="anchors of a detector, in its pixels (six of 20x20)"
    )
    pictures.add_argument(
        "--result-step", type=float, metavar="S",
        help="what a detector's results are to be multiplied with (the export says)",
    )  # fmt: skip
    made = result.add_argument_group("reference and simulator")
    add_lanes(made)
    add_memories(made)
    simulator = result.add_argument_group("simulator")
    simulator.add_argument(
        "--stalls",
        type=float,
        default=0.0,
        metavar="P",
        help="share of cycles in which a stream stalls (0)",
    )
    simulator.add_argument("--waves", type=Path, metavar="FILE", help="write a VCD file")
    board = result.add_argument_group("board")
    board.add_argument(
        "--bitstream", type=Path, metavar="FILE", help=".bit file, with its .hwh beside it"
    )
    output.add_json(result)
    return result


@dataclass(frozen=True)
class Images:
    """Codes (N, C, H, W), their labels if they have any, and the pictures that they come from."""

    codes: npt.NDArray[np.uint8]
    labels: list[int] | None = None
    pictures: tuple[Picture, ...] = ()


def read_images(options: argparse.Namespace, network: IntegerNetwork) -> Images:
    """What ``--images`` names, for ``network``; DatasetError, ValueError, OSError."""
    paths: list[Path] = options.images
    if all(path.is_dir() or is_picture(path) for path in paths):
        return scaled_pictures(options, network)
    if len(paths) > 1:
        other = next(path for path in paths if not path.is_dir() and not is_picture(path))
        raise ValueError(
            f"{other}: no PNG or JPEG picture; several --images are pictures or folders of them"
        )
    given = [name for name in PICTURE_OPTIONS if getattr(options, name) is not None]
    if given:
        raise ValueError(f"--{given[0].replace('_', '-')} goes with pictures, {paths[0]} is none")
    if paths[0].suffix == ".npy":
        found = Images(read_array(paths[0]))
    else:
        records = read_records(paths[0], CIFAR10)
        found = Images(records.pixels, records.labels.tolist())
    if len(found.codes) == 0:
        raise ValueError(f"{paths[0]}: holds no images")
    check_count(options.count, len(found.codes), str(paths[0]))
    count = COUNT if options.count is None else options.count
    return Images(found.codes[:count], None if found.labels is None else found.labels[:count])


def check_count(count: int | None, there: int, place: str) -> None:
    """ValueError when more images are asked for than there are."""
    if count is not None and count > there:
        raise ValueError(f"--count {count}: {place} holds {there} images")


def scaled_pictures(options: argparse.Namespace, network: IntegerNetwork) -> Images:
    """The pictures, as bytes of the network's size."""
    if network.input_bits != 8:
        raise ValueError(
            f"network {network.name} takes codes of {network.input_bits} bits, a picture has 8: "
            "make codes of it and give them as .npy"
        )
    paths = find_pictures(options.images)
    check_count(options.count, len(paths), ", ".join(map(str, options.images)))
    is_map = network.output_shapes()[-1][1:] != (1, 1)
    scaling = options.scale or ("stretch" if is_map else "crop")
    chosen = paths[: options.count]
    pictures = tuple(read_pictures(chosen, network.image_shape, scaling))
    return Images(np.stack([picture.pixels for picture in pictures]), None, pictures)


def read_array(path: Path) -> npt.NDArray[np.uint8]:
    """A .npy file of uint8 (N, C, H, W), and nothing else; OSError, ValueError."""
    with path.open("rb") as file:
        try:
            images = np.lib.format.read_array(file, allow_pickle=False)
        except Exception as error:  # numpy raises nearly anything for crafted headers
            raise ValueError(f"{path}: no .npy file of numbers, or cut short") from error
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"{path}: {images.dtype} {images.shape}, not uint8 (N, C, H, W)")
    return images


def class_names(options: argparse.Namespace, network: IntegerNetwork) -> list[str]:
    """Names of the classes: those of ``--names``, those that the network's training knew, or from
    the file beside CIFAR-10's images; [] where there are none. ValueError, OSError of ``--names``.
    """
    if options.names is not None:
        return read_names(options.names, network.classes)
    known = network.provenance.get(CLASS_NAMES)
    if isinstance(known, list) and len(known) == network.classes:
        return [str(name) for name in known]
    origin = network.provenance.get("config")
    of_cifar = isinstance(origin, dict) and origin.get("dataset") == CIFAR10.name
    folder = (SAMPLE if of_cifar else options.images[0]).parent
    try:
        return read_names(folder / CIFAR10.names_file, network.classes)
    except (OSError, ValueError):
        return []


def read_names(path: Path, classes: int) -> list[str]:
    """Names of classes, one a line; ValueError when there are more or fewer, OSError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no text file") from None
    names = [line.strip() for line in lines if line.strip()]
    if len(names) != classes:
        raise ValueError(f"{path}: {len(names)} names, the network has {classes} classes")
    return names


def find_detector(
    options: argparse.Namespace, network: IntegerNetwork, images: Images
) -> Detector | None:
    """How the result is read as boxes; None where it is not, and no box was asked for.

    Raises BoxError, a ValueError, when the result cannot be what the options say.
    """
    asked = [name for name in BOX_OPTIONS if getattr(options, name) is not None]
    is_map = network.output_shapes()[-1][1:] != (1, 1)
    if not images.pictures or not (is_map or asked):
        return None
    anchors = ANCHORS if options.anchors is None else read_anchors(options.anchors)
    try:
        detector = detector_of(network, anchors, options.result_step)
    except BoxError:
        if asked:
            raise
        return None
    if options.draw is not None:
        drawings(options.draw, images.pictures)
    return detector


def drawings(place: Path, pictures: Sequence[Picture]) -> list[Path]:
    """Where the picture with its box is written, for each; ValueError, OSError."""
    if place.suffix.lower() not in SUFFIXES:
        if place.exists() and not place.is_dir():
            raise ValueError(f"--draw {place}: neither a .png or .jpg file nor a folder")
        return [place / f"{number:03d}_{x.path.stem}.png" for number, x in enumerate(pictures)]
    if len(pictures) > 1:
        raise ValueError(f"--draw {place}: one file for {len(pictures)} pictures; give a folder")
    if not place.parent.is_dir():
        raise ValueError(f"--draw {place}: there is no folder {place.parent}")
    if place.exists() and place.samefile(pictures[0].path):
        raise ValueError(f"--draw {place}: that is the picture itself; give another name")
    return [place]


def draw(place: Path, pictures: Sequence[Picture], boxes: Sequence[Box]) -> list[str]:
    """Write the pictures with their boxes; where they are."""
    paths = drawings(place, pictures)
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    for path, picture, box in zip(paths, pictures, boxes, strict=True):
        draw_box(picture, box, path)
    return [str(path) for path in paths]


def make_backend(options: argparse.Namespace, network: IntegerNetwork) -> Backend:
    """The backend that the options name; AcceleratorError when it cannot be opened.

    Reference and simulator get a core that fits ``network``: UnsupportedNetworkError when the
    options forbid it.
    """
    if options.backend == "board":
        return Board(options.bitstream)
    config = chosen_core(network, options)
    if options.backend == "simulator":
        if not is_built(verilog_parameters(config), options.waves is not None):
            said = f"building a core of {config} multipliers, once: a minute or some ..."
            print(said, file=sys.stderr, flush=True)
        return Simulator(config, stalls=options.stalls, waves=options.waves)
    return Reference(config)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if (options.backend == "board") != (options.bitstream is not None):
        command_line.error("--backend board and --bitstream go together")
    if not 0 <= options.stalls < 1:
        command_line.error("--stalls is a share: 0, or less than 1")
    if options.backend != "simulator" and (options.stalls or options.waves):
        command_line.error("--stalls and --waves go with --backend simulator")
    if options.backend == "board":
        sizes = ("pin", "pout", "feature_depth", "weight_depth")
        output.refuse_ignored(command_line, options, sizes, "--backend reference or simulator")
    if options.timeout is not None and not options.timeout > 0:
        command_line.error("--timeout is a number of seconds above 0")
    if options.batch is not None and not 1 <= options.batch <= MAX_BATCH:
        print(f"lsfq run: batch {options.batch}: give 1 to {MAX_BATCH}", file=sys.stderr)
        return 2
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Run the images; results go into ``content``."""
    try:
        network = load_network(options.network)
        images = read_images(options, network)
        names = class_names(options, network)
        detector = find_detector(options, network, images)
    except (NetworkFormatError, DatasetError, ValueError, OSError) as error:
        print(f"lsfq run: {output.reason(error)}", file=sys.stderr)
        return 2
    start = time.monotonic()
    try:
        with Accelerator(make_backend(options, network), timeout=options.timeout) as accelerator:
            config = accelerator.config
            accelerator.load(network)
            bar = ProgressBar(network.name)
            logits = accelerator.run(images.codes, batch=options.batch, progress=bar)
            counters = accelerator.counters() if accelerator.backend.counts_cycles else None
        same = None
        if options.compare:
            with Accelerator(Reference(config)) as model:
                same = bool(np.array_equal(model.load(network).run(images.codes), logits))
    except (AcceleratorError, UnsupportedNetworkError) as error:
        print(f"lsfq run: {error}", file=sys.stderr)
        return 1
    except (NetworkError, ValueError, OSError) as error:
        print(f"lsfq run: {output.reason(error)}", file=sys.stderr)
        return 2
    content.update(
        network=network.name, backend=options.backend, core=str(config), images=len(images.codes),
        logits=logits.tolist(), seconds=round(time.monotonic() - start, 3),
    )  # fmt: skip
    if logits.ndim == 2:
        content["classes"] = logits.argmax(1).tolist()
        if names:
            content["names"] = [names[number] for number in content["classes"]]
    if images.labels is not None:
        content["labels"] = images.labels
    if images.pictures:
        content["files"] = [str(picture.path) for picture in images.pictures]
    if network.provenance.get("trained") is False:
        content["trained"] = False
    if detector is not None:
        boxes = [
            best_box(detector, result, picture)
            for result, picture in zip(logits, images.pictures, strict=True)
        ]
        content["boxes"] = [asdict(box) for box in boxes]
        if options.draw is not None:
            content["drawn"] = draw(options.draw, images.pictures, boxes)
    if same is not None:
        content["identical"] = same
    if counters is not None:
        content["cycles"] = {
            "images": counters.images,
            "pass": counters.cycles,
            "layers": {layer.name: layer.cycles for layer in counters.layers},
        }
    show(content)
    return 1 if same is False else 0


def show(content: dict[str, Any]) -> None:
    """Print what was found, for people."""
    print(
        f"{content['network']}: {content['images']} images on the {content['backend']} backend, "
        f"{content['core']}, {content['seconds']:.1f} s"
    )
    if "classes" in content:
        empty = [""] * content["images"]
        numbers = content.get("files", list(range(content["images"])))
        columns = (content.get("labels", empty), content["classes"], content.get("names", empty))
        rows = [tuple(map(str, row)) for row in zip(numbers, *columns, strict=True)]
        print(table(("image", "label", "class", "name"), rows))
    if "boxes" in content:
        print(table(("image", *BORDERS, "score"), [
            (file, *(f"{box[name]:.0f}" for name in BORDERS), f"{box['score']:.3f}")
            for file, box in zip(content["files"], content["boxes"], strict=True)
        ]))  # fmt: skip
    for path in content.get("drawn", ()):
        print(f"wrote {path}")
    if content.get("trained") is False:
        print("the network's weights are untrained: these results mean nothing")
    if "cycles" in content:
        cycles = content["cycles"]
        layers = [(name, f"{number:,}") for name, number in cycles["layers"].items()]
        print(table((f"layer ({cycles['images']} images a pass)", "cycles"), layers))
        print(f"whole pass: {cycles['pass']:,} cycles")
    if "identical" in content:
        same = "identical to" if content["identical"] else "DIFFERENT from"
        print(f"all logits are {same} those of the reference model")
