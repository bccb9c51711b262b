# SPDX-License-Identifier: Apache-2.0
"""Run a network on images through the Verilog, and compare every tensor.

Builds the core with Verilator, streams program and images into it, reads every layer's tensor back
and compares it with the integer reference model. The exit status is 0 when everything is equal.

An exported network runs on CIFAR-10 test images. A model's name stands for random weights (all but
vgg7 need PyTorch), on images made up where CIFAR-10's do not fit: enough to see every tensor of it
computed.

examples:
  scripts/run_network.py                          8 images, core of 16 x 16 multipliers
  scripts/run_network.py --pin 8 --pout 8         a smaller core
  scripts/run_network.py --batch 8                all 8 images in one parameter pass
  scripts/run_network.py --network ultranet --images 1    a detector for 160x320 images, in rows
  scripts/run_network.py --images 2 --waves       waves of two images as a VCD file
  scripts/run_network.py --stalls random          with random pauses on every stream
  scripts/run_network.py --json result.json       all figures for a program to read
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsfq.command.core_choice import add_depthwise_pixels, add_lanes
from lsfq.core import DEFAULT_CORE
from lsfq.core_choice import changed, choose_core, difference
from lsfq.files import NETWORK, SAMPLE
from ref_model.datasets import CIFAR10, DatasetError, read_records
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH
from ref_model.integer import NetworkFormatError
from ref_model.integer.console import table
from ref_model.integer.network import IntegerNetwork
from tools.hdl.bench import BenchError
from tools.simulation.network_run import NetworkRun
from tools.simulation.networks import MODELS, find_images, find_network
from tools.simulation.stalls import PATTERNS

LAYER_HEADER = ("layer", "input", "weights", "MACs", "cycles", "of peak", "tensors")
IMAGE_HEADER = ("image", "label", "hardware", "reference", "", "pass", "cycles of the pass")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--network", default=str(NETWORK), help=f"folder of an export, or {', '.join(MODELS)}"
    )
    result.add_argument("--data", type=Path, default=SAMPLE, help="CIFAR-10 binary file")
    result.add_argument("--images", type=int, default=8, metavar="N", help="how many (8)")
    result.add_argument(
        "--batch", type=int, default=1, metavar="N", help="images that share a parameter pass (1)"
    )
    add_lanes(result)
    add_depthwise_pixels(result, default=1)
    result.add_argument("--stalls", choices=PATTERNS, default="none", help="on every stream")
    result.add_argument("--waves", action="store_true", help="record a VCD file")
    result.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    result.add_argument("--verbose", action="store_true", help="show the simulator's output")
    return result


def layer_table(report: Any, network: IntegerNetwork) -> str:
    """Shapes and cycles an image of every layer, those of the last pass."""
    peak = 6 * report["pin"] * report["pout"]
    last = report["passes"][-1]
    counters = last["layers"]
    shapes = dict(zip((x.name for x in network.layers), network.input_shapes(), strict=True))
    layers = {layer.name: layer for layer in network.layers}
    rows = []
    for planned, counter in zip(report["layers"], counters, strict=True):
        parts = [layers[name] for name in planned["parts"]]
        wrong = [
            image["differences"].get(part.name) for part in parts for image in report["images"]
        ]
        first = next((text for text in wrong if text), None)
        rows.append((
            planned["name"],
            "x".join(map(str, shapes[parts[0].name])),
            ", ".join(
                f"{'x'.join(map(str, part.weight.shape))} W{part.weight_bits}A{part.input_bits}"
                for part in parts
            ),
            f"{planned['macs']:,}",
            f"{counter['cycles'] / last['images']:,.0f}",
            f"{100 * planned['macs'] * last['images'] / (counter['cycles'] * peak):.1f} %",
            first or f"bit-exact ({len(wrong)})",
        ))  # fmt: skip
    macs = sum(row["macs"] for row in report["layers"])
    cycles = last["cycles"] / last["images"]
    share = f"{100 * macs / (cycles * peak):.1f} %"
    rows.append(("whole network", "", "", f"{macs:,}", f"{cycles:,.0f}", share, ""))
    return table(LAYER_HEADER, rows)


def class_names(data: Path) -> list[str]:
    """Names of the classes, from the file that lies beside the images."""
    return (data.parent / CIFAR10.names_file).read_text(encoding="utf-8").split()


def image_table(report: Any, labels: list[int], names: list[str]) -> str:
    """What the hardware and the reference model say about each image."""
    rows = [
        (
            str(number),
            names[label],
            names[image["prediction"]],
            names[image["reference"]],
            "agree" if image["prediction"] == image["reference"] else "DIFFER",
            str(image["pass"]),
            f"{report['passes'][image['pass']]['cycles']:,}",
        )
        for number, (label, image) in enumerate(zip(labels, report["images"], strict=True))
    ]
    return table(IMAGE_HEADER, rows)


def main() -> int:
    """Run the command; 0 when hardware and reference agree, 1 when not, 2 for wrong use."""
    args = parser().parse_args()
    try:
        network = find_network(args.network)
        data = read_records(args.data, CIFAR10)
    except (NetworkFormatError, DatasetError) as error:
        print(error, file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"{args.network} needs PyTorch ({error}): make .venv/all.stamp", file=sys.stderr)
        return 2
    if not 1 <= args.images <= len(data):
        print(f"--images is 1 to {len(data)} with {args.data}", file=sys.stderr)
        return 2
    if not 1 <= args.batch <= MAX_BATCH:
        print(f"--batch is 1 to {MAX_BATCH}", file=sys.stderr)
        return 2
    start = replace(DEFAULT_CORE, pin=args.pin, pout=args.pout)
    try:
        core = choose_core(network, start)
    except UnsupportedNetworkError as error:
        print(error, file=sys.stderr)
        return 1
    memories = {name: getattr(core, name) for name in changed(core, start)}
    if memories:
        print(f"{network.name} needs more than the default core has: {difference(core, start)}")
    chosen = data.first(args.images)
    fits = network.input_shape == chosen.pixels.shape[1:]
    pixels = chosen.pixels if fits else find_images(network, args.images)
    origin = "CIFAR-10 test" if fits else "made-up"
    print(
        f"{network.name} on {args.images} {origin} images, core {args.pin}x{args.pout}, "
        f"{args.batch} a pass"
    )
    print("building the core and simulating (the first build takes a minute) ...", flush=True)
    begun = time.monotonic()
    try:
        run = NetworkRun(
            args.pin, args.pout, args.batch, args.depthwise_pixels,
            stalls=args.stalls, waves=args.waves, quiet=not args.verbose, **memories,
        )  # fmt: skip
        result, report = run(network if args.network in MODELS else Path(args.network), pixels)
    except BenchError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print()
    print(layer_table(report, network))
    print()
    said = f"all tensors of all layers of {args.images} images are bit-exact"
    if fits:
        labels = chosen.labels.tolist()
        print(image_table(report, labels, class_names(args.data)), end="\n\n")
        right = sum(
            image["prediction"] == label
            for image, label in zip(report["images"], labels, strict=True)
        )
        said += f"; {right} of {args.images} are classified as labelled"
    print(f"{said}; {time.monotonic() - begun:.0f} s")
    if result.waves is not None:
        print(f"waves: {result.waves}")
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0
