# SPDX-License-Identifier: Apache-2.0
"""Lane of PIN packed multipliers: four slot sums, against plain products."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.lane.lane_bench"


@pytest.mark.parametrize("pin", [4, 8, 16])
def test_lane(pin: int) -> None:
    run_bench("lsfq_lane", BENCH, {"PIN": pin})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("chain[132 + 11*k +: 11]", "chain[88 + 11*k +: 11]", id="wrong chain"),
        pytest.param("{1'b0, low_q} + {1'b0, high_q}", "{1'b0, low_q + high_q}", id="no carry"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_lane", BENCH, {"PIN": 16}, mutations={"lsfq_lane": (text, fault)})
