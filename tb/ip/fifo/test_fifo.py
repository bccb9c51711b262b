# SPDX-License-Identifier: Apache-2.0
"""Small queue: order, capacity, fill level, reset."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.fifo.fifo_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
@pytest.mark.parametrize(("width", "depth"), [(1, 2), (64, 16)])
def test_fifo(width: int, depth: int, simulator: str) -> None:
    run_bench("lsfq_fifo", BENCH, {"WIDTH": width, "DEPTH": depth}, simulator=simulator)


def test_without_guards() -> None:
    run_bench("lsfq_fifo", BENCH, {"DEPTH": 4, "GUARD": 0}, testcase="user_counts")


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
def test_wrong_guard_is_refused(simulator: str) -> None:
    with pytest.raises(BenchError, match="GUARD_must_be_0_or_1"):
        run_bench("lsfq_fifo", BENCH, {"GUARD": 2}, simulator=simulator)


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
@pytest.mark.parametrize("depth", [1, 12])
def test_wrong_depth_is_refused(depth: int, simulator: str) -> None:
    with pytest.raises(BenchError, match="DEPTH_must_be_a_power_of_two"):
        run_bench("lsfq_fifo", BENCH, {"DEPTH": depth}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("s_ready = !level_q[INDEX_W]", "s_ready = 1'b1", id="accepts when full"),
        pytest.param("{(LEVEL_W-1){!push}}", "{(LEVEL_W-1){push}}", id="wrong level"),
        pytest.param("m_valid = valid_q", "m_valid = level > 1", id="keeps the last entry"),
        pytest.param("if (!aresetn)", "if (1'b0)", id="ignores reset"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_fifo", BENCH, {"DEPTH": 4}, mutations={"lsfq_fifo": (text, fault)})
