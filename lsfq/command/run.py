# SPDX-License-Identifier: Apache-2.0
"""Run an exported network on images: on the reference model, in the simulator, or on a board.

The exit status is 0 when all images ran, 1 when the accelerator reports an error or, with
--compare, a result differs from the reference model; 2 for wrong use.

examples:
  lsfq run                                               8 sample images, reference model
  lsfq run --backend simulator --pin 8 --pout 8          the same through the Verilog
  lsfq run --backend simulator --compare --stalls 0.3    random stalls; compare every logit
  lsfq run --network networks/mine --images mine.npy     uint8 images (N, C, H, W)
  lsfq run --backend board --bitstream lsfq.bit          on a Zynq board, under PYNQ
  lsfq run --json | jq .classes
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lsfq.accelerator import Accelerator
from lsfq.backends.base import Backend
from lsfq.backends.board import Board
from lsfq.backends.reference import Reference
from lsfq.backends.simulator import Simulator
from lsfq.command import output
from lsfq.command.core_choice import add_lanes, add_memories, chosen_core
from lsfq.core import verilog_parameters
from lsfq.errors import AcceleratorError
from lsfq.files import NETWORK, SAMPLE
from lsfq.simulation.build import is_built
from ref_model.datasets import CIFAR10, DatasetError, read_records
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH
from ref_model.integer import IntegerNetwork, NetworkError, NetworkFormatError, load_network
from ref_model.integer.console import ProgressBar, table

COUNT = 8
"""Images to run where no number is asked for."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--network", type=Path, default=NETWORK, metavar="DIR", help="an export")
    result.add_argument(
        "--images", type=Path, default=SAMPLE, metavar="FILE", help="CIFAR-10 binary file or .npy"
    )
    result.add_argument(
        "--count", type=output.number(1), metavar="N",
        help=f"the first N images ({COUNT}, or all where there are fewer)",
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


def read_images(options: argparse.Namespace) -> tuple[npt.NDArray[np.uint8], list[int] | None]:
    """(images (N, C, H, W), their labels if they have any); DatasetError, ValueError, OSError."""
    labels = None
    if options.images.suffix == ".npy":
        images = read_array(options.images)
    else:
        found = read_records(options.images, CIFAR10)
        images, labels = found.pixels, found.labels.tolist()
    if len(images) == 0:
        raise ValueError(f"{options.images}: holds no images")
    if options.count is not None and options.count > len(images):
        raise ValueError(f"--count {options.count}: {options.images} holds {len(images)} images")
    count = COUNT if options.count is None else options.count
    return images[:count], labels if labels is None else labels[:count]


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


def class_names(images: Path) -> list[str]:
    """Names of the classes, from the file beside CIFAR-10's images; [] where there is none."""
    try:
        names = (images.parent / CIFAR10.names_file).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []
    return names if len(names) == CIFAR10.classes else []


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
        images, labels = read_images(options)
    except (NetworkFormatError, DatasetError, ValueError, OSError) as error:
        print(f"lsfq run: {output.reason(error)}", file=sys.stderr)
        return 2
    start = time.monotonic()
    try:
        with Accelerator(make_backend(options, network), timeout=options.timeout) as accelerator:
            config = accelerator.config
            accelerator.load(network)
            bar = ProgressBar(network.name)
            logits = accelerator.run(images, batch=options.batch, progress=bar)
            counters = accelerator.counters() if accelerator.backend.counts_cycles else None
        same = None
        if options.compare:
            with Accelerator(Reference(config)) as model:
                same = bool(np.array_equal(model.load(network).run(images), logits))
    except (AcceleratorError, UnsupportedNetworkError) as error:
        print(f"lsfq run: {error}", file=sys.stderr)
        return 1
    except (NetworkError, ValueError, OSError) as error:
        print(f"lsfq run: {output.reason(error)}", file=sys.stderr)
        return 2
    content.update(
        network=network.name, backend=options.backend, core=str(config), images=len(images),
        logits=logits.tolist(), seconds=round(time.monotonic() - start, 3),
    )  # fmt: skip
    if logits.ndim == 2:
        content["classes"] = logits.argmax(1).tolist()
        names = class_names(options.images)
        if len(names) == logits.shape[1]:
            content["names"] = [names[number] for number in content["classes"]]
    if labels is not None:
        content["labels"] = labels
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
        columns = (content.get("labels", empty), content["classes"], content.get("names", empty))
        rows = [
            (str(number), *map(str, row)) for number, row in enumerate(zip(*columns, strict=True))
        ]
        print(table(("image", "label", "class", "name"), rows))
    if "cycles" in content:
        cycles = content["cycles"]
        layers = [(name, f"{number:,}") for name, number in cycles["layers"].items()]
        print(table((f"layer ({cycles['images']} images a pass)", "cycles"), layers))
        print(f"whole pass: {cycles['pass']:,} cycles")
    if "identical" in content:
        same = "identical to" if content["identical"] else "DIFFERENT from"
        print(f"all logits are {same} those of the reference model")
