#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Count how many planted faults the benches notice: tools/hdl/mutants.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.hdl.mutants import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
