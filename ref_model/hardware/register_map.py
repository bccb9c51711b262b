# SPDX-License-Identifier: Apache-2.0
"""Register addresses, fields and error codes of the core.

Generated from ip/control/lsfq_registers.rdl by ``make registers``: change that.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple


class Register(IntEnum):
    """Byte addresses on the AXI4-Lite port."""

    ID = 0x000
    VERSION = 0x004
    CORE = 0x008
    FEATURE_DEPTH = 0x00C
    WEIGHT_DEPTH = 0x010
    LIMITS = 0x014
    PORTS = 0x018
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


class Field(NamedTuple):
    """Bits of a register: ``width`` of them from bit ``low``."""

    register: Register
    low: int
    width: int

    def of(self, word: int) -> int:
        """The field's value in the register's content ``word``."""
        return word >> self.low & (1 << self.width) - 1

    def word(self, value: int) -> int:
        """A register's content with ``value`` in this field, 0 elsewhere."""
        return (value & (1 << self.width) - 1) << self.low


VERSION_PATCH = Field(Register.VERSION, 0, 8)
VERSION_MINOR = Field(Register.VERSION, 8, 8)
VERSION_MAJOR = Field(Register.VERSION, 16, 16)
CORE_PIN = Field(Register.CORE, 0, 8)
CORE_POUT = Field(Register.CORE, 8, 8)
CORE_ACC_W = Field(Register.CORE, 16, 8)
CORE_FORMAT = Field(Register.CORE, 24, 8)
LIMITS_MAX_POOL_WIDTH = Field(Register.LIMITS, 0, 16)
LIMITS_LAYERS = Field(Register.LIMITS, 16, 8)
LIMITS_DEPTHWISE_PIXELS = Field(Register.LIMITS, 24, 8)
PORTS_PARAM_W = Field(Register.PORTS, 0, 16)
PORTS_DATA_W = Field(Register.PORTS, 16, 16)
ERROR_CODE = Field(Register.ERROR, 0, 8)
ERROR_LAYER = Field(Register.ERROR, 16, 16)

ID_VALUE = 0x5146534C
VERSION_VALUE = 0x00000200
CORE_FORMAT_VALUE = 3

RESET_VALUES = {
    Register.PASSES: 1,
    Register.IRQ_ENABLE: 0,
}
"""What the registers that software writes hold after a reset."""


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


class IrqEnable(IntFlag):
    """Bits of IRQ_ENABLE."""

    DONE = 1
    ERROR = 2


class IrqStatus(IntFlag):
    """Bits of IRQ_STATUS."""

    DONE = 1
    ERROR = 2


LAYER_BASE = 0x800
"""Address of the counters of layer 0."""

LAYER_STRIDE = 32
"""Bytes between the counters of one layer and the next."""

LAYER_COUNT = 64
"""Layers that have addresses; the register LIMITS says how many have counters."""


class LayerCounter(IntEnum):
    """Offsets of one layer's counters."""

    CYCLES = 0
    BUSY = 4
    STARVED_WEIGHTS = 8
    BLOCKED_OUTPUT = 12
    STARVED_FEATURES = 16


class ErrorCode(IntEnum):
    """Values of ERROR.CODE (docs/stream_format.md, Errors)."""

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
    RESERVED = 15


ERROR_CODE_TEXTS = {
    ErrorCode.NONE: "no error",
    ErrorCode.PARAM_SHORT: "parameter packet too short",
    ErrorCode.PARAM_LONG: "parameter packet too long",
    ErrorCode.MAGIC: "a block does not begin with the magic",
    ErrorCode.VERSION: "unknown format version",
    ErrorCode.CRC: "a block or the payload before it is damaged",
    ErrorCode.KIND: "a block of the wrong kind, or a layer or image out of order",
    ErrorCode.CORE: "made for another PIN or POUT",
    ErrorCode.SHAPE: "a size or number of 0, or a row too wide to be pooled or for the depthwise stage",
    ErrorCode.BITS: "unsupported bit width or shift",
    ErrorCode.KERNEL: "unsupported combination of kernel, stride, pooling, residual addition, depthwise and raw results",
    ErrorCode.MEMORY: "a tensor does not fit the feature memory, or overwrites its source or an image",
    ErrorCode.WEIGHTS: "the weights of a channel group do not fit the weight memory",
    ErrorCode.IMAGE_SHORT: "image packet too short",
    ErrorCode.IMAGE_LONG: "image packet too long",
    ErrorCode.RESERVED: "a bit is set that the stream format does not name",
}
"""What each code means."""
