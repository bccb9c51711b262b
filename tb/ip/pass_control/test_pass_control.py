# SPDX-License-Identifier: Apache-2.0
"""Pass control: passes in a row, clean ends after errors."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.pass_control.pass_control_bench"


def test_pass_control() -> None:
    run_bench("lsfq_pass_control", BENCH)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("&& parser_done && loader_idle", "&& loader_idle", id="does not wait"),
        pytest.param(
            "!stop && parser_idle && loader_idle && result_idle",
            "!stop && parser_idle && loader_idle",
            id="leaves the result open",
        ),
        pytest.param("passes_done + 32'd1 >= passes", "passes_done >= passes", id="one too many"),
        pytest.param("(abort_now || fails)", "fails", id="an abort leaves the result open"),
        pytest.param("(abort_now || fails)", "abort_now", id="an error leaves the result open"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_pass_control", BENCH, mutations={"lsfq_pass_control": (text, fault)})
