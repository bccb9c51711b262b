# SPDX-License-Identifier: Apache-2.0
"""Ring counter: places left to the end of a ring, moves of one place and of two."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.ring_counter.ring_counter_bench"


@pytest.mark.parametrize(
    ("simulator", "width"), [("verilator", 5), ("icarus", 16)], indirect=["simulator"]
)
def test_ring_counter(width: int, simulator: str) -> None:
    run_bench("lsfq_ring_counter", BENCH, {"WIDTH": width}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("four_left;", "three_left;", id="two places too far"),
        pytest.param("!(advance && wraps) && ", "", id="far, but thought near"),
        pytest.param("two ? ring_3_q :", "", id="ring of three"),
        pytest.param("two && last_q ? less_q :", "", id="one place beyond the end"),
        pytest.param("last_q || (two && last_but_one_q)", "last_q", id="from the last but one"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    mutations = {"lsfq_ring_counter": (text, fault)}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_ring_counter", BENCH, {"WIDTH": 5}, mutations=mutations)
