#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make everything that follows from the register description ip/control/lsfq_registers.rdl.

Exit status 1 with --check when a file is stale, or when the description is wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="examples:\n  generate_registers.py\n  generate_registers.py --check",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="only say which files are stale")
    check: bool = parser.parse_args().check
    try:
        from ref_model.packaging.register_outputs import generate
        from ref_model.packaging.register_source import SourceError
        from ref_model.packaging.rendering import update
    except ModuleNotFoundError as error:
        sys.exit(f"generate_registers.py: {error.name} is missing: pip install -e '.[package]'")

    try:
        fresh = update(generate(ROOT), ROOT, check=check)
    except SourceError as error:
        sys.exit(f"generate_registers.py: {error}")
    if not fresh:
        print("stale: run make registers", file=sys.stderr)
    return 0 if fresh else 1


if __name__ == "__main__":
    from lsfq.command.entry import guarded

    sys.exit(guarded(main))
