# SPDX-License-Identifier: Apache-2.0
"""Measure where the cycles of a network go on the simulated core, layer by layer.

Runs the Verilog with full streams and with the parameter stream at half speed, compares every
tensor with the integer reference model, and times simulation and reference model. For VGG7 at its
published width on the 16x16 core, one image, for MobileNetV2 with eight a pass, for UltraNet, and
MobileNetV2 and ResNet-18 on 224x224 images with four, the figures have bars, and the exit status is
1 when one is missed. Weights are random: cycles do not depend on them.
With --sweep many layers of other shapes follow, whose cycles must be within 2 % of the schedule's.

examples:
  scripts/performance.py                              VGG7 width 128, one image, 16x16
  scripts/performance.py --network mobilenetv2        MobileNetV2 1.0, eight images a pass (PyTorch)
  scripts/performance.py --network resnet20 --batch 1
  scripts/performance.py --network ultranet           in rows: 160x320 images, four a pass
  scripts/performance.py --batch 8                    eight images share the weights of a pass
  scripts/performance.py --network networks/vgg7_w32_w4a4 --pin 8 --pout 8
  scripts/performance.py --sweep --json docs/performance/measured.json    all that the report needs
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from lsfq.command.core_choice import add_depthwise_pixels, add_lanes
from ref_model.hardware.performance import (
    STALLS,
    Performance,
    last_pass,
    loss_explained,
)
from ref_model.hardware.plan import MAX_BATCH
from ref_model.integer import NetworkFormatError
from ref_model.integer.console import ProgressBar, table
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.synthetic import synthetic_images
from tools.hdl.bench import BenchError
from tools.reports.bars import Bar, bar_table, depthwise_bars, utilisation_bars
from tools.simulation.network_run import NetworkRun
from tools.simulation.network_sweep import measure, swept_layers
from tools.simulation.networks import MODELS, USUAL_BATCH, find_images, find_network

WHOLE, INNER = 1.00, 0.97
ABOVE_ARRAY, DEPTHWISE_SHARE = 1.10, 0.05
UNEXPLAINED = 0.01
OFF = 0.02
SIMULATION_S = 20.0
REFERENCE_IMAGES_S = 40.0
REFERENCE_PIXELS, REFERENCE_REPEATS = 32 * 32 * 32, 3

CYCLES = {"ultranet": 180_000, "mobilenetv2_224": 560_000, "resnet18": 1_740_000}
"""Most cycles an image of networks whose maps do not fit the memory, with their usual batch."""

HEADER = (
    "layer", "kernel", "MACs", "schedule", "cycles", "of peak", "busy", "no weights",
    "output full", "no features",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--network", default="vgg7", help=f"{', '.join(MODELS)}, or the folder of an export"
    )
    result.add_argument(
        "--batch",
        type=int,
        metavar="N",
        help=f"images a pass (1; {', '.join(f'{name}: {n}' for name, n in USUAL_BATCH.items())})",
    )
    add_lanes(result)
    add_depthwise_pixels(result, default=2)
    result.add_argument("--sweep", action="store_true", help="also layers of many other shapes")
    result.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    return result


def layer_table(measured: Performance) -> str:
    """Every layer's cycles, an image, and what they were spent on."""
    images = measured.images

    def row(name: str, kernel: str, *numbers: float, share: float) -> tuple[str, ...]:
        macs, schedule, cycles, *spent = (f"{n / images:,.0f}" for n in numbers)
        return (name, kernel, macs, schedule, cycles, f"{100 * share:.1f} %", *spent)

    rows = [
        row(
            layer.name,
            layer.kernel.lower(),
            layer.macs,
            layer.schedule,
            layer.cycles,
            *(layer.counters[name] for name in ("busy", *STALLS)),
            share=measured.utilisation(layer),
        )
        for layer in measured.layers
    ]
    rows.append(
        row(
            "whole network",
            "",
            measured.macs,
            sum(layer.schedule for layer in measured.layers),
            measured.cycles,
            *(sum(layer.counters[name] for layer in measured.layers) for name in ("busy", *STALLS)),
            share=measured.utilisation(),
        )
    )
    return table(HEADER, rows)


def reference_speed(network: IntegerNetwork) -> float:
    """Images a second of the reference model, the median of some runs after a first one."""
    _, height, width = network.input_shape
    count = max(1, REFERENCE_PIXELS // (height * width))
    images = synthetic_images(
        np.random.default_rng(2), count, network.input_shape, network.input_bits
    )
    speeds = []
    for _ in range(REFERENCE_REPEATS + 1):
        start = time.perf_counter()
        run_network(network, images)
        speeds.append(count / (time.perf_counter() - start))
    return float(np.median(speeds[1:]))


def sweep(run: NetworkRun) -> list[dict[str, str | int]]:
    """Measure the layers of the sweep, with a progress bar at a terminal."""
    layers = list(swept_layers())
    bar = ProgressBar("sweep")
    rows = []
    for done, layer in enumerate(layers):
        bar(done, len(layers))
        rows.append(measure(layer, run))
    bar(len(layers), len(layers))
    return rows


def sweep_table(rows: list[dict[str, str | int]]) -> str:
    """Cycles counted and scheduled of every layer of the sweep."""
    return table(
        ("layer", "schedule", "cycles", "more"),
        [
            (
                str(row["layer"]),
                f"{row['schedule']:,}",
                f"{row['cycles']:,}",
                f"{100 * beyond_schedule(row):.2f} %",
            )
            for row in rows
        ],
    )


def beyond_schedule(row: dict[str, str | int]) -> float:
    """Share by which the counted cycles exceed the scheduled ones."""
    return int(row["cycles"]) / int(row["schedule"]) - 1


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when all bars are held, 1 when not, 2 for wrong use."""
    args = parser().parse_args(arguments)
    try:
        network = find_network(args.network)
    except NetworkFormatError as error:
        print(f"performance.py: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"performance.py: {args.network} needs PyTorch ({error}): make .venv/all.stamp",
              file=sys.stderr)  # fmt: skip
        return 2
    if args.batch is None:
        args.batch = USUAL_BATCH.get(args.network, 1)
    if not 1 <= args.batch <= MAX_BATCH:
        print(f"performance.py: --batch is 1 to {MAX_BATCH}", file=sys.stderr)
        return 2
    images = find_images(network, args.batch)
    run = NetworkRun(args.pin, args.pout, args.batch, args.depthwise_pixels)
    slow = replace(run, param_stalls="alternate")
    print(f"{network.name}, core {args.pin}x{args.pout}, {args.batch} a pass")
    print("building the core and simulating (the first build takes minutes) ...", flush=True)
    try:
        _, report = run(network, images)
        measured = last_pass(report)
        print(f"\ncycles an image, full streams; every tensor bit-exact; {report['seconds']:.1f} s")
        print(layer_table(measured), flush=True)
        _, slow_report = slow(network, images)
    except BenchError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    throttled = last_pass(slow_report)
    lost, shown = loss_explained(measured, throttled)
    print("\nparameter stream at one beat in two; every tensor bit-exact")
    print(layer_table(throttled))
    print(f"\nthe stream's half costs {lost:,} cycles; counters show {shown:,} of them")
    rows = []
    if args.sweep:
        print("\nmeasuring the sweep ...", flush=True)
        try:
            rows = sweep(run)
        except BenchError as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
        print(sweep_table(rows))
        print()
    speed = reference_speed(network)
    macs_rate = 6 * measured.utilisation()
    print(f"{macs_rate:.2f} MACs a multiplier and cycle over the whole network (peak 6)")
    print(f"reference model: {speed:.1f} images a second")
    bars: list[Bar] = []
    core = (args.pin, args.pout, args.depthwise_pixels)
    if args.network == "mobilenetv2" and core == (16, 16, 2) and args.batch >= 8:
        bars = [*depthwise_bars(measured, ABOVE_ARRAY, DEPTHWISE_SHARE)]
    if args.network in CYCLES and core[:2] == (16, 16) and args.batch == USUAL_BATCH[args.network]:
        bars = [Bar("cycles an image", measured.cycles / args.batch, CYCLES[args.network], True)]
    # of VGG7 the published network is what the bars are about
    if args.network == "vgg7" and core[:2] == (16, 16) and args.batch == 1:
        bars = [
            *utilisation_bars(measured, WHOLE, INNER),
            Bar(
                "unexplained share of the loss", abs(lost - shown) / max(lost, 1), UNEXPLAINED, True
            ),
            Bar("simulation, seconds", report["seconds"], SIMULATION_S, True),
            Bar("reference model, images a second", speed, REFERENCE_IMAGES_S),
        ]
    if rows:
        worst = max(abs(beyond_schedule(row)) for row in rows)
        bars.append(Bar(f"sweep of {len(rows)}, worst share off the schedule", worst, OFF, True))
    if bars:
        print()
        print(bar_table(bars))
    if args.json is not None:
        figures = {
            "full": report, "throttled": slow_report, "reference_images_s": speed,
            "sweep": rows, "bars": [asdict(bar) | {"held": bar.held} for bar in bars],
        }  # fmt: skip
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0 if all(bar.held for bar in bars) else 1
