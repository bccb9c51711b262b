# SPDX-License-Identifier: Apache-2.0
"""The core with parameters of the user's choice: what FuseSoC's sim target runs.

LSFQ_PARAMETERS names them, for example ``PIN=8,POUT=8``; the others have their defaults.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from lsfq.simulation import rtl
from ref_model.datasets import CIFAR10, read_records
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import plan_network
from ref_model.integer.storage import load_network
from tb.support import given_parameters, run_bench

NETWORK = rtl.ROOT / "networks" / "vgg7_w32_w4a4"
SAMPLE = rtl.ROOT / "networks" / "cifar10_sample" / "test_batch.bin"


@pytest.fixture(scope="module")
def parameters() -> dict[str, int]:
    """All parameters of the core."""
    core = yaml.safe_load((rtl.ROOT / "fusesoc.core").read_text(encoding="utf-8"))
    defaults = {name: int(entry["default"]) for name, entry in core["parameters"].items()}
    given = given_parameters()
    assert given.keys() <= defaults.keys(), f"the core has no parameter {given.keys() - defaults}"
    return defaults | given


def test_random_programs(parameters: dict[str, int]) -> None:
    """Ten random layer programs under random stalls, every tensor compared."""
    environment = {"LSFQ_PROGRAMS": "10", "LSFQ_STALLS": "random"}
    run_bench("lsfq_accel", "tb.core.program_bench", parameters, environment=environment)


def test_shipped_network(parameters: dict[str, int], tmp_path: Path) -> None:
    """One image through the shipped network, every tensor of every layer compared."""
    config = CoreConfig(
        pin=parameters["PIN"],
        pout=parameters["POUT"],
        acc_width=parameters["ACC_W"],
        feature_depth=parameters["FEATURE_DEPTH"],
        weight_depth=parameters["WEIGHT_DEPTH"],
        max_pool_width=parameters["MAX_POOL_WIDTH"],
    )
    try:
        plan_network(load_network(NETWORK), config)
    except UnsupportedNetworkError as error:
        pytest.skip(f"the shipped network does not fit this core: {error}")
    images = tmp_path / "images.npy"
    np.save(images, read_records(SAMPLE, CIFAR10).first(1).pixels)
    environment = {"LSFQ_NETWORK": str(NETWORK), "LSFQ_IMAGES": str(images)}
    run_bench("lsfq_accel", "tb.core.network_bench", parameters, environment=environment)
