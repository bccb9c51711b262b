# SPDX-License-Identifier: Apache-2.0
"""Build a module with a simulator and run the cocotb tests of one Python module on it.

This is the pytest side of a bench; it never imports the coroutines, which run inside the simulator.

Environment variables, all optional:

=============== ===================================================================================
LSFQ_SEED       seed of everything random (a number, or ``random``); default 1, so that runs repeat
LSFQ_SIM        simulator of the benches that name none: ``verilator`` (default) or ``icarus``
LSFQ_WAVES      1: record waves (:attr:`BenchResult.waves`)
LSFQ_PARAMETERS Verilog parameters of the core for :func:`given_parameters`: ``PIN=8,POUT=8``
LSFQ_MUTANT     ``FILE:N``: FILE stands in for the module of its name, with fault N switched on
                (`tools/hdl/mutants.py`)
=============== ===================================================================================
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lsfq.simulation import rtl, verilator
from lsfq.simulation.cache import guarded_build
from ref_model.integer import atomic_file

BUILD = rtl.ROOT / "build"
CORE = "lsfq_accel"
TIMESCALE = ("1ns", "1ps")
TIME_LIMIT = Path(__file__).with_name("time_limit.py")
VISIBLE = Path(__file__).with_name("visible.vlt")
ONCE = Path(__file__).with_name("once.vlt")
LOCK_TIMEOUT_S = 1800
DEFAULT_SEED = 1

VERILATOR_ARGS = (
    "-O3",
    "--assert",
    "--no-timing",
    # What no reset initialises starts at random (seeded, see `_plusargs`): code that relies on
    # zeros fails.
    "--x-assign",
    "unique",
    "--x-initial",
    "unique",
    # cocotb's runner makes every signal readable and writable, which forbids Verilator most of its
    # work: three times the compile time, and all logic evaluated a second time a cycle. Benches see
    # the top module's signals and parameters, and what visible.vlt lists.
    "--no-public-flat-rw",
    "--public-depth",
    "1",
    str(VISIBLE),
    str(ONCE),
)


class BenchError(AssertionError):
    """The design does not build, the simulation did not end properly, or no test ran."""


class TestsFailed(BenchError):  # noqa: N818 - reads better in `pytest.raises(TestsFailed)`
    """The simulation ran, and tests failed."""

    __test__ = False  # not a class of tests, whatever pytest makes of its name


@dataclass(frozen=True)
class BenchResult:
    """What ran, and where its files are."""

    tests: int
    seed: int
    run_dir: Path
    waves: Path | None


def bench_seed() -> int:
    """The seed asked for by LSFQ_SEED."""
    text = os.environ.get("LSFQ_SEED", str(DEFAULT_SEED))
    if text == "random":
        return random.SystemRandom().randrange(1, 2**31)
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise BenchError(f"LSFQ_SEED is a number from 1 to 2147483647 or 'random', not {text!r}")
    return int(text)


def given_parameters() -> dict[str, int]:
    """Parameters of the core asked for by LSFQ_PARAMETERS, which FuseSoC's sim target sets."""
    given = {}
    for item in filter(None, os.environ.get("LSFQ_PARAMETERS", "").split(",")):
        name, equals, value = item.partition("=")
        if not equals or not value.isdecimal():
            raise BenchError(f"LSFQ_PARAMETERS is NAME=NUMBER,..., not {item!r}")
        given[name.strip()] = int(value)
    return given


def simulator_available(simulator: str) -> bool:
    """Whether this machine has the simulator; Icarus is optional."""
    return simulator == "verilator" or shutil.which("iverilog") is not None


def _file_name(text: str, longest: int = 100) -> str:
    """`text` as a file name, with a digest where characters had to go."""
    name = re.sub(r"[^A-Za-z0-9=,._-]+", "-", text).strip("-")
    if name == text and len(name) <= longest:
        return name
    return f"{name[:longest]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of `folder` (pytest-xdist's workers, a second pytest)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{folder}.lock", timeout=LOCK_TIMEOUT_S):
            yield
    except Timeout:
        raise BenchError(f"another process has held {folder} for {LOCK_TIMEOUT_S} s") from None


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """os.environ replaced for a while: cocotb's runner reads it and offers no other way in."""
    saved = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _mutants(mutations: Mapping[str, tuple[str, str]]) -> list[Path]:
    """Copies of modules with one text replaced by another: a bench must notice."""
    paths = []
    for module, (old, new) in sorted(mutations.items()):
        text = rtl.modules()[module].read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise BenchError(
                f"the text to mutate stands {text.count(old)} times in {module}.v: {old!r}"
            )
        text = text.replace(old, new)
        path = BUILD / "mutants" / hashlib.sha256(text.encode()).hexdigest()[:12] / f"{module}.v"
        if not path.is_file():
            atomic_file.write_text(path, text)
        paths.append(path)
    return paths


def _switched(toplevel: str, extra: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The file and the plus argument of LSFQ_MUTANT, where the design has that module."""
    path, _, number = os.environ.get("LSFQ_MUTANT", "").rpartition(":")
    module = Path(path).stem
    if not path or module not in {file.stem for file in rtl.sources(toplevel, extra)}:
        return [], []
    return [Path(path)], [f"+mutant={number}"]


def _not_default(
    parameters: Mapping[str, int], toplevel: str, sources: Sequence[Path]
) -> dict[str, int]:
    """`parameters` without those that the Verilog has anyway: equal designs are built once."""
    tops = [path for path in sources if path.stem == toplevel]
    given = rtl.defaults(tops[0]) if tops else {}
    return {name: value for name, value in parameters.items() if given.get(name) != value}


def _build_args(simulator: str, toplevel: str) -> list[str]:
    if simulator != "verilator":
        return ["-Wall"]
    return [*VERILATOR_ARGS, str(_visible_parameters(toplevel))]


def _visible_parameters(toplevel: str) -> Path:
    """A file that shows benches the parameters of their top module, and no others.

    Those of every instance (``--public-params``) are thousands in a core: minutes of compilation.
    """
    path = BUILD / "visible" / f"{toplevel}.vlt"
    text = f'`verilator_config\npublic_flat_rd -module "{toplevel}" -param "*"\n'
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        atomic_file.write_text(path, text)
    return path


def _plusargs(simulator: str, seed: int) -> list[str]:
    if simulator == "verilator":
        return ["+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
    return []


def _failures(results: Path) -> list[str]:
    """One line for each failed cocotb test: its name and the last line of its error."""
    lines = []
    for case in ET.parse(results).getroot().iter("testcase"):
        for element in (*case.findall("failure"), *case.findall("error")):
            message = element.get("message") or element.get("error_msg") or (element.text or "")
            lines.append(f"{case.get('classname')}.{case.get('name')}: {message.strip()}")
    return lines


def _check(results: Path, toplevel: str, seed: int, process_failed: bool) -> int:
    """Number of tests passed; raises where any failed, none ran, or the simulator broke."""
    hint = f"(seed {seed}: repeat with LSFQ_SEED={seed}; log above)"
    if not results.is_file():
        raise BenchError(f"{toplevel}: the simulation ended without results {hint}")
    cases = list(ET.parse(results).getroot().iter("testcase"))
    failures = _failures(results)
    if failures:
        raise TestsFailed(
            "\n  ".join(
                [f"{toplevel}: {len(failures)} of {len(cases)} tests failed {hint}", *failures]
            )
        )
    passed = sum(case.find("skipped") is None for case in cases)
    if passed == 0:
        raise BenchError(f"{toplevel}: no cocotb test ran {hint}")
    if process_failed:
        raise BenchError(f"{toplevel}: the simulator itself ended with an error {hint}")
    return passed


RAM_CLASH = {
    "lsfq_ram": (
        "word_q <= mem[read_address];",
        "word_q <= {WIDTH{|write_enable && write_address == read_address}} ^ mem[read_address];",
    )
}
"""A mutation of the memory that benches have to pass: the word being written reads as rubbish."""


def run_bench(
    toplevel: str,
    test_module: str,
    parameters: Mapping[str, int] | None = None,
    *,
    simulator: str | None = None,
    waves: bool | None = None,
    seed: int | None = None,
    testcase: str | Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    extra_sources: Sequence[Path] = (),
    mutations: Mapping[str, tuple[str, str]] | None = None,
    name: str | None = None,
    timeout_s: int = 1500,
    quiet: bool = False,
) -> BenchResult:
    """Build `toplevel` with `parameters` and run the cocotb tests of `test_module` on it.

    Args:
        toplevel: Module name; found in ``ip/`` (:mod:`lsfq.simulation.rtl`) or in `extra_sources`.
        test_module: Import path of the coroutines, ``tb.ip.fifo.fifo_bench``.
        parameters: Verilog parameters; the others keep their defaults. Every design is built once
            and kept under ``build/sim``.
        simulator: ``verilator`` or ``icarus``; default LSFQ_SIM.
        waves: Record waves; default LSFQ_WAVES.
        seed: Default LSFQ_SEED.
        testcase: Only these tests of the module.
        environment: Further variables for the coroutines (``os.environ`` inside the simulator).
        extra_sources: Verilog outside ``ip/``, such as a wrapper beside the bench.
        mutations: Module to (text, replacement): faults put into copies of modules, for tests that
            show that a bench fails. The text must occur exactly once.
        name: Of the run's folder under ``build/run``; default the pytest test's name.
        timeout_s: Bound of the simulation in wall-clock seconds.
        quiet: The simulator's output goes to ``log.txt`` in the run's folder.

    Raises:
        TestsFailed: A test failed.
        BenchError: The design does not build, the simulator ended early, or no test ran.
    """
    parameters = dict(sorted((parameters or {}).items()))
    simulator = simulator or os.environ.get("LSFQ_SIM", "verilator")
    if simulator not in ("verilator", "icarus"):
        raise BenchError(f"the simulators are verilator and icarus, not {simulator!r}")
    waves = os.environ.get("LSFQ_WAVES", "0") not in ("", "0") if waves is None else waves
    seed = bench_seed() if seed is None else seed

    mutants = _mutants(mutations or {})
    switched, fault = _switched(toplevel, extra_sources)
    extra_sources = [*extra_sources, *mutants, *switched]
    sources = [*extra_sources, *rtl.sources(toplevel, extra_sources)]
    parameters = _not_default(parameters, toplevel, sources)
    parameter_text = ",".join(f"{key}={value}" for key, value in parameters.items()) or "default"
    variant = [
        parameter_text,
        *(["waves"] if waves else []),
        *(f"mutant={path.parent.name}" for path in (*mutants, *switched)),
    ]
    build_dir = BUILD / "sim" / simulator / toplevel / _file_name(",".join(variant))
    if name is None:
        # "tb/ip/fifo/test_fifo.py::test_fifo[8] (call)" while pytest runs
        name = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
        name = (
            name.removeprefix("tb/").replace("::", "-").replace("/", "-")
            or f"{toplevel}-{parameter_text}"
        )
    run_dir = BUILD / "run" / _file_name(f"{name}-{simulator}{'-'.join(fault)}")

    title = f"{toplevel} ({parameter_text}) on {simulator}"
    if not quiet:
        print(f"{title}: LSFQ_SEED={seed} repeats this run", flush=True)

    # A single module and a fault run for seconds, most of them Python's: optimisation costs more
    # than it saves. A core runs many tests.
    optimised = toplevel == CORE and not mutants
    variables = verilator.verilator_environment(optimised=optimised)
    try:
        verilator.check_paths(BUILD)
    except verilator.ToolchainError as error:
        raise BenchError(str(error)) from None
    variables.setdefault("SIM_CMD_PREFIX", f"{sys.executable} -SE {TIME_LIMIT} {timeout_s}")
    variables.setdefault("COCOTB_ANSI_OUTPUT", "0")
    variables.update(environment or {})
    from cocotb_tools.runner import get_runner  # not in every simulation, which imports this file

    with _environment(variables):
        runner = get_runner(simulator)
        with _locked(build_dir):
            log = build_dir.parent / f"{build_dir.name}.log"
            try:
                with guarded_build(build_dir):
                    runner.build(
                        hdl_toplevel=toplevel,
                        sources=[*rtl.models(sources), *sources],
                        includes=rtl.folders(),
                        parameters=parameters,
                        build_args=_build_args(simulator, toplevel),
                        build_dir=build_dir,
                        timescale=TIMESCALE,
                        waves=waves,
                        log_file=log,
                    )
            except (SystemExit, RuntimeError) as error:
                output = log.read_text(errors="replace")[-8000:] if log.is_file() else str(error)
                raise BenchError(
                    f"{toplevel} ({parameter_text}) does not build:\n{output}"
                ) from None
        with _locked(run_dir):
            shutil.rmtree(run_dir, ignore_errors=True)
            run_dir.mkdir(parents=True)
            results = run_dir / "results.xml"
            process_failed = False
            try:
                runner.test(
                    hdl_toplevel=toplevel,
                    hdl_toplevel_lang="verilog",
                    test_module=test_module,
                    testcase=testcase,
                    build_dir=build_dir,
                    test_dir=run_dir,
                    results_xml=str(results),
                    seed=seed,
                    plusargs=[*_plusargs(simulator, seed), *fault],
                    timescale=TIMESCALE,
                    waves=waves,
                    log_file=run_dir / "log.txt" if quiet else None,
                )
            except (SystemExit, RuntimeError):
                process_failed = True
            tests = _check(results, toplevel, seed, process_failed)
    wave_file = (
        (run_dir / "dump.vcd" if simulator == "verilator" else build_dir / f"{toplevel}.fst")
        if waves
        else None
    )
    return BenchResult(tests=tests, seed=seed, run_dir=run_dir, waves=wave_file)
