# SPDX-License-Identifier: Apache-2.0
"""Weight memory: payloads in, nibbles of every plane, lane and channel out."""

import pytest

from tb.support import RAM_CLASH, BenchError, TestsFailed, run_bench

BENCH = "tb.ip.weight_memory.weight_memory_bench"


@pytest.mark.parametrize(("pin", "pout", "param_w", "depth"), [(4, 8, 32, 8), (4, 4, 64, 4)])
def test_weight_memory(pin: int, pout: int, param_w: int, depth: int) -> None:
    parameters = {"PIN": pin, "POUT": pout, "PARAM_W": param_w, "DEPTH": depth, "PTR_W": 6}
    run_bench("lsfq_weight_memory", BENCH, parameters)


def test_weight_memory_of_3_bits() -> None:
    parameters = {"PIN": 8, "POUT": 4, "PARAM_W": 32, "DEPTH": 4, "PTR_W": 6, "CODE_BITS": 3}
    run_bench("lsfq_weight_memory", BENCH, parameters)
    fault = {"lsfq_weight_memory": ("|| (middle_alone && p != 1)", "")}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_weight_memory", BENCH, parameters, mutations=fault)


def test_no_word_that_is_being_written_is_read() -> None:
    parameters = {"PIN": 4, "POUT": 4, "PARAM_W": 64, "DEPTH": 4, "PTR_W": 6}
    run_bench("lsfq_weight_memory", BENCH, parameters, mutations=RAM_CLASH)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"PIN": 4, "POUT": 4}, "PARAM_W_must_divide_4_PIN_POUT"),
        ({"PARAM_W": 512, "CODE_BITS": 3}, "PARAM_W_must_divide_3_PIN_POUT"),
        ({"DEPTH": 500}, "WEIGHT_DEPTH_must_be_a_power_of_two"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, int], text: str) -> None:
    with pytest.raises(BenchError, match=text):
        run_bench("lsfq_weight_memory", BENCH, parameters)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("fill_absent ? {PARAM_W{1'b0}} : write_data", "write_data", id="absent plane"),
        pytest.param(
            "(above_first | {{(ADDRESS_W-1){1'b0}}, complete})", "above_first", id="one too many"
        ),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    parameters = {"PIN": 4, "POUT": 4, "PARAM_W": 64, "DEPTH": 4, "PTR_W": 6}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_weight_memory", BENCH, parameters, mutations={"lsfq_weight_memory": (text, fault)}
        )
