# SPDX-License-Identifier: Apache-2.0
"""Training of a network on batches that a user brings: `loop` without files, for any data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ref_model.training.config import Stage
from ref_model.training.distributed import ALONE
from ref_model.training.integer_stage import IntegerGraph
from ref_model.training.layers import Mode, Network
from ref_model.training.loop import parameter_groups, training_loss
from ref_model.training.post_training import calibrate, calibrated, unit_images
from ref_model.training.progress import Progress, Tally

CALIBRATION_IMAGES = 500
"""Images that set the clips of a network that has none, at least a batch."""

Batch = tuple[Tensor, Tensor]
"""Images (N, C, H, W), uint8 or float32 in [0, 1], and labels (N,)."""


@dataclass(frozen=True)
class EpochResult:
    """Mean loss and training accuracy in percent of one epoch of stage "quantised" or "integer"."""

    stage: str
    epoch: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Recipe:
    """Lengths and rates of both stages, and the optimiser's numbers; see `lsfq.fit`."""

    quantised: Stage
    integer: Stage
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1


def fit(
    network: Network, batches: Collection[Batch], recipe: Recipe, quiet: bool = False
) -> list[EpochResult]:
    """Train ``network``, quantised and then as the integer network itself.

    ``batches`` is gone through once an epoch. A network without clips is calibrated first. It ends
    in evaluation mode. Raises ValueError for no batches and for images that are no pixels,
    FloatingPointError when the loss is no number.
    """
    if not len(batches):
        raise ValueError("batches: there are none to train on")
    if not calibrated(network):
        calibrate(network, _first_images(batches))
    network.set_mode(Mode.QUANTIZED)
    progress = Progress(None, quiet)
    device = next(network.parameters()).device

    def pixels(images: Tensor) -> Tensor:
        return unit_images(images).mul(255.0).add(0.5).floor().to(device, torch.uint8)

    graph = IntegerGraph(network)
    stages: list[tuple[str, Stage, Callable[[Tensor], Tensor]]] = [
        ("quantised", recipe.quantised, lambda images: network(unit_images(images).to(device))),
        ("integer", recipe.integer, lambda images: graph(pixels(images))),
    ]
    results = []
    for name, stage, forward in stages:
        optimiser = torch.optim.SGD(
            parameter_groups(network, recipe.weight_decay),
            lr=stage.rate,
            momentum=recipe.momentum,
            nesterov=recipe.momentum > 0,
        )
        network.train()
        step, steps = 0, stage.epochs * len(batches)
        for epoch in range(1, stage.epochs + 1):
            title = f"{name} {epoch}/{stage.epochs}"
            tally = Tally(ALONE, 1 if device.type == "cpu" else 20)
            for images, labels in progress.steps(iter(batches), title, 0, len(batches)):
                for group in optimiser.param_groups:
                    group["lr"] = stage.rate_at(step, max(steps, step + 1))
                labels = labels.to(device)
                logits = forward(images)
                loss = training_loss(logits, labels, recipe.label_smoothing)
                optimiser.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                optimiser.step()
                hits = (logits.detach().argmax(1) == labels).sum()
                tally.add(loss.detach(), hits, len(labels))
                progress.note(loss=tally.loss, train=tally.accuracy)
                if not tally.loss < float("inf"):
                    raise FloatingPointError(f"{title}: the loss is {tally.loss}; lower the rate")
                step += 1
            tally.look()
            results.append(EpochResult(name, epoch, tally.loss, tally.accuracy))
            progress.line(f"{title}: loss {tally.loss:.4f}, training {tally.accuracy:.2f} %")
    network.eval()
    return results


def _first_images(batches: Iterable[Batch]) -> Tensor:
    """The images of the first batches."""
    found: list[Tensor] = []
    for images, _ in batches:
        found.append(unit_images(images))
        if sum(map(len, found)) >= CALIBRATION_IMAGES:
            break
    return torch.cat(found)
