# SPDX-License-Identifier: Apache-2.0
"""Constant memory: sets of multipliers and biases, in order."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.constant_memory.constant_memory_bench"


@pytest.mark.parametrize(("pout", "param_w", "sets"), [(4, 256, 4), (8, 64, 8)])
def test_constant_memory(pout: int, param_w: int, sets: int) -> None:
    parameters = {"POUT": pout, "PARAM_W": param_w, "SETS": sets}
    run_bench("lsfq_constant_memory", BENCH, parameters)


def test_wrong_width_is_refused() -> None:
    with pytest.raises(BenchError, match="PARAM_W_must_divide_64_POUT"):
        run_bench("lsfq_constant_memory", BENCH, {"POUT": 4, "PARAM_W": 192})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "{{(INDEX_W-1){1'b0}}, read_set}", "{INDEX_W{1'b0}}", id="never the second set"
        ),
        pytest.param("held_q + {{(PTR_W-1){1'b0}}, write_end} < ", "held_q < ", id="overwrites"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    parameters = {"POUT": 4, "PARAM_W": 256, "SETS": 4}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_constant_memory",
            BENCH,
            parameters,
            mutations={"lsfq_constant_memory": (text, fault)},
        )
