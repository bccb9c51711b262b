# SPDX-License-Identifier: Apache-2.0
"""Compare networks with their ONNX models as onnxruntime runs them: every tensor, every number.

The exit status is 0 when all are equal, 1 when one differs, 2 when onnxruntime or images are
missing.

examples:
  scripts/check_onnx.py                                every network under networks/, 64 images
  scripts/check_onnx.py --count 8 networks/vgg7_w32_w4a4
  scripts/check_onnx.py --classes --data /path/to/data   classes of the whole test set, too
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from lsfq.command import output
from lsfq.command.evaluate import dataset_of, exported_networks, load_images
from lsfq.files import SAMPLE
from ref_model.datasets import DatasetError, dataset_by_name, read_records
from ref_model.exchange.errors import ExchangeError
from ref_model.exchange.integer_onnx import from_onnx, to_onnx
from ref_model.exchange.onnx_runtime import OnnxRuntime
from ref_model.integer import (
    INPUT,
    IntegerNetwork,
    NetworkFormatError,
    first_difference_of,
    load_stored,
    network_difference,
    predict,
    run_network,
)
from ref_model.integer.console import ProgressBar
from ref_model.integer.execute import Tensor

STEP = 8
"""Images at a time: all tensors of more would fill the memory."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "networks", nargs="*", type=Path, help="network folders (all under networks/)"
    )
    result.add_argument(
        "--count", type=output.number(1, 64), default=64, help="sample images for all tensors (64)"
    )
    result.add_argument(
        "--classes", action="store_true", help="compare the classes of the whole test set, too"
    )
    result.add_argument(
        "--data", type=Path, help="folder of the image sets (else $LSFQ_DATA, ./data)"
    )
    return result


def compare_tensors(network: IntegerNetwork, images: Tensor) -> tuple[str | None, int]:
    """(the first difference of any tensor or None, how many numbers were compared)."""
    model = to_onnx(network)
    again = network_difference(network, from_onnx(model))
    if again is not None:
        return f"imported back: {again}", 0
    session = OnnxRuntime(model, [layer.name for layer in network.layers])
    bar, numbers = ProgressBar(network.name), 0
    for start in range(0, len(images), STEP):
        part = images[start : start + STEP]
        expected = run_network(network, part)
        difference = first_difference_of(expected, {INPUT: part, **session(part)})
        if difference is not None:
            return str(difference), numbers
        numbers += sum(tensor.size for name, tensor in expected.items() if name != INPUT)
        bar(start + len(part), len(images))
    return None, numbers


def compare_classes(network: IntegerNetwork, images: Tensor) -> tuple[int, int]:
    """(how many images get another class from onnxruntime, of how many)."""
    session = OnnxRuntime(to_onnx(network))
    bar, wrong = ProgressBar(f"{network.name} classes"), 0
    for start in range(0, len(images), STEP):
        part = images[start : start + STEP]
        (result,) = session(part).values()
        classes = result.reshape(len(part), -1).argmax(axis=1)
        wrong += int(np.count_nonzero(classes != predict(network, part)))
        bar(start + len(part), len(images))
    return wrong, len(images)


def check(folder: Path, options: argparse.Namespace) -> bool:
    """Compare one network, print a line, and return whether all is equal."""
    stored = load_stored(folder)
    begin = time.monotonic()
    sample = read_records(SAMPLE, dataset_by_name("cifar10")).first(options.count).pixels
    difference, numbers = compare_tensors(stored.network, sample)
    said = difference or f"{numbers:,} numbers of {len(sample)} images equal"
    wrong = 0
    if options.classes:
        options.allow_missing, options.samples = True, None
        images = load_images(dataset_of(stored, None), options)
        wrong, count = compare_classes(stored.network, images.pixels)
        said += f"; classes of {count} images: " + (f"{wrong} differ" if wrong else "equal")
    print(f"{stored.network.name}: {said} ({time.monotonic() - begin:.0f} s)", flush=True)
    return difference is None and not wrong


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        folders = options.networks or exported_networks()
        equal = [check(folder, options) for folder in folders]
        return 0 if all(equal) else 1
    except (DatasetError, ExchangeError, NetworkFormatError) as error:
        print(f"check_onnx: {error}", file=sys.stderr)
        return 2
