# SPDX-License-Identifier: Apache-2.0
"""Skid buffer: nothing lost, nothing doubled, full throughput."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.skid.skid_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
@pytest.mark.parametrize("width", [1, 129])
def test_skid(width: int, simulator: str) -> None:
    run_bench("lsfq_skid", BENCH, {"WIDTH": width}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("!drain && (accept || full_q)", "1'b0", id="spare register is overwritten"),
        pytest.param("full_q ? spare_q : s_data", "s_data", id="spare register is never used"),
        pytest.param("!valid_q || m_ready;", "!valid_q;", id="half the throughput"),
        pytest.param("!valid_q || m_ready;", "1'b1;", id="does not wait for ready"),
        pytest.param("      valid_q <= 1'b0;\n", "", id="a beat survives the reset"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_skid", BENCH, {"WIDTH": 8}, mutations={"lsfq_skid": (text, fault)})
