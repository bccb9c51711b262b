# SPDX-License-Identifier: Apache-2.0
"""The bench layer itself: no failure, hang or empty run passes for success."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lsfq.simulation import rtl
from tb.support import (
    BenchError,
    BenchResult,
    TestsFailed,
    bench_seed,
    given_parameters,
    run_bench,
)


def _run(testcase: str | list[str], simulator: str = "verilator", **options: int) -> BenchResult:
    return run_bench(
        "lsfq_skid",
        "tb.tools.runner.runner_bench",
        {"WIDTH": 8},
        simulator=simulator,
        testcase=testcase,
        timeout_s=options.get("timeout_s", 100),
    )


def test_passing() -> None:
    result = _run(["passes", "waits_are_bounded", "sleeps_as_long_as_it_says"])
    assert result.tests == 3


@pytest.mark.parametrize(
    ("testcase", "message"),
    [
        ("fails", "as intended"),
        ("fails_in_the_background", "in the background"),
        ("valid_falls", "s_valid fell before ready"),
        ("data_changes", "payload changed while stalled"),
    ],
)
def test_failures_are_reported(testcase: str, message: str) -> None:
    with pytest.raises(TestsFailed, match=message) as caught:
        _run(testcase)
    assert "LSFQ_SEED=" in str(caught.value)


def test_one_failure_of_two_is_a_failure() -> None:
    with pytest.raises(TestsFailed, match="1 of 2 tests failed"):
        _run(["passes", "fails"])


def test_no_test_is_a_failure() -> None:
    with pytest.raises(BenchError, match=r"no cocotb test ran|without results"):
        _run("there_is_no_such_test")


def test_a_hang_is_ended() -> None:
    with pytest.raises(BenchError, match="without results"):
        _run("never_ends", timeout_s=5)


# Where the tests run in the background, Ctrl-C is ignored, which children inherit.
ENDLESS = """
import signal
import sys
from lsfq.command.entry import guarded
from tools.hdl.bench import run_bench
def command():
    run_bench("lsfq_skid", "tb.tools.runner.runner_bench", {"WIDTH": 8}, testcase="never_ends",
              name=sys.argv[1], quiet=True, environment={"LSFQ_TEST_MARK": sys.argv[1]})
    return 0
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(guarded(command, "endless"))
"""


def _marked(mark: str) -> set[int]:
    """Processes with the variable LSFQ_TEST_MARK=mark in their environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"LSFQ_TEST_MARK={mark}".encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_simulator_ends_with_its_user(ending: signal.Signals) -> None:
    """Also where the signal reaches the user's process alone, as that of ``kill`` does."""
    _run("passes")  # builds
    mark = f"ends-with-its-user-{ending.name}"
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, mark], cwd=rtl.ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 300
        while not _marked(mark):
            assert time.monotonic() < end, "the simulator did not start"
            time.sleep(0.1)
        time.sleep(2)  # into the coroutine
        process.send_signal(ending)
        said = process.communicate(timeout=30)[0]
        end = time.monotonic() + 10
        while _marked(mark):
            assert time.monotonic() < end, "the simulator goes on"
            time.sleep(0.1)
    finally:
        for number in _marked(mark) | ({process.pid} if process.poll() is None else set()):
            os.kill(number, signal.SIGKILL)
    if ending is signal.SIGINT:
        assert process.returncode == 130
        assert said.strip() == "endless: interrupted"


@pytest.mark.parametrize("simulator", ["icarus"], indirect=True)
def test_unknown_values_are_reported(simulator: str) -> None:
    with pytest.raises(TestsFailed, match=r"s_valid is [XZ]"):
        _run("valid_is_unknown", simulator)


def test_builds_without_the_systems_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A python3 of another version would load this one's library from cocotb's PYTHONPATH."""
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\necho 'SRE module mismatch' >&2\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    parameters = {"WIDTH": 9}
    shutil.rmtree(
        rtl.ROOT / "build" / "sim" / "verilator" / "lsfq_skid" / "WIDTH=9", ignore_errors=True
    )
    run_bench("lsfq_skid", "tb.tools.runner.runner_bench", parameters, testcase="passes")


def test_unknown_module_is_reported() -> None:
    with pytest.raises(ValueError, match="no module lsfq_nothing"):
        run_bench("lsfq_nothing", "tb.tools.runner.runner_bench")


def test_mutation_must_hit() -> None:
    with pytest.raises(BenchError, match="stands 0 times"):
        run_bench(
            "lsfq_skid", "tb.tools.runner.runner_bench", mutations={"lsfq_skid": ("nowhere", "")}
        )


def test_waves_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSFQ_WAVES", "1")
    result = _run("passes")
    assert result.waves is not None
    assert "s_valid" in result.waves.read_text()


def test_seed_decides_what_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn = []
    for run, seed in enumerate(("5", "5", "6")):
        path = tmp_path / str(run)
        monkeypatch.setenv("LSFQ_NUMBERS", str(path))
        monkeypatch.setenv("LSFQ_SEED", seed)
        assert _run("writes_random_numbers").seed == int(seed)
        drawn.append(path.read_text())
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize("text", ["0", "-1", "x", str(2**31)])
def test_wrong_seeds_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSFQ_SEED", text)
    with pytest.raises(BenchError, match="LSFQ_SEED"):
        bench_seed()


def test_given_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSFQ_PARAMETERS", raising=False)
    assert given_parameters() == {}
    monkeypatch.setenv("LSFQ_PARAMETERS", "PIN=8,POUT=16")
    assert given_parameters() == {"PIN": 8, "POUT": 16}
    monkeypatch.setenv("LSFQ_PARAMETERS", "PIN")
    with pytest.raises(BenchError, match="NAME=NUMBER"):
        given_parameters()


def test_sources_follow_instances(tmp_path: Path) -> None:
    names = {path.stem for path in rtl.sources("lsfq_accel")}
    assert {"lsfq_accel", "lsfq_datapath", "lsfq_skid"} <= names
    assert [path.stem for path in rtl.sources("lsfq_skid")] == ["lsfq_skid"]
    wrapper = tmp_path / "wrapper.v"
    wrapper.write_text("module wrapper; /* lsfq_fifo */ lsfq_skid u_skid (); endmodule\n")
    assert [path.stem for path in rtl.sources("wrapper", [wrapper])] == ["lsfq_skid"]


def test_defaults_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.v"
    path.write_text(
        "module m #(\n  parameter A = 4, // parameter N = 1,\n  parameter B = 2 * A,\n"
        "  parameter C = 7\n) (input wire x);\nendmodule\n"
    )
    assert rtl.defaults(path) == {"A": 4, "C": 7}


def test_a_default_makes_no_other_design(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given or not, it is one build; another value is another."""
    built = []

    def build(self: object, **arguments: Any) -> None:
        built.append((arguments["parameters"], arguments["build_dir"]))
        raise RuntimeError

    monkeypatch.setattr("cocotb_tools.runner.Verilator.build", build)
    width = rtl.defaults(rtl.modules()["lsfq_skid"])["WIDTH"]
    for parameters in ({}, {"WIDTH": width}, {"WIDTH": width + 1}):
        with pytest.raises(BenchError, match="does not build"):
            run_bench("lsfq_skid", "tb.tools.runner.runner_bench", parameters, quiet=True)
    assert built[0] == built[1]
    assert built[2][0] == {"WIDTH": width + 1}
    assert built[2][1] != built[1][1]
