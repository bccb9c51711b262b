# SPDX-License-Identifier: Apache-2.0
"""Order of work against plain loops and the reference model's schedule."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.sequencer.sequencer_bench"
DUT = "lsfq_sequencer"
GATE = "lsfq_step_gate"


@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (4, 16), (16, 8)])
def test_sequencer(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"PIN": pin, "POUT": pout})


@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (8, 16)])
def test_sequencer_of_3_bits(pin: int, pout: int) -> None:
    run_bench(DUT, BENCH, {"CODE_BITS": 3, "PIN": pin, "POUT": pout})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_word_address", "{in_digit[16:0], 1'b0}", "in_digit", id="third digit"),
        pytest.param("lsfq_layer_walk", "b0}} && !phase[0]", "b0}}", id="halves shift"),
        pytest.param("lsfq_loop_nest", "(wide_weight ? 3'd1 : 3'd2)", "3'd2", id="one half"),
        pytest.param(GATE, "step_row_end && short_row", "1'b0", id="a pair too many"),
    ],
)  # fmt: skip
def test_bench_notices_with_3_bits(module: str, text: str, fault: str) -> None:
    parameters = {"CODE_BITS": 3, "PIN": 4, "POUT": 4}
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, parameters, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_loop_nest",
            "phase_q[PHASE_W-1:1] == phase_last[PHASE_W-1:1]",
            "1'b1",
            id="frees words used twice",
        ),
        pytest.param(
            "lsfq_loop_nest",
            "last_use    = last_image && last_row",
            "last_use    = last_row",
            id="frees another image's words",
        ),
        pytest.param(
            "lsfq_layer_walk",
            "wide_weight ? phase[0] : ",
            "1'b0 ? phase[0] : ",
            id="shifts too often",
        ),
        pytest.param(GATE, "RESULT_DEPTH - 6", "RESULT_DEPTH + 4", id="fills the queue too far"),
        pytest.param(DUT, "(step_open && step_ready)", "step_open", id="ends steps without pairs"),
        pytest.param(GATE, "have_room && tables_ready", "have_room", id="does not wait for tables"),
        pytest.param(DUT, "next_behind[PTR_W-1] :", "1'b1 :", id="does not wait for the weights"),
        pytest.param(
            "lsfq_loop_counter", "left_q == THREE", "left_q == TWO", id="turns once too often"
        ),
        pytest.param("lsfq_word_address", "|| (line_end && shared)", "", id="shares no weights"),
        pytest.param(
            "lsfq_word_address", "!phase_end && line_wraps", "1'b0", id="reads past the ring"
        ),
        pytest.param(
            "lsfq_word_address", "!no_above && row_wraps", "1'b0", id="a row past the ring"
        ),
        pytest.param(
            "lsfq_loop_nest", "last_row && !above", "last_row", id="leaves out the row above"
        ),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"PIN": 4, "POUT": 4}, mutations={module: (text, fault)})
