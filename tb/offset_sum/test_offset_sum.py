# SPDX-License-Identifier: Apache-2.0
"""Sum of the pixels that meet a weight, for the correction of the weights' offset."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.offset_sum.offset_sum_bench"
DUT = "lsfq_offset_sum"


@pytest.mark.parametrize("pin", [4, 16])
def test_offset_sum(pin: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("slots_q    <= !count2_q", "slots_q    <= !count1_q", id="counts too early"),
        pytest.param("{odd, even, odd, even}", "{odd, odd, even, even}", id="wrong slots"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4}, mutations={DUT: (text, fault)})
