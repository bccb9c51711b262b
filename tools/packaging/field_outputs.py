# SPDX-License-Identifier: Apache-2.0
"""Verilog made from the field tables: where every field of a layer lies stands once, in Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ref_model.hardware import block_readers, blocks, layer_word
from ref_model.hardware.blocks import Block, EndBlock, LayerBlock, LoadBlock, ProgramBlock
from ref_model.hardware.layer_word import Room, WordField
from tools.packaging.rendering import render

LAYER_WORD = "ref_model/hardware/layer_word.py"
BLOCKS = "ref_model/hardware/blocks.py"
BLOCK_READERS = "ref_model/hardware/block_readers.py"
FOLDER = "ip/program"

_OTHER_BLOCKS: dict[str, type[Block]] = {"program_": ProgramBlock, "load_": LoadBlock}

_PURPOSE = {
    Room.SEQUENCE: "what lsfq_compute reads of the layer word",
    Room.OUTPUT: "what lsfq_output and the counters read of the layer word",
    Room.STORE: "what lsfq_store reads of the layer word",
}
_LOAD_PURPOSE = "what lsfq_loader reads of the load word"


class FieldTableError(Exception):
    """The field tables contradict each other."""


@dataclass(frozen=True)
class _Port:
    """A field as the templates write it: [msb:lsb] of its port and of the vector it lies in."""

    name: str
    range: str
    bits: str
    meaning: str
    block: str = ""
    value: str = ""


def generate(root: Path) -> dict[Path, str]:
    """File and text of every module made from the field tables.

    Raises FieldTableError for tables that do not fit together.
    """
    layer, load = layer_word.FIELDS, layer_word.LOAD_FIELDS
    texts = {
        "lsfq_layer_pack": _pack("layer", LayerBlock, layer, layer_word.WORD_BITS),
        "lsfq_load_pack": _pack("load", LoadBlock, load, layer_word.LOAD_WORD_BITS),
        "lsfq_load_fields": _view(
            "lsfq_load_fields", _LOAD_PURPOSE, LAYER_WORD, "word", _word_ports(load, LoadBlock),
            layer_word.LOAD_WORD_BITS,
        ),
    }  # fmt: skip
    texts |= {f"lsfq_layer_{room.value}": _layer_view(room) for room in Room}
    _check_same_place()
    for part, names in block_readers.READERS.items():
        texts[f"lsfq_parser_{part}_fields"] = _block_view(part, names)
    texts["lsfq_parser_reserved"] = _reserved()
    return {root / FOLDER / f"{module}.v": text for module, text in texts.items()}


def _pack(kind: str, block: type[Block], table: tuple[WordField, ...], word_bits: int) -> str:
    """A module that makes a word of a block's fields and of derived ones."""
    fields = _word_ports(table, block)
    used = sum(field.width for field in table)
    if used >= word_bits:
        raise FieldTableError(f"{used} bits in a {kind} word of {word_bits}")
    return render(
        "pack.v.j2",
        module=f"lsfq_{kind}_pack",
        kind=kind,
        block=kind.upper(),
        source=LAYER_WORD,
        fields=fields,
        word_bits=word_bits,
        used_bits=used,
        rest=_slice(used, word_bits - used),
        longest_value=_longest(field.value for field in fields),
        longest=_longest(field.name for field in fields if not field.block),
    )


def _layer_view(room: Room) -> str:
    read = {field.name for field in layer_word.FIELDS if room in field.rooms}
    fields = [port for port in _word_ports(layer_word.FIELDS, LayerBlock) if port.name in read]
    name, bits = f"lsfq_layer_{room.value}", layer_word.WORD_BITS
    return _view(name, _PURPOSE[room], LAYER_WORD, "word", fields, bits)


def _block_view(part: str, names: tuple[str, ...]) -> str:
    fields = []
    for name in names:
        word, low, width = _place_in_block(name)
        fields.append(_Port(name, _range(width), _slice(32 * word + low, width), f"word {word}"))
    purpose = f"the fields of a block that lsfq_parser_{part} reads"
    name, bits = f"lsfq_parser_{part}_fields", 8 * blocks.BLOCK_BYTES
    return _view(name, purpose, BLOCK_READERS, "block", fields, bits)


def _reserved() -> str:
    kinds = (ProgramBlock, LoadBlock, LayerBlock, EndBlock)
    masks = zip(*map(blocks.reserved_bits, kinds), strict=True)
    words = [
        (word, _slice(32 * word, 32), ", ".join(f"32'h{mask:08X}" for mask in of_kinds))
        for word, of_kinds in enumerate(masks)
    ]
    return render("reserved.v.j2", source=BLOCKS, words=words[1:-1])


def _view(
    module: str, purpose: str, source: str, vector: str, fields: list[_Port], vector_bits: int
) -> str:
    """A module that names fields of a vector."""
    return render(
        "view.v.j2",
        module=module,
        purpose=purpose,
        source=source,
        vector=vector,
        vector_bits=vector_bits,
        fields=fields,
        longest=_longest(field.name for field in fields),
    )


def _word_ports(fields: tuple[WordField, ...], block: type[Block]) -> list[_Port]:
    lows = accumulate((field.width for field in fields), initial=0)
    return [
        _Port(
            name=field.name,
            range=_range(field.width),
            bits=_slice(low, field.width),
            meaning=field.meaning,
            block=field.block,
            value=_block_bits(field, block) if field.block else field.name,
        )
        for field, low in zip(fields, lows, strict=False)
    ]


def _place_in_block(name: str) -> tuple[int, int, int]:
    """Word, lowest bit and bits of a field, named as `block_readers` says."""
    for prefix, kind in _OTHER_BLOCKS.items():
        if name.startswith(prefix):
            return _place(kind, name.removeprefix(prefix))
    return blocks.RING_FIELDS.get(name) or _place(LayerBlock, name)


def _place(kind: type[Block], name: str) -> tuple[int, int, int]:
    place = blocks.FIELDS_OF[kind].get(name)
    if place is None:
        raise FieldTableError(f"a {kind.__name__} has no field {name}")
    return place


def _check_same_place() -> None:
    for load, layer in block_readers.SAME_PLACE.items():
        if _place(LoadBlock, load) != _place_in_block(layer):
            raise FieldTableError(f"{load} of a LOAD and {layer} of a LAYER block lie apart")


def _block_bits(field: WordField, block: type[Block]) -> str:
    """The bits of a block that a field of the word takes as they are."""
    word, low, width = _place(block, field.block)
    if field.width > width:
        raise FieldTableError(f"{field.name}: {field.block} has {width} bits, not {field.width}")
    return "block" + _slice(32 * word + low, field.width)


def _longest(names: Iterable[str]) -> int:
    return max(map(len, names))


def _range(width: int) -> str:
    """The range of a port, in the seven columns of [511:0]."""
    return (f"[{width - 1}:0]" if width > 1 else "").ljust(7)


def _slice(low: int, width: int) -> str:
    return f"[{low}]" if width == 1 else f"[{low + width - 1}:{low}]"
