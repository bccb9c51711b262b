# SPDX-License-Identifier: Apache-2.0
"""Constants in the code are those of the tables in docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ref_model.hardware.blocks import (
    FORMAT_VERSION,
    MAGIC,
    Block,
    BlockKind,
    EndBlock,
    LayerBlock,
    LoadBlock,
    ProgramBlock,
    reserved_bits,
)
from ref_model.hardware.errors import ErrorCode
from ref_model.hardware.registers import decode_error
from tb.ref_model.hardware import named_bits

STREAMS = (Path(__file__).parents[3] / "docs/stream_format.md").read_text()


def test_error_codes() -> None:
    table = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", STREAMS, re.MULTILINE)
    assert {name: int(code) for code, name in table} == {e.name: e.value for e in ErrorCode}
    report = decode_error(0xFFFF_0007)
    assert (report.code, report.layer) == (ErrorCode.CORE, 0xFFFF)


def test_block_head() -> None:
    assert f"magic `0x{MAGIC:04X}`" in STREAMS
    kinds = ", ".join(f"{kind.value} {kind.name}" for kind in BlockKind)
    assert f"kind: {kinds}" in STREAMS
    assert f"format version, {FORMAT_VERSION}" in STREAMS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PROGRAM", ProgramBlock),
        ("LOAD", LoadBlock),
        ("LAYER", LayerBlock),
        ("END", EndBlock),
    ],
)
def test_bits_without_a_name(name: str, kind: type[Block]) -> None:
    words = reserved_bits(kind)
    ours = [32 * k + bit for k, word in enumerate(words) for bit in range(32) if word >> bit & 1]
    assert ours == named_bits.reserved_bits(name)
