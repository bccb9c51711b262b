# SPDX-License-Identifier: Apache-2.0
"""Loader: image packets become words of the feature memory, or an error."""

import pytest

from tb.support import BenchError, TestsFailed, run_bench

BENCH = "tb.ip.loader.loader_bench"


@pytest.mark.parametrize(("pin", "data_w"), [(4, 16), (8, 64), (16, 32)])
def test_loader(pin: int, data_w: int) -> None:
    run_bench("lsfq_loader", BENCH, {"PIN": pin, "DATA_W": data_w})


@pytest.mark.parametrize(("pin", "data_w"), [(4, 16), (16, 64)])
def test_loader_of_3_bits(pin: int, data_w: int) -> None:
    run_bench("lsfq_loader", BENCH, {"CODE_BITS": 3, "PIN": pin, "DATA_W": data_w})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("half_q || s_row_end", "1'b1", id="a word a pair"),
        pytest.param("digit_q[1] ? third_down_q :", "", id="the third digit's row"),
        pytest.param("write_both ? 6'd0", "1'b0 ? 6'd0", id="what is past the width"),
    ],
)
def test_bench_notices_with_3_bits(text: str, fault: str) -> None:
    parameters = {"CODE_BITS": 3, "PIN": 4, "DATA_W": 16}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_loader", BENCH, parameters, testcase="random_images",
            mutations={"lsfq_pair_writer": (text, fault)},
        )  # fmt: skip


def test_wrong_width_is_refused() -> None:
    with pytest.raises(BenchError, match="DATA_W_must_be_a_power_of_two"):
        run_bench("lsfq_loader", BENCH, {"DATA_W": 24})


@pytest.mark.parametrize(
    ("module", "text", "fault", "test"),
    [
        pytest.param(
            "row_window",
            "leaves_own ? top_q : second_q",
            "leaves_own && top_q",
            "low_windows",
            id="row above the first",
        ),
        pytest.param(
            "pair_writer",
            "down_q     <= wraps ? wrap_q : pitch",
            "down_q     <= pitch",
            "random_images",
            id="leaves the ring",
        ),
        pytest.param("loader", "in_align && ended != last_q", "1'b0", "wrong_length", id="long"),
        pytest.param("loader", "layers >= layers_q", "1'b1", "several_images", id="does not wait"),
    ],
)
def test_bench_notices(module: str, text: str, fault: str, test: str) -> None:
    parameters = {"PIN": 4, "DATA_W": 16}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_loader",
            BENCH,
            parameters,
            testcase=test,
            mutations={f"lsfq_{module}": (text, fault)},
        )
