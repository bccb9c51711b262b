# SPDX-License-Identifier: Apache-2.0
"""What docs/ takes from the code is not stale: drawings, options, tests, addresses."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.documents import write as documents
from tools.documents.pictures import drawings

ROOT = Path(__file__).resolve().parents[3]


def test_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert documents.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_document_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documents, "documents", lambda: {"command_line.md": "another text"})
    assert documents.main(["--check"]) == 1
    assert "docs/command_line.md" in capsys.readouterr().out


@pytest.mark.parametrize("name", drawings())
def test_drawings_are_well_formed(name: str) -> None:
    ET.fromstring(drawings()[name])


def test_addresses_of_the_block_design() -> None:
    script = (ROOT / "scripts" / "vivado" / "design.tcl").read_text()
    page = (ROOT / "docs" / "integration.md").read_text()
    bases = [int(base, 16) for base in re.findall(r"registers +(0x[0-9A-F]+)", script)]
    offsets = re.findall(r"/\S+ +(0x[0-9A-F]{5}) +(\d+K)", script)
    assert (len(bases), len(offsets)) == (2, 4)
    for offset, size in offsets:
        whole = " | ".join(f"0x{base + int(offset, 16):08X}" for base in bases)
        assert f"| {offset} | {size} | {whole} |" in page
