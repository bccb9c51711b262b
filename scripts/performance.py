#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure where the cycles of a network go: tools/simulation/performance.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.simulation.performance import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
