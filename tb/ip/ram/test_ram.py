# SPDX-License-Identifier: Apache-2.0
"""Memory: two cycles to read, segments written on their own."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.ram.ram_bench"


@pytest.mark.parametrize(("depth", "width", "segments"), [(5, 12, 3), (64, 32, 1)])
def test_ram(depth: int, width: int, segments: int) -> None:
    run_bench("lsfq_ram", BENCH, {"DEPTH": depth, "WIDTH": width, "SEGMENTS": segments})


def test_wrong_segments_are_refused() -> None:
    with pytest.raises(BenchError, match="SEGMENTS_must_divide_WIDTH"):
        run_bench("lsfq_ram", BENCH, {"WIDTH": 10, "SEGMENTS": 3})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("if (write_enable[s])", "if (|write_enable)", id="writes all segments"),
        pytest.param("read_q <= word_q;", "read_q <= mem[read_address];", id="a cycle early"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    parameters = {"DEPTH": 5, "WIDTH": 12, "SEGMENTS": 3}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_ram", BENCH, parameters, mutations={"lsfq_ram": (text, fault)})
