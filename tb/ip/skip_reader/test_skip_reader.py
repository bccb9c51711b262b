# SPDX-License-Identifier: Apache-2.0
"""The skip tensor of residual layers, read in the order of the output."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.skip_reader.skip_reader_bench"
DUT = "lsfq_skip_reader"


@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (4, 16), (16, 4)])
def test_skip_reader(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout, "DEPTH": 8})


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (16, 4)])
def test_skip_reader_of_3_bits(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"CODE_BITS": 3, "PIN": pin, "POUT": pout, "DEPTH": 8})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("|| push_word_end)", ")", id="never enough"),
        pytest.param("stride_2 || push_word_end", "1'b1", id="promises half a step"),
        pytest.param("word_half ? part_word[12*g+6", "1'b0 ? part_word[12*g+6", id="one half"),
    ],
)
def test_bench_notices_with_3_bits(text: str, fault: str) -> None:
    parameters = {"CODE_BITS": 3, "PIN": 4, "POUT": 4, "DEPTH": 8}
    with pytest.raises(TestsFailed):
        run_bench(
            DUT, BENCH, parameters, mutations={DUT: (text, fault)}, testcase="random_tensors",
            quiet=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(DUT, "!held_q[LEVEL_W-1]", "1'b1", id="overflows"),
        pytest.param(
            DUT, ".two        (pointwise)", ".two        (1'b0)", id="promises half a step"
        ),
        pytest.param(DUT, "second ? odd_q[pair_set] :", "", id="first pixel twice"),
        pytest.param(DUT, "last_sub ? digit_words", "last_sub ? 18'd0", id="high digit twice"),
        pytest.param("lsfq_pair_walk", "next_start) + pitch", "next_start)", id="image twice"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            DUT,
            BENCH,
            {"PIN": 4, "POUT": 4, "DEPTH": 8},
            mutations={module: (text, fault)},
            testcase="random_tensors",
            quiet=True,
        )
