#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the IP package: tools/packaging/package_ip.py."""

import sys

import _root  # noqa: F401 - the repository's packages are found

from tools.packaging.package_ip import main

if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
