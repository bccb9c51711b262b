# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the whole suite."""

from __future__ import annotations

import pytest

from tb.common.simulator import bench_seed, simulator_available


@pytest.fixture
def simulator(request: pytest.FixtureRequest) -> str:
    """The simulator named by the parameter; the test is skipped where this machine lacks it."""
    name: str = request.param
    if not simulator_available(name):
        pytest.skip(f"{name} is not installed")
    return name


def pytest_report_header() -> str:
    return f"LSFQ_SEED={bench_seed()}"
