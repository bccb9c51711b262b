# SPDX-License-Identifier: Apache-2.0
"""Parser: every block checked as the reference decoder does, every payload routed."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.parser.parser_bench"
SIZES = {"FEATURE_DEPTH": 512, "WEIGHT_DEPTH": 16, "MAX_POOL_WIDTH": 16}


@pytest.mark.parametrize(
    ("pin", "pout", "param_w", "multiplier"), [(4, 8, 32, 0), (16, 4, 256, 0), (4, 4, 64, 4)]
)
def test_parser(pin: int, pout: int, param_w: int, multiplier: int) -> None:
    core = {"PIN": pin, "POUT": pout, "PARAM_W": param_w, "MULTIPLIER": multiplier}
    run_bench("lsfq_parser", BENCH, {**core, **SIZES})


@pytest.mark.parametrize("parameters", [{"PARAM_W": 48}, {"FEATURE_DEPTH": 131073}])
def test_wrong_parameters_are_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(BenchError, match="must_be"):
        run_bench("lsfq_parser", BENCH, parameters)


@pytest.mark.parametrize(
    ("module", "text", "fault", "test"),
    [
        pytest.param(
            "lsfq_parser_checks",
            "|| shift > MAX_SHIFT",
            "|| shift > MAX_SHIFT + 8'd1",
            "every_error",
            id="shift of 41",
        ),
        pytest.param(
            "lsfq_parser",
            "s_valid && payload_ready && aresetn",
            "s_valid && aresetn",
            "random_programs",
            id="CRC of stalls",
        ),
        pytest.param(
            "lsfq_parser",
            "s_valid && payload_ready && aresetn",
            "take && aresetn",
            "starts_in_the_first_idle_cycle",
            id="CRC of dropped beats",
        ),
        pytest.param(
            "lsfq_parser_checks", "<= |reserved_words_q", "<= 1'b0", "every_error", id="any bit set"
        ),
    ],
)
def test_bench_notices(module: str, text: str, fault: str, test: str) -> None:
    parameters = {"PIN": 4, "POUT": 8, "PARAM_W": 32, **SIZES}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_parser",
            BENCH,
            parameters,
            testcase=test,
            mutations={module: (text, fault)},
        )
