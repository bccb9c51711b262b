# SPDX-License-Identifier: Apache-2.0
"""The core's registers: constants made from their description, and how contents are read."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.register_map import (
    CORE_ACC_W,
    CORE_FORMAT,
    CORE_FORMAT_VALUE,
    CORE_PIN,
    CORE_POUT,
    ERROR_CODE,
    ERROR_LAYER,
    ID_VALUE,
    LAYER_BASE,
    LAYER_COUNT,
    LAYER_STRIDE,
    LIMITS_LAYERS,
    LIMITS_MAX_POOL_WIDTH,
    RESET_VALUES,
    VERSION_MAJOR,
    VERSION_MINOR,
    VERSION_PATCH,
    VERSION_VALUE,
    Control,
    ErrorCode,
    Field,
    LayerCounter,
    Register,
    Status,
)
from ref_model.hardware.register_map import IrqStatus as Interrupt

__all__ = [
    "CORE_ACC_W",
    "CORE_FORMAT",
    "CORE_FORMAT_VALUE",
    "CORE_PIN",
    "CORE_POUT",
    "ERROR_CODE",
    "ERROR_LAYER",
    "ID_VALUE",
    "LAYER_BASE",
    "LAYER_COUNT",
    "LAYER_STRIDE",
    "LIMITS_LAYERS",
    "LIMITS_MAX_POOL_WIDTH",
    "RESET_VALUES",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "VERSION_PATCH",
    "VERSION_VALUE",
    "Control",
    "ErrorReport",
    "Field",
    "Interrupt",
    "LayerCounter",
    "Register",
    "Status",
    "decode_error",
    "layer_address",
]


@dataclass(frozen=True)
class ErrorReport:
    """Content of the register ERROR; ``layer`` is `errors.PROGRAM_LAYER` for the PROGRAM block."""

    code: ErrorCode
    layer: int


def layer_address(layer: int, counter: LayerCounter) -> int:
    """Byte address of one counter of layer ``layer``.

    >>> hex(layer_address(2, LayerCounter.BUSY))
    '0x844'
    """
    return LAYER_BASE + LAYER_STRIDE * layer + counter


def decode_error(word: int) -> ErrorReport:
    """The fields of the register ERROR.

    >>> decode_error(0x00030005)
    ErrorReport(code=<ErrorCode.CRC: 5>, layer=3)
    """
    return ErrorReport(ErrorCode(ERROR_CODE.of(word)), ERROR_LAYER.of(word))
