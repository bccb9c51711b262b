# SPDX-License-Identifier: Apache-2.0
"""Run exported networks on the accelerator: on a board, in a simulator, or in the reference model.

    from lsfq import Accelerator, Simulator

    with Accelerator(Simulator()) as accelerator:
        accelerator.load("networks/vgg7_w32_w4a4")
        logits = accelerator.run(images)        # uint8 (N, 3, 32, 32) -> int64 (N, classes)

The driver needs numpy only; `Simulator` needs the extra ``sim``, `Board` needs PYNQ. `quantize`,
`calibrate`, `fit` and `export` make such networks of PyTorch models, `train` of own pictures; they
need the extra ``train``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsfq.accelerator import Accelerator
    from lsfq.backends.base import Backend
    from lsfq.backends.board import Board
    from lsfq.backends.reference import Reference
    from lsfq.backends.simulator import Simulator
    from lsfq.core import DEFAULT_CORE
    from lsfq.counters import LayerCycles, PassCycles
    from lsfq.errors import (
        AcceleratorError,
        BackendError,
        CoreError,
        MissingInterruptError,
        NoNetworkError,
        PassTimeoutError,
        TransferError,
    )
    from lsfq.own_models import calibrate, export, fit, quantize, train
    from ref_model.hardware.core_config import CoreConfig
    from ref_model.hardware.errors import UnsupportedNetworkError
    from ref_model.integer.network import NetworkError
    from ref_model.integer.storage import NetworkFormatError
    from ref_model.training.errors import UnsupportedLayerError

__all__ = [
    "DEFAULT_CORE",
    "Accelerator",
    "AcceleratorError",
    "Backend",
    "BackendError",
    "Board",
    "CoreConfig",
    "CoreError",
    "LayerCycles",
    "MissingInterruptError",
    "NetworkError",
    "NetworkFormatError",
    "NoNetworkError",
    "PassCycles",
    "PassTimeoutError",
    "Reference",
    "Simulator",
    "TransferError",
    "UnsupportedLayerError",
    "UnsupportedNetworkError",
    "calibrate",
    "export",
    "fit",
    "quantize",
    "train",
]

_HOMES = {
    "lsfq.accelerator": ("Accelerator",),
    "lsfq.backends.base": ("Backend",),
    "lsfq.backends.board": ("Board",),
    "lsfq.backends.reference": ("Reference",),
    "lsfq.backends.simulator": ("Simulator",),
    "lsfq.core": ("DEFAULT_CORE",),
    "lsfq.counters": ("LayerCycles", "PassCycles"),
    "lsfq.errors": (
        "AcceleratorError",
        "BackendError",
        "CoreError",
        "MissingInterruptError",
        "NoNetworkError",
        "PassTimeoutError",
        "TransferError",
    ),
    "lsfq.own_models": ("calibrate", "export", "fit", "quantize", "train"),
    "ref_model.hardware.core_config": ("CoreConfig",),
    "ref_model.hardware.errors": ("UnsupportedNetworkError",),
    "ref_model.integer.network": ("NetworkError",),
    "ref_model.integer.storage": ("NetworkFormatError",),
    "ref_model.training.errors": ("UnsupportedLayerError",),
}
"""Module -> names that come from it, when they are first used: a command starts without numpy."""


if not TYPE_CHECKING:  # which would take any name for one of the package

    def __getattr__(name: str) -> Any:
        for module, names in _HOMES.items():
            if name in names:
                return getattr(importlib.import_module(module), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
