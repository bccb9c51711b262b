# SPDX-License-Identifier: Apache-2.0
"""Texts made from the register description: Verilog, Python, C, documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tools.packaging.register_source import (
    WORD_BITS,
    WORD_BYTES,
    Array,
    Field,
    Kind,
    Register,
    RegisterMap,
    read,
)
from tools.packaging.rendering import render

SOURCE = "ip/control/lsfq_registers.rdl"

OUTPUTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "verilog": ("register_map.v.j2", "ip/control/lsfq_register_map.v"),
        "python": ("register_map.py.j2", "ref_model/hardware/register_map.py"),
        "c": ("lsfq_registers.h.j2", "driver/c/lsfq_registers.h"),
        "markdown": ("registers.md.j2", "docs/registers.md"),
    }
)
"""Template and file of each output; files relative to the repository."""


def generate(root: Path) -> dict[Path, str]:
    """File and text of every output, from the description under the repository ``root``.

    Raises SourceError for a description that is wrong.
    """
    context = _context(read(root / SOURCE))
    return {root / path: render(template, **context) for template, path in OUTPUTS.values()}


def _context(registers: RegisterMap) -> dict[str, Any]:
    """What the templates use."""
    word_bits = registers.address_bits - _bits(WORD_BYTES)

    def kind(name: str) -> list[tuple[Register, Field]]:
        return [pair for pair in registers.fields() if pair[1].kind is Kind[name]]

    return {
        "map": registers,
        "source": SOURCE,
        "outputs": {name: path for name, (_, path) in OUTPUTS.items()},
        "word_bits": word_bits,
        "longest": max(len(register.name) for register in registers.registers),
        "ports": _ports(registers),
        "kind": kind,
        "EVENT": Kind.EVENT,
        "event_registers": [r for r in registers.registers if r.of_kind(Kind.EVENT)],
        "readable": [r for r in registers.registers if r.access != "W"],
        "written": [r for r in registers.registers if "W" in r.access],
        "stored": [r for r in registers.registers if r.of_kind(Kind.STORAGE)],
        "number_fields": [
            (register, field)
            for register, field in registers.fields()
            if not (field.anonymous or register.flags)
        ],
        "constants": _constants(registers),
        "range": _range,
        "bits": _slice,
        "index": _index,
        "read_word": _read_word,
        "camel": _camel,
        "content": _content,
        "hexadecimal": _hexadecimal,
        "index_bits": lambda array: _bits(array.count),
        "register_bits": lambda array: _bits(array.stride // WORD_BYTES),
        "array_low": _array_low,
    }


def _bits(count: int) -> int:
    """Bits that number ``count`` things."""
    return (count - 1).bit_length()


def _array_low(array: Array) -> int:
    """Lowest bit of a word address that tells whether it is the array's."""
    return _bits(array.count * array.stride // WORD_BYTES)


# ---- Verilog


def _range(width: int) -> str:
    """[9:0] and blanks, in seven columns: what a declaration of up to 32 bits needs."""
    return (f"[{width - 1}:0]" if width > 1 else "").ljust(6)


def _ports(registers: RegisterMap) -> list[str]:
    ports = []
    for register in registers.registers:
        for field in register.fields:
            if field.kind is Kind.STATUS:
                ports.append(f"input  wire {_range(field.width)} {field.port}")
            elif field.kind is Kind.STORAGE and field.visible:
                ports.append(f"output reg  {_range(field.width)} {field.port}")
            elif field.kind is Kind.PULSE:
                ports.append(f"output wire {_range(field.width)} {field.port}")
            elif field.kind is Kind.EVENT:
                ports.append(f"input  wire {_range(field.width)} {field.port}_set")
        if register.of_kind(Kind.EVENT):
            ports.append(f"output wire {_range(1)} {register.name.lower()}_irq")
    return ports


def _index(high: int, low: int) -> str:
    return f"[{low}]" if high == low else f"[{high}:{low}]"


def _slice(field: Field) -> str:
    return "" if field.width == WORD_BITS else _index(field.high, field.low)


def _read_word(register: Register) -> str:
    """What a register reads as: its fields, highest first, and zeros between them."""
    parts = []
    end = WORD_BITS
    for field in sorted(register.fields, key=lambda field: -field.low):
        if field.high + 1 < end:
            parts.append(f"{end - field.high - 1}'d0")
        if field.kind is Kind.CONSTANT:
            digits = -(-field.width // 4)
            parts.append(f"{field.width}'h{field.reset:0{digits}X}")
        else:
            parts.append(field.port)
        end = field.low
    if end:
        parts.append(f"{end}'d0")
    return parts[0] if len(parts) == 1 else "{" + ", ".join(parts) + "}"


# ---- Python and C


def _camel(name: str) -> str:
    """IRQ_STATUS as IrqStatus."""
    return "".join(word.capitalize() for word in name.split("_"))


def _constants(registers: RegisterMap) -> dict[str, str]:
    """Names and values of what never changes: whole registers, or fields between others."""
    found = {}
    for register in registers.registers:
        fields = register.of_kind(Kind.CONSTANT)
        if len(fields) == len(register.fields):
            found[f"{register.name}_VALUE"] = _hexadecimal(register.reset)
        else:
            for field in fields:
                found[f"{register.name}_{field.name}_VALUE"] = str(field.reset)
    return found


# ---- documentation


def _hexadecimal(value: int | None) -> str:
    return "" if value is None else f"0x{value:08X}"


def _content(register: Register) -> str:
    fields = []
    for field in sorted(register.fields, key=lambda field: field.low):
        if not field.anonymous:
            bits = str(field.low) if field.width == 1 else f"{field.high}..{field.low}"
            fields.append(f"{bits} {field.name}" + (f": {field.text}" if field.text else ""))
        elif field.width < WORD_BITS:
            fields.append(f"{field.high}..{field.low}")
    return "<br>".join([register.text, *fields])
