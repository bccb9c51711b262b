#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`lsfq train`, for a checkout that is not installed."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from lsfq.command.train import main, restart_with_malloc_settings

if __name__ == "__main__":
    restart_with_malloc_settings()
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
