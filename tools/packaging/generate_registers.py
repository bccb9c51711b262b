# SPDX-License-Identifier: Apache-2.0
"""Make what follows from the register description and from the tables of a layer's fields.

The description is ip/control/lsfq_registers.rdl, the tables are ref_model/hardware/blocks.py and
layer_word.py. Exit status 1 with --check when a file is stale, or when a source is wrong.
"""

from __future__ import annotations

import argparse
import sys

from lsfq.simulation import rtl


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
        from tools.packaging import field_outputs, register_outputs
        from tools.packaging.field_outputs import FieldTableError
        from tools.packaging.register_source import SourceError
        from tools.packaging.rendering import update
    except ModuleNotFoundError as error:
        sys.exit(f"generate_registers.py: {error.name} is missing: pip install -e '.[package]'")

    try:
        outputs = register_outputs.generate(rtl.ROOT) | field_outputs.generate(rtl.ROOT)
        fresh = update(outputs, rtl.ROOT, check=check)
    except (SourceError, FieldTableError) as error:
        sys.exit(f"generate_registers.py: {error}")
    if not fresh:
        print("stale: run make registers", file=sys.stderr)
    return 0 if fresh else 1
