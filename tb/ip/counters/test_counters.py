# SPDX-License-Identifier: Apache-2.0
"""Counters: where the cycles of a pass went."""

import pytest

from tb.support import RAM_CLASH, TestsFailed, run_bench

BENCH = "tb.ip.counters.counters_bench"


@pytest.mark.parametrize("layers", [4, 8])
def test_counters(layers: int) -> None:
    run_bench("lsfq_counters", BENCH, {"LAYERS": layers})


def test_no_word_that_is_being_written_is_shown() -> None:
    run_bench("lsfq_counters", BENCH, {"LAYERS": 4}, mutations=RAM_CLASH)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "end_q && {24'd0, slot_q} < LAYERS",
            "end_q",
            id="counts slots past the last",
        ),
        pytest.param(
            "ended_q[2] <= output_d",
            "ended_q[2] <= output_q",
            id="misses the last cycle",
        ),
        pytest.param(
            "starved_weights && !pass_start", "starved_weights", id="counts the pause before a pass"
        ),
        pytest.param(
            "!shown_q ? 32'd0 : clash ? written",
            "!shown_q || clash ? 32'd0 : clash ? written",
            id="what is being written",
        ),
        pytest.param("again_q ? held : 32'd0", "held", id="adds what it finds"),
        pytest.param("step_q[2] ? total_q", "step_q[1] ? total_q", id="sum of some counts"),
        pytest.param("if (result_last_q) counting_q <= 1'b0;", "", id="does not stop"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_counters", BENCH, {"LAYERS": 4}, mutations={"lsfq_counters": (text, fault)})
