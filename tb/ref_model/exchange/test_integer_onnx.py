# SPDX-License-Identifier: Apache-2.0
"""Integer networks as ONNX models: onnxruntime computes every tensor to the same numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx: Any = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from lsfq.command.evaluate import exported_networks  # noqa: E402
from lsfq.command.main import main  # noqa: E402
from lsfq.files import NETWORK, SAMPLE  # noqa: E402
from ref_model.datasets import CIFAR10, read_records  # noqa: E402
from ref_model.exchange.errors import ModelFileError, UnsupportedModelError  # noqa: E402
from ref_model.exchange.integer_onnx import OPSET, from_onnx, to_onnx  # noqa: E402
from ref_model.exchange.onnx_runtime import OnnxRuntime  # noqa: E402
from ref_model.integer import (  # noqa: E402
    INPUT,
    IntegerNetwork,
    first_difference_of,
    load_network,
    network_difference,
    run_network,
    save_network,
)
from tb.ref_model.integer.builders import (  # noqa: E402
    conv,
    linear,
    residual_network,
    small_vgg,
    strided_result,
)
from tools.reports import check_onnx  # noqa: E402


def extremes(rng: np.random.Generator) -> IntegerNetwork:
    """Shifts 0 and 40, negative multipliers, biases of 46 bits, 8-bit codes, a pooled 1x1."""
    layers = (
        conv(rng, "shift40", 3, 6, input_bits=8, weight_bits=8, output_bits=8, shift=40,
             multiplier=rng.integers(-(2**17), 2**17, 6),
             bias=rng.integers(-(2**45), 2**45, 6)),
        conv(rng, "shift0", 6, 5, kernel=1, input_bits=8, shift=0, output_bits=8, pool=2,
             multiplier=rng.integers(-2, 3, 5), bias=rng.integers(-9, 200, 5)),
        linear(rng, "hidden", (5, 3, 3), 7, input_bits=8, output_bits=2, shift=3),
        linear(rng, "result", (7, 1, 1), 4, input_bits=2, weight_bits=3),
    )  # fmt: skip
    return IntegerNetwork("extremes", (3, 7, 7), layers, 4)


RNG = np.random.default_rng(8)
NETWORKS = {
    "vgg": small_vgg(RNG),
    "residual": residual_network(RNG),
    "strided": strided_result(),
    "extremes": extremes(RNG),
}


def run_both(network: IntegerNetwork, images: Any) -> Any:
    """The first difference between the integer model and onnxruntime."""
    model = to_onnx(network)
    onnx.checker.check_model(model, full_check=True)
    session = OnnxRuntime(model, [layer.name for layer in network.layers])
    return first_difference_of(run_network(network, images), {INPUT: images, **session(images)})


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_is_equal(name: str) -> None:
    network = NETWORKS[name]
    images = RNG.integers(0, 256, (9, *network.input_shape)).astype(np.uint8)
    images[0], images[1] = 0, 255
    assert run_both(network, images) is None


@pytest.mark.parametrize("fault", ["bias", "stride"])
def test_a_wrong_model_is_noticed(fault: str) -> None:
    network = strided_result()
    (layer,) = network.layers
    bias = layer.bias + (np.arange(8) == 5)
    wrong = replace(layer, bias=bias) if fault == "bias" else replace(layer, weight=-layer.weight)
    images = RNG.integers(0, 256, (2, 3, 4, 4)).astype(np.uint8)
    result = OnnxRuntime(to_onnx(replace(network, layers=(wrong,))), ["last"])(images)
    assert first_difference_of(run_network(network, images), {INPUT: images, **result})


def test_the_shipped_network_on_images() -> None:
    images = read_records(SAMPLE, CIFAR10).pixels[:8]
    assert run_both(load_network(NETWORK), images) is None


@pytest.mark.parametrize("folder", exported_networks(), ids=lambda path: path.name)
def test_shipped_networks_come_back(folder: Path) -> None:
    network = load_network(folder)
    model = onnx.ModelProto.FromString(to_onnx(network).SerializeToString())
    assert network_difference(network, from_onnx(model)) is None


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back(name: str) -> None:
    again = from_onnx(to_onnx(NETWORKS[name]))
    assert network_difference(NETWORKS[name], again) is None
    assert again.name == NETWORKS[name].name


def test_only_standard_operators_on_integers() -> None:
    model = to_onnx(residual_network(RNG))
    assert [item.version for item in model.opset_import] == [OPSET]
    assert {node.domain for node in model.graph.node} == {""}
    kinds = {item.data_type for item in model.graph.initializer}
    assert kinds == {onnx.TensorProto.UINT8, onnx.TensorProto.INT64}


def test_an_accumulator_over_32_bits() -> None:
    weight = np.full((1, 2**16 + 1000, 1, 1), 127)
    layer = conv(RNG, "wide", 2**16 + 1000, 1, kernel=1, weight=weight, weight_bits=8, input_bits=8,
                 output_bits=None, shift=0)  # fmt: skip
    with pytest.raises(UnsupportedModelError, match=r"layer wide: channel 0 .* 33 bits"):
        to_onnx(IntegerNetwork("n", (2**16 + 1000, 1, 1), (layer,), 1))


def changed(model: Any, what: str) -> None:
    """Change a model so that it is no longer what was written."""
    graph = model.graph
    if what == "weight":
        graph.initializer[0].raw_data = b"\x80" * len(graph.initializer[0].raw_data)
        del graph.node[0].attribute[0]
    elif what == "operator":
        graph.node[2].op_type = "Sub"
    elif what == "missing":
        del graph.initializer[3]
    elif what == "shape":
        graph.initializer[0].dims[0] += 1
    elif what == "text":
        model.metadata_props[0].value = model.metadata_props[0].value[:-9]
    elif what == "format":
        model.metadata_props[0].value = model.metadata_props[0].value.replace("network 1", "net 9")
    elif what == "no layers":
        model.metadata_props[0].value = json.dumps({"format": "lsfq-integer-network 1"})
    elif what == "bits":
        text = model.metadata_props[0].value
        model.metadata_props[0].value = text.replace('"weight_bits": 4', '"weight_bits": 2')


@pytest.mark.parametrize(
    ("what", "said"),
    [("weight", "not the one that"), ("operator", "not the one that"), ("missing", "damaged"),
     ("shape", "damaged"), ("text", "damaged"), ("format", "this program reads"),
     ("no layers", "damaged"), ("bits", "outside -2..1")],
)  # fmt: skip
def test_a_changed_model_is_refused(what: str, said: str) -> None:
    model = to_onnx(small_vgg(RNG))
    changed(model, what)
    with pytest.raises(ModelFileError, match=said):
        from_onnx(model)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = small_vgg(RNG)
    save_network(network, tmp_path / "net")
    path = tmp_path / "new" / "net.onnx"
    assert main(["export", "--network", str(tmp_path / "net"), "--onnx", str(path)]) == 0
    assert f"-> {path}" in capsys.readouterr().out
    first = path.read_bytes()
    assert network_difference(network, from_onnx(onnx.load(path))) is None
    assert main(["export", "--network", str(tmp_path / "net"), "--onnx", str(path)]) == 0
    assert path.read_bytes() == first
    capsys.readouterr()
    assert main(["export", "--network", str(tmp_path / "net"), "--onnx", f"{path}/x.onnx"]) == 2
    assert "lsfq export: " in capsys.readouterr().err


def test_the_check_of_shipped_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_onnx.main(["--count", "2", str(NETWORK)]) == 0
    assert "numbers of 2 images equal" in capsys.readouterr().out


def test_the_check_notices(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = OnnxRuntime.__call__

    def wrong(self: Any, images: Any) -> Any:
        return {name: tensor + (name == "conv3") for name, tensor in right(self, images).items()}

    monkeypatch.setattr(OnnxRuntime, "__call__", wrong)
    assert check_onnx.main(["--count", "1", str(NETWORK)]) == 1
    assert "conv3: image 0, channel 0" in capsys.readouterr().out
