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
        from ref_model.packaging.register_outputs import generate, stale
        from ref_model.packaging.register_source import SourceError
    except ModuleNotFoundError as error:
        sys.exit(f"generate_registers.py: {error.name} is missing: pip install -e '.[package]'")

    try:
        outputs = generate(ROOT)
        changed = stale(ROOT)
    except SourceError as error:
        sys.exit(f"generate_registers.py: {error}")
    for path, text in outputs.items():
        name = path.relative_to(ROOT)
        if path not in changed:
            print(f"{name}: up to date")
        elif check:
            print(f"{name}: STALE, run make registers")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name}: written")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
