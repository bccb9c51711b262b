# SPDX-License-Identifier: Apache-2.0
"""Cores: what their registers say of them, and the Verilog parameters that make them."""

from __future__ import annotations

from collections.abc import Callable

from lsfq.errors import BackendError
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.registers import (
    CORE_FORMAT,
    CORE_FORMAT_VALUE,
    CORE_REGISTERS,
    ID_VALUE,
    Register,
    decode_core,
)

DEFAULT_CORE = CoreConfig(pin=16, pout=16, feature_depth=8192)
"""The core that the Verilog gives when no parameter is set."""


def read_config(read: Callable[[int], int]) -> CoreConfig:
    """What core this is, from its registers; BackendError when it is none."""
    identity = read(Register.ID)
    if identity != ID_VALUE:
        raise BackendError(
            f"the register ID reads 0x{identity:08X}, not 0x{ID_VALUE:08X}: there is no "
            "lsfq_accel at this address"
        )
    words = {register: read(register) for register in CORE_REGISTERS}
    version = CORE_FORMAT.of(words[Register.CORE])
    if version != CORE_FORMAT_VALUE:
        raise BackendError(
            f"this core reads stream format {version}, this driver writes {CORE_FORMAT_VALUE}: "
            "use the driver of the core's version"
        )
    return decode_core(words)


def verilog_parameters(config: CoreConfig) -> dict[str, int]:
    """Parameters of ``lsfq_accel`` for a core; PARAM_W at most what its size allows."""
    return {
        "PIN": config.pin,
        "POUT": config.pout,
        "PARAM_W": min(config.param_width, 4 * config.pin * config.pout),
        "DATA_W": config.data_width,
        "ACC_W": config.acc_width,
        "FEATURE_DEPTH": config.feature_depth,
        "WEIGHT_DEPTH": config.weight_depth,
        "MAX_POOL_WIDTH": config.max_pool_width,
        "DEPTHWISE_PIXELS": config.depthwise_pixels,
    }
