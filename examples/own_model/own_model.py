#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary PyTorch model, from float to cycles on the simulated core.

The model below is written in torch's own layers and knows nothing of this project. It is trained in
float on the 64 images that the repository brings (or its weights are read from a file), quantised
without training, then trained by a loop of a few lines, exported, and run on the reference model
and in the simulator. The exit status is 0 when both give the same logits, 1 when not. (64 images
show the way, not an accuracy.)

examples:
  own_model.py                                4 bits; builds an 8x8 core the first time
  own_model.py --bits 8 --steps 0             8 bits without training
  own_model.py --picture cycles.svg           cycles of every layer as a picture, too
  own_model.py --weights mine.pt              weights that torch.save(model.state_dict(), ...) wrote
  own_model.py --output build/own_model       keep the export there, for lsfq run --network
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import lsfq  # noqa: E402
from lsfq.counters import PassCycles  # noqa: E402
from lsfq.files import SAMPLE  # noqa: E402
from ref_model.datasets import CIFAR10, read_records  # noqa: E402
from ref_model.training.checkpoint import CheckpointError, load_weights  # noqa: E402


class OwnModel(nn.Module):
    """A stem, a residual block with a depthwise layer, a strided layer, two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.expand = nn.Conv2d(16, 32, 1, bias=False)
        self.expand_norm = nn.BatchNorm2d(32)
        self.depthwise = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(32)
        self.project = nn.Conv2d(32, 16, 1)
        self.down = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.dropout = nn.Dropout(0.1)
        self.hidden = nn.Linear(32 * 4 * 4, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 32, 32) to logits (N, 10)."""
        x = functional.max_pool2d(self.stem(x), 2)
        y = functional.relu6(self.expand_norm(self.expand(x)))
        y = functional.relu6(self.depthwise_norm(self.depthwise(y)))
        x = functional.relu(x + self.project(y))
        x = functional.max_pool2d(functional.relu(self.down(x)), 2)
        x = self.dropout(torch.flatten(x, 1))
        logits: Tensor = self.head(functional.relu(self.hidden(x)))
        return logits


def train(model: nn.Module, images: Tensor, labels: Tensor, steps: int, rate: float) -> None:
    """An ordinary training loop: for the float model, and for the quantised network alike."""
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    model.train()
    for _ in range(steps):
        optimiser.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        torch.autograd.backward(loss)
        optimiser.step()
    model.eval()


@torch.no_grad()
def hits(model: nn.Module, images: Tensor, labels: Tensor) -> str:
    """How many images ``model`` gets right."""
    return f"{int((model(images).argmax(1) == labels).sum())} of {len(labels)} right"


def draw(cycles: PassCycles, path: Path) -> None:
    """A bar for the cycles of every layer."""
    from matplotlib.figure import Figure

    from lsfq.reports.figures import style, svg

    with style():
        figure = Figure(figsize=(6, 0.6 + 0.3 * len(cycles.layers)), layout="constrained")
        axes = figure.subplots()
        names = [layer.name for layer in cycles.layers]
        axes.barh(names, [layer.cycles for layer in cycles.layers])
        axes.invert_yaxis()
        axes.set_xlabel(f"cycles of {cycles.images} images")
        path.write_text(svg(figure), encoding="utf-8")


def main() -> int:
    """Train, quantise, train, export, run twice, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bits", type=int, default=4, choices=(2, 3, 4, 8), help="(4)")
    parser.add_argument("--steps", type=int, default=15, metavar="N", help="quantised steps (15)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="float weights to start from")
    parser.add_argument("--pin", type=int, default=8, choices=(4, 8, 16), help="(8)")
    parser.add_argument("--pout", type=int, default=8, choices=(4, 8, 16), help="(8)")
    parser.add_argument("--images", type=int, default=4, metavar="N", help="how many to run (4)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="keep the exported network")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write an SVG of the cycles")
    options = parser.parse_args()

    torch.manual_seed(0)
    sample = read_records(SAMPLE, CIFAR10)
    images = torch.from_numpy(sample.pixels).float() / 255
    labels = torch.from_numpy(sample.labels.astype(np.int64))

    model = OwnModel()
    if options.weights is None:
        train(model, images, labels, 40, 0.05)
    else:
        try:
            model.load_state_dict(load_weights(options.weights))
        except (CheckpointError, RuntimeError) as error:
            parser.error(str(error))
        model.eval()
    print(f"float: {hits(model, images, labels)}")

    network = lsfq.quantize(model, images[:2], options.bits, options.bits)
    print(network.report)
    lsfq.calibrate(network, images)
    print(f"{options.bits} bits without training: {hits(network, images, labels)}")
    train(network, images, labels, options.steps, 0.01)
    print(f"after {options.steps} steps: {hits(network, images, labels)}")

    with tempfile.TemporaryDirectory() as scratch:
        folder = options.output or Path(scratch) / "own_model"
        lsfq.export(network, folder)
        core = lsfq.CoreConfig(pin=options.pin, pout=options.pout)
        logits = {}
        for backend in (lsfq.Reference(core), lsfq.Simulator(core)):
            with lsfq.Accelerator(backend) as accelerator:
                logits[backend.name] = accelerator.load(folder).run(sample.pixels[: options.images])
                if backend.counts_cycles:
                    cycles = accelerator.counters()
    for layer in cycles.layers:
        print(f"{layer.name:<20} {layer.cycles:>8} cycles")
    print(f"images of the pass: {cycles.images}, cycles: {cycles.cycles}")
    if options.picture is not None:
        draw(cycles, options.picture)
    same = np.array_equal(logits["reference"], logits["simulator"])
    print("logits are identical" if same else "logits DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
