# SPDX-License-Identifier: Apache-2.0
"""Loop counter: the last of every so many turns, and whether the next turn is."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.loop_counter.loop_counter_bench"


@pytest.mark.parametrize(
    ("simulator", "width"),
    [("verilator", 5), ("icarus", 2), ("icarus", 16)],
    indirect=["simulator"],
)
def test_loop_counter(width: int, simulator: str) -> None:
    run_bench("lsfq_loop_counter", BENCH, {"WIDTH": width}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("left_q == THREE", "left_q == TWO", id="last a turn late"),
        pytest.param("last_q ? two_q :", "", id="a loop of two turns"),
        pytest.param("last_q ? one_q :", "", id="a loop of one turn"),
        pytest.param("last_q ? count :", "", id="the first round only"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    mutations = {"lsfq_loop_counter": (text, fault)}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_loop_counter", BENCH, {"WIDTH": 5}, mutations=mutations)
