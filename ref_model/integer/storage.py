# SPDX-License-Identifier: Apache-2.0
"""An integer network in a folder: ``manifest.json`` for people, ``weights.npz`` for numpy.

The manifest holds the layer table, the accuracy, where the network comes from, and SHA-256 sums
of both files' content; docs/network_format.md describes every field. Saving is deterministic (the
same network gives the same bytes) and atomic (the folder is complete or unchanged). Loading trusts
nothing: sums, then every range and shape, then what follows from them (work, accumulator widths)
are checked before a network is returned.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import operator
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.archive import ArchiveError, read_arrays
from ref_model.integer.atomic_folder import write_folder
from ref_model.integer.bounds import accumulator_range
from ref_model.integer.network import IntegerLayer, IntegerNetwork, NetworkError

FORMAT = "lsfq-integer-network"
VERSION = 1
MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"

MAX_MANIFEST_BYTES = 1 << 24
MAX_WEIGHTS_BYTES = 1 << 28
MAX_WEIGHTS = 1 << 28
"""Weights of one layer at most. Whatever is larger fits no core."""

_ARRAYS = ("weight", "multiplier", "bias")
_LAYER_FIELDS = ("name", "kind", "weight_bits", "input_bits", "output_bits", "shift", "stride",
                 "padding", "groups", "pool", "skip", "skip_multiplier")  # fmt: skip
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


class NetworkFormatError(Exception):
    """A network folder is missing, damaged, foreign or of another version."""


@dataclass(frozen=True)
class Accuracy:
    """How a network did on a test set: ``correct`` of ``images`` by the integer model.

    ``float_accuracy`` is the float baseline of the same recipe in percent, None when unknown.
    """

    dataset: str
    images: int
    correct: int
    float_accuracy: float | None = None

    @property
    def integer_accuracy(self) -> float:
        """Correct predictions of the integer network in percent."""
        return 100.0 * self.correct / self.images


@dataclass(frozen=True)
class StoredNetwork:
    """What a network folder holds."""

    network: IntegerNetwork
    accuracy: Accuracy | None


def save_network(
    network: IntegerNetwork, folder: str | os.PathLike[str], accuracy: Accuracy | None = None
) -> None:
    """Write ``network`` into ``folder``, replacing the network that is there, if any.

    The files are written beside the folder and renamed into place; other files in the folder stay.
    Raises FolderError when ``folder`` is a file or holds folders, OSError when the disk refuses.
    """
    weights = pack_arrays(network)
    manifest = format_manifest(network, accuracy, weights)
    write_folder(folder, {WEIGHTS: weights, MANIFEST: manifest.encode()})


def load_network(folder: str | os.PathLike[str]) -> IntegerNetwork:
    """The network in ``folder``; see `load_stored`."""
    return load_stored(folder).network


def load_stored(folder: str | os.PathLike[str]) -> StoredNetwork:
    """The network in ``folder`` and its recorded accuracy.

    Raises NetworkFormatError when a file is missing, truncated, damaged, of another version, not a
    network at all, or when a field of the manifest contradicts the weights.
    """
    path = Path(folder)
    manifest = _read_manifest(path)
    weights = _read_weights(path, manifest)
    try:
        network = _build(manifest, _unpack_arrays(path / WEIGHTS, weights, manifest))
        _check_fields(manifest, network)
        recorded = manifest["accuracy"]
        accuracy = None if recorded is None else _accuracy(recorded)
    except NetworkError as error:
        raise NetworkFormatError(f"{path / MANIFEST}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise NetworkFormatError(
            f"{path / MANIFEST}: field missing or of the wrong type ({error!r})"
        ) from error
    return StoredNetwork(network, accuracy)


def pack_codes(codes: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Codes in -8..7, two a byte, the first in the low nibble, as two's complement nibbles.

    An odd number of codes is filled up with 0. Inverse: `unpack_codes`.
    """
    nibbles = np.zeros((codes.size + 1) // 2 * 2, np.uint8)
    nibbles[: codes.size] = codes.reshape(-1).astype(np.uint8) & 15
    packed: npt.NDArray[np.uint8] = nibbles[::2] | (nibbles[1::2] << np.uint8(4))
    return packed


def unpack_codes(packed: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.int8]:
    """The first ``count`` codes of what `pack_codes` made, int8 (count,)."""
    nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:count].astype(np.int8)
    return np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.int8)


def pack_arrays(network: IntegerNetwork) -> bytes:
    """``weights.npz``: per layer weight (uint8, packed, up to 4 bits; else int8), multiplier, bias.

    The archive is stored without compression and with fixed times, so that equal networks give
    equal bytes everywhere.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for layer in network.layers:
            packed = pack_codes(layer.weight) if layer.weight_bits <= 4 else layer.weight
            for name, array in zip(_ARRAYS, (packed, layer.multiplier, layer.bias), strict=True):
                member = zipfile.ZipInfo(f"{layer.name}.{name}.npy", _FIXED_TIME)
                member.create_system, member.external_attr = 3, 0o644 << 16
                body = io.BytesIO()
                little = array.astype(array.dtype.newbyteorder("<"), copy=False)
                np.lib.format.write_array(body, little, version=(1, 0), allow_pickle=False)
                archive.writestr(member, body.getvalue())
    return buffer.getvalue()


def format_manifest(network: IntegerNetwork, accuracy: Accuracy | None, weights: bytes) -> str:
    """The text of ``manifest.json`` for a network whose ``weights.npz`` is ``weights``."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": network.name,
        **_summary(network),
        "accuracy": None if accuracy is None else {
            **asdict(accuracy), "integer_accuracy": accuracy.integer_accuracy
        },
        "layers": _layer_entries(network),
        "provenance": dict(network.provenance),
    }  # fmt: skip
    content["sha256"] = {WEIGHTS: _sha256(weights), MANIFEST: _manifest_sum(content)}
    return _readable(content)


def _summary(network: IntegerNetwork) -> dict[str, Any]:
    image: dict[str, Any] = {"shape": list(network.input_shape), "bits": network.input_bits}
    if network.stem:
        image["stem"] = True
    return {
        "input": image,
        "classes": network.classes,
        "macs": network.macs(),
    }


def _layer_entries(network: IntegerNetwork) -> list[dict[str, Any]]:
    return [
        _layer_entry(layer, source, macs)
        for layer, source, macs in zip(
            network.layers, network.input_shapes(), network.layer_macs(), strict=True
        )
    ]


def _layer_entry(layer: IntegerLayer, source: tuple[int, int, int], macs: int) -> dict[str, Any]:
    entry = {name: getattr(layer, name) for name in _LAYER_FIELDS}
    if layer.source is not None:
        entry["source"] = layer.source
    return {
        "name": entry.pop("name"),
        "kind": entry.pop("kind"),
        "input": list(source),
        "output": list(layer.output_shape(source)),
        "weight": list(layer.weight.shape),
        **entry,
        "macs": macs,
        "accumulator_bits": accumulator_range(layer).bits,
    }


def _readable(content: Mapping[str, Any]) -> str:
    """JSON with one line a layer and one a field of every other table."""
    lines = []
    for key, value in content.items():
        if key == "layers":
            rows = ",\n".join("    " + json.dumps(row) for row in value)
            text = f"[\n{rows}\n  ]"
        elif isinstance(value, dict) and value and key != "input":
            rows = ",\n".join(
                f"    {json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in value.items()
            )
            text = f"{{\n{rows}\n  }}"
        else:
            text = json.dumps(value)
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _manifest_sum(content: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest's content without its sums, independent of layout and key order."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return _sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes_of(path: Path, most: int) -> bytes:
    """A file's content; OSError for what is no file, and for one that is longer than ``most``."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError("not a file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(f"longer than {most} bytes")
        return file.read(size)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        text = _bytes_of(path, MAX_MANIFEST_BYTES).decode()
    except (FileNotFoundError, NotADirectoryError):
        raise NetworkFormatError(f"{folder}: no network here ({MANIFEST} is missing)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NetworkFormatError(f"{path}: cannot be read as text ({error})") from error
    try:
        manifest = json.loads(text)
        json.dumps(
            manifest
        )  # as deep as can be read may be too deep to be written, and to be summed
    except (ValueError, RecursionError) as error:
        raise NetworkFormatError(f"{path}: not JSON, or cut short ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NetworkFormatError(f"{path}: not the manifest of an integer network")
    if not _is_same(manifest.get("version"), VERSION):
        raise NetworkFormatError(
            f"{path}: format version {manifest.get('version')!r}; this program reads {VERSION}"
        )
    sums = manifest.get("sha256")
    if not isinstance(sums, dict) or not {MANIFEST, WEIGHTS} <= sums.keys():
        raise NetworkFormatError(f"{path}: its checksums are missing")
    if sums[MANIFEST] != _manifest_sum(manifest):
        raise NetworkFormatError(f"{path}: checksum differs; the file was damaged or edited")
    return manifest


def _read_weights(folder: Path, manifest: Mapping[str, Any]) -> bytes:
    path = folder / WEIGHTS
    try:
        weights = _bytes_of(path, MAX_WEIGHTS_BYTES)
    except FileNotFoundError:
        raise NetworkFormatError(f"{path}: no such file, but {MANIFEST} is there") from None
    except OSError as error:
        raise NetworkFormatError(f"{path}: cannot be read ({error})") from error
    if _sha256(weights) != manifest["sha256"][WEIGHTS]:
        raise NetworkFormatError(
            f"{path}: checksum differs from the one in {MANIFEST}; the file is truncated, damaged, "
            "or belongs to another network"
        )
    return weights


def _unpack_arrays(
    path: Path, weights: bytes, manifest: Mapping[str, Any]
) -> dict[str, npt.NDArray[Any]]:
    numbers = {}
    for layer in manifest["layers"]:
        sizes = [operator.index(size) for size in layer["weight"]]
        if not sizes or min(sizes) < 1 or math.prod(sizes) > MAX_WEIGHTS:
            raise NetworkError(f"layer {layer['name']}: a weight of shape {layer['weight']}")
        for array, count in zip(_ARRAYS, (math.prod(sizes), sizes[0], sizes[0]), strict=True):
            numbers[f"{layer['name']}.{array}"] = count
    try:
        return read_arrays(weights, numbers)
    except ArchiveError as error:
        raise NetworkFormatError(f"{path}: {error} ({MANIFEST} beside it)") from error


def _accuracy(recorded: Mapping[str, Any]) -> Accuracy:
    """The manifest's accuracy; ValueError for one that no test set can give."""
    dataset, images, correct = (recorded[key] for key in ("dataset", "images", "correct"))
    numbers = [images, correct]
    baseline = recorded["float_accuracy"]
    if baseline is not None:
        numbers.append(baseline)
    if not isinstance(dataset, str) or not all(type(number) in (int, float) for number in numbers):
        raise TypeError(f"accuracy {dict(recorded)}")
    whole = isinstance(images, int) and isinstance(correct, int)
    if not (whole and 0 <= correct <= images and images > 0 and 0 <= (baseline or 0) <= 100):
        raise ValueError(f"accuracy {dict(recorded)}")
    return Accuracy(dataset, images, correct, baseline)


def _check_fields(manifest: Mapping[str, Any], network: IntegerNetwork) -> None:
    """Raise NetworkError unless every field is what saving ``network`` would write."""
    tables = [("", manifest, _summary(network))]
    tables += [
        (f"layer {layer.name}: ", entry, written)
        for entry, layer, written in zip(
            manifest["layers"], network.layers, _layer_entries(network), strict=True
        )
    ]
    for place, found, expected in tables:
        for name, value in expected.items():
            if not _is_same(found[name], value):
                raise NetworkError(f"{place}{name} is {found[name]!r}, not {value!r}")


def _is_same(found: Any, expected: Any) -> bool:
    """Whether both are the same JSON: ``true``, ``1.0`` and ``"1"`` are not 1."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def _build(manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> IntegerNetwork:
    if not isinstance(manifest["provenance"], dict):
        raise TypeError("provenance is no table")
    layers = []
    for entry in manifest["layers"]:
        name = entry["name"]
        shape = tuple(entry["weight"])
        weight = arrays[f"{name}.weight"]
        if entry["weight_bits"] <= 4:
            count = int(np.prod(shape))
            if weight.dtype != np.uint8 or weight.shape != ((count + 1) // 2,):
                raise NetworkError(f"layer {name}: packed weights do not match the shape {shape}")
            weight = unpack_codes(weight, count).reshape(shape)
        elif weight.shape != shape:
            raise NetworkError(f"layer {name}: weights have shape {weight.shape}, not {shape}")
        constants: dict[str, Any] = {key: arrays[f"{name}.{key}"] for key in ("multiplier", "bias")}
        fields: dict[str, Any] = {key: entry[key] for key in _LAYER_FIELDS}
        fields["source"] = entry.get("source")
        layers.append(IntegerLayer(weight=weight, **fields, **constants))
    return IntegerNetwork(
        name=manifest["name"],
        input_shape=manifest["input"]["shape"],
        layers=tuple(layers),
        classes=manifest["classes"],
        input_bits=manifest["input"]["bits"],
        provenance=manifest["provenance"],
        stem=manifest["input"].get("stem", False) is True,
    )
