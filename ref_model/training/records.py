# SPDX-License-Identifier: Apache-2.0
"""Run records: what the repository keeps of a training run, one JSON file each.

A record holds the command, configuration, seed, commit, times, accuracies over the test set,
the learning curve, and how the trained network's weights and activations lie in their clips.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ref_model.training import checkpoint
from ref_model.training.augment import to_unit
from ref_model.training.layers import Network
from ref_model.training.quantizers import ActivationQuantizer, WeightQuantizer
from ref_model.training.quantizers.base import over_channels

BINS = 48
"""Bins of a histogram."""
WEIGHT_SPAN = (-2.0, 2.0)
"""Range of a weight histogram, in clips; what lies beyond is counted in the outer bins."""
ACTIVATION_SPAN = (-1.0, 2.0)
"""The same for pre-activations."""

_KEYS = (
    "float_accuracy", "quantised_accuracy", "integer_accuracy", "loss_points", "test_images",
    "constants", "seed", "epochs", "float_seconds", "quantised_seconds", "integer_seconds",
    "commit", "machine", "lengths_changed",
)  # fmt: skip


Quantizer = WeightQuantizer | ActivationQuantizer


class RecordError(ValueError):
    """A run folder or record that cannot be used; the message names the file."""


def make_record(
    name: str, command: str, folder: Path, images: Tensor, started_from: str | None = None
) -> dict[str, Any]:
    """The record of the finished run in ``folder``.

    ``images`` (uint8 (N, 3, H, W)) are those that the distributions are measured on;
    ``started_from`` names the run whose float network was the start.
    Raises RecordError when the run has not finished, CheckpointError for a damaged network.
    """
    try:
        result = json.loads((folder / "record.json").read_text())
        curve = json.loads((folder / "curve.json").read_text())
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder}: not a finished run ({error})") from error
    network, config, _ = checkpoint.load_network(folder / "network.pt")
    record: dict[str, Any] = {"name": name, "network": config.name(), "command": command}
    if started_from is not None:
        record["float_from"] = started_from
    record |= {key: result[key] for key in _KEYS if key in result}
    record["config"] = config.to_dict()
    record["curve"] = curve
    record["distributions"] = distributions(network, images)
    return record


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record, one line a key; ``path`` holds the old or the new one, never a part."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
    Path(name).chmod(0o644)
    Path(name).replace(path)


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """All records of a folder by name, sorted. Raises RecordError for a file that is not one."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text())
        except ValueError as error:
            raise RecordError(f"{path}: not JSON ({error})") from error
        if not isinstance(record, dict) or record.get("name") != path.stem:
            raise RecordError(f"{path}: not the record of a run called {path.stem}")
        records[path.stem] = record
    return records


@torch.no_grad()
def distributions(network: Network, images: Tensor) -> dict[str, dict[str, Any]]:
    """Histograms of weights and pre-activations, in units of their clips, by layer.

    Each holds ``clip`` (the mean where channels have their own), ``counts`` (`BINS` bins over the
    span), and ``above``, the share that lies beyond the clip. ``images`` are uint8 (N, C, H, W).
    """
    found: dict[str, dict[str, Any]] = {}

    def observe(name: str, quantizer: Quantizer, x: Tensor) -> None:
        if isinstance(quantizer, WeightQuantizer):
            clip, span = quantizer.step(x).double() * quantizer.levels, WEIGHT_SPAN
        else:
            clip, span = quantizer.step().double() * quantizer.levels, ACTIVATION_SPAN
        scaled = (x.double() / over_channels(clip, x)).flatten()
        beyond = scaled.abs() > 1.0 if isinstance(quantizer, WeightQuantizer) else scaled > 1.0
        found[name] = {
            "clip": round(float(clip.mean()), 6),
            "above": round(float(beyond.double().mean()), 6),
            "counts": torch.histc(scaled.clamp(*span), BINS, *span).long().tolist(),
        }

    hooks = []
    for unit in network.modules():
        for kind, quantizer in unit.named_children():
            if isinstance(quantizer, (WeightQuantizer, ActivationQuantizer)):
                name = f"{unit.name}.{kind.removesuffix('_quantizer')}"
                hooks.append(
                    quantizer.register_forward_pre_hook(
                        lambda module, inputs, name=name: observe(name, module, inputs[0])
                    )
                )
    try:
        network.eval()
        network(to_unit(images))
    finally:
        for handle in hooks:
            handle.remove()
    return found
