# SPDX-License-Identifier: Apache-2.0
"""Integer networks as QONNX: every code by float32, or none at all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx: Any = pytest.importorskip("onnx", reason="the extra onnx is not installed")

from lsfq.command.main import main  # noqa: E402
from lsfq.files import NETWORK  # noqa: E402
from ref_model.exchange import qonnx as writer  # noqa: E402
from ref_model.exchange.check import run_graph  # noqa: E402
from ref_model.exchange.errors import UnsupportedModelError  # noqa: E402
from ref_model.exchange.importer import Pixels, import_model  # noqa: E402
from ref_model.exchange.qonnx import check_float32, to_qonnx  # noqa: E402
from ref_model.integer import IntegerNetwork, load_network, run_network, save_network  # noqa: E402
from tb.ref_model.integer.builders import conv, linear, residual_network, small_vgg  # noqa: E402

RNG = np.random.default_rng(12)
BYTES = Pixels(Fraction(1))


def mixed() -> IntegerNetwork:
    """Linear layers before a 1x1 layer, 8-bit codes, a residual addition, negative factors."""
    layers = (
        conv(RNG, "a", 3, 6, input_bits=8, shift=14, pool=2),
        conv(RNG, "b", 6, 6, kernel=1, skip="a", skip_multiplier=-90, output_bits=8),
        linear(RNG, "c", (6, 3, 3), 9, input_bits=8, output_bits=3, shift=15,
               multiplier=RNG.integers(-99, 99, 9)),
        linear(RNG, "d", (9, 1, 1), 8, input_bits=3, output_bits=4, shift=9,
               multiplier=RNG.integers(-99, 99, 8)),
        conv(RNG, "e", 8, 4, kernel=1, output_bits=None, shift=0, multiplier=[1, 2, -3, 4]),
    )  # fmt: skip
    return IntegerNetwork("mixed", (3, 7, 6), layers, 4)


def without_average(network: IntegerNetwork) -> IntegerNetwork:
    """What the core runs of the network: no 4x4 kernel, no addition in a depthwise layer."""
    layers = [layer for layer in network.layers if layer.name not in ("average", "classifier")]
    layers[2] = replace(layers[2], skip=None, skip_multiplier=0)
    last = linear(RNG, "classifier", (6, 4, 4), 5)
    return replace(network, layers=(*layers, last))


NETWORKS = {
    "vgg": small_vgg(RNG),
    "residual": without_average(residual_network(RNG)),
    "mixed": mixed(),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_executor_of_qonnx_gives_every_code(name: str) -> None:
    pytest.importorskip("qonnx", reason="qonnx, the oracle, is not installed")
    network = NETWORKS[name]
    images = RNG.integers(0, 256, (6, *network.input_shape)).astype(np.uint8)
    names = [layer.name for layer in network.layers]
    found = run_graph(to_qonnx(network), images.astype(np.float32), names)
    for layer, tensor in run_network(network, images).items():
        if layer in found:
            assert (found[layer].reshape(tensor.shape) == tensor).all(), layer


@pytest.mark.parametrize("name", NETWORKS)
def test_it_imports_back_to_the_same_codes(name: str) -> None:
    network = NETWORKS[name]
    again = import_model(to_qonnx(network), pixels=BYTES)
    assert again.differing == 0
    assert [x.name for x in again.network.layers] == [x.name for x in network.layers]
    images = RNG.integers(0, 256, (50, *network.input_shape)).astype(np.uint8)
    expected, found = run_network(network, images), run_network(again.network, images)
    for layer in network.layers[:-1]:
        assert (expected[layer.name] == found[layer.name]).all(), layer.name
    last = network.layers[-1].name
    assert (expected[last].argmax(axis=1) == found[last].argmax(axis=1)).all()


def test_every_accumulator_is_compared() -> None:
    layer = conv(RNG, "a", 2, 3, kernel=1, weight=np.full((3, 2, 1, 1), 2), shift=9)
    assert check_float32(layer, None) == 3 * (2 * 2 * 15 + 1)
    assert check_float32(replace(layer, skip="x", skip_multiplier=77), 3) == 3 * 61 * 8


def test_what_float32_cannot_hold_is_refused() -> None:
    """A sum of 37 bits that lies one below a step."""
    weight = np.full((1, 40, 1, 1), 127)
    wide = conv(RNG, "wide", 40, 1, kernel=1, weight=weight, weight_bits=8, input_bits=8,
                multiplier=[65535], bias=[8 * 2**27 - 1 - 10**6 * 65535], shift=27)  # fmt: skip
    with pytest.raises(UnsupportedModelError, match=r"layer wide: \d+ accumulators get another"):
        check_float32(wide, None)
    huge = conv(RNG, "huge", 600, 1, kernel=1, weight=np.full((1, 600, 1, 1), 127), weight_bits=8,
                input_bits=8)  # fmt: skip
    with pytest.raises(UnsupportedModelError, match="layer huge: accumulators up to"):
        check_float32(huge, None)
    raw = linear(RNG, "raw", (4, 1, 1), 2, multiplier=[131071, 1], bias=[2**24 + 1, 0])
    with pytest.raises(UnsupportedModelError, match=r"layer raw: .* channel 0"):
        check_float32(raw, None)


def test_a_wrong_offset_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one where each number occurs."""
    right = writer.constants

    def wrong(layer: Any) -> Any:
        factor, offset, skip = right(layer)
        return factor, offset - np.float32(2.0**-layer.shift), skip

    monkeypatch.setattr(writer, "constants", wrong)
    layer = conv(RNG, "a", 2, 3, shift=5, multiplier=[1, 1, -1], bias=[0, 99, 7])
    with pytest.raises(UnsupportedModelError, match="layer a: "):
        check_float32(layer, None)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vgg7.onnx"
    assert main(["export", "--network", str(NETWORK), "--qonnx", str(path)]) == 0
    back = ["import", str(path), "--pixel", "1", "--output", str(tmp_path / "net")]
    assert main(back) == 0
    one, two = load_network(NETWORK), load_network(tmp_path / "net")
    for a, b in zip(one.layers, two.layers, strict=True):
        assert (a.weight == b.weight).all()
    images = RNG.integers(0, 256, (4, 3, 32, 32)).astype(np.uint8)
    expected, found = run_network(one, images), run_network(two, images)
    assert all((expected[layer.name] == found[layer.name]).all() for layer in one.layers)
    layers = [*one.layers[:-1], replace(one.layers[-1], multiplier=np.full(10, 2**17 - 1))]
    save_network(replace(one, layers=tuple(layers)), tmp_path / "wide")
    target = tmp_path / "wide.onnx"
    assert main(["export", "--network", str(tmp_path / "wide"), "--qonnx", str(target)]) == 1
    assert "layer classifier: " in capsys.readouterr().err
    assert not target.exists()
