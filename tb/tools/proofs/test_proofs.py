# SPDX-License-Identifier: Apache-2.0
"""The proofs hold, and fail for Verilog that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.hdl.proof import prove
from tools.hdl.prove import ALL, Proof, main


def test_all_is_proved(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("name", "file", "text", "fault"),
    [
        pytest.param(
            "multiplier, 27x18, first of a chain", "lsfq_multiplier.v",
            "weights[7:4], {GAP{1'b0}}, weights[3:0]}", "weights[7:4], {GAP{1'b0}}, weights[7:4]}",
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
    ],
)  # fmt: skip
def test_wrong_verilog_fails(tmp_path: Path, name: str, file: str, text: str, fault: str) -> None:
    proof: Proof = ALL[name]
    files = []
    for path in proof.files:
        if path.name == file:
            wrong = tmp_path / file
            source = path.read_text(encoding="utf-8")
            assert text in source
            wrong.write_text(source.replace(text, fault), encoding="utf-8")
            path = wrong
        files.append(path)
    assert not prove(
        proof.top, files, proof.parameters, proof.depth, tmp_path / "work", proof.renamed
    )


def test_unknown_proof_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    assert "there are" in capsys.readouterr().err
