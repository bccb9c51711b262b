# SPDX-License-Identifier: Apache-2.0
"""Error codes of the core, and the exceptions of the code that makes and reads its streams."""

from __future__ import annotations

from enum import IntEnum

PROGRAM_LAYER = 0xFFFF
"""Layer index that the core reports for an error in the PROGRAM block."""


class ErrorCode(IntEnum):
    """Codes of the register ERROR (docs/stream_format.md, Errors)."""

    NONE = 0
    PARAM_SHORT = 1
    PARAM_LONG = 2
    MAGIC = 3
    VERSION = 4
    CRC = 5
    KIND = 6
    CORE = 7
    SHAPE = 8
    BITS = 9
    KERNEL = 10
    MEMORY = 11
    WEIGHTS = 12
    IMAGE_SHORT = 13
    IMAGE_LONG = 14


class ProgramError(Exception):
    """A program is malformed. ``code`` and ``layer`` are what the core reports for it."""

    def __init__(self, code: ErrorCode, layer: int, text: str) -> None:
        place = "PROGRAM block" if layer == PROGRAM_LAYER else f"layer {layer}"
        super().__init__(f"{code.name} in {place}: {text}")
        self.code = code
        self.layer = layer


class UnsupportedNetworkError(Exception):
    """The core cannot run this network; the message names the layer and what to use instead."""
