# SPDX-License-Identifier: Apache-2.0
"""The core that a command is for, from its options and the network."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from lsfq.core import DEFAULT_CORE
from lsfq.core_choice import OPTIONS, choose_core, difference
from ref_model.hardware.core_config import CoreConfig
from ref_model.integer.network import IntegerNetwork


def chosen_core(network: IntegerNetwork, options: argparse.Namespace) -> CoreConfig:
    """The core of ``--pin``, ``--pout``, ``--feature-depth`` and ``--weight-depth``.

    A memory whose option is not given has the default's size, or what ``network`` needs where that
    is more; standard error then says so. Raises UnsupportedNetworkError when no core will do, and
    ValueError for sizes that no core has.
    """
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    start = replace(DEFAULT_CORE, pin=options.pin, pout=options.pout, **given)
    config = choose_core(network, start, frozenset(given))
    if config != start:
        print(
            f"{network.name} needs more than the default core has: {difference(config, start)}",
            file=sys.stderr,
        )
    return config
