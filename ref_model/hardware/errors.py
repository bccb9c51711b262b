# SPDX-License-Identifier: Apache-2.0
"""Error codes of the core, and the exceptions of the code that makes and reads its streams."""

from __future__ import annotations

from ref_model.hardware.register_map import ErrorCode

__all__ = [
    "PROGRAM_LAYER", "DoesNotFitError", "ErrorCode", "ProgramError", "UnsupportedNetworkError",
]  # fmt: skip

PROGRAM_LAYER = 0xFFFF
"""Layer index that the core reports for an error in the PROGRAM block."""


class ProgramError(Exception):
    """A program is malformed. ``code`` and ``layer`` are what the core reports for it."""

    def __init__(self, code: ErrorCode, layer: int, text: str) -> None:
        place = "PROGRAM block" if layer == PROGRAM_LAYER else f"layer {layer}"
        super().__init__(f"{code.name} in {place}: {text}")
        self.code = code
        self.layer = layer


class UnsupportedNetworkError(Exception):
    """The core cannot run this network; the message names the layer and what to use instead."""


class DoesNotFitError(UnsupportedNetworkError):
    """The network's tensors do not fit the feature memory."""
