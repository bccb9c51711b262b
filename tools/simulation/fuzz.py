# SPDX-License-Identifier: Apache-2.0
"""Random layer programs on the whole core, every tensor compared with the reference model.

Cores and stall patterns take turns, PORTION programs a run; every run has a seed of its own,
counted up from --seed. The exit status is 1 when a run fails; the command that repeats it is
printed.

examples:
  scripts/fuzz.py                                       300 programs
  scripts/fuzz.py --programs 10000 --seed 7             others, and more
  scripts/fuzz.py --core 8x8 --stalls bursty            on one core only
  scripts/fuzz.py --max-cycles 50000                    longer programs
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from ref_model.hardware.core_config import LANE_SIZES
from tools.hdl.bench import BenchError, run_bench
from tools.simulation.stalls import PATTERNS

CORES = ((4, 4), (8, 8), (16, 16), (4, 16), (16, 4))
STALLS = ("none", "random", "bursty")
PORTION = 20


def core(text: str) -> tuple[int, int]:
    """PIN and POUT of ``8x16``."""
    sizes = text.split("x")
    if len(sizes) != 2 or not all(size in map(str, LANE_SIZES) for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is not PINxPOUT with sizes of {LANE_SIZES}")
    return int(sizes[0]), int(sizes[1])


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "--programs", type=int, default=300, metavar="N", help="number of programs (300)"
    )
    result.add_argument(
        "--seed", type=int, default=1, metavar="S", help="seed of the first run (1)"
    )
    result.add_argument("--core", type=core, metavar="PINxPOUT", help="run this core alone")
    result.add_argument("--stalls", choices=PATTERNS, help="use this pattern alone")
    result.add_argument(
        "--max-cycles",
        type=int,
        default=6000,
        metavar="N",
        help="cycles of a program, about (6000)",
    )
    return result


def run(pin: int, pout: int, stalls: str, seed: int, programs: int, max_cycles: int) -> None:
    """Some programs on one core; raises BenchError when one fails."""
    run_bench(
        "lsfq_accel",
        "tb.core.program_bench",
        {
            "PIN": pin,
            "POUT": pout,
            "PARAM_W": min(128, 4 * pin * pout),
            "FEATURE_DEPTH": 4096,
            "DEPTHWISE_PIXELS": 1 + seed % 2,
        },
        seed=seed,
        environment={
            "LSFQ_PROGRAMS": str(programs),
            "LSFQ_STALLS": stalls,
            "LSFQ_MAX_CYCLES": str(max_cycles),
        },
        name=f"fuzz-{pin}x{pout}-{stalls}",
        quiet=True,
    )


def main() -> int:
    """Run the command."""
    command = parser()
    args = command.parse_args()
    if args.programs < 1 or not 1 <= args.seed < 2**31 - args.programs or args.max_cycles < 500:
        command.error("--programs is at least 1, --seed 1 to about 2^31, --max-cycles at least 500")
    cores = [args.core] if args.core else CORES
    patterns = [args.stalls] if args.stalls else STALLS
    turns = itertools.cycle(
        (*size, pattern) for pattern, size in itertools.product(patterns, cores)
    )
    start, done = time.monotonic(), 0
    for seed, (pin, pout, stalls) in enumerate(turns, args.seed):
        count = min(PORTION, args.programs - done)
        if count == 0:
            break
        repeat = (
            f"scripts/fuzz.py --core {pin}x{pout} --stalls {stalls} --seed {seed} "
            f"--programs {count} --max-cycles {args.max_cycles}"
        )
        try:
            run(pin, pout, stalls, seed, count, args.max_cycles)
        except BenchError as error:
            print(f"FAILED: {error}\nrepeat with: {repeat}", file=sys.stderr)
            return 1
        done += count
        spent = time.monotonic() - start
        print(
            f"{done:6} of {args.programs} programs are bit-exact, {spent:5.0f} s: "
            f"{pin}x{pout}, stalls {stalls}, seed {seed}",
            flush=True,
        )
    return 0
