#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Photos through a classifier, from Python: scaled to the network's size, run, named.

Without photos it takes a CIFAR-10 test image that the repository brings, made larger and saved as a
PNG file first, so that there is a picture to read. `lsfq run --images` does the same.

examples:
  classify.py                                   a picture of the sample, reference model
  classify.py photo.jpg folder_of_photos        any PNG and JPEG files
  classify.py photo.jpg --simulator             the same through the Verilog, on a 4x4 core
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

from lsfq import Accelerator, CoreConfig, Reference, Simulator  # noqa: E402
from lsfq.files import NETWORK, SAMPLE  # noqa: E402
from ref_model.datasets import CIFAR10, DatasetError, read_records  # noqa: E402
from ref_model.datasets.pictures import find_pictures, read_pictures  # noqa: E402
from ref_model.integer import load_network  # noqa: E402


def sample_picture(folder: Path) -> Path:
    """A test image of 32x32 pixels as a PNG file of 256x256, in squares."""
    pixels = read_records(SAMPLE, CIFAR10).pixels[0].transpose(1, 2, 0)
    path = folder / "sample.png"
    Image.fromarray(pixels.repeat(8, axis=0).repeat(8, axis=1)).save(path)
    return path


def main() -> int:
    """Read, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="*", help="PNG or JPEG files, or folders")
    parser.add_argument("--network", type=Path, default=NETWORK, metavar="DIR", help="an export")
    parser.add_argument("--simulator", action="store_true", help="run the Verilog")
    options = parser.parse_args()

    network = load_network(options.network)
    names = (SAMPLE.parent / CIFAR10.names_file).read_text(encoding="utf-8").split()
    with tempfile.TemporaryDirectory() as scratch:
        photos = options.photos or [sample_picture(Path(scratch))]
        try:
            pictures = list(read_pictures(find_pictures(photos), network.image_shape, "crop"))
        except DatasetError as error:
            print(f"classify.py: {error}", file=sys.stderr)
            return 2
    core = CoreConfig(pin=4, pout=4, feature_depth=16384)
    with Accelerator(Simulator(core) if options.simulator else Reference(core)) as accelerator:
        accelerator.load(network)
        logits = accelerator.run(np.stack([picture.pixels for picture in pictures]))
    for picture, row in zip(pictures, logits, strict=True):
        first, second = (int(number) for number in np.argsort(-row, stable=True)[:2])
        said = (
            f"{names[number] if len(names) == len(row) else number} ({row[number]})"
            for number in (first, second)
        )
        print(f"{picture.path.name}: {', then '.join(said)}")
    return 0


if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
