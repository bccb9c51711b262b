# SPDX-License-Identifier: Apache-2.0
"""Step gate: no pair too early for the stages that cannot wait, and none later than needed."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.step_gate.step_gate_bench"
DUT = "lsfq_step_gate"
SMALL = {"PIN": 4, "POUT": 4}


@pytest.mark.parametrize(
    ("simulator", "pin", "pout", "pixels"),
    [
        ("verilator", 4, 4, 1),
        ("icarus", 4, 16, 1),
        ("icarus", 16, 4, 2),
        ("icarus", 8, 16, 2),
    ],
    indirect=["simulator"],
)
def test_step_gate(simulator: str, pin: int, pout: int, pixels: int) -> None:
    parameters = {"PIN": pin, "POUT": pout, "DEPTHWISE_PIXELS": pixels, "LEVEL_W": 5}
    run_bench(DUT, BENCH, parameters, simulator=simulator)


@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (4, 16)])
def test_step_gate_of_3_bits(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"CODE_BITS": 3, "PIN": pin, "POUT": pout, "LEVEL_W": 5})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("RESULT_DEPTH - 6", "RESULT_DEPTH", id="the queue overflows"),
        pytest.param(
            ": wide_out_q ? RATIO_4 << 1", ": wide_out_q ? RATIO_4", id="one digit of two"
        ),
        pytest.param("two_pairs, !two_pairs}", "1'b0, 1'b1}", id="one pair of two"),
        pytest.param("&& tables_ready", "", id="tables are not there yet"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {**SMALL, "LEVEL_W": 5}, mutations={DUT: (text, fault)})
