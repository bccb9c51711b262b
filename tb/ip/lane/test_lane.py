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


@pytest.mark.parametrize(
    ("pin", "multiplier"), [(4, 0), (8, 1), (8, 2), (8, 3), (8, 4), (16, 0), (16, 1)]
)
def test_lane_of_3_bits(pin: int, multiplier: int) -> None:
    parameters = {"CODE_BITS": 3, "PIN": pin, "MULTIPLIER": multiplier}
    run_bench("lsfq_lane", BENCH, parameters)


def test_unknown_multiplier_is_refused() -> None:
    with pytest.raises(BenchError, match="MULTIPLIER_must_be_0_to_4"):
        run_bench("lsfq_lane", BENCH, {"PIN": 4, "MULTIPLIER": 5})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_lane", "*i + STRIDE*k +: IN_W", "*(i/2) + STRIDE*k +: IN_W", id="chain"),
        pytest.param("lsfq_lane", "OUTER ? STRIDE - 1", "OUTER ? STRIDE - 2", id="too narrow"),
        pytest.param("lsfq_adder_tree", "(2*i+1)*(SUM_W-1)", "2*i*(SUM_W-1)", id="wrong number"),
        pytest.param("lsfq_adder_tree", "{lower, lower, ", "{1'b0, lower, ", id="no sign"),
        pytest.param("lsfq_lane", "addends[ADDENDS_W*i +:", "addends[0 +:", id="another's addends"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_lane", BENCH, {"PIN": 16}, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_lane", "k != 0 && !carries", "!carries", id="slot 0's bias"),
        pytest.param("lsfq_lane", "SLOTS*i + k + 1]", "SLOTS*i + k]", id="another slot's carry"),
        pytest.param("lsfq_lane", "{sum[SUM_W-2:0], rest}", "{sum[SUM_W-2:0], 1'b0}", id="rest"),
        pytest.param(
            "lsfq_adder_tree", "extra_q <= g_level[n-1].extras[2*i]",
            "extra_q <= g_level[n-1].extras[2*i+1]", id="a bit twice",
        ),
    ],
)  # fmt: skip
def test_bench_notices_with_3_bits(module: str, text: str, fault: str) -> None:
    parameters = {"CODE_BITS": 3, "PIN": 16}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_lane", BENCH, parameters, mutations={module: (text, fault)})
