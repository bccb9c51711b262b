# SPDX-License-Identifier: Apache-2.0
"""The core that a command is for: the options that name it, and what the network needs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from lsfq.core import DEFAULT_CORE
from lsfq.core_choice import OPTIONS, choose_core, difference
from ref_model.hardware.core_config import LANE_SIZES, CoreConfig
from ref_model.integer.network import IntegerNetwork

Arguments = argparse.ArgumentParser | argparse._ArgumentGroup
"""What options can be added to: a command line, or a group of its options."""


def add_lanes(parser: Arguments, default: CoreConfig = DEFAULT_CORE) -> None:
    """The options ``--pin`` and ``--pout``."""
    parser.add_argument(
        "--pin", type=int, choices=LANE_SIZES, default=default.pin,
        help="multipliers of a lane (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--pout", type=int, choices=LANE_SIZES, default=default.pout,
        help="lanes (%(default)s)",
    )  # fmt: skip


def add_memories(parser: Arguments) -> None:
    """The options ``--feature-depth`` and ``--weight-depth``; None: as `chosen_core` finds."""
    for memory in ("feature", "weight"):
        size = getattr(DEFAULT_CORE, f"{memory}_depth")
        parser.add_argument(
            f"--{memory}-depth", type=int, metavar="WORDS",
            help=f"words of the {memory} memory ({size}, or as needed)",
        )  # fmt: skip


def add_depthwise_pixels(parser: Arguments, default: int) -> None:
    """The option ``--depthwise-pixels``."""
    parser.add_argument(
        "--depthwise-pixels", type=int, choices=(1, 2), default=default,
        help="pixels a cycle of the depthwise stage (%(default)s)",
    )  # fmt: skip


def chosen_core(network: IntegerNetwork, options: argparse.Namespace) -> CoreConfig:
    """The core of ``--pin``, ``--pout``, ``--feature-depth``, ``--weight-depth`` and, where the
    command has it, ``--depthwise-pixels``.

    A memory whose option is not given has the default's size, or what ``network`` needs where that
    is more; standard error then says so. Raises UnsupportedNetworkError when no core will do, and
    ValueError for sizes that no core has.
    """
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    if "depthwise_pixels" in options:
        given["depthwise_pixels"] = options.depthwise_pixels
    start = replace(DEFAULT_CORE, pin=options.pin, pout=options.pout, **given)
    config = choose_core(network, start, frozenset(given))
    if config != start:
        print(
            f"{network.name} needs more than the default core has: {difference(config, start)}",
            file=sys.stderr,
        )
    return config
