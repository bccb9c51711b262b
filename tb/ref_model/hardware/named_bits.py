# SPDX-License-Identifier: Apache-2.0
"""The bits of a block that docs/stream_format.md names, read from its tables."""

from __future__ import annotations

import re
from pathlib import Path


def _document() -> str:
    root = next(path for path in Path(__file__).resolve().parents if (path / "docs").is_dir())
    return (root / "docs" / "stream_format.md").read_text(encoding="utf-8")


def named_bits() -> dict[str, frozenset[int]]:
    """Kind of a block (PROGRAM, LOAD, LAYER, END) and its named bits, of 512."""
    found: dict[str, set[int]] = {"every block": set(), "END": set()}
    kind = ""
    for line in _document().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[:2] == ["word", "bits"]:
            kind = cells[2]
            found.setdefault(kind, set())
        elif not line.startswith("|"):
            kind = ""
        elif kind and cells[0][0].isdigit():
            for word in map(int, cells[0].split(", ")):
                found[kind] |= {32 * word + bit for bit in _bits(cells[1])}
    head = found.pop("every block")
    return {kind: frozenset(bits | head) for kind, bits in found.items()}


def _bits(text: str) -> set[int]:
    """Bits that a cell such as 7..0, 24 names."""
    bits: set[int] = set()
    for high, low in re.findall(r"(\d+)(?:\.\.(\d+))?", text):
        bits |= set(range(int(low or high), int(high) + 1))
    return bits


def reserved_bits(kind: str) -> list[int]:
    """The bits of a block of a kind that the document does not name."""
    return sorted(set(range(512)) - named_bits()[kind])
