#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Place and route a reduced core for an ECP5: tools/hdl/timing.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.hdl.timing import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
