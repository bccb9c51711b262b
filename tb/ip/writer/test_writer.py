# SPDX-License-Identifier: Apache-2.0
"""Pixel pairs back into the feature memory, against the reference model's layout of tensors."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.writer.writer_bench"
DUT = "lsfq_writer"


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (8, 4), (8, 8), (16, 4)])
def test_writer(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout})


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (8, 8), (16, 4)])
def test_writer_of_3_bits(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"CODE_BITS": 3, "PIN": pin, "POUT": pout})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(DUT, "both_q        <= short_word", "both_q        <= 1'b0", id="short rows"),
        pytest.param(DUT, "{o[5:3], e[5:3]}", "{o[2:0], e[2:0]}", id="the middle digit"),
        pytest.param(
            DUT, "digit_start_q <= digit_start_q + digit_words", "digit_start_q <= digit_start_q",
            id="the third digit",
        ),
        pytest.param("lsfq_pair_walk", "half_q || last_in_row", "half_q", id="two pairs always"),
    ],
)  # fmt: skip
def test_bench_notices_with_3_bits(module: str, text: str, fault: str) -> None:
    parameters = {"CODE_BITS": 3, "PIN": 4, "POUT": 8}
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, parameters, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(DUT, " && !groups_left_d[16]", "", id="no such groups"),
        pytest.param(DUT, "s_both ? s_code", "1'b1 ? s_code", id="odd pixel past the width"),
        pytest.param("lsfq_pair_walk", "next_start) + pitch", "next_start)", id="image twice"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4, "POUT": 8}, mutations={module: (text, fault)})
