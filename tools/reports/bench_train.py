# SPDX-License-Identifier: Apache-2.0
"""Time a training step of VGG7 (forward, backward, optimiser) on this machine.

Float, LSFQ, and Brevitas' layers with the same network, bits, batch, optimiser and memory format;
one step of each in turn. Two figures have bars, and the exit status is 1 when one is missed. What
else the machine does disturbs the times: more rounds help, and so does --processor-time.

examples:
  scripts/bench_train.py                                 width 64, W4A4, 100 images a step
  scripts/bench_train.py --width 32 --batch 200 --rounds 30
  scripts/bench_train.py --threads 1 --processor-time    on a machine that is busy otherwise
  scripts/bench_train.py --bfloat16 --json build/bench_train.json
  scripts/bench_train.py --device cuda --batch 200 --rounds 50
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ref_model.integer.console import ProgressBar
from tools.reports import step_times
from tools.reports.bars import bar_table
from tools.reports.step_times import BFLOAT16, BREVITAS, FLOAT, OURS

CLASSES = 10
WARM_UP = 2
"""Steps before the times count: Brevitas' clips are set in the first one."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--width", type=int, default=64, help="channels of the first layer (64)")
    result.add_argument("--weight-bits", type=int, default=4, help="2, 3, 4 or 8 (4)")
    result.add_argument(
        "--activation-bits", type=int, default=4, help="the same for activations (4)"
    )
    result.add_argument("--batch", type=int, default=100, help="images a step (100)")
    result.add_argument("--rounds", type=int, default=15, help="steps of each kind (15)")
    result.add_argument("--bfloat16", action="store_true", help="also LSFQ with such convolutions")
    result.add_argument("--threads", type=int, default=0, help="processor threads (0: PyTorch's)")
    result.add_argument(
        "--device", default="cpu", help="cpu, cuda or auto: a GPU where PyTorch sees one (cpu)"
    )
    result.add_argument(
        "--processor-time", action="store_true",
        help="count the time that this process computes; true to a step with --threads 1 only",
    )  # fmt: skip
    result.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return result


def training_steps(options: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """One training step of every network, by name; all on the same made-up images.

    Raises ValueError for options that cannot work, ImportError without Brevitas.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    from ref_model.training.config import TrainingConfig
    from ref_model.training.device import choose_device
    from ref_model.training.layers import Mode
    from tools.reports.brevitas_vgg7 import brevitas_vgg7

    config = TrainingConfig(
        width=options.width,
        weight_bits=(options.weight_bits,),
        activation_bits=(options.activation_bits,),
        batch=options.batch,
    )
    device = choose_device(options.device)
    torch.manual_seed(config.seed)
    images = torch.rand(config.batch, 3, 32, 32, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (config.batch,), device=device)

    def lsfq(training_type: torch.dtype) -> nn.Module:
        network = config.build().to(device)
        network.start_quantisation(images)
        network.set_training_type(training_type)
        return network

    plain = config.build().to(device)
    plain.set_mode(Mode.FLOAT)
    theirs = brevitas_vgg7(config.width, CLASSES, config.weight_bits[0], config.activation_bits[0])
    networks = {FLOAT: plain, OURS: lsfq(torch.float32), BREVITAS: theirs.to(device)}
    if options.bfloat16:
        networks[BFLOAT16] = lsfq(torch.bfloat16)

    def step_of(name: str, network: nn.Module) -> Callable[[], object]:
        optimiser = torch.optim.SGD(
            network.parameters(), lr=0.001, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        network.train()

        def step() -> None:
            loss = functional.cross_entropy(network(images), labels)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
            # To read the loss is to wait for all that a GPU was given before.
            if not float(loss.detach()) < float("inf"):
                raise FloatingPointError(f"{name}: the loss is {loss}")

        return step

    return {name: step_of(name, network) for name, network in networks.items()}


def report(options: argparse.Namespace, times: step_times.Times) -> dict[str, Any]:
    """All figures as plain data."""
    import torch

    from ref_model.training.device import choose_device, device_name

    return {
        "width": options.width,
        "weight_bits": options.weight_bits,
        "activation_bits": options.activation_bits,
        "batch": options.batch,
        "rounds": options.rounds,
        "device": device_name(choose_device(options.device)),
        "clock": "processor" if options.processor_time else "wall",
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in ("torch", "brevitas", "numpy")},
        "milliseconds": {
            name: {"median": statistics.median(values), "min": min(values), "max": max(values)}
            for name, values in times.items()
        },
        "bars": [asdict(bar) | {"held": bar.held} for bar in step_times.bars(times)],
    }


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when both bars are held, 1 when not, 2 for wrong use."""
    options = parser().parse_args(arguments)
    try:
        import torch

        if options.rounds < 1:
            raise ValueError(f"rounds {options.rounds}: must be at least 1")
        if options.threads:
            torch.set_num_threads(options.threads)
        steps = training_steps(options)
    except ImportError as error:
        print(f"bench_train.py: {error}: pip install '.[train,bench]'", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"bench_train.py: {error}", file=sys.stderr)
        return 2
    step_times.measure(steps, WARM_UP, time.perf_counter)
    clock = time.process_time if options.processor_time else time.perf_counter
    times = step_times.measure(steps, options.rounds, clock, ProgressBar("rounds"))
    figures = report(options, times)
    print(
        f"VGG7 width {options.width}, W{options.weight_bits}A{options.activation_bits}, "
        f"{options.batch} images a step, {options.rounds} rounds, {figures['clock']} time, "
        f"{figures['threads']} threads, {figures['device']}\n"
        + ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    )
    print(f"\n{step_times.time_table(times)}\n\n{bar_table(step_times.bars(times))}")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if all(bar.held for bar in step_times.bars(times)) else 1
