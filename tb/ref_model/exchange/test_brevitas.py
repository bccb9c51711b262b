# SPDX-License-Identifier: Apache-2.0
"""Networks of Brevitas, exported by its own exporters, beside the executor of qonnx."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for package in ("torch", "brevitas", "onnx", "onnxruntime", "onnxoptimizer", "qonnx"):
    pytest.importorskip(package, reason=f"{package} is not installed (extras onnx and oracles)")

import torch  # noqa: E402

from ref_model.exchange.check import compare  # noqa: E402
from ref_model.exchange.importer import Pixels, import_file  # noqa: E402
from ref_model.integer import save_network  # noqa: E402
from tb.ref_model.exchange import brevitas_networks  # noqa: E402
from tools.hdl.bench import run_bench  # noqa: E402

IMAGES = 256
SIGNED = Pixels(
    mean=(Fraction("0.49"), Fraction("0.48"), Fraction("0.45")), deviation=(Fraction(1, 4),)
)


@pytest.fixture(scope="module", params=["per_tensor", "per_channel", "mobilenet", "resnet"])
def network(request: pytest.FixtureRequest) -> Any:
    """(the network in evaluation mode, images, what they mean)."""
    torch.set_num_threads(1)
    pixels = SIGNED if request.param == "resnet" else Pixels()
    images = np.random.default_rng(4).integers(0, 256, (IMAGES, 3, 16, 16)).astype(np.uint8)
    seen = torch.from_numpy(pixels.real(images[:32]))
    return brevitas_networks.ready(request.param, seen), images, pixels


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["qonnx", "qcdq"])
def test_brevitas(network: Any, dialect: str, tmp_path: Path) -> None:
    """At most 1 code of 100,000 differs, no class; where one does, the report has a count."""
    model, images, pixels = network
    path = tmp_path / "model.onnx"
    path.write_bytes(brevitas_networks.exported(model, torch.zeros(1, 3, 16, 16), dialect))
    found = import_file(path, pixels=pixels, allow_inexact=100)
    values = sum(report.values for report in found.reports)
    print(f"{found.differing} of {values} accumulator values differ")
    compared = compare(path, found, images, pixels)
    print(compared)
    assert found.differing <= 2e-5 * values
    assert compared.classes == 0
    assert compared.differing <= 1e-5 * compared.codes
    assert compared.own <= 1e-5 * compared.codes


@pytest.mark.slow
def test_on_the_core(network: Any, tmp_path: Path) -> None:
    """Every tensor of two images, through the Verilog."""
    model, images, pixels = network
    path = tmp_path / "model.onnx"
    path.write_bytes(brevitas_networks.exported(model, torch.zeros(1, 3, 16, 16), "qonnx"))
    found = import_file(path, pixels=pixels, allow_inexact=100)
    save_network(found.network, tmp_path / "net")
    np.save(tmp_path / "images.npy", images[:2])
    environment = {
        "LSFQ_NETWORK": str(tmp_path / "net"),
        "LSFQ_IMAGES": str(tmp_path / "images.npy"),
        "LSFQ_STALLS": "random",
    }
    parameters = {"PIN": 4, "POUT": 4, "PARAM_W": 64}
    run_bench("lsfq_accel", "tb.core.network_bench", parameters, environment=environment)
