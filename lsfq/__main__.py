# SPDX-License-Identifier: Apache-2.0
"""``python -m lsfq``: the command `lsfq`, where it is not installed."""

import sys

from lsfq.command.main import main

if __name__ == "__main__":
    sys.exit(main())
