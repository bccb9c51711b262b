# SPDX-License-Identifier: Apache-2.0
"""Where a run computes: on processors, or on one GPU with CUDA.

Order, shifts and flips of the images are the same everywhere; float sums are added in another order
on a GPU (and not always in the same one), so its runs end near those of processors, not on their
bits.
"""

from __future__ import annotations

import torch

from ref_model.training.config import ConfigError
from ref_model.training.distributed import ALONE, Ranks

CPU = torch.device("cpu")


def choose_device(name: str, ranks: Ranks = ALONE) -> torch.device:
    """The device called ``name``: cpu, cuda, cuda:N, or auto, which is cuda where there is one.

    Several processes train on processors. With a GPU, the process's float32 convolutions are set to
    full precision. Raises ConfigError for an unknown or absent device.
    """
    if name == "auto":
        name = "cuda" if ranks.size == 1 and torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device {name!r}: choose cpu, cuda, cuda:N or auto")
    if device.type == "cpu":
        return device
    count = torch.cuda.device_count()
    if (device.index or 0) >= count:
        raise ConfigError(f"device {name!r}: PyTorch finds {count} such here; --device cpu works")
    if ranks.size > 1:
        raise ConfigError(
            f"device {name!r}: several processes train on processors: --device cpu, or one process"
        )
    # Float32 means float32 here; `TrainingConfig.bfloat16` is the way to ask for less.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    return device


def device_name(device: torch.device) -> str:
    """What a run record says: "cpu", or the GPU's model."""
    return "cpu" if device.type == "cpu" else torch.cuda.get_device_name(device)
