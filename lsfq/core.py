# SPDX-License-Identifier: Apache-2.0
"""Cores: what their registers say of them, and the Verilog parameters that make them."""

from __future__ import annotations

from collections.abc import Callable

from lsfq.errors import BackendError
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.registers import ID_VALUE, Register

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
    core, limits = read(Register.CORE), read(Register.LIMITS)
    return CoreConfig(
        pin=core & 0xFF,
        pout=core >> 8 & 0xFF,
        acc_width=core >> 16 & 0xFF,
        feature_depth=read(Register.FEATURE_DEPTH),
        weight_depth=read(Register.WEIGHT_DEPTH),
        max_pool_width=limits & 0xFFFF,
        max_layers=limits >> 16 & 0xFF,
    )


def verilog_parameters(config: CoreConfig) -> dict[str, int]:
    """Parameters of ``lsfq_accel`` for a core, with the widest parameter port up to 128 bits."""
    return {
        "PIN": config.pin,
        "POUT": config.pout,
        "PARAM_W": min(128, 4 * config.pin * config.pout),
        "ACC_W": config.acc_width,
        "FEATURE_DEPTH": config.feature_depth,
        "WEIGHT_DEPTH": config.weight_depth,
        "MAX_POOL_WIDTH": config.max_pool_width,
    }
