#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the project's virtual environment, or heal it: tools/environment.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.environment import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
