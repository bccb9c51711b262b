# SPDX-License-Identifier: Apache-2.0
"""Products of a skip tensor's codes and the layer's multiplier."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.skip_scale.skip_scale_bench"
DUT = "lsfq_skip_scale"


def test_skip_scale() -> None:
    run_bench(DUT, BENCH, {"POUT": 4})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("{4{low_q[MULTIPLE_W-1]}}", "4'd0", id="low digit without sign"),
        pytest.param("(entry_q[4] && !restart)", "(entry_q[3] && !restart)", id="ready too early"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(DUT, BENCH, {"POUT": 4}, mutations={DUT: (text, fault)}, quiet=True)
