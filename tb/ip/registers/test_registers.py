# SPDX-License-Identifier: Apache-2.0
"""Registers: the map in docs/registers.md over AXI4-Lite."""

import pytest

from tb.support import TestsFailed, run_bench

BENCH = "tb.ip.registers.registers_bench"
PARAMETERS = {
    "PIN": 4, "POUT": 8, "ACC_W": 25, "FEATURE_DEPTH": 1000, "WEIGHT_DEPTH": 64,
    "MAX_POOL_WIDTH": 32, "DEPTHWISE_PIXELS": 2, "LAYERS": 16,
}  # fmt: skip


@pytest.mark.parametrize("parameters", [{}, PARAMETERS], ids=["default", "small"])
def test_registers(parameters: dict[str, int]) -> None:
    run_bench("lsfq_registers", BENCH, parameters)


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_registers",
            "aw_valid && w_valid && (!bvalid_q || s_axi_bready)",
            "aw_valid && w_valid",
            id="loses an answer",
        ),
        pytest.param("lsfq_registers", "(w_data & w_mask)", "(w_data)", id="strobes"),
        pytest.param(
            "lsfq_register_map",
            "if (irq_status_done_set) irq",
            "if (irq_status_done_set && !write_irq_status) irq",
            id="loses an event",
        ),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    mutations = {module: (text, fault)}
    with pytest.raises(TestsFailed):
        run_bench("lsfq_registers", BENCH, PARAMETERS, mutations=mutations)
