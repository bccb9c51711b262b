#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random layer programs on the whole core: tools/simulation/fuzz.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.simulation.fuzz import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
