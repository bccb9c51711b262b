# SPDX-License-Identifier: Apache-2.0
"""Cores: what their registers say of them, and the Verilog parameters that make them."""

from __future__ import annotations

from collections.abc import Callable

from lsfq.errors import BackendError
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.registers import (
    CORE_ACC_W,
    CORE_FORMAT,
    CORE_FORMAT_VALUE,
    CORE_PIN,
    CORE_POUT,
    ID_VALUE,
    LIMITS_LAYERS,
    LIMITS_MAX_POOL_WIDTH,
    Register,
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
    core, limits = read(Register.CORE), read(Register.LIMITS)
    if CORE_FORMAT.of(core) != CORE_FORMAT_VALUE:
        raise BackendError(
            f"this core reads stream format {CORE_FORMAT.of(core)}, this driver writes "
            f"{CORE_FORMAT_VALUE}: use the driver of the core's version"
        )
    return CoreConfig(
        pin=CORE_PIN.of(core),
        pout=CORE_POUT.of(core),
        acc_width=CORE_ACC_W.of(core),
        feature_depth=read(Register.FEATURE_DEPTH),
        weight_depth=read(Register.WEIGHT_DEPTH),
        max_pool_width=LIMITS_MAX_POOL_WIDTH.of(limits),
        max_layers=LIMITS_LAYERS.of(limits),
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
