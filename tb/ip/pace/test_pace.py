# SPDX-License-Identifier: Apache-2.0
"""Pace: starts at least so many cycles apart, and ready as soon as that allows."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.pace.pace_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
def test_pace(simulator: str) -> None:
    run_bench("lsfq_pace", BENCH, {"WIDTH": 5}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("start ? rest_q", "start ? cycles", id="a cycle late"),
        pytest.param("cycles - ONE", "cycles - ONE - ONE", id="a cycle early"),
        pytest.param("start ? at_once_q :", "", id="ready after a start"),
        pytest.param("      ready_q <= 1'b1;", "", id="not ready after reset"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_pace", BENCH, {"WIDTH": 5}, mutations={"lsfq_pace": (text, fault)})
