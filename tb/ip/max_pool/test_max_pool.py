# SPDX-License-Identifier: Apache-2.0
"""2x2 maximum over a stream of pixel pairs, against the reference model's pool."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.max_pool.max_pool_bench"
DUT = "lsfq_max_pool"
SMALL = {"POUT": 4, "MAX_WIDTH": 8}


def test_max_pool() -> None:
    run_bench(DUT, BENCH, SMALL)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("{s_set, column_q[s_set]}", "{1'b0, column_q[s_set]}", id="sets share a line"),
        pytest.param("<= !s_end && !y_odd", "<= !y_odd", id="odd heights keep the row"),
        pytest.param("larger = a > b", "larger = a[6:0] > b[6:0]", id="ignores the top bit"),
        pytest.param("both_q || row_end_q", "both_q", id="a column alone is lost"),
        pytest.param("!half && !row_end_q", "!half", id="rows are joined"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, SMALL, mutations={DUT: (text, fault)})
