# SPDX-License-Identifier: Apache-2.0
"""Delay line: every value, exactly STAGES cycles later."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.delay.delay_bench"


@pytest.mark.parametrize(
    ("width", "stages", "reset"), [(1, 1, 1), (17, 5, 0), (3, 4, 1), (8, 0, 0)]
)
def test_delay(width: int, stages: int, reset: int) -> None:
    run_bench("lsfq_delay", BENCH, {"WIDTH": width, "STAGES": stages, "RESET": reset})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("if (!aresetn)", "if (1'b0)", id="ignores reset"),
        pytest.param("pipe_q[WIDTH*STAGES-1 -: WIDTH]", "pipe_q[WIDTH-1 -: WIDTH]", id="one stage"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    parameters = {"WIDTH": 3, "STAGES": 4, "RESET": 1}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_delay", BENCH, parameters, mutations={"lsfq_delay": (text, fault)})
