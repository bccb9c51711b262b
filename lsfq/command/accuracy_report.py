# SPDX-License-Identifier: Apache-2.0
"""Write docs/accuracy from the run records: tables and pictures, nothing typed by hand.

examples:
  lsfq report accuracy             write docs/accuracy/README.md and its pictures
  lsfq report accuracy --check     exit with 1 when they are not those of the records
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.files import pip_install
from ref_model.integer.storage import MANIFEST

ROOT = Path(__file__).resolve().parents[2]
PAGE = "README.md"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq report accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "--records", type=Path, default=ROOT / "records", metavar="DIR", help="run records"
    )
    result.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs" / "accuracy",
        metavar="DIR",
        help="write the report here",
    )
    result.add_argument("--check", action="store_true", help="compare only; write nothing")
    output.add_json(result)
    return result


def files(records: Path) -> dict[str, str]:
    """Everything in the report's folder, by file name."""
    from lsfq.reports.accuracy import report
    from lsfq.reports.accuracy_pictures import draw
    from ref_model.training.experiments import read_experiments
    from ref_model.training.records import RecordError, read_records

    found = read_records(records)
    if not found:
        raise RecordError(f"{records}: no run records (scripts/train_many.py writes them)")
    pictures = draw(found)
    shipped = [path.parent.name for path in (ROOT / "networks").glob(f"*/{MANIFEST}")]
    runs = read_experiments(ROOT / "experiments" / "accuracy.toml")
    return {PAGE: report(found, runs, shipped, list(pictures)), **pictures}


def difference(wanted: dict[str, str], folder: Path) -> list[str]:
    """Names of files in ``folder`` that are missing, different, or not part of the report."""
    there = {path.name: path.read_text() for path in sorted(folder.glob("*")) if path.is_file()}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when the folder holds the report, 1 when it is stale, 2 for bad records."""
    options = parser().parse_args(arguments)
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Write or compare; names of stale files go into ``content``."""
    try:
        from ref_model.training.experiments import ExperimentError
        from ref_model.training.records import RecordError
    except ImportError as error:
        print(f"lsfq report: {error}: {pip_install('train')}", file=sys.stderr)
        return 2
    try:
        wanted = files(options.records)
    except (RecordError, ExperimentError) as error:
        print(f"lsfq report accuracy: {error}", file=sys.stderr)
        return 2
    stale = difference(wanted, options.output)
    content.update(folder=str(options.output), stale=stale, written=not options.check)
    if options.check:
        if stale:
            print(f"{options.output}: not up to date ({', '.join(stale)}): make accuracy-report")
        return 1 if stale else 0
    options.output.mkdir(parents=True, exist_ok=True)
    for name in stale:
        path = options.output / name
        if name in wanted:
            path.write_text(wanted[name])
        else:
            path.unlink()
        print(f"{'wrote' if name in wanted else 'removed'} {path}")
    if not stale:
        print(f"{options.output}: up to date")
    return 0
