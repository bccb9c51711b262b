# SPDX-License-Identifier: Apache-2.0
"""Write docs/performance from measured.json, which lies there: tables and pictures.

examples:
  make performance-measure                   measure: scripts/performance.py --sweep --json ...
  lsfq report performance              write docs/performance/README.md and its pictures
  lsfq report performance --check      exit with 1 when they are not those of measured.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.files import pip_install

ROOT = Path(__file__).resolve().parents[2]
MEASURED, PAGE, AREA = "measured.json", "README.md", "area.json"
OTHERS = {
    "MobileNetV2": "mobilenetv2.json",
    "ResNet-20": "resnet20.json",
    "UltraNet": "ultranet.json",
    "MobileNetV2-224": "mobilenetv2_224.json",
    "ResNet-18": "resnet18.json",
}
"""Further networks' files, left out where they are not there."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq report performance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "--folder", type=Path, default=ROOT / "docs" / "performance", metavar="DIR",
        help="measured.json lies there, the report goes there",
    )  # fmt: skip
    result.add_argument("--check", action="store_true", help="compare only; write nothing")
    output.add_json(result)
    return result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when the folder holds the report, 1 when it is stale, 2 without figures."""
    options = parser().parse_args(arguments)
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Write or compare; names of stale files go into ``content``."""
    try:
        from lsfq.reports.performance import draw, report
    except ImportError as error:
        print(f"lsfq report: {error}: {pip_install('train')}", file=sys.stderr)
        return 2
    try:
        measured = json.loads((options.folder / MEASURED).read_text(encoding="utf-8"))
        others = {
            name: json.loads(path.read_text(encoding="utf-8"))
            for name, file in OTHERS.items()
            if (path := options.folder / file).is_file()
        }
        path = options.folder / AREA
        area = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        pictures = draw(measured, others)
        wanted = {PAGE: report(measured, list(pictures), others, area), **pictures}
    except OSError as error:
        hint = "make performance-measure writes it"
        print(f"lsfq report performance: {output.reason(error)} ({hint})", file=sys.stderr)
        return 2
    except (ValueError, KeyError) as error:
        print(f"lsfq report performance: {options.folder / MEASURED}: {error!r}", file=sys.stderr)
        return 2
    stale = [
        name
        for name, text in wanted.items()
        if not (options.folder / name).is_file() or (options.folder / name).read_text() != text
    ]
    content.update(folder=str(options.folder), stale=stale, written=not options.check)
    if options.check:
        if stale:
            print(f"{options.folder}: not up to date ({', '.join(stale)})")
        return 1 if stale else 0
    for name in stale:
        (options.folder / name).write_text(wanted[name])
        print(f"wrote {options.folder / name}")
    if not stale:
        print(f"{options.folder}: up to date")
    return 0
