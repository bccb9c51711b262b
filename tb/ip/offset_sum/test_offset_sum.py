# SPDX-License-Identifier: Apache-2.0
"""Sum of the pixels that meet a weight, for the correction of the weights' offset."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.offset_sum.offset_sum_bench"
DUT = "lsfq_offset_sum"


@pytest.mark.parametrize(("pin", "length"), [(4, 4), (16, 4), (8, 2)])
def test_offset_sum(pin: int, length: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "LENGTH": length})


@pytest.mark.parametrize("pin", [4, 16])
def test_offset_sum_of_3_bits(pin: int) -> None:
    run_bench(DUT, BENCH, {"CODE_BITS": 3, "PIN": pin, "LENGTH": 2})


def test_bench_notices_with_3_bits() -> None:
    parameters = {"CODE_BITS": 3, "PIN": 4, "LENGTH": 2}
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, parameters, mutations={DUT: ("s1 + s2 + s3", "s0 + s2 + s3")})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("if (!count)", "if (1'b0)", id="counts always"),
        pytest.param("(count || CODE_BITS == 3)", "1'b1", id="1x1 counts always"),
        pytest.param("odd_q} + (alone_q ? HALF", "odd_q} + (1'b0 ? HALF", id="wrong slots"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4}, mutations={DUT: (text, fault)})
