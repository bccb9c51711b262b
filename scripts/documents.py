#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make what docs/ takes from the code: tools/documents/write.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.documents.write import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
