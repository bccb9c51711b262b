# SPDX-License-Identifier: Apache-2.0
"""Border of an input stream: one packet a pass, and nothing is taken outside a pass."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.packet_input.packet_input_bench"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
def test_packet_input(simulator: str) -> None:
    run_bench("lsfq_packet_input", BENCH, {"WIDTH": 16}, simulator=simulator)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("s_ready = open_q && room", "s_ready = room", id="takes beats while closed"),
        pytest.param("s_valid && open_q)", "s_valid)", id="keeps beats that it did not take"),
        pytest.param("if (s_last) open_q <= 1'b0;", "", id="stays open behind the packet"),
        pytest.param("      begun_q <= 1'b0;\n", "", id="only the first packet has a first beat"),
        pytest.param("if (!aresetn) open_q <= 1'b0;", "", id="a reset leaves it open"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_packet_input",
            BENCH,
            {"WIDTH": 16},
            mutations={"lsfq_packet_input": (text, fault)},
        )
