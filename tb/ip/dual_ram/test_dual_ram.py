# SPDX-License-Identifier: Apache-2.0
"""Dual-port memory: two cycles to read, segments written on their own."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.dual_ram.dual_ram_bench"
SMALL = {"DEPTH": 5, "WIDTH": 12, "SEGMENTS": 3}


def test_dual_ram() -> None:
    run_bench("lsfq_dual_ram", BENCH, SMALL)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("if (b_write_enable[s])", "if (|b_write_enable)", id="writes all segments"),
        pytest.param("b_word_q <= mem[b_address]", "b_word_q <= mem[a_address]", id="one address"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_dual_ram", BENCH, SMALL, mutations={"lsfq_dual_ram": (text, fault)})
