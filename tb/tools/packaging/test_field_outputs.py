# SPDX-License-Identifier: Apache-2.0
"""The modules made from the field tables: not stale, and no field is lost or in two places."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lsfq.simulation import rtl
from ref_model.hardware import blocks, layer_word
from ref_model.hardware.blocks import LayerBlock, LoadBlock
from ref_model.hardware.layer_word import FIELDS, WORD_BITS, Room
from tb.ref_model.hardware import named_bits
from tools.packaging import field_outputs
from tools.packaging.field_outputs import FieldTableError, generate
from tools.packaging.rendering import stale

PACK = rtl.IP / "program" / "lsfq_layer_pack.v"


def _places(text: str) -> dict[str, range]:
    """What a module assigns to or from every field of the layer word: its bits."""
    found = {}
    for name, high, low in re.findall(r"assign (\w+) += word\[(\d+)(?::(\d+))?\];", text):
        found[name] = range(int(low or high), int(high) + 1)
    return found


def test_nothing_is_stale() -> None:
    assert not stale(generate(rtl.ROOT)), "run make registers"


def test_every_bit_of_the_word_is_packed_once() -> None:
    bits: list[int] = []
    for high, low in re.findall(r"assign word\[(\d+)(?::(\d+))?\]", PACK.read_text("utf-8")):
        bits += range(int(low or high), int(high) + 1)
    assert sorted(bits) == list(range(WORD_BITS))


@pytest.mark.parametrize("room", Room)
def test_a_room_reads_its_fields_where_they_were_packed(room: Room) -> None:
    view = _places((rtl.IP / "program" / f"lsfq_layer_{room.value}.v").read_text("utf-8"))
    assert view.keys() == {field.name for field in FIELDS if room in field.rooms}
    for field in FIELDS:
        if room in field.rooms:
            place = view[field.name]
            ones = sum(1 << bit for bit in place)
            values = layer_word.unpack_word(ones)
            assert values.pop(field.name) == (1 << field.width) - 1
            assert not any(values.values())


def test_every_field_is_read() -> None:
    assert all(field.rooms for field in FIELDS)
    assert len({field.name for field in FIELDS}) == len(FIELDS)


def test_the_parser_refuses_what_the_format_does_not_name() -> None:
    text = (rtl.IP / "program" / "lsfq_parser_reserved.v").read_text("utf-8")
    found: dict[str, list[int]] = {kind: [] for kind in ("PROGRAM", "LOAD", "LAYER", "END")}
    rows = re.findall(
        r"bad\[(\d+)\] += \|\(block\[(\d+):(\d+)\] & reserved\(kind,\s+(.*)\)\);", text
    )
    for word, high, low, masks in rows:
        assert (int(high), int(low)) == (32 * int(word) + 31, 32 * int(word))
        for kind, mask in zip(found, re.findall(r"32'h(\w+)", masks), strict=True):
            found[kind] += [int(low) + bit for bit in range(32) if int(mask, 16) >> bit & 1]
    assert found == {kind: named_bits.reserved_bits(kind) for kind in found}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"block": "hight"}, "no field hight", id="unknown field of the block"),
        pytest.param({"block": "raw", "width": 2}, "raw has 1 bits", id="wider than in the block"),
        pytest.param({"width": 128}, "in a layer word of 640", id="too many bits"),
    ],
)
def test_a_wrong_table_is_refused(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], complaint: str
) -> None:
    first = replace(FIELDS[0], **change)  # type: ignore[arg-type]
    monkeypatch.setattr(layer_word, "FIELDS", (first, *FIELDS[1:]))
    with pytest.raises(FieldTableError, match=complaint):
        generate(rtl.ROOT)


def test_a_changed_table_makes_every_module_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_word, "FIELDS", FIELDS[::-1])
    assert _stale() == ["lsfq_layer_pack", *(f"lsfq_layer_{room.value}" for room in Room)]


def test_a_moved_field_of_a_block_makes_its_readers_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = {**blocks.FIELDS_OF[LayerBlock], "slot": (7, 24, 8), "loads": (14, 16, 16)}
    monkeypatch.setitem(blocks.FIELDS_OF, LayerBlock, layer)
    readers = ["lsfq_parser_order_fields"]
    assert _stale() == ["lsfq_layer_pack", *readers, "lsfq_parser_reserved"]


def test_fields_read_together_lie_together(monkeypatch: pytest.MonkeyPatch) -> None:
    load = {**blocks.FIELDS_OF[LoadBlock], "base": (5, 0, 32)}
    monkeypatch.setitem(blocks.FIELDS_OF, LoadBlock, load)
    with pytest.raises(FieldTableError, match="base of a LOAD and input_base"):
        generate(rtl.ROOT)


def _stale() -> list[str]:
    paths = stale(generate(rtl.ROOT))
    assert {path.parent for path in paths} == {rtl.ROOT / field_outputs.FOLDER}
    return [path.stem for path in paths]


def test_an_edited_module_is_stale(tmp_path: Path) -> None:
    outputs = generate(tmp_path)
    for path, text in outputs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert not stale(outputs)
    pack = tmp_path / PACK.relative_to(rtl.ROOT)
    pack.write_text(pack.read_text("utf-8").replace("= three_rows;", "= 1'b0;"), encoding="utf-8")
    assert stale(outputs) == [pack]
