# SPDX-License-Identifier: Apache-2.0
"""Lane of PIN packed multipliers: four slot sums, against plain products."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.lane.lane_bench"


@pytest.mark.parametrize("pin", [4, 8, 16])
@pytest.mark.parametrize("multiplier", [0, 1, 2, 3, 4])
def test_lane(pin: int, multiplier: int) -> None:
    """Every form of the multipliers, with the same operands and the same latency."""
    run_bench("lsfq_lane", BENCH, {"PIN": pin, "MULTIPLIER": multiplier})


def test_unknown_multiplier_is_refused() -> None:
    with pytest.raises(BenchError, match="MULTIPLIER_must_be_0_to_4"):
        run_bench("lsfq_lane", BENCH, {"PIN": 4, "MULTIPLIER": 5})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_lane", "*i + STRIDE*k", "*(i/2) + STRIDE*k", id="wrong chain"),
        pytest.param("lsfq_lane", "OUTER ? STRIDE - 1", "OUTER ? STRIDE - 2", id="too narrow"),
        pytest.param("lsfq_adder_tree", "(2*i+1)*(SUM_W-1)", "2*i*(SUM_W-1)", id="wrong number"),
        pytest.param("lsfq_adder_tree", "{lower, lower, ", "{1'b0, lower, ", id="no sign"),
        pytest.param("lsfq_lane", "addends[32*i +: 32]", "addends[31:0]", id="another's addends"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_lane", BENCH, {"PIN": 16}, mutations={module: (text, fault)})
