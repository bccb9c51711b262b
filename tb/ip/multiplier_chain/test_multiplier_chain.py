# SPDX-License-Identifier: Apache-2.0
"""Chain of packed multipliers: every pair of digits in every slot, against plain products."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.multiplier_chain.multiplier_chain_bench"
DUT = "lsfq_multiplier_chain"


FOUR = {"LENGTH": 4, "STRIDE": 11}
TWO = {"LENGTH": 2, "STRIDE": 10}
THREE_BITS = {"CODE_BITS": 3, "LENGTH": 2, "STRIDE": 7}


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"FORM": 0, **FOUR}, id="inferred, four"),
        pytest.param({"FORM": 1, **FOUR}, id="DSP48E2, four"),
        pytest.param({"FORM": 0, **TWO}, id="inferred, two"),
        pytest.param({"FORM": 2, **FOUR}, id="inferred in two, four"),
        pytest.param({"FORM": 3, **FOUR}, id="MULT18X18D, four"),
        pytest.param({"FORM": 0, **THREE_BITS}, id="inferred, 3 bits"),
        pytest.param({"FORM": 1, **THREE_BITS}, id="DSP48E2, 3 bits"),
        pytest.param({"FORM": 2, **THREE_BITS}, id="inferred in two, 3 bits"),
        pytest.param({"FORM": 3, **THREE_BITS}, id="MULT18X18D, 3 bits"),
    ],
)
def test_multiplier_chain(parameters: dict[str, int]) -> None:
    run_bench(DUT, BENCH, parameters)


def test_unknown_form_is_refused() -> None:
    with pytest.raises(BenchError, match="FORM_is_0_to_3"):
        run_bench(DUT, BENCH, {"FORM": 4, **FOUR})


def test_overflowing_chain_is_refused() -> None:
    with pytest.raises(BenchError, match="LENGTH_products_must_fit_a_slot"):
        run_bench(DUT, BENCH, {"LENGTH": 5})
    with pytest.raises(BenchError, match="LENGTH_products_must_fit_a_slot"):
        run_bench(DUT, BENCH, {**THREE_BITS, "LENGTH": 4})


def test_other_codes_are_refused() -> None:
    with pytest.raises(BenchError, match="CODE_BITS_is_3_or_4"):
        run_bench(DUT, BENCH, {**TWO, "CODE_BITS": 2})


@pytest.mark.parametrize(
    ("form", "module", "text", "fault"),
    [
        pytest.param(
            0, "lsfq_multiplier", "NARROW_W){1'b0}}, product_q}",
            "NARROW_W+1){1'b0}}, product_q[39:0]}",
            id="loses the top bit",
        ),
        pytest.param(
            0, "lsfq_multiplier",
            "pixel[STRIDE*i+CODE_BITS +: STRIDE-CODE_BITS] = {(STRIDE-CODE_BITS){1'b0}}",
            "pixel[STRIDE*i+CODE_BITS +: STRIDE-CODE_BITS] = {(STRIDE-CODE_BITS){1'b1}}",
            id="stray bits",
        ),
        pytest.param(
            2, "lsfq_multiplier", "high, {(2*STRIDE){1'b0}}", "high, {(2*STRIDE){1'b1}}",
            id="stray bits below the half",
        ),
        pytest.param(1, "lsfq_dsp48e2", "9'b00_001_01_01", "9'b00_000_01_01", id="no cascade"),
        pytest.param(
            1, "lsfq_dsp48e2", ".RSTM          (1'b0)", ".RSTM          (1'b1)",
            id="input the model does not know",
        ),
        pytest.param(
            3, "lsfq_multiplier", "FORM == 3 ? INPUT_STAGES - 1", "FORM == 3 ? INPUT_STAGES",
            id="a register outside the block as well",
        ),
        pytest.param(
            3, "lsfq_multiplier",
            "{{(18-HIGH_W){1'b0}}, factor", "{{(18-HIGH_W){1'b1}}, factor",
            id="stray bits above the high half",
        ),
        pytest.param(
            3, "lsfq_mult18x18d", ".A14(a[14])", ".A14(a[15])", id="another bit of the operand",
        ),
        pytest.param(3, "lsfq_mult18x18d", ".RST3(1'b0)", ".RST3(1'b1)", id="reset"),
    ],
)  # fmt: skip
def test_bench_notices(form: int, module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"FORM": form, **FOUR}, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("form", "module", "text", "fault"),
    [
        pytest.param(0, "lsfq_slot_carries", "(w[1] & a[2]) ^ (w", "(w[1] & a[3]) ^ (w", id="bit"),
        pytest.param(0, "lsfq_slot_carries", " ^ addends[5:2]", "", id="addends forgotten"),
        pytest.param(0, "lsfq_slot_carries", "sum2_q   <= sum1_q", "sum2_q <= sum_q", id="early"),
        pytest.param(
            2, "lsfq_multiplier", "HIGH_W = WIDE_W - 2", "HIGH_W = WIDE_W - 1 - 2",
            id="half a pixel less",
        ),
        pytest.param(
            1, "lsfq_multiplier", "{(27-WIDE_W){1'b0}}", "{(27-WIDE_W){1'b1}}", id="a sign",
        ),
    ],
)  # fmt: skip
def test_bench_notices_with_3_bits(form: int, module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"FORM": form, **THREE_BITS}, mutations={module: (text, fault)})


@pytest.mark.parametrize(
    ("form", "module", "text", "fault", "message"),
    [
        pytest.param(
            1, "lsfq_dsp48e2", '"NO_PATDET"', '"PATDET"',
            "DSP48E2_model_does_not_have_this_mode", id="mode",
        ),
        pytest.param(
            1, "lsfq_dsp48e2", ".BREG              (B_STAGES)", ".BREG              (1)",
            "DSP48E2_model_does_not_have_these_registers", id="registers",
        ),
        pytest.param(
            3, "lsfq_mult18x18d", '.REG_PIPELINE_CLK("NONE")', '.REG_PIPELINE_CLK("CLK0")',
            "MULT18X18D_model_does_not_have_these_registers", id="pipeline register",
        ),
        pytest.param(
            3, "lsfq_mult18x18d", '.REG_INPUTA_RST  ("RST3")', '.REG_INPUTA_RST  ("RST0")',
            "MULT18X18D_model_has_CE3_and_RST3_only", id="another reset",
        ),
        pytest.param(
            3, "lsfq_mult18x18d", '.GSR             ("DISABLED")', '.GSR             ("ENABLED")',
            "MULT18X18D_model_does_not_have_this_mode", id="global reset",
        ),
    ],
)  # fmt: skip
def test_models_refuse_what_they_do_not_have(
    form: int, module: str, text: str, fault: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        run_bench(DUT, BENCH, {"FORM": form, **FOUR}, mutations={module: (text, fault)})
