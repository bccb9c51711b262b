#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A photo through a detector, from Python: the best box, drawn on a copy.

The detector is UltraNet with random weights: it shows the way that a picture and its box take, and
finds nothing, as it was not trained. (Training it takes a set of pictures with boxes, and code of
your own.) With --network any export runs whose result is a map of six numbers an anchor.

examples:
  detect.py                                     a picture made of the sample images; needs PyTorch
  detect.py photo.jpg --draw boxed.png
  detect.py photo.jpg --network networks/mine   an export of your own; no PyTorch
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lsfq import Accelerator, Reference  # noqa: E402
from lsfq.boxes import BoxError, best_box, detector_of, draw_box  # noqa: E402
from lsfq.core import DEFAULT_CORE  # noqa: E402
from lsfq.files import SAMPLE  # noqa: E402
from ref_model.datasets import CIFAR10, DatasetError, read_records  # noqa: E402
from ref_model.datasets.pictures import read_picture  # noqa: E402
from ref_model.integer import IntegerNetwork, load_network  # noqa: E402


def sample_picture(folder: Path) -> Path:
    """32 test images side by side, as a JPEG file of 512x256 pixels."""
    pixels = read_records(SAMPLE, CIFAR10).pixels[:32].reshape(4, 8, 3, 32, 32)
    sheet = pixels.transpose(0, 3, 1, 4, 2).reshape(128, 256, 3)
    path = folder / "sample.jpg"
    Image.fromarray(sheet.repeat(2, axis=0).repeat(2, axis=1)).save(path, quality=95)
    return path


def untrained_ultranet(width: int) -> IntegerNetwork:
    """UltraNet with random weights, calibrated on the sample images; ``width`` as in training."""
    import torch

    from ref_model.training.config import TrainingConfig
    from ref_model.training.untrained import untrained_integer_network

    print("making UltraNet with random weights, which find nothing ...", flush=True)
    images = torch.from_numpy(read_records(SAMPLE, CIFAR10).pixels)
    return untrained_integer_network(TrainingConfig(model="ultranet", width=width), images)


def main() -> int:
    """Read, run, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path, nargs="?", help="a PNG or JPEG file")
    parser.add_argument("--network", type=Path, metavar="DIR", help="an export")
    parser.add_argument(
        "--width", type=int, default=16, help="channels of UltraNet's first layer (16)"
    )
    parser.add_argument(
        "--draw", type=Path, default=Path("boxed.png"), metavar="FILE", help="(boxed.png)"
    )
    options = parser.parse_args()

    network = (
        load_network(options.network) if options.network else untrained_ultranet(options.width)
    )
    with tempfile.TemporaryDirectory() as scratch:
        photo = options.photo or sample_picture(Path(scratch))
        try:
            detector = detector_of(network)
            picture = read_picture(photo, network.image_shape, "stretch")
        except (BoxError, DatasetError) as error:
            print(f"detect.py: {error}", file=sys.stderr)
            return 2
        with Accelerator(Reference(DEFAULT_CORE)) as accelerator:
            result = accelerator.load(network).run(np.stack([picture.pixels]))[0]
        box = best_box(detector, result, picture)
        draw_box(picture, box, options.draw)
    print(
        f"{photo.name}: {box.left:.0f}, {box.top:.0f} to {box.right:.0f}, {box.bottom:.0f}, "
        f"score {box.score:.2f} -> {options.draw}"
    )
    if network.provenance.get("trained") is False:
        print("the weights are untrained: this box means nothing")
    return 0


if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
