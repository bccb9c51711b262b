# SPDX-License-Identifier: Apache-2.0
"""The command that imports: exact by default, bad files in a sentence, nothing half-written."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx: Any = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import TensorProto, helper  # noqa: E402

from lsfq.command.main import main  # noqa: E402
from lsfq.files import NETWORK  # noqa: E402
from ref_model.exchange import check, model_file  # noqa: E402
from ref_model.exchange.importer import import_file, import_model  # noqa: E402
from ref_model.integer import load_network, network_difference, run_network  # noqa: E402
from tb.ref_model.exchange.graphs import Maker, plain, save  # noqa: E402


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that imports exactly."""
    save(plain(), tmp_path / "plain.onnx")
    return tmp_path / "plain.onnx"


def inexact() -> Any:
    """Scales by powers of two, whose ties go to even codes."""
    make = Maker(2)
    weight = make.weight(make.codes(4, 3, 3, 3), 2.0**-6)
    pixels = make.quant(make.image, 2.0**-8, 8)
    x = make.node("Conv", pixels, weight, pads=[1] * 4)
    return make.model(make.head(make.quant(make.node("Relu", x), 2.0**-4), 4, 8))


def images(tmp_path: Path) -> str:
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8)).astype(np.uint8))
    return str(path)


def test_import_and_check(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["import", str(model), "--output", str(tmp_path / "net")]
    assert main([*words, "--check", images(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["differing"] == found["check"]["own"] == found["check"]["classes"] == 0
    network = load_network(tmp_path / "net")
    assert network.name == "plain"
    assert network.provenance["imported"] == "plain.onnx"
    assert network.provenance["thresholds"]["differing"] == 0
    assert main(words) == 0
    assert "accumulator values, all exact" in capsys.readouterr().out


def test_what_lsfq_wrote_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.onnx"
    assert main(["export", "--network", str(NETWORK), "--onnx", str(path)]) == 0
    assert main(["import", str(path), "--output", str(tmp_path / "net")]) == 0
    assert network_difference(load_network(NETWORK), load_network(tmp_path / "net")) is None


def test_inexact_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(inexact(), tmp_path / "ties.onnx")
    words = ["import", str(tmp_path / "ties.onnx"), "--output", str(tmp_path / "net")]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "accumulator values differ (conv" in said
    assert "--ties-up rounds them up" in said
    assert not (tmp_path / "net").exists()
    count = int(said.split("--allow-inexact ")[1].split()[0])
    assert main([*words, "--allow-inexact", str(count - 1)]) == 1
    assert main([*words, "--allow-inexact", str(count)]) == 0
    assert load_network(tmp_path / "net").provenance["thresholds"]["differing"] == count
    assert main([*words, "--ties-up"]) == 0
    assert load_network(tmp_path / "net").provenance["thresholds"]["differing"] == 0


def test_ties_are_counted() -> None:
    """All that differs is a tie: the count is that of the codes that a half makes odd."""
    found = import_model(inexact(), allow_inexact=10**6)
    (report,) = (report for report in found.reports if report.differing)
    assert 0 < report.ties == report.differing


def test_a_class_that_differs_is_status_1(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = check.run_graph

    def wrong(*words: Any) -> Any:
        return {name: -tensor for name, tensor in right(*words).items()}

    monkeypatch.setattr(check, "run_graph", wrong)
    assert main(["import", str(model), "--check", images(tmp_path)]) == 1


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_a_package(
    model: Path, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    loaded = [name for name in sys.modules if name.startswith("ref_model.exchange")]
    for name in loaded if package == "onnx" else []:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["import", str(model), "--check", images(tmp_path)]) == 2
    assert f"import of {package} halted" in capsys.readouterr().err


def test_quant_nodes_run_where_qonnx_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(plain("qonnx"), tmp_path / "x.onnx")
    monkeypatch.setitem(sys.modules, "qonnx.core.modelwrapper", None)
    assert main(["import", str(tmp_path / "x.onnx"), "--check", images(tmp_path)]) == 2
    assert "pip install qonnx" in capsys.readouterr().err


def test_dialects_give_the_same_network() -> None:
    one, other = (import_model(plain(dialect)).network for dialect in ("qcdq", "qonnx"))
    for a, b in zip(one.layers, other.layers, strict=True):
        assert (a.weight == b.weight).all()
        assert (a.multiplier == b.multiplier).all()
        assert (a.bias == b.bias).all()


def test_the_smallest_weights_run() -> None:
    network = import_model(plain(), allow_inexact=10).network
    assert min(int(layer.weight.min()) for layer in network.layers) == -8
    run_network(network, np.zeros((1, 3, 8, 8), np.uint8), judge=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--output x --pixel 1/0", "no number such as"),
        ("--output x --mean a,b", "no number such as"),
        ("--output x --allow-inexact -1", "is not at least 0"),
        ("", "give --output, --check or both"),
        ("--output x --deviation 1,2", "for each of the 3 channels"),
        ("--output x --deviation 0", "not 0"),
        ("--check nothing.npy", "nothing.npy: No such file"),
    ],
)
def test_wrong_use(model: Path, words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: Any = main(["import", str(model), *words.split()])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert said in capsys.readouterr().err


def big(model: Any) -> None:
    """2 GB of numbers claimed, none there."""
    tensor = model.graph.initializer.add(name="big", data_type=TensorProto.FLOAT)
    tensor.dims.extend([1 << 15, 1 << 14])


def external(model: Any, location: str, **entries: str) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)


def cycle(model: Any) -> None:
    model.graph.node[-3].input[0] = model.graph.node[-1].output[0]


def twice(model: Any) -> None:
    model.graph.node[-1].output[0] = model.graph.node[0].output[0]


def shapes(model: Any) -> None:
    model.graph.initializer[0].dims[0] += 1


def negative(model: Any) -> None:
    model.graph.initializer[0].dims[0] = -4


def subgraph(model: Any) -> None:
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["image"], ["y"], then_branch=inner))


def inputs(model: Any) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def unknown_type(model: Any) -> None:
    model.graph.initializer[0].data_type = 999


def huge_repeats(model: Any) -> None:
    for _ in range(3):
        tensor = model.graph.initializer.add(name="w", data_type=TensorProto.FLOAT)
        tensor.dims.extend([1 << 20, 1 << 20, 1 << 20])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="plain.onnx")


DAMAGES: dict[str, tuple[Any, str]] = {
    "2 GB": (big, "claims 536870912 numbers, but brings 0"),
    "outside": (lambda m: external(m, "../secret"), "outside the model's folder"),
    "absolute": (lambda m: external(m, "/etc/passwd"), "outside the model's folder"),
    "not there": (lambda m: external(m, "weights.bin"), "which is not there"),
    "past the end": (
        lambda m: external(m, "plain.onnx", offset="999999999"),
        "is not in 'plain.onnx'",
    ),
    "no place": (lambda m: external(m, "plain.onnx", offset="x"), "lies at no place"),
    "cycle": (cycle, "the graph has a cycle"),
    "made twice": (twice, "is made twice"),
    "nothing makes": (lambda m: m.graph.node[-1].input.__setitem__(0, "x"), "nothing makes"),
    "shape": (shapes, "the file is damaged"),
    "negative shape": (negative, "has the shape"),
    "type": (unknown_type, "of no known type"),
    "subgraph": (subgraph, "holds a graph of its own"),
    "two inputs": (inputs, "2 inputs"),
    "no nodes": (lambda m: m.graph.ClearField("node"), "no ONNX model"),
    "huge": (huge_repeats, "claim more than"),
    "operator": (lambda m: setattr(m.graph.node[0], "op_type", "Einsum"), "Einsum is not read"),
    "no constants": (lambda m: m.graph.ClearField("initializer"), "nothing makes"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_models(
    model: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, said = DAMAGES[name]
    proto = plain()
    damage(proto)
    save(proto, tmp_path / "bad.onnx")
    begin = time.monotonic()
    assert main(["import", str(tmp_path / "bad.onnx"), "--output", str(tmp_path / "net")]) == 2
    found = capsys.readouterr().err
    assert said in found
    assert found.startswith(f"lsfq import: {tmp_path / 'bad.onnx'}: ")
    assert found.count("\n") == 1
    assert not (tmp_path / "net").exists()
    assert time.monotonic() - begin < 30


def test_truncated_files(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it is cut: a sentence, and no network."""
    whole = model.read_bytes()
    for size in [0, 1, 2, *range(3, len(whole), len(whole) // 40)]:
        (tmp_path / "cut.onnx").write_bytes(whole[:size])
        assert main(["import", str(tmp_path / "cut.onnx"), "--output", str(tmp_path / "n")]) == 2
        assert "Traceback" not in capsys.readouterr().err
        assert not (tmp_path / "n").exists()


def test_flipped_bytes(model: Path, tmp_path: Path) -> None:
    """Damage anywhere ends in a status, never in an exception or a half-written folder."""
    whole = bytearray(model.read_bytes())
    rng = np.random.default_rng(1)
    for _ in range(60):
        wrong = whole.copy()
        wrong[int(rng.integers(len(wrong)))] = int(rng.integers(256))
        (tmp_path / "bad.onnx").write_bytes(wrong)
        assert main(["import", str(tmp_path / "bad.onnx"), "--output", str(tmp_path / "n")]) in (
            0, 1, 2,
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["text", "tensor", "pickle", "folder", "pipe", "missing"])
def test_what_is_no_model(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.onnx"
    if kind == "text":
        path.write_text("a network")
    elif kind == "tensor":
        path.write_bytes(
            helper.make_tensor("t", TensorProto.FLOAT, [2], [1, 2]).SerializeToString()
        )
    elif kind == "pickle":
        path.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    assert main(["import", str(path), "--output", str(tmp_path / "n")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lsfq import: ")
    assert "x.onnx: " in said
    assert not (tmp_path / "n").exists()


def test_data_beside_the_model(tmp_path: Path) -> None:
    """What ONNX calls external data is read from the model's own folder."""
    proto = plain()
    save(proto, tmp_path / "one.onnx")
    tensor = proto.graph.initializer[0]
    (tmp_path / "data.bin").write_bytes(b"1234" + tensor.raw_data)
    external(proto, "data.bin", offset="4")
    save(proto, tmp_path / "two.onnx")
    one, two = (import_file(tmp_path / f"{x}.onnx").network for x in ("one", "two"))
    assert network_difference(one, two) is None


def test_a_file_that_is_too_large(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_file, "MAX_BYTES", 100)
    assert main(["import", str(model), "--output", str(tmp_path / "n")]) == 2
    assert "models of at most 100 are read" in capsys.readouterr().err


def test_long_chains_are_linear() -> None:
    """Ten thousand nodes in the wrong order take a moment, not a walk for each."""
    make = Maker(1)
    x = make.image
    for _ in range(10_000):
        x = make.node("Identity", x)
    make.nodes.reverse()
    begin = time.monotonic()
    assert len(model_file.graph_of(make.model(x)).nodes) == 10_000
    assert time.monotonic() - begin < 20
