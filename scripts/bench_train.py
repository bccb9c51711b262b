#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time a training step: tools/reports/bench_train.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from lsfq.command.train import restart_with_malloc_settings
from tools.reports.bench_train import main

if __name__ == "__main__":
    restart_with_malloc_settings()
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
