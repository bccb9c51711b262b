# SPDX-License-Identifier: Apache-2.0
"""Depthwise 3x3 layers over a stream of pixel pairs, against the reference model."""

import pytest

from tb.support import RAM_CLASH, BenchError, TestsFailed, run_bench

BENCH = "tb.ip.depthwise.depthwise_bench"
DUT = "lsfq_depthwise"
SMALL = {"POUT": 4, "PARAM_W": 64, "MAX_WIDTH": 32}


@pytest.mark.parametrize("pixels", [1, 2])
def test_depthwise(pixels: int) -> None:
    run_bench(DUT, BENCH, {**SMALL, "PIXELS": pixels})


@pytest.mark.parametrize("pixels", [1, 2])
def test_no_word_that_is_being_written_matters(pixels: int) -> None:
    run_bench(DUT, BENCH, {**SMALL, "PIXELS": pixels}, mutations=RAM_CLASH)


def test_pixels_are_checked() -> None:
    with pytest.raises(BenchError, match="PIXELS_must_be_1_or_2"):
        run_bench(DUT, BENCH, {**SMALL, "PIXELS": 3})


def test_width_is_checked() -> None:
    with pytest.raises(BenchError, match="MAX_WIDTH_must_be_a_power_of_two"):
        run_bench(DUT, BENCH, {**SMALL, "MAX_WIDTH": 24})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "depthwise_window", "above_first_q <= first_q;", "above_first_q <= 1'b0;", id="top"
        ),
        pytest.param("depthwise_window", "s_both ? s_code", "1'b1 ? s_code", id="odd width"),
        pytest.param(
            "depthwise_window", "|| (stride_2 && first_q)", "", id="even height, stride 2"
        ),
        pytest.param(
            "depthwise_window", "two_sets && !flush_set_q", "1'b0", id="last row of set 0 only"
        ),
        pytest.param("depthwise_sum", "{high, negative}", "{high, 1'b0}", id="complement alone"),
        pytest.param("depthwise_sum", "4'd13: triple = 6'd39", "4'd13: triple = 6'd38", id="table"),
        pytest.param("depthwise_sum", "{!two[8], two}", "{two[8], two}", id="top bit of a column"),
        pytest.param("stride", "<= !half && !s_row_end", "<= !half", id="rows run on"),
        pytest.param("depthwise", "!map_end || !last_map", "!map_end", id="freed early"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            DUT,
            BENCH,
            SMALL,
            mutations={f"lsfq_{module}": (text, fault)},
            testcase="equals_reference",
            quiet=True,
        )


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("depthwise", "PIXELS == 2 ? window_valid : odd_q", "odd_q", id="never freed"),
        pytest.param(
            "depthwise", "wire odd = x == 1 || odd_q", "wire odd = odd_q", id="even pixel twice"
        ),
        pytest.param("depthwise_window", "single && !two_sets", "1'b0", id="one pair a row"),
    ],
)
def test_bench_notices_with_two_pixels(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            DUT,
            BENCH,
            {**SMALL, "PIXELS": 2},
            mutations={f"lsfq_{module}": (text, fault)},
            testcase="equals_reference",
            quiet=True,
        )
