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
    ("pin", "pout", "acc_w", "multiplier"),
    [
        pytest.param(4, 4, 27, 0, id="4x4"),
        pytest.param(8, 4, 18, 1, id="8x4, DSP48E2, sums wrap"),
        pytest.param(16, 4, 27, 2, id="16x4, 25x18 bits"),
        pytest.param(8, 4, 27, 4, id="8x4, MULT18X18D"),
    ],
)
def test_array_of_3_bits(pin: int, pout: int, acc_w: int, multiplier: int) -> None:
    parameters = {"PIN": pin, "POUT": pout, "ACC_W": acc_w, "MULTIPLIER": multiplier}
    run_bench("lsfq_array", BENCH, {"CODE_BITS": 3, **parameters})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_accumulator", "if (row_first) before5_q", "if (1'b0) before5_q", id="rows leak"
        ),
        pytest.param("lsfq_accumulator", "second || row_rest", "second", id="leak at the end"),
        pytest.param("lsfq_emitter", "held_last_q && !short_row", "held_last_q", id="one too many"),
        pytest.param("lsfq_array", "? !count :", "? 1'b0 :", id="always the same half"),
        pytest.param("lsfq_emitter", "? at_once_q && has_rest", "? 1'b0", id="one less"),
    ],
)
def test_bench_notices_with_3_bits(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_array", BENCH, {"CODE_BITS": 3, **SMALL}, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_accumulator", "if (row_first) before3_q", "if (1'b0) before3_q", id="rows leak"
        ),
        pytest.param("lsfq_accumulator", "if (row_rest)", "if (1'b0)", id="rows leak at the end"),
        pytest.param("lsfq_emitter", "sets && !rest_q;", "sets && rest_q;", id="wrong set"),
        pytest.param("lsfq_emitter", "complete_q || pointwise", "complete_q", id="1x1 waits"),
        pytest.param(
            "lsfq_emitter", "row_end && held_image_q", "row_end && image_q", id="late end"
        ),
        pytest.param("lsfq_array", "= swap ? {", "= !swap ? {", id="pixels swapped"),
        pytest.param("lsfq_array", "TREE - 1)", "TREE)", id="signs too late"),
        pytest.param("lsfq_emitter", "!(odd && row_end)", "1'b1", id="odd widths"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    parameters = {**SMALL, "PIN": 8} if "TREE" in text else SMALL
    with pytest.raises(TestsFailed):
        run_bench("lsfq_array", BENCH, parameters, mutations={module: (text, fault)})
