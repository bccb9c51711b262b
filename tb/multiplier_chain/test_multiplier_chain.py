# SPDX-License-Identifier: Apache-2.0
"""Chain of four packed multipliers: every pair of nibbles in every slot, against plain products."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.multiplier_chain.multiplier_chain_bench"
DUT = "lsfq_multiplier_chain"


def test_multiplier_chain() -> None:
    run_bench(DUT, BENCH)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("{3'd0, product_q}", "{4'd0, product_q[39:0]}", id="loses the top bit"),
        pytest.param("pixels[8*i+4 +: 4], 7'd0", "pixels[8*i+4 +: 4], 7'd1", id="stray bit"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, mutations={DUT: (text, fault)})
