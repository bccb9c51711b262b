# SPDX-License-Identifier: Apache-2.0
"""Constants in the code are those of the tables in docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ref_model.hardware import registers
from ref_model.hardware.blocks import FORMAT_VERSION, MAGIC, BlockKind
from ref_model.hardware.errors import ErrorCode
from ref_model.hardware.registers import LayerCounter, Register, decode_error, layer_address

DOCS = Path(__file__).parents[2] / "docs"
REGISTERS = (DOCS / "registers.md").read_text()
STREAMS = (DOCS / "stream_format.md").read_text()


def test_register_addresses() -> None:
    table = dict(re.findall(r"^\| (0x[0-9A-F]{3}) \| (\w+) \|", REGISTERS, re.MULTILINE))
    assert {name: int(address, 16) for address, name in table.items()} == {
        register.name: register.value for register in Register
    }
    assert f"0x{registers.ID_VALUE:08X}" in REGISTERS


def test_layer_counters() -> None:
    first = re.search(r"\| (0x\w+) \+ (\d+)\*L \| LAYER\[L\]\.(\w+)", REGISTERS)
    assert first is not None
    assert (int(first[1], 16), int(first[2])) == (registers.LAYER_BASE, registers.LAYER_STRIDE)
    rest = re.findall(r"^\| \+ (\d+) \| \.(\w+)", REGISTERS, re.MULTILINE)
    table = {first[3]: 0, **{name: int(offset) for offset, name in rest}}
    assert table == {counter.name: counter.value for counter in LayerCounter}
    assert layer_address(3, LayerCounter.BUSY) == 0x800 + 3 * 32 + 4


@pytest.mark.parametrize(
    ("flags", "row"),
    [
        (registers.Control, "CONTROL"),
        (registers.Status, "STATUS"),
        (registers.Interrupt, "IRQ_ENABLE"),
    ],
)
def test_bits(flags: type[registers.Control], row: str) -> None:
    line = next(line for line in REGISTERS.splitlines() if f"| {row} |" in line)
    for flag in flags:
        assert flag.name is not None
        bit = flag.value.bit_length() - 1
        assert re.search(rf"\b{bit} {flag.name}\b", line, re.IGNORECASE), (flag, line)


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
