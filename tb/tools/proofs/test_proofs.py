# SPDX-License-Identifier: Apache-2.0
"""The proofs hold, and fail for Verilog that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.hdl.proof import Verdict
from tools.hdl.prove import ALL, main, run


def test_all_is_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path)]) == 0
    progress, table = capsys.readouterr().out.split("\n\n")
    assert len(progress.splitlines()) == len(ALL)
    for row, (name, proof) in zip(table.splitlines()[1:], ALL.items(), strict=True):
        assert row.startswith(name)
        assert row.split("proved", 1)[1].split() == [*proof.how.split(), *proof.says.split()]


SLOW = pytest.mark.slow
"""One fault of every rule is planted in each run of the suite; pytest -m slow plants the others."""

FAULTS = [
    pytest.param(
        "multiplier, 27x18, first of a chain", "lsfq_multiplier.v",
        "= weights[CODE_BITS*i +:", "= weights[CODE_BITS*(i / 2) +:",
        id="a weight twice",
    ),
    pytest.param(
        "multiplier, 27x18, behind another", "DSP48E2.v",
        "a2_q <= AREG == 2 ? a1_q : A[26:0]", "a2_q <= A[26:0]",
        id="the primitive's model, a register less",
    ),
    pytest.param(
        "chain of four, slots of 11 bits", "lsfq_multiplier_chain.v",
        ".FIRST       (i == 0)", ".FIRST       (i <= 1)", id="the first product is lost",
    ),
    pytest.param(
        "chain of two, with addends", "lsfq_multiplier_chain.v",
        "addends[15:8]} << (STRIDE + 3)", "addends[15:8]} << (STRIDE + 2)", id="wrong place",
    ),
    pytest.param(
        "chain of two, slots of 7 bits", "lsfq_slot_carries.v",
        "(w[1] & a[2]) ^ (w", "(w[1] & a[3]) ^ (w", id="another product's parity",
    ),
    pytest.param(
        "chain of two, slots of 7 bits", "lsfq_slot_carries.v",
        " ^ addends[5:2]", "", id="addends forgotten", marks=SLOW,
    ),
    pytest.param(
        "requantisation, two terms of 27 bits", "lsfq_dsp48e2.v",
        "!no_d, no_a", "!no_a, no_d", id="the other term",
    ),
    pytest.param(
        "requantisation, one term of 27 bits", "lsfq_dsp48e2.v",
        ".CEP           (enable)", ".CEP           (1'b1)", id="p does not hold still",
    ),
    pytest.param(
        "multiplier, 25x18, behind another", "lsfq_multiplier.v",
        "FORM == 3 ? INPUT_STAGES - 1", "FORM == 3 ? INPUT_STAGES",
        id="a register outside the block as well",
    ),
    pytest.param(
        "requantisation, 18x18, two terms of 27 bits", "lsfq_multiply_add.v",
        "{(35-A_W){high[A_W-18]}}", "{(35-A_W){1'b0}}", id="high half without its sign",
    ),
    pytest.param(
        "requantisation, 18x18, one term of 27 bits", "MULT18X18D.v",
        "signed_b_q && b_q[17]", "1'b0", id="the primitive's model, no sign",
    ),
    pytest.param(
        "pace, 5 bits", "lsfq_pace.v", "start ? rest_q", "start ? cycles", id="ready a cycle late",
    ),
    pytest.param(
        "pace, 5 bits", "lsfq_pace.v", "left_q <= ONE;", "left_q <= ONE + ONE;", id="ready early",
        marks=SLOW,
    ),
    pytest.param(
        "pace, 5 bits", "lsfq_pace.v", "cycles == ONE", "1'b1", id="never waits", marks=SLOW,
    ),
    pytest.param(
        "credits, 6 bits", "lsfq_credit.v", "take ? !used[WIDTH+1]", "take ? !kept[WIDTH+1]",
        id="the present reservation is forgotten",
    ),
    pytest.param(
        "credits, 6 bits", "lsfq_credit.v", "spare_q <= -amount", "spare_q <= -ONE",
        id="one too many after reset", marks=SLOW,
    ),
    pytest.param(
        "loop counter, 16 bits", "lsfq_loop_counter.v", "left_q == THREE", "left_q == TWO",
        id="last a turn late",
    ),
    pytest.param(
        "loop counter, 2 bits", "lsfq_loop_counter.v", "last_q ? two_q : ", "", id="two turns",
        marks=SLOW,
    ),
    pytest.param(
        "loop counter, 1 bit", "lsfq_loop_counter.v", "last_q ? one_q : last_but_one_q",
        "last_but_one_q", id="one turn", marks=SLOW,
    ),
    pytest.param(
        "ring counter, 16 bits", "lsfq_ring_counter.v", "!(advance && wraps) && ", "",
        id="far, but thought near",
    ),
    pytest.param(
        "ring counter, 6 bits", "lsfq_ring_counter.v", "four_left;", "three_left;",
        id="two places too far", marks=SLOW,
    ),
    pytest.param(
        "skid buffer", "lsfq_skid.v", "full_q ? spare_q : s_data", "s_data", id="a beat is lost",
    ),
    pytest.param(
        "skid buffer", "lsfq_skid.v", "if (drain) data_q", "data_q", id="moves while stalled",
        marks=SLOW,
    ),
    pytest.param(
        "skid buffer", "lsfq_skid.v", "full_q || accept", "full_q || s_valid",
        id="a beat is invented", marks=SLOW,
    ),
    pytest.param(
        "skid buffer", "lsfq_skid.v", "      valid_q <= 1'b0;", "", id="valid after reset",
        marks=SLOW,
    ),
    pytest.param(
        "queue of 4 entries", "lsfq_fifo.v", "(s_ready || GUARD == 0)", "1'b1",
        id="accepts when full",
    ),
    pytest.param(
        "queue of 2 entries", "lsfq_fifo.v", "m_data  = mem[read_q]", "m_data  = mem[write_q]",
        id="reordered", marks=SLOW,
    ),
    pytest.param(
        "queue of 4 entries, without guards", "lsfq_fifo.v", "push || level_q !=",
        "push && level_q !=", id="the first entry is not offered", marks=SLOW,
    ),
    pytest.param(
        "queue of 4 entries, without guards", "lsfq_fifo.v",
        "      read_q  <= {INDEX_W{1'b0}};", "", id="old entries after reset", marks=SLOW,
    ),
    pytest.param(
        "register port", "lsfq_registers.v", " && (!rvalid_q || s_axi_rready)", "",
        id="a response is lost",
    ),
    pytest.param(
        "register port", "lsfq_registers.v", "aw_valid && w_valid", "(aw_valid || w_valid)",
        id="answers half a request", marks=SLOW,
    ),
    pytest.param(
        "register port", "lsfq_registers.v", "else if (s_axi_bready) bvalid_q", "else bvalid_q",
        id="bvalid falls", marks=SLOW,
    ),
    pytest.param(
        "register port", "lsfq_registers.v", "s_axi_rresp    = 2'b00", "s_axi_rresp    = 2'b10",
        id="not OKAY", marks=SLOW,
    ),
    pytest.param(
        "register port", "lsfq_registers.v", "if (read_q) rdata_q", "rdata_q",
        id="rdata moves while stalled", marks=SLOW,
    ),
    pytest.param(
        "register port", "lsfq_registers.v", "control_start && !busy", "control_start",
        id="starts while busy", marks=SLOW,
    ),
    pytest.param(
        "pass control", "lsfq_pass_control.v", "(result_q || (in_run && result_last))",
        "in_run && result_last", id="waits for ever in a pass",
    ),
    pytest.param(
        "pass control", "lsfq_pass_control.v", "passes_done + 32'd1 >= passes",
        "passes_done + 32'd1 > passes", id="a pass too many", marks=SLOW,
    ),
    pytest.param(
        "pass control", "lsfq_pass_control.v", "in_drain && !stop && parser_idle",
        "in_drain && !stop && parser_done", id="waits for ever while draining", marks=SLOW,
    ),
    pytest.param(
        "pass control", "lsfq_pass_control.v", "if (!aresetn || abort_now)", "if (!aresetn)",
        id="ignores an abort", marks=SLOW,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "file", "text", "fault"), FAULTS)
def test_wrong_verilog_fails(tmp_path: Path, name: str, file: str, text: str, fault: str) -> None:
    files = []
    for path in ALL[name].files:
        if path.name == file:
            wrong = tmp_path / file
            source = path.read_text(encoding="utf-8")
            assert text in source
            wrong.write_text(source.replace(text, fault), encoding="utf-8")
            path = wrong
        files.append(path)
    assert run(ALL[name], tmp_path / "work", files) is Verdict.FAILS


def test_every_rule_has_a_planted_fault() -> None:
    assert {ALL[str(fault.values[0])].top for fault in FAULTS} == {
        proof.top for proof in ALL.values()
    }


def test_unknown_proof_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    assert "there are" in capsys.readouterr().err
