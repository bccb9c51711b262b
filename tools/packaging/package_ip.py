# SPDX-License-Identifier: Apache-2.0
"""Make and check the IP package without Vivado.

Writes ip/component.xml, ip/xgui/ and scripts/vivado/package_data.tcl from the Verilog, the register
description and fusesoc.core; validates component.xml with the schema of IEEE 1685-2009 and compares
it with the Verilog. Exit status 1 when something is wrong, or, with --check, stale.
"""

from __future__ import annotations

import argparse
import sys

from lsfq.simulation import rtl


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="examples:\n  package_ip.py\n  package_ip.py --check",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    check: bool = parser.parse_args().check
    try:
        from tools.packaging.agreement import disagreements
        from tools.packaging.package_outputs import COMPONENT, generate
        from tools.packaging.register_source import SourceError
        from tools.packaging.rendering import update
        from tools.packaging.schema import violations
        from tools.packaging.verilog_interface import InterfaceError
    except ModuleNotFoundError as error:
        sys.exit(f"package_ip.py: {error.name} is missing: pip install -e '.[package]'")

    try:
        fresh = update(generate(rtl.ROOT), rtl.ROOT, check=check)
        faults = violations((rtl.ROOT / COMPONENT).read_text(encoding="utf-8"))
        faults += disagreements(rtl.ROOT)
    except (InterfaceError, SourceError) as error:
        sys.exit(f"package_ip.py: {error}")
    for fault in faults:
        print(f"{COMPONENT}: {fault}", file=sys.stderr)
    if not fresh:
        print("stale: run make package", file=sys.stderr)
    if not faults:
        print(f"{COMPONENT}: valid IEEE 1685-2009; ports, parameters, files and registers agree")
    return 1 if faults or not fresh else 0
