# SPDX-License-Identifier: Apache-2.0
"""Skid buffer: nothing lost, nothing doubled, full throughput."""

import pytest

from tb.common import TestsFailed, run_bench

BENCH = "tb.skid.skid_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
@pytest.mark.parametrize("width", [1, 129])
def test_skid(width: int, simulator: str) -> None:
    run_bench("lsfq_skid", BENCH, {"WIDTH": width}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ready_q <= !s_valid;", "ready_q <= 1'b1;"),  # the spare register is overwritten
        ("ready_q ? s_data : spare_q", "s_data"),  # the spare register is never emptied
        ("drain = !valid_q || m_ready", "drain = !valid_q"),  # half the throughput
        ("drain = !valid_q || m_ready", "drain = 1'b1"),  # valid and data do not wait for ready
        ("      valid_q <= 1'b0;\n", ""),  # a beat survives the reset
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_skid", BENCH, {"WIDTH": 8}, mutations={"lsfq_skid": (text, fault)})
