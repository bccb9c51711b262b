#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network of one's own, from nn.Module to the simulated core.

Trains three layers on the 64 images that the repository brings, float and then quantised to 4 bits,
turns them into integers, and runs these on the reference model and in the simulator. The exit
status is 0 when both give the same logits, 1 when not. (64 images show the way, not an accuracy.)

examples:
  own_network.py                       an 8x8 core; half a minute to build the first time
  own_network.py --pin 4 --pout 4      a smaller core
  own_network.py --output build/own    keep the export there, for lsfq run --network build/own
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lsfq import Accelerator, CoreConfig, Reference, Simulator  # noqa: E402
from ref_model.datasets import CIFAR10, read_records  # noqa: E402
from ref_model.integer import save_network  # noqa: E402
from ref_model.training.export import to_integer_network  # noqa: E402
from ref_model.training.layers import ClassifierUnit, ConvUnit, Network  # noqa: E402
from ref_model.training.quantizers import Scheme  # noqa: E402

SAMPLE = ROOT / "networks" / "cifar10_sample" / "test_batch.bin"


class OwnNetwork(Network):
    """Two convolutions and a classifier; 4-bit weights and activations."""

    def __init__(self) -> None:
        super().__init__((3, 32, 32))
        scheme = Scheme("lsfq")
        self.first = ConvUnit("first", 3, 16, scheme, 4, 4, pool=2)
        self.second = ConvUnit("second", 16, 24, scheme, 4, 4, pool=2)
        self.classifier = ClassifierUnit("classifier", (24, 8, 8), 10, scheme, 4)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.second(self.first(x)))
        return logits


def train(network: Network, images: Tensor, labels: Tensor, steps: int) -> float:
    """Some steps over all images; the last loss."""
    optimiser = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
    network.train()
    loss = torch.tensor(0.0)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = functional.cross_entropy(network(images), labels)
        loss.backward()
        optimiser.step()
    return float(loss.detach())


def main() -> int:
    """Train, export, run twice, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pin", type=int, default=8, choices=(4, 8, 16), help="(8)")
    parser.add_argument("--pout", type=int, default=8, choices=(4, 8, 16), help="(8)")
    parser.add_argument("--images", type=int, default=4, metavar="N", help="how many to run (4)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="keep the exported network")
    options = parser.parse_args()

    torch.manual_seed(0)
    sample = read_records(SAMPLE, CIFAR10)
    images = torch.from_numpy(sample.pixels).float() / 255
    labels = torch.from_numpy(sample.labels.astype(np.int64))

    network = OwnNetwork()
    print(f"float: loss {train(network, images, labels, 30):.3f}")
    network.start_quantisation(images)
    print(f"4 bits: loss {train(network, images, labels, 15):.3f}")
    network.eval()

    integers = to_integer_network(network, "own_network")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.output or Path(scratch) / "own_network"
        save_network(integers, folder)
        core = CoreConfig(pin=options.pin, pout=options.pout)
        logits = {}
        for backend in (Reference(core), Simulator(core)):
            with Accelerator(backend) as accelerator:
                accelerator.load(folder)
                logits[backend.name] = accelerator.run(sample.pixels[: options.images])
            print(f"{backend.name}: classes {logits[backend.name].argmax(1).tolist()}")
    same = np.array_equal(logits["reference"], logits["simulator"])
    print("logits are identical" if same else "logits DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
