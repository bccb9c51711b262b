# SPDX-License-Identifier: Apache-2.0
"""Requantisation against the reference model: every shift and width, ties, clamps, extremes."""

import pytest

from tb.common import BenchError, TestsFailed, run_bench

BENCH = "tb.requant.requant_bench"
DUT = "lsfq_requant"


@pytest.mark.parametrize(("acc_w", "skip"), [(18, 0), (27, 1)])
def test_requant(acc_w: int, skip: int) -> None:
    run_bench(DUT, BENCH, {"POUT": 4, "ACC_W": acc_w, "SKIP": skip})


def test_wide_accumulator_is_refused() -> None:
    with pytest.raises(BenchError, match="ACC_W_must_be_18_to_27"):
        run_bench(DUT, BENCH, {"POUT": 4, "ACC_W": 28})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("negative_q ? 8'd0", "sum_q[RAW_W-1] ? 8'd0", id="another pair's sign"),
        pytest.param("above = above_q ||", "above =", id="overflow of the coarse shift"),
        pytest.param("if (sum_d) sum_q", "sum_q", id="raw does not hold still"),
        pytest.param("offset[x*ACC_W", "offset[0*ACC_W", id="the even pixel's offset for both"),
        pytest.param("{b_q[45], b_q}", "{{2{b_q[44]}}, b_q[44:0]}", id="bias of 45 bits"),
        pytest.param("{(RAW_W-26){added[25]}}", "21'd0", id="residue without sign"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"POUT": 4, "SKIP": 1}, mutations={DUT: (text, fault)})
