# SPDX-License-Identifier: Apache-2.0
"""Plant small faults in the Verilog, one at a time, and count how many of them the benches notice.

Each module's mutants (an operator, a literal, a condition changed, a clocked assignment left out:
tools/hdl/mutation.py) stand in one text with a switch, so that its bench is built once. A mutant
that the module's bench does not notice gets a second chance: random programs on a 4x4 core. One
that both pass is a survivor: a hole in the tests, or a change without effect. The latter are listed
with their reason in tb/tools/mutants/waivers.toml. Exit status 1 when one survives without.

examples:
  scripts/mutants.py --module lsfq_credit --module lsfq_skid     all of these modules
  scripts/mutants.py --count 200 --seed 7                        a sample of all modules
  scripts/mutants.py --count 600 --json build/mutants.json       a record to keep
  scripts/mutants.py --module lsfq_requant --list                only list them
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from lsfq.simulation import rtl
from ref_model.integer.console import ProgressBar, table
from tools.hdl.bench import BUILD
from tools.hdl.mutation import Mutant, mutants, switched

BENCHES = rtl.ROOT / "tb" / "ip"
WAIVERS = rtl.ROOT / "tb" / "tools" / "mutants" / "waivers.toml"
PROGRAMS = "tb/core/test_core.py::test_random_programs"
LIMIT_S = 300.0
"""Seconds of a run with a fault; one that takes longer hangs, which is noticing."""
SCORE = 0.97


@dataclass(frozen=True)
class Verdict:
    """A mutant and what noticed it: ``bench``, ``programs``, or ``waived`` or ``survives``."""

    module: str
    mutant: Mutant
    noticed: str


class MutantError(RuntimeError):
    """The tests fail without a fault, or a module cannot be mutated."""


def bench_of(module: str) -> Path | None:
    """The folder of the bench that runs a module: its own, or that of the smallest design above."""
    own = BENCHES / module.removeprefix("lsfq_")
    if own.is_dir():
        return own
    above = []
    for folder in BENCHES.iterdir():
        top = f"lsfq_{folder.name}"
        if top in rtl.modules():
            below = [path.stem for path in rtl.sources(top)]
            if module in below:
                above.append((len(below), folder))
    return min(above)[1] if above else None


def waived(module: str, mutant: Mutant, waivers: Sequence[Mapping[str, str]]) -> bool:
    """Whether the list excuses a mutant, by module, line and change."""
    line = rtl.modules()[module].read_text(encoding="utf-8").splitlines()[mutant.line - 1].strip()
    wanted = {"module": module, "line": line, "change": mutant.change()}
    return any(all(entry.get(key) == text for key, text in wanted.items()) for entry in waivers)


def passes(target: Sequence[str], file: Path, number: int) -> bool:
    """Whether tests pass with fault ``number`` of ``file``; a run that hangs does not."""
    command = [
        sys.executable, "-m", "pytest", *target, "-x", "-q", "-p", "no:cacheprovider",
        "--import-mode=importlib",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=rtl.ROOT, env=os.environ | {"LSFQ_MUTANT": f"{file}:{number}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said = process.communicate(timeout=None if number == 0 else LIMIT_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    if process.returncode not in (0, 1):
        raise MutantError(f"pytest {' '.join(target)}: status {process.returncode}\n{said[-2000:]}")
    return process.returncode == 0


def judge(
    module: str, chosen: Sequence[Mutant], waivers: Sequence[Mapping[str, str]], jobs: int
) -> list[Verdict]:
    """Run a module's mutants. Raises MutantError."""
    file = BUILD / "mutants" / "switched" / f"{module}.v"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = rtl.modules()[module].read_text(encoding="utf-8")
    file.write_text(switched(text, chosen), encoding="utf-8")
    bench = bench_of(module)
    own = [str(bench), "-k", "not notice and not icarus"] if bench else None
    programs = [PROGRAMS, "-k", "4-4-none"]
    bar = ProgressBar(module)

    def run(target: list[str], numbers: Sequence[int]) -> set[int]:
        """The numbers that pass."""
        if numbers and not passes(target, file, 0):
            raise MutantError(f"{module}: {' '.join(target)} fails without a fault")
        with ThreadPoolExecutor(jobs) as pool:
            passed = []
            for done, result in enumerate(pool.map(lambda n: passes(target, file, n), numbers), 1):
                bar(done, len(numbers))
                passed.append(result)
        return {number for number, ok in zip(numbers, passed, strict=True) if ok}

    everything = list(range(1, len(chosen) + 1))
    after_bench = run(own, everything) if own else set(everything)
    excused = {n for n in after_bench if waived(module, chosen[n - 1], waivers)}
    survivors = run(programs, sorted(after_bench - excused))
    return [
        Verdict(
            module,
            mutant,
            "waived" if number in excused
            else "survives" if number in survivors
            else "programs" if number in after_bench else "bench",
        )
        for number, mutant in enumerate(chosen, 1)
    ]  # fmt: skip


def choose(modules: Sequence[str], count: int | None, seed: int) -> dict[str, list[Mutant]]:
    """Mutants by module: all of them, or ``count`` drawn from all."""
    everything = [
        (module, mutant)
        for module in modules
        for mutant in mutants(rtl.modules()[module].read_text(encoding="utf-8"))
    ]
    if count is not None and count < len(everything):
        everything = random.Random(seed).sample(everything, count)
    chosen: dict[str, list[Mutant]] = {module: [] for module in modules}
    for module, mutant in everything:
        chosen[module].append(mutant)
    return {
        module: sorted(found, key=lambda x: (x.start, x.end, x.new))
        for module, found in chosen.items()
        if found
    }


def summary(verdicts: Sequence[Verdict]) -> tuple[list[tuple[str, ...]], float]:
    """A row for each module, and the share noticed of those that are not waived."""
    kinds = ("bench", "programs", "waived", "survives")
    names = list(dict.fromkeys(verdict.module for verdict in verdicts))
    counts = {
        name: [sum(v.module == name and v.noticed == kind for v in verdicts) for kind in kinds]
        for name in names
    }
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = [(name, str(sum(numbers)), *map(str, numbers)) for name, numbers in counts.items()]
    bench, programs, _, survivors = counts["all"]
    return rows, (bench + programs) / max(1, bench + programs + survivors)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--module", action="append", choices=sorted(rtl.modules()), metavar="MODULE",
        help="of this module, may be given more than once (all modules under ip/)",
    )  # fmt: skip
    result.add_argument("--count", type=int, metavar="N", help="draw N of them (all)")
    result.add_argument("--seed", type=int, default=1, metavar="S", help="of the draw (1)")
    result.add_argument("--jobs", type=int, default=2, metavar="N", help="runs at a time (2)")
    result.add_argument("--list", action="store_true", help="list the mutants, run nothing")
    result.add_argument("--json", type=Path, metavar="FILE", help="write every verdict to a file")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when no mutant survives unexcused, 1 when one does, 2 for wrong use."""
    options = parser().parse_args(arguments)
    if (options.count is not None and options.count < 1) or options.jobs < 1:
        print("mutants.py: --count and --jobs are at least 1", file=sys.stderr)
        return 2
    chosen = choose(options.module or sorted(rtl.modules()), options.count, options.seed)
    if options.list:
        for module, found in chosen.items():
            for mutant in found:
                print(f"{module}.v {mutant}")
        return 0
    waivers = tomllib.loads(WAIVERS.read_text(encoding="utf-8")).get("waiver", [])
    verdicts: list[Verdict] = []
    try:
        for module, found in chosen.items():
            verdicts += judge(module, found, waivers, options.jobs)
    except MutantError as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return 2
    survivors = [verdict for verdict in verdicts if verdict.noticed == "survives"]
    for verdict in survivors:
        print(f"SURVIVES  {verdict.module}.v {verdict.mutant}")
    rows, score = summary(verdicts)
    print(table(("module", "mutants", "bench", "programs", "waived", "survive"), rows))
    print(f"{100 * score:.1f} % noticed of those that are not waived (bar {100 * SCORE:.0f} %)")
    if options.json is not None:
        record = {
            "count": options.count, "seed": options.seed, "score": score,
            "mutants": [
                {"module": v.module, **asdict(v.mutant), "noticed": v.noticed} for v in verdicts
            ],
        }  # fmt: skip
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 1 if survivors else 0
