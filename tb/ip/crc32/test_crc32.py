# SPDX-License-Identifier: Apache-2.0
"""CRC-32 step: equal to zlib's for every width."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.crc32.crc32_bench"


@pytest.mark.parametrize("width", [32, 64, 128])
def test_crc32(width: int) -> None:
    run_bench("lsfq_crc32", BENCH, {"WIDTH": width})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("32'hEDB88320 : 32'h0", "32'hEDB88321 : 32'h0", id="wrong polynomial"),
        pytest.param("bits[i]", "bits[WIDTH-1-i]", id="wrong bit order"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench("lsfq_crc32", BENCH, {"WIDTH": 32}, mutations={"lsfq_crc32": (text, fault)})
