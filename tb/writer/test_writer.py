# SPDX-License-Identifier: Apache-2.0
"""Pixels back into the feature memory, against the reference model's layout of tensors."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.writer.writer_bench"
DUT = "lsfq_writer"


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (8, 4), (8, 8), (16, 4)])
def test_writer(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("full && exists", "full", id="groups that do not exist"),
        pytest.param("{8*POUT{1'b0}};", "s_code;", id="odd pixel past the width"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4, "POUT": 8}, mutations={DUT: (text, fault)})
