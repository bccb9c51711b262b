# SPDX-License-Identifier: Apache-2.0
"""Pixel pairs back into the feature memory, against the reference model's layout of tensors."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.writer.writer_bench"
DUT = "lsfq_writer"


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (8, 4), (8, 8), (16, 4)])
def test_writer(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout})


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
