# SPDX-License-Identifier: Apache-2.0
"""Checkpoints that are either whole or absent, and that carry their configuration."""

from __future__ import annotations

import io
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ref_model.integer.atomic_file import whole_file
from ref_model.training.config import ConfigError, TrainingConfig
from ref_model.training.layers import Mode, Network

FORMAT = "lsfq-checkpoint"
VERSION = 1


class CheckpointError(Exception):
    """A file is missing, damaged, or not a checkpoint of this project."""


def save(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` so that ``path`` holds the old or the new file, never a part of one."""
    body = io.BytesIO()  # torch.save tells a full disk as an error without a name
    torch.save({"format": FORMAT, "version": VERSION, **content}, body)
    with whole_file(path) as file:
        file.write(body.getbuffer())


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain data are unpickled.

    Raises CheckpointError for a missing, damaged or foreign file, or one of another version.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    content = _read(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of this project")
    if content.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: checkpoint version {content.get('version')}, this program reads {VERSION}"
        )
    return content


def load_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a model, as ``torch.save(model.state_dict(), path)`` writes them.

    They may lie in a dictionary under "state_dict" or "model". Only tensors and plain data are
    unpickled. Raises CheckpointError for a missing or damaged file, and for one that holds more
    than that: a whole model, say, is code that loading would run.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    content = _read(path)
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(x, Tensor) for x in content.values()):
        raise CheckpointError(f"{path}: holds no weights; save model.state_dict() with torch.save")
    return dict(content)


def _read(path: Path) -> Any:
    """The tensors and plain data of a file; CheckpointError where there is anything else."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch.load raise nearly anything
        raise CheckpointError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    """Why a file was not read: code in it, or no file of torch.save at all."""
    with path.open("rb") as file:
        begin = file.read(2)
    plain_pickle = begin[:1] == pickle.PROTO and begin[1:] > b"\2"  # torch.save writes protocol 2
    if plain_pickle or re.search("(?i)unsupported (global|class)|TorchScript", str(error)):
        return (
            f"{path}: holds more than tensors and plain data, and loading that would run code; "
            "save model.state_dict() with torch.save instead"
        )
    return f"{path}: not a readable checkpoint; truncated or foreign"


def save_network(
    path: Path, network: Network, config: TrainingConfig, record: dict[str, Any]
) -> None:
    """Write a trained network alone, without optimiser: state, configuration and run record."""
    state = {key: value.detach().clone() for key, value in network.state_dict().items()}
    save(path, {"config": config.to_dict(), "model": state, "record": record})


def load_network(path: Path) -> tuple[Network, TrainingConfig, dict[str, Any]]:
    """(network in QUANTIZED mode, its configuration, its run record) from any checkpoint.

    Raises CheckpointError, also when state and configuration do not fit each other.
    """
    content = load(path)
    try:
        config = TrainingConfig.from_dict(content["config"])
        network = config.build()
        network.load_state_dict(content["model"])
        record = dict(content.get("record", {}))
    except (
        KeyError, ConfigError, RuntimeError, TypeError, AttributeError, ValueError, OverflowError
    ) as error:  # fmt: skip
        raise CheckpointError(f"{path}: configuration and weights do not fit: {error}") from error
    network.set_mode(Mode.QUANTIZED)
    network.eval()
    return network, config, record
