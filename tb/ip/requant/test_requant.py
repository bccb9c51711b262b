# SPDX-License-Identifier: Apache-2.0
"""Requantisation against the reference model: every shift and width, ties, clamps, extremes."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.requant.requant_bench"
DUT = "lsfq_requant"


@pytest.mark.parametrize("multiplier", [0, 1, 3, 4])
@pytest.mark.parametrize(
    ("acc_w", "skip", "terms"), [(18, 0, 1), (27, 1, 2), (20, 1, 2), (27, 1, 1)]
)
def test_requant(acc_w: int, skip: int, terms: int, multiplier: int) -> None:
    """Every form, with the same stimulus and the same latency."""
    parameters = {"POUT": 4, "ACC_W": acc_w, "SKIP": skip, "TERMS": terms, "MULTIPLIER": multiplier}
    run_bench(DUT, BENCH, parameters)


def test_wide_accumulator_is_refused() -> None:
    with pytest.raises(BenchError, match="ACC_W_must_be_18_to_27"):
        run_bench(DUT, BENCH, {"POUT": 4, "ACC_W": 28})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(DUT, "if (sum[VALUE_W])", "if (1'b0)", id="no lower clamp"),
        pytest.param(DUT, "over_q <= {OVERS{1'b0}};", "", id="a negative number is too large"),
        pytest.param(DUT, " & largest;", ";", id="stray bits of a number too large"),
        pytest.param(DUT, "i[5:0] >= end_q", "i[5:0] > end_q", id="too large by a bit"),
        pytest.param(DUT, "out_bits};", "out_bits} + 6'd1;", id="a bit more"),
        pytest.param(DUT, "by_12[9 +: BY_3_W]", "by_12[8 +: BY_3_W]", id="wrong shift"),
        pytest.param(DUT, ".enable(sum_d)", ".enable(1'b1)", id="raw does not hold still"),
        pytest.param(DUT, "{b_q[45], b_q}", "{{2{b_q[44]}}, b_q[44:0]}", id="bias of 45 bits"),
        pytest.param(DUT, "{(RAW_W-26){added[25]}}", "21'd0", id="residue without sign"),
        pytest.param("lsfq_multiply_add", "if (no_d)", "if (no_a)", id="the other term"),
        pytest.param("lsfq_multiply_add", "if (enable) p_q", "p_q", id="p does not hold still"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"POUT": 4, "SKIP": 1}, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_multiply_add", "{1'b0, left[16:0]}", "left[17:0]", id="low half with a sign"
        ),
        pytest.param(
            "lsfq_multiply_add", "{(35-A_W){high[A_W-18]}}", "{(35-A_W){1'b0}}",
            id="high half without its sign",
        ),
        pytest.param(
            "lsfq_multiply_add", "if (FORM == 3) begin", "if (FORM == 4) begin",
            id="a register outside the block as well",
        ),
        pytest.param(
            "lsfq_mult18x18d", ".SIGNEDB(SIGNED != 0)", ".SIGNEDB(1'b0)", id="factor's sign"
        ),
        pytest.param("lsfq_mult18x18d", ".B17(b[17])", ".B17(b[16])", id="wrong top bit"),
    ],
)  # fmt: skip
def test_bench_notices_in_the_halves(module: str, text: str, fault: str) -> None:
    mutations = {module: (text, fault)}
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"POUT": 4, "SKIP": 1, "MULTIPLIER": 4}, mutations=mutations)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("!no_d, no_a", "!no_a, no_d", id="the other term"),
        pytest.param("(enable)", "(1'b1)", id="p does not hold still"),
        pytest.param("= INPUT_STAGES + PRE_ADD", "= INPUT_STAGES", id="factor too early"),
        pytest.param("9'b00_011_01_01", "9'b00_000_01_01", id="no addend"),
    ],
)
def test_bench_notices_in_the_primitive(text: str, fault: str) -> None:
    mutations = {"lsfq_dsp48e2": (text, fault)}
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"POUT": 4, "SKIP": 1, "MULTIPLIER": 1}, mutations=mutations)
