# SPDX-License-Identifier: Apache-2.0
"""2x2 and 3x3 maximum over a stream of pixel pairs, against the reference model's pool."""

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
        pytest.param("entry = {s_set, column_q}", "entry = {1'b0, column_q}", id="sets, one line"),
        pytest.param("s_end ? above : !odd_row_q", "!odd_row_q", id="odd heights keep the row"),
        pytest.param(
            "odd[8*i +: 8] > even[8*i +: 8]", "odd[8*i +: 7] > even[8*i +: 7]", id="top bit"
        ),
        pytest.param("left_there_q <= three && !s_row_end", "left_there_q <= three", id="wraps"),
        pytest.param("two_sets ? before_q : odd", "odd", id="left of the other set"),
        pytest.param("three && last_row", "1'b0", id="a last row alone is lost"),
        pytest.param("enable && !first_row_q", "enable", id="rows of the map before"),
        pytest.param("three && !odd_row_q", "1'b0", id="the row two above is lost"),
        pytest.param("? !first_row_q :", "? 1'b1 :", id="a result above the first"),
        pytest.param("alone_q ? held_q : line_word_q", "line_word_q", id="one pair a row"),
        pytest.param("s_both || three", "s_both", id="3x3 drops a column"),
        pytest.param("enable && s_both", "enable", id="a pixel that is not there"),
        pytest.param("both_q || row_end_q", "both_q", id="a column alone is lost"),
        pytest.param("!half && !row_end_q", "!half", id="rows are joined"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, SMALL, mutations={DUT: (text, fault)})
