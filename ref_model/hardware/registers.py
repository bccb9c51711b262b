# SPDX-License-Identifier: Apache-2.0
"""The core's registers: constants made from their description, and how contents are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ref_model.hardware.core_config import CoreConfig
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
    LIMITS_DEPTHWISE_PIXELS,
    LIMITS_LAYERS,
    LIMITS_MAX_POOL_WIDTH,
    PORTS_DATA_W,
    PORTS_PARAM_W,
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
    "CORE_REGISTERS",
    "ERROR_CODE",
    "ERROR_LAYER",
    "ID_VALUE",
    "LAYER_BASE",
    "LAYER_COUNT",
    "LAYER_STRIDE",
    "LIMITS_LAYERS",
    "LIMITS_MAX_POOL_WIDTH",
    "PORTS_DATA_W",
    "PORTS_PARAM_W",
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
    "decode_core",
    "decode_error",
    "encode_core",
    "layer_address",
]


CORE_REGISTERS = (
    Register.CORE,
    Register.FEATURE_DEPTH,
    Register.WEIGHT_DEPTH,
    Register.LIMITS,
    Register.PORTS,
)
"""The registers that say what core this is."""


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


def decode_core(words: Mapping[Register, int]) -> CoreConfig:
    """The core whose `CORE_REGISTERS` hold ``words``; ValueError when there is no such core."""
    core, limits, ports = (words[x] for x in (Register.CORE, Register.LIMITS, Register.PORTS))
    return CoreConfig(
        pin=CORE_PIN.of(core),
        pout=CORE_POUT.of(core),
        acc_width=CORE_ACC_W.of(core),
        feature_depth=words[Register.FEATURE_DEPTH],
        weight_depth=words[Register.WEIGHT_DEPTH],
        max_pool_width=LIMITS_MAX_POOL_WIDTH.of(limits),
        max_layers=LIMITS_LAYERS.of(limits),
        param_width=PORTS_PARAM_W.of(ports),
        data_width=PORTS_DATA_W.of(ports),
        depthwise_pixels=LIMITS_DEPTHWISE_PIXELS.of(limits) or 1,  # 0: before there was a choice
    )


def encode_core(config: CoreConfig) -> dict[Register, int]:
    """What `CORE_REGISTERS` hold in a core; inverse of `decode_core`."""
    return {
        Register.CORE: (
            CORE_PIN.word(config.pin)
            | CORE_POUT.word(config.pout)
            | CORE_ACC_W.word(config.acc_width)
            | CORE_FORMAT.word(CORE_FORMAT_VALUE)
        ),
        Register.FEATURE_DEPTH: config.feature_depth,
        Register.WEIGHT_DEPTH: config.weight_depth,
        Register.LIMITS: (
            LIMITS_MAX_POOL_WIDTH.word(config.max_pool_width)
            | LIMITS_LAYERS.word(config.max_layers)
            | LIMITS_DEPTHWISE_PIXELS.word(config.depthwise_pixels)
        ),
        Register.PORTS: (
            PORTS_PARAM_W.word(config.param_width) | PORTS_DATA_W.word(config.data_width)
        ),
    }
