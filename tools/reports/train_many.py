# SPDX-License-Identifier: Apache-2.0
"""Do a list of training runs, one after the other, and keep a record of each.

A run that has a record is skipped, unless another needs its float network; one that was cut off
continues from its checkpoint. Stop it with Ctrl-C and start it again at any time. Several of these
commands may work on one list at the same time: a run that another one is at is passed over.

examples:
  scripts/train_many.py                                 everything in experiments/accuracy.toml
  scripts/train_many.py --list                          what there is, and what is done
  scripts/train_many.py --only '*_w16_*' --threads 1    some of it, on one thread
  scripts/train_many.py --only vgg7_w32_w4a4 --collect  (re)write a record from a finished folder
"""

from __future__ import annotations

import argparse
import fcntl
import fnmatch
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsfq.simulation import rtl
from ref_model.datasets import CIFAR10, read_records
from ref_model.training.experiments import ExperimentError, Run, read_experiments

SAMPLE = rtl.ROOT / "networks" / "cifar10_sample" / "test_batch.bin"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--experiments", type=Path, metavar="FILE",
        default=rtl.ROOT / "experiments" / "accuracy.toml",
        help="the list of runs (experiments/accuracy.toml)",
    )  # fmt: skip
    result.add_argument("--only", default="*", metavar="PATTERN", help="runs with such names")
    result.add_argument("--runs", type=Path, default=Path("runs"), help="run folders go here")
    result.add_argument(
        "--records", type=Path, default=rtl.ROOT / "records", help="records go here (records)"
    )
    result.add_argument("--data", type=Path, help="folder of the image sets")
    result.add_argument("--threads", type=int, default=0, help="processor threads of a run")
    result.add_argument("--device", help="where a run computes (scripts/train.py --help)")
    what = result.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="show the runs and do nothing")
    what.add_argument(
        "--collect", action="store_true", help="write records of finished folders; train nothing"
    )
    return result


@contextmanager
def sole_use(folder: Path) -> Iterator[bool]:
    """Whether nobody else is at the run in ``folder``; the claim ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def collect(run: Run, options: argparse.Namespace) -> None:
    """Write the record of a finished run."""
    import torch

    from ref_model.training.records import make_record, write_record

    images = torch.from_numpy(read_records(SAMPLE, CIFAR10).pixels)
    record = make_record(run.name, run.command(), options.runs / run.name, images, run.float_from)
    write_record(options.records / f"{run.name}.json", record)


def train(run: Run, options: argparse.Namespace) -> bool:
    """Do or continue one run; False when it failed."""
    command = [sys.executable, str(rtl.ROOT / "scripts" / "train.py"), *run.arguments(options.runs)]
    command.append("--resume")
    if options.data is not None:
        command += ["--data", str(options.data)]
    if options.threads:
        command += ["--threads", str(options.threads)]
    if options.device is not None:
        command += ["--device", options.device]
    return subprocess.run(command, check=False).returncode == 0


def do(run: Run, options: argparse.Namespace, needed: bool) -> str:
    """Bring one run to its record; returns what became of it, in a word or two.

    ``needed`` says that a run without a record starts from this one's float network. Where that is
    not there, as in a fresh clone, the run is done again; the record that it has stays.
    """
    from ref_model.training.checkpoint import CheckpointError
    from ref_model.training.records import RecordError

    folder, record = options.runs / run.name, options.records / f"{run.name}.json"
    finished = (folder / "record.json").exists()
    if options.collect:
        if not finished:
            return "not finished"
    elif record.exists() and not (needed and not (folder / "float.pt").exists()):
        return "has a record"
    with sole_use(folder) as alone:
        if not alone:
            return "under way elsewhere"
        start = run.float_from
        if start is not None and not (options.runs / start / "float.pt").exists() and not finished:
            return f"waits for {start}"
        if not finished and not train(run, options):
            return "FAILED"
        if record.exists() and not options.collect:
            return "done again"
        try:
            collect(run, options)
        except (RecordError, CheckpointError) as error:
            print(f"train_many.py: {error}", file=sys.stderr)
            return "FAILED"
    return "done"


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when every run asked for has its record, 1 when not, 2 for a bad list."""
    options = parser().parse_args(arguments)
    try:
        runs = [
            run
            for run in read_experiments(options.experiments)
            if fnmatch.fnmatchcase(run.name, options.only)
        ]
    except ExperimentError as error:
        print(f"train_many.py: {error}", file=sys.stderr)
        return 2
    if not runs:
        print(f"train_many.py: no run is called {options.only}", file=sys.stderr)
        return 2
    if options.list:
        for run in runs:
            known = (options.records / f"{run.name}.json").exists()
            print(f"{'done' if known else '    '}  {run.name}\n        {run.command()}")
        return 0
    starts = {run.float_from for run in runs if not (options.records / f"{run.name}.json").exists()}
    missing = 0
    for number, run in enumerate(runs, 1):
        result = do(run, options, run.name in starts)
        print(f"[{number}/{len(runs)}] {run.name}: {result}", flush=True)
        missing += result not in ("done", "done again", "has a record")
    return 1 if missing else 0
