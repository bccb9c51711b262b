# SPDX-License-Identifier: Apache-2.0
"""Write a report into docs/: tables and pictures from what was recorded and measured.

examples:
  lsfq report accuracy               docs/accuracy from records/
  lsfq report performance            docs/performance from measured.json
  lsfq report accuracy --check       exit with 1 when it is not up to date
  lsfq report accuracy --help        its further options
"""

from __future__ import annotations

import argparse
import sys

NAMES = ("accuracy", "performance")


def parser() -> argparse.ArgumentParser:
    """The command line: which report. What follows is the report's."""
    result = argparse.ArgumentParser(
        prog="lsfq report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("name", choices=NAMES, help="which report")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; the exit status is that of the report: 1 stale, 2 for unreadable records."""
    words = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(words[:1])
    from lsfq.command import accuracy_report, performance_report

    if options.name == "accuracy":
        return accuracy_report.main(words[1:])
    return performance_report.main(words[1:])
