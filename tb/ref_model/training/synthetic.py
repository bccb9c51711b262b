# SPDX-License-Identifier: Apache-2.0
"""Small made-up image sets and the smallest useful configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ref_model.datasets import CIFAR10, Images
from ref_model.training.config import Stage, TrainingConfig


def images(count: int, seed: int = 0) -> Images:
    """Ten classes: noise on a colour and a gradient that depend on the class; easy to learn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    ramp = np.linspace(-1, 1, 32)
    base = np.empty((count, 3, 32, 32))
    for index, label in enumerate(labels):
        angle = 2 * np.pi * label / 10
        plane = np.cos(angle) * ramp[:, None] + np.sin(angle) * ramp[None, :]
        base[index] = 128 + 60 * plane[None] + 40 * np.cos(angle + np.arange(3))[:, None, None]
    noisy = np.clip(base + rng.normal(0, 20, base.shape), 0, 255)
    return Images(noisy.astype(np.uint8), labels.astype(np.int64))


def small_config(**changes: Any) -> TrainingConfig:
    """VGG7 of width 4 with two short epochs a stage."""
    base = TrainingConfig(
        width=4,
        batch=20,
        float_stage=Stage(2, 0.05, 0.2),
        quantised_stage=Stage(2, 0.02, 0.2),
        integer_stage=Stage(1, 0.005, 0.2),
    )
    return replace(base, **changes)


def cifar10_files(folder: Path, count: int) -> None:
    """Write the six files of CIFAR-10 below ``folder``, ``count`` made-up images each."""
    data = folder / CIFAR10.folder
    data.mkdir(parents=True)
    for index, name in enumerate((*CIFAR10.train_files, CIFAR10.test_file)):
        part = images(count, seed=index)
        labels = part.labels[:, None].astype(np.uint8)
        np.concatenate([labels, part.pixels.reshape(count, -1)], axis=1).tofile(data / name)
