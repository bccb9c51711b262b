#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run an exported network through the Verilog: tools/simulation/run_network.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.simulation.run_network import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
