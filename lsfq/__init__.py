# SPDX-License-Identifier: Apache-2.0
"""Run exported networks on the accelerator: on a board, in a simulator, or in the reference model.

    from lsfq import Accelerator, Simulator

    with Accelerator(Simulator()) as accelerator:
        accelerator.load("networks/vgg7_w32_w4a4")
        logits = accelerator.run(images)        # uint8 (N, 3, 32, 32) -> int64 (N, classes)

The driver needs numpy only; `Simulator` needs the extra ``sim``, `Board` needs PYNQ.
"""

from __future__ import annotations

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
from ref_model.hardware.core_config import CoreConfig

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
    "NoNetworkError",
    "PassCycles",
    "PassTimeoutError",
    "Reference",
    "Simulator",
    "TransferError",
]
