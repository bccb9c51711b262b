# SPDX-License-Identifier: Apache-2.0
"""Which core a network needs: the default one, or one with larger memories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import check_network
from ref_model.integer.network import IntegerNetwork

LARGEST = {"feature_depth": 131072, "weight_depth": 16384, "max_pool_width": 32768}
"""Parameters that decide whether a network fits, and the most that the Verilog takes."""
OPTIONS = {"feature_depth": "--feature-depth", "weight_depth": "--weight-depth"}
"""Options of the commands that set them."""


def choose_core(
    network: IntegerNetwork, start: CoreConfig, fixed: frozenset[str] = frozenset()
) -> CoreConfig:
    """``start``, with memories doubled as often as ``network`` needs it; those ``fixed`` stay.

    ``fixed`` are names of `LARGEST`. Raises UnsupportedNetworkError, with what would fit, when no
    such core runs the network.
    """
    try:
        check_network(network, start)
    except UnsupportedNetworkError as error:
        found = _enlarged(network, start, [name for name in LARGEST if name not in fixed])
        if found is None:
            raise UnsupportedNetworkError(f"{error}{advice(network, start)}") from error
        return found
    return start


def advice(network: IntegerNetwork, config: CoreConfig) -> str:
    """What to say after "this core cannot run it": larger memories that would do, if any would."""
    found = _enlarged(network, config, list(LARGEST))
    if found is None:
        return ""
    sizes = {name: getattr(found, name) for name in changed(found, config)}
    parameters = ", ".join(f"{name.upper()}={size}" for name, size in sizes.items())
    options = " ".join(f"{OPTIONS[name]} {size}" for name, size in sizes.items() if name in OPTIONS)
    return f". A core with {parameters} runs it" + (f" ({options})" if options else "")


def changed(config: CoreConfig, start: CoreConfig) -> list[str]:
    """Names of `LARGEST` in which two cores differ."""
    return [name for name in LARGEST if getattr(config, name) != getattr(start, name)]


def difference(config: CoreConfig, start: CoreConfig) -> str:
    """The memories of ``config`` that are not those of ``start``, in words; "" for none."""
    return ", ".join(
        f"{name.replace('_', ' ')} {getattr(config, name)} instead of {getattr(start, name)}"
        for name in changed(config, start)
    )


def _enlarged(network: IntegerNetwork, start: CoreConfig, free: list[str]) -> CoreConfig | None:
    """The smallest doubled values of the ``free`` parameters with which the network fits."""
    config = replace(start, **{name: max(LARGEST[name], getattr(start, name)) for name in free})
    if not _fits(network, config):
        return None
    for name in free:
        for size in _doubled(getattr(start, name), LARGEST[name]):
            smaller = replace(config, **{name: size})
            if _fits(network, smaller):
                config = smaller
                break
    return config


def _doubled(size: int, largest: int) -> Iterator[int]:
    """``size`` and the powers of two above it, up to ``largest``."""
    yield size
    power = 1 << size.bit_length()
    while power <= largest:
        yield power
        power *= 2


def _fits(network: IntegerNetwork, config: CoreConfig) -> bool:
    try:
        check_network(network, config)
    except UnsupportedNetworkError:
        return False
    return True
