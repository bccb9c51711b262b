#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`lsfq export`, for a checkout that is not installed."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from lsfq.command.export import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
