# SPDX-License-Identifier: Apache-2.0
"""One default core, larger memories where a network needs them, refusals that name the option."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsfq import DEFAULT_CORE, Accelerator, Reference
from lsfq.command.main import main
from lsfq.core_choice import LARGEST, choose_core
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import plan_network
from ref_model.integer import IntegerNetwork, load_network, save_network
from ref_model.integer.synthetic import vgg7
from tb.lsfq.conftest import ROOT, Case
from tb.ref_model.integer.builders import conv, linear

NETWORKS = sorted(path.parent for path in (ROOT / "networks").glob("*/manifest.json"))


@pytest.mark.parametrize("size", [4, 16])
@pytest.mark.parametrize("folder", NETWORKS, ids=lambda path: path.name)
def test_every_shipped_network_gets_a_core(folder: Path, size: int) -> None:
    network = load_network(folder)
    start = replace(DEFAULT_CORE, pin=size, pout=size)
    core = choose_core(network, start)
    plan_network(network, core)
    for name in LARGEST:  # the smallest power of two that does
        if getattr(core, name) > getattr(start, name):
            with pytest.raises(UnsupportedNetworkError):
                plan_network(network, replace(core, **{name: getattr(core, name) // 2}))


def test_what_is_given_stays(shipped: Case) -> None:
    core = replace(DEFAULT_CORE, pin=8, pout=8, feature_depth=512)
    assert choose_core(shipped.network, core).feature_depth == 1024
    with pytest.raises(UnsupportedNetworkError, match="--feature-depth 1024"):
        choose_core(shipped.network, core, frozenset({"feature_depth"}))


def test_a_refusal_of_the_driver_names_the_parameter(shipped: Case) -> None:
    with (
        Accelerator(Reference(replace(DEFAULT_CORE, feature_depth=64))) as accelerator,
        pytest.raises(UnsupportedNetworkError, match=r"FEATURE_DEPTH=\d+"),
    ):
        accelerator.load(shipped.network)


def test_a_network_that_no_core_runs() -> None:
    rng = np.random.default_rng(0)
    layers = (
        conv(rng, "wide", 3, 4, kernel=5, input_bits=8), linear(rng, "classifier", (4, 8, 8), 10)
    )  # fmt: skip
    with pytest.raises(UnsupportedNetworkError, match="5x5 kernel") as caught:
        choose_core(IntegerNetwork("wide", (3, 8, 8), layers, 10), DEFAULT_CORE)
    assert "A core with" not in str(caught.value)


def test_run_and_export_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What run accepts, export accepts, on the same core, and both say which one."""
    save_network(vgg7(256), tmp_path / "wide")
    network = ["--network", str(tmp_path / "wide"), "--pin", "4", "--pout", "4"]
    assert main(["run", *network, "--count", "1"]) == 0
    assert "feature depth 16384 instead of 8192" in capsys.readouterr().err
    assert main(["export", *network, "--c", str(tmp_path / "c")]) == 0
    assert "feature depth 16384 instead of 8192" in capsys.readouterr().err
    for command in (["run"], ["export", "--c", str(tmp_path / "d")]):
        assert main([*command, *network, "--feature-depth", "4096"]) == 1
        assert "--feature-depth 16384" in capsys.readouterr().err
