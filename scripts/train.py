#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`lsfq train`, for a checkout that is not installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lsfq.command.train import main, restart_with_malloc_settings

if __name__ == "__main__":
    restart_with_malloc_settings()
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
