# SPDX-License-Identifier: Apache-2.0
"""3-bit multiplier: all operands there are, against twelve products added slot by slot.

Multipliers of nibbles are proved (scripts/prove.py). With slots of 7 bits the sum of three products
needs every bit, and a solver does not find in time that none is carried on.
"""

import pytest

from lsfq.simulation import rtl
from tb.support import BenchError, run_bench

BENCH = "tb.ip.multiplier.multiplier_bench"
DUT = "every_operand"
PROOFS = rtl.ROOT / "tb" / "tools" / "proofs"
SOURCES = [
    rtl.ROOT / "tb" / "ip" / "multiplier" / "every_operand.v",
    PROOFS / "multiplier_forms.v",
    PROOFS / "plain_multiplier.v",
]


@pytest.mark.parametrize(("stages", "first"), [(1, 1), (2, 0)])
def test_every_operand(stages: int, first: int) -> None:
    """The first multiplier of a chain, and one behind another."""
    parameters = {"INPUT_STAGES": stages, "FIRST": first}
    run_bench(DUT, BENCH, parameters, extra_sources=SOURCES)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("HIGH_W = WIDE_W - 2", "HIGH_W = WIDE_W - 1 - 2", id="a bit less"),
        pytest.param("= weights[CODE_BITS*i +:", "= weights[CODE_BITS*(i/2) +:", id="one twice"),
    ],
)
def test_bench_notices(text: str, fault: str) -> None:
    with pytest.raises(BenchError, match="the simulat"):
        run_bench(
            DUT, BENCH, extra_sources=SOURCES, mutations={"lsfq_multiplier": (text, fault)},
            quiet=True,
        )  # fmt: skip
