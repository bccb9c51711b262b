# SPDX-License-Identifier: Apache-2.0
"""Register addresses and bits of the core (docs/registers.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from ref_model.hardware.errors import ErrorCode

ID_VALUE = 0x5146534C
"""Content of the register ID: "LSFQ"."""

LAYER_BASE = 0x800
"""Address of the counters of layer 0."""

LAYER_STRIDE = 32
"""Bytes between the counters of one layer and the next."""


class Register(IntEnum):
    """Byte addresses on the AXI4-Lite port."""

    ID = 0x000
    VERSION = 0x004
    CORE = 0x008
    FEATURE_DEPTH = 0x00C
    WEIGHT_DEPTH = 0x010
    LIMITS = 0x014
    CONTROL = 0x020
    STATUS = 0x024
    ERROR = 0x028
    PASSES = 0x02C
    PASSES_DONE = 0x030
    IRQ_ENABLE = 0x034
    IRQ_STATUS = 0x038
    CYCLES = 0x040
    LOAD_CYCLES = 0x044
    LAYERS = 0x048


class Control(IntFlag):
    """Bits of CONTROL."""

    START = 1
    ABORT = 2


class Status(IntFlag):
    """Bits of STATUS."""

    BUSY = 1
    DONE = 2
    ERROR = 4
    DRAINING = 8


class Interrupt(IntFlag):
    """Bits of IRQ_ENABLE and IRQ_STATUS."""

    DONE = 1
    ERROR = 2


class LayerCounter(IntEnum):
    """Offsets of one layer's counters from its `layer_address`."""

    CYCLES = 0
    BUSY = 4
    STARVED_WEIGHTS = 8
    BLOCKED_OUTPUT = 12
    STARVED_FEATURES = 16


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
    return ErrorReport(ErrorCode(word & 0xFF), word >> 16 & 0xFFFF)
