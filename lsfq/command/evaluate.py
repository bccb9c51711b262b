# SPDX-License-Identifier: Apache-2.0
"""Evaluate exported networks with the integer model and compare with their manifests.

Every accuracy printed is that of the integer network on the whole test set. The exit status is 0
when every network does what its manifest says, 1 when one differs or cannot be read, 2 when the
images are missing.

examples:
  lsfq eval                                every network under networks/
  lsfq eval --data ~/cifar networks/vgg7   one network, images from ~/cifar
  lsfq eval --samples 500                  a quick look; the manifest is not compared
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.command.own_pictures import is_of_own_pictures, own_test_images
from lsfq.files import ROOT
from ref_model.datasets import DatasetError, Images, dataset_by_name, read_records
from ref_model.datasets.cifar import locate
from ref_model.integer import (
    Accuracy,
    NetworkFormatError,
    StoredNetwork,
    evaluate,
    load_stored,
)
from ref_model.integer.console import ProgressBar, table
from ref_model.integer.storage import MANIFEST

HEADER = ("network", "weights", "codes", "images", "float %", "integer %", "loss", "manifest", "s")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "networks", nargs="*", type=Path, help="network folders (all under networks/)"
    )
    result.add_argument(
        "--data", type=Path, help="folder of the image sets (else $LSFQ_DATA, ./data)"
    )
    result.add_argument("--samples", type=int, metavar="N", help="only the first N test images")
    result.add_argument(
        "--dataset", help="image set of networks whose manifest names none (cifar10)"
    )
    result.add_argument(
        "--allow-missing", action="store_true", help="exit with 0 when the images are missing"
    )
    output.add_json(result)
    return result


def exported_networks() -> list[Path]:
    """Folders under networks/ that hold an exported network."""
    return sorted(path.parent for path in (ROOT / "networks").glob(f"*/{MANIFEST}"))


def dataset_of(stored: StoredNetwork, override: str | None) -> str:
    """Name of the image set that a network is for."""
    if override is not None:
        return override
    if stored.accuracy is not None:
        return stored.accuracy.dataset
    config = stored.network.provenance.get("config")
    return str(config.get("dataset", "cifar10")) if isinstance(config, dict) else "cifar10"


def load_images(name: str, options: argparse.Namespace) -> Images:
    """Test images of a set, downloaded unless they may be missing; DatasetError without them."""
    dataset = dataset_by_name(name)
    folder = locate(dataset, options.data, fetch=not options.allow_missing)
    return read_records(folder / dataset.test_file, dataset).first(options.samples)


def widths(stored: StoredNetwork) -> tuple[list[int], list[int]]:
    """Bit widths of weights and of activation codes that occur, ascending."""
    layers = stored.network.layers
    weights = sorted({layer.weight_bits for layer in layers})
    codes = sorted({layer.output_bits for layer in layers if layer.output_bits is not None})
    return weights, codes


def verdict(recorded: Accuracy | None, images: int, correct: int) -> str:
    """How a result compares with the manifest: equal, differs, not recorded, or another slice."""
    if recorded is None:
        return "not recorded"
    if recorded.images != images:
        return "slice"
    if recorded.correct == correct:
        return "equal"
    return f"differs: {recorded.correct} correct, not {correct}"


def evaluate_one(folder: Path, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """(what was found, for programs; whether the network does what its manifest says)."""
    stored = load_stored(folder)
    if options.dataset is None and is_of_own_pictures(stored.network):
        images = own_test_images(stored.network, options.data).first(options.samples)
    else:
        images = load_images(dataset_of(stored, options.dataset), options)
    start = time.monotonic()
    bar = ProgressBar(stored.network.name)
    found = evaluate(stored.network, images.pixels, images.labels, progress=bar)
    seconds = time.monotonic() - start
    recorded = stored.accuracy
    baseline = None if recorded is None else recorded.float_accuracy
    text = verdict(recorded, found.images, found.correct)
    whole = baseline is not None and text != "slice"
    weights, codes = widths(stored)
    result = {
        "network": stored.network.name,
        "weight_bits": weights,
        "code_bits": codes,
        "images": found.images,
        "correct": found.correct,
        "float_accuracy": baseline,
        "integer_accuracy": found.accuracy,
        "loss": baseline - found.accuracy if baseline is not None and whole else None,
        "manifest": text,
        "seconds": round(seconds, 3),
    }
    return result, text == "equal" or (text == "slice" and options.samples is not None)


def row(found: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table."""

    def span(bits: list[int]) -> str:
        return "-".join(map(str, bits)) or "none"

    def percent(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    return (
        found["network"],
        span(found["weight_bits"]),
        span(found["code_bits"]),
        str(found["images"]),
        percent(found["float_accuracy"]),
        percent(found["integer_accuracy"]),
        percent(found["loss"]),
        found["manifest"],
        f"{found['seconds']:.1f}",
    )


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    options = parser().parse_args(arguments)
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Evaluate; what was found goes into ``content``."""
    if options.samples is not None and options.samples < 1:
        print("lsfq eval: --samples takes a number of at least 1", file=sys.stderr)
        return 2
    folders = options.networks or exported_networks()
    if not folders:
        print(f"lsfq eval: no exported networks under {ROOT / 'networks'}", file=sys.stderr)
        return 1
    every, right = [], True
    for folder in folders:
        try:
            found, equal = evaluate_one(folder, options)
        except NetworkFormatError as error:
            print(f"lsfq eval: {error}", file=sys.stderr)
            right = False
            continue
        except DatasetError as error:
            print(f"lsfq eval: {error}", file=sys.stderr)
            return 0 if options.allow_missing else 2
        every.append(found)
        right &= equal
    if every:
        print(table(HEADER, [row(found) for found in every]))
        content["networks"] = every
    if not right:
        print("lsfq eval: a network is not what its manifest says", file=sys.stderr)
    return 0 if right else 1
