# SPDX-License-Identifier: Apache-2.0
"""Network folders: round trip, same bytes again, damage of every sort, nothing half-written."""

from __future__ import annotations

import json
import os
import re
import shutil
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.hardware.core_config import CoreConfig
from ref_model.integer import (
    Accuracy,
    IntegerNetwork,
    NetworkFormatError,
    load_network,
    load_stored,
    network_difference,
    save_network,
)
from ref_model.integer import storage as module
from ref_model.integer.atomic_folder import FolderError
from ref_model.integer.storage import MANIFEST, WEIGHTS, pack_codes, unpack_codes
from tb.ref_model.integer.builders import residual_network, small_vgg
from tb.support.random_networks import random_network


@pytest.fixture
def network() -> IntegerNetwork:
    return small_vgg(np.random.default_rng(0))


@pytest.fixture
def folder(tmp_path: Path, network: IntegerNetwork) -> Path:
    save_network(network, tmp_path / "net", Accuracy("cifar10", 100, 91, 92.5))
    return tmp_path / "net"


def edit_manifest(
    folder: Path, change: Callable[[dict[str, Any]], None], sign: bool = True
) -> None:
    """Change the manifest, and sign it again so that only the change itself can be refused."""
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    if sign:
        manifest["sha256"][MANIFEST] = module._manifest_sum(manifest)
        manifest["sha256"][WEIGHTS] = module._sha256((folder / WEIGHTS).read_bytes())
    (folder / MANIFEST).write_text(json.dumps(manifest))


@given(st.lists(st.integers(-8, 7), min_size=1, max_size=9))
def test_packed_codes_come_back(codes: list[int]) -> None:
    packed = pack_codes(np.array(codes, np.int8))
    assert len(packed) == (len(codes) + 1) // 2
    assert unpack_codes(packed, len(codes)).tolist() == codes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_random_networks_come_back(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    network = random_network(np.random.default_rng(seed), CoreConfig(8, 8))
    path = tmp_path_factory.mktemp("store") / "net"
    save_network(network, path)
    assert network_difference(network, load_network(path)) is None


def test_all_fields_come_back(tmp_path: Path) -> None:
    network = residual_network(np.random.default_rng(0))
    save_network(network, tmp_path / "net")
    stored = load_stored(tmp_path / "net")
    assert network_difference(network, stored.network) is None
    assert stored.network.name == "residual"
    assert stored.accuracy is None


def test_accuracy_and_provenance_come_back(folder: Path) -> None:
    stored = load_stored(folder)
    assert stored.accuracy == Accuracy("cifar10", 100, 91, 92.5)
    assert stored.network.provenance == {"made": "here"}
    assert json.loads((folder / MANIFEST).read_text())["accuracy"]["integer_accuracy"] == 91.0


def test_equal_networks_give_equal_bytes(tmp_path: Path, network: IntegerNetwork) -> None:
    for name in ("one", "two"):
        save_network(network, tmp_path / name)
    for name in (MANIFEST, WEIGHTS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with zipfile.ZipFile(tmp_path / "one" / WEIGHTS) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_four_bit_codes_are_packed(folder: Path, network: IntegerNetwork) -> None:
    with np.load(folder / WEIGHTS) as arrays:
        assert arrays["conv1.weight"].nbytes == network.layers[0].weight.size // 2


def test_manifest_is_for_people(folder: Path) -> None:
    lines = (folder / MANIFEST).read_text().splitlines()
    assert sum('"kind": "conv"' in line for line in lines) == 2
    assert len(lines) < 40
    assert max(map(len, lines)) < 450


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_every_changed_byte_is_found(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    places = {0, len(whole) - 1, *rng.integers(0, len(whole), 150).tolist()}
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(changed)
        if name == MANIFEST and whole[place : place + 1].isspace():
            continue  # blanks between the values carry nothing
        with pytest.raises(NetworkFormatError, match=re.escape(str(folder))):
            load_network(folder)
    path.write_bytes(whole)
    load_network(folder)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_every_truncation_is_found(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for length in {0, 1, len(whole) // 2, len(whole) - 3}:
        (folder / name).write_bytes(whole[:length])
        with pytest.raises(NetworkFormatError, match=name.replace(".", r"\.")):
            load_network(folder)
    (folder / name).write_bytes(whole + b"x")
    with pytest.raises(NetworkFormatError):
        load_network(folder)


def test_missing_and_foreign_files(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NetworkFormatError, match="no network here"):
        load_network(tmp_path / "nowhere")
    with pytest.raises(NetworkFormatError, match="no network here"):
        load_network(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    with pytest.raises(NetworkFormatError, match=r"weights\.npz: no such file"):
        load_network(folder)
    for text in ("[]", "{}", '{"format": "onnx"}', "null"):
        (folder / MANIFEST).write_text(text)
        with pytest.raises(NetworkFormatError, match="not the manifest of an integer network"):
            load_network(folder)
    (folder / MANIFEST).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NetworkFormatError, match="cannot be read as text"):
        load_network(folder)


def test_weights_of_another_network_are_refused(folder: Path, tmp_path: Path) -> None:
    save_network(small_vgg(np.random.default_rng(1)), tmp_path / "other")
    shutil.copy(tmp_path / "other" / WEIGHTS, folder / WEIGHTS)
    with pytest.raises(NetworkFormatError, match="belongs to another network"):
        load_network(folder)


SIGNED_CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "version": (lambda m: m.update(version=2), "format version 2; this program reads 1"),
    "layer missing": (lambda m: m["layers"].pop(), "its arrays are not those of"),
    "layer renamed": (lambda m: m["layers"][0].update(name="x"), "its arrays are not those of"),
    "field missing": (lambda m: m["layers"][0].pop("shift"), "field missing.*shift"),
    "field of text": (lambda m: m["layers"][0].update(shift="a"), "shift is 'a'"),
    "shape": (lambda m: m["layers"][0].update(weight=[9, 3, 3, 3]), "do not match the shape"),
    "bits": (lambda m: m["layers"][0].update(weight_bits=2), "outside -2..1"),
    "input": (lambda m: m.update(input=None), "field missing or of the wrong type"),
    "layers of text": (lambda m: m.update(layers="none"), "field missing|wrong type"),
    "accuracy": (lambda m: m.update(accuracy=5), "field missing or of the wrong type"),
    "accuracy of text": (lambda m: m["accuracy"].update(float_accuracy="92"), "wrong type"),
    "accuracy over all": (lambda m: m["accuracy"].update(correct=101), "accuracy"),
    "accuracy of no images": (lambda m: m["accuracy"].update(images=0, correct=0), "accuracy"),
    "accuracy of a list": (lambda m: m["accuracy"].update(dataset=[]), "wrong type"),
    "layer of a list": (lambda m: m["layers"].append([]), "field missing or of the wrong type"),
    "name of a list": (lambda m: m["layers"][0].update(name=["x"]), "its arrays|wrong type"),
    "huge shape": (lambda m: m["layers"][0].update(weight=[10**9, 10**9, 3, 3]), "of shape"),
    "shape of text": (lambda m: m["layers"][0].update(weight=["9", 3, 3, 3]), "wrong type"),
    "provenance of text": (lambda m: m.update(provenance="here"), "wrong type"),
    "classes": (lambda m: m.update(classes=11), "11 classes"),
    "version true": (lambda m: m.update(version=True), "format version True; this program reads 1"),
    "layer input": (lambda m: m["layers"][1].update(input=[4, 8, 9]),
                    r"layer conv2: input is \[4, 8, 9\], not \[4, 8, 8\]"),
    "layer output": (lambda m: m["layers"][1].update(output=[8, 8, 8]),
                     r"layer conv2: output is \[8, 8, 8\], not \[8, 4, 4\]"),
    "layer macs": (lambda m: m["layers"][0].update(macs=6911),
                   "layer conv1: macs is 6911, not 6912"),
    "layer macs of text": (lambda m: m["layers"][0].update(macs="6912"),
                           "layer conv1: macs is '6912', not 6912"),
    "layer macs missing": (lambda m: m["layers"][0].pop("macs"), "field missing.*macs"),
    "accumulator": (lambda m: m["layers"][2].update(accumulator_bits=27),
                    "layer classifier: accumulator_bits is 27, not"),
    "fraction": (lambda m: m["layers"][0].update(accumulator_bits=1.5),
                 "layer conv1: accumulator_bits is 1.5, not"),
    "macs": (lambda m: m.update(macs=0), "macs is 0, not"),
    "macs of text": (lambda m: m.update(macs="many"), "macs is 'many', not"),
    "stride true": (lambda m: m["layers"][0].update(stride=True), "stride is True"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "text"), SIGNED_CHANGES.values(), ids=SIGNED_CHANGES.keys())
def test_signed_nonsense_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], None], text: str
) -> None:
    edit_manifest(folder, change)
    with pytest.raises(NetworkFormatError, match=text):
        load_network(folder)


def test_missing_sums_are_refused(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest.pop("sha256"), sign=False)
    with pytest.raises(NetworkFormatError, match="checksums are missing"):
        load_network(folder)


def test_signed_rubbish_as_weights(folder: Path) -> None:
    for rubbish in (b"", b"PK\x03\x04 nothing", b"\x93NUMPY", os.urandom(100)):
        (folder / WEIGHTS).write_bytes(rubbish)
        edit_manifest(folder, lambda manifest: None)
        with pytest.raises(NetworkFormatError, match=r"not a numpy archive|its arrays"):
            load_network(folder)


def _repacked(folder: Path, change: Callable[[str, bytes], bytes], **options: Any) -> None:
    """Write the weights again, each member changed, with sums that are right."""
    with zipfile.ZipFile(folder / WEIGHTS) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(folder / WEIGHTS, "w", **options) as archive:
        for name, body in members.items():
            archive.writestr(name, change(name, body))
    edit_manifest(folder, lambda manifest: None)


def _header(text: str) -> bytes:
    head = text.encode("latin1")
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


MEMBERS: dict[str, Callable[[str, bytes], bytes]] = {
    "a bomb": lambda name, body: body + bytes(50_000_000),
    "a huge array": lambda name, body: _header(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000,), }\n"
    ),
    "a negative size": lambda name, body: _header(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (-1,), }\n"
    ),
    "objects": lambda name, body: _header(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    ),
    "floats": lambda name, body: _header(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n"
    ) + bytes(8),
    "no header": lambda name, body: b"",
    "a header of brackets": lambda name, body: _header("(" * 4000),
    "a long header": lambda name, body: _header(" " * 60_000),
    "another format": lambda name, body: b"\x93NUMPY\x09\x00" + body[8:],
    "half the numbers": lambda name, body: body[: len(body) // 2],
}  # fmt: skip


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_crafted_members_are_refused_before_they_are_unpacked(
    folder: Path, member: Callable[[str, bytes], bytes]
) -> None:
    _repacked(folder, member, compression=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with pytest.raises(NetworkFormatError, match=WEIGHTS):
        load_network(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_odd_archives_are_refused(folder: Path) -> None:
    original = (folder / WEIGHTS).read_bytes()
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        _repacked(folder, lambda name, body: body, compression=method)
        with pytest.raises(NetworkFormatError, match="compressed with method"):
            load_network(folder)
    # in local and central header: encrypted, then a method that nobody knows
    for offset, value, text in ((6, 1, "encrypted"), (8, 99, "not a numpy|method 99")):
        body = bytearray(original)
        local, central = body.index(b"PK\x03\x04"), body.index(b"PK\x01\x02")
        body[local + offset] = body[central + offset + 2] = value
        (folder / WEIGHTS).write_bytes(body)
        edit_manifest(folder, lambda manifest: None)
        with pytest.raises(NetworkFormatError, match=text):
            load_network(folder)
    with zipfile.ZipFile(folder / WEIGHTS, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile: two of one name
        archive.writestr("conv1.weight.npy", b"")
        archive.writestr("conv1.weight.npy", b"")
    edit_manifest(folder, lambda manifest: None)
    with pytest.raises(NetworkFormatError, match="its arrays"):
        load_network(folder)


@pytest.mark.parametrize(
    "text",
    ['{"a": ' + "9" * 5000 + "}", "[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "NaN", ""],
    ids=["long number", "nesting", "deep tables", "no number", "empty"],
)
def test_crafted_manifests_are_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(NetworkFormatError, match=MANIFEST):
        load_network(folder)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_what_is_no_file_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(NetworkFormatError, match="not a file"):
        load_network(folder)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS])
def test_a_file_without_end_is_refused(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_MANIFEST_BYTES", 20 if name == MANIFEST else 1 << 20)
    monkeypatch.setattr(module, "MAX_WEIGHTS_BYTES", 20)
    with pytest.raises(NetworkFormatError, match=f"{name}.*longer than 20"):
        load_network(folder)


def test_saving_keeps_other_files_and_replaces_its_own(folder: Path) -> None:
    (folder / "checkpoint.pt").write_bytes(b"mine")
    other = small_vgg(np.random.default_rng(5))
    save_network(other, folder)
    assert (folder / "checkpoint.pt").read_bytes() == b"mine"
    assert network_difference(other, load_network(folder)) is None
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


@pytest.mark.parametrize("broken", ["write_bytes", "chmod", "rename"])
def test_a_failed_save_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    original = getattr(Path, broken)
    calls = []

    def fail(self: Path, *arguments: Any) -> Any:
        calls.append(self)
        if len(calls) == (1 if broken == "chmod" else 2):
            raise OSError(28, "no space left on device")
        return original(self, *arguments)

    monkeypatch.setattr(Path, broken, fail)
    with pytest.raises(OSError, match="no space left"):
        save_network(small_vgg(np.random.default_rng(5)), folder)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


def test_folders_of_others_are_not_replaced(tmp_path: Path, network: IntegerNetwork) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match="is a file"):
        save_network(network, tmp_path / "file")
    (tmp_path / "full" / "inner").mkdir(parents=True)
    with pytest.raises(FolderError, match="holds a folder, inner"):
        save_network(network, tmp_path / "full")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]
