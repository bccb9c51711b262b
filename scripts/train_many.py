#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do a list of training runs: tools/reports/train_many.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.reports.train_many import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped; the same command continues", file=sys.stderr)
        sys.exit(130)
