# SPDX-License-Identifier: Apache-2.0
"""Result stream: channels in order, and packets that are closed early."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.result.result_bench"


@pytest.mark.parametrize(("pout", "depth"), [(4, 4), (8, 32)])
def test_result(pout: int, depth: int) -> None:
    run_bench("lsfq_result", BENCH, {"POUT": pout, "DEPTH": depth})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("{{(64-RAW_W){number[RAW_W-1]}}, number}", "{17'd0, number}", id="no sign"),
        pytest.param(
            "(open_q || (m_valid && m_ready)) && !(m_valid && m_ready && m_last)",
            "open_q",
            id="closes at the wrong time",
        ),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    parameters = {"POUT": 4, "DEPTH": 4}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_result", BENCH, parameters, mutations={"lsfq_result": (text, fault)})
