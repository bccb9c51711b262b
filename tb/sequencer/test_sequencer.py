# SPDX-License-Identifier: Apache-2.0
"""Order of work against plain loops and the reference model's schedule."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.sequencer.sequencer_bench"
DUT = "lsfq_sequencer"


@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (4, 16), (16, 8)])
def test_sequencer(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("phase_q[1] == layer_wide_in", "1'b1", id="frees words used twice"),
        pytest.param(
            "issue && last_image && last_row", "issue && last_row", id="frees another image's words"
        ),
        pytest.param(
            "phase_q == 2'd1 || phase_q == 2'd3", "phase_q != 2'd0", id="shifts too often"
        ),
        pytest.param("RESULT_DEPTH - 5", "RESULT_DEPTH + 4", id="fills the queue too far"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4, "POUT": 4}, mutations={DUT: (text, fault)})
