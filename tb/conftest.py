# SPDX-License-Identifier: Apache-2.0
"""Fixtures and rules of the whole suite."""

from __future__ import annotations

import os

import pytest

from ref_model.datasets.cifar import CIFAR10, DatasetError, locate
from tools.hdl.bench import bench_seed, simulator_available


@pytest.fixture
def simulator(request: pytest.FixtureRequest) -> str:
    """The simulator named by the parameter; the test is skipped where this machine lacks it."""
    name: str = request.param
    if not simulator_available(name):
        pytest.skip(f"{name} is not installed")
    return name


def pytest_report_header() -> str:
    """Name the seed of everything random."""
    return f"LSFQ_SEED={bench_seed()}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the whole CIFAR-10 set where that is missing; LSFQ_REQUIRE_DATA=1: fail."""
    if item.get_closest_marker("dataset") is None:
        return
    try:
        locate(CIFAR10, fetch=False)
    except DatasetError as error:
        reason = str(error).splitlines()[0]
        if os.environ.get("LSFQ_REQUIRE_DATA", "0") not in ("", "0"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
