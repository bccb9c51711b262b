# SPDX-License-Identifier: Apache-2.0
"""Credits: puts less reservations, and whether one more reservation is covered."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.credit.credit_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
def test_credit(simulator: str) -> None:
    run_bench("lsfq_credit", BENCH, {"WIDTH": 4}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("take ? !used[WIDTH+1] :", "", id="forgets a reservation"),
        pytest.param("two ? TWO : ONE", "ONE", id="reserves half"),
        pytest.param("spare_q <= -amount", "spare_q <= -ONE", id="one too many after reset"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_credit", BENCH, {"WIDTH": 4}, mutations={"lsfq_credit": (text, fault)})
