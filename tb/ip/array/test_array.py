# SPDX-License-Identifier: Apache-2.0
"""Lanes, offset sum, accumulators and emitter: random layers, against a direct convolution."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.array.array_bench"
SMALL = {"PIN": 4, "POUT": 4, "ACC_W": 27}


@pytest.mark.parametrize(
    ("pin", "pout", "acc_w", "multiplier"),
    [
        pytest.param(4, 4, 27, 0, id="4x4"),
        pytest.param(8, 4, 18, 0, id="8x4, sums wrap"),
        pytest.param(16, 4, 27, 0, id="16x4"),
        pytest.param(4, 4, 27, 1, id="4x4, DSP48E2"),
        pytest.param(8, 4, 27, 1, id="8x4, DSP48E2"),
        pytest.param(8, 4, 27, 2, id="8x4, 25x18 bits"),
        pytest.param(8, 4, 27, 3, id="8x4, 18x18 bits"),
        pytest.param(8, 4, 27, 4, id="8x4, MULT18X18D"),
    ],
)
def test_array(pin: int, pout: int, acc_w: int, multiplier: int) -> None:
    parameters = {"PIN": pin, "POUT": pout, "ACC_W": acc_w, "MULTIPLIER": multiplier}
    run_bench("lsfq_array", BENCH, parameters)


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_accumulator", "if (row_first)", "if (1'b0)", id="rows leak"),
        pytest.param("lsfq_accumulator", "if (row_rest)", "if (1'b0)", id="rows leak at the end"),
        pytest.param("lsfq_emitter", "&& !rest_q;", "&& rest_q;", id="wrong set"),
        pytest.param("lsfq_emitter", "complete_q || pointwise", "complete_q", id="1x1 waits"),
        pytest.param(
            "lsfq_emitter", "row_end && held_image_q", "row_end && image_q", id="late end"
        ),
        pytest.param("lsfq_array", "swap_q ? {", "!swap_q ? {", id="pixels swapped"),
        pytest.param("lsfq_array", "TREE - 1)", "TREE)", id="signs too late"),
        pytest.param("lsfq_emitter", "!(odd && row_end)", "1'b1", id="odd widths"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    parameters = {**SMALL, "PIN": 8} if "TREE" in text else SMALL
    with pytest.raises(TestsFailed):
        run_bench("lsfq_array", BENCH, parameters, mutations={module: (text, fault)})
