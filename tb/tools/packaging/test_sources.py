# SPDX-License-Identifier: Apache-2.0
"""Rules that every source file keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsfq.simulation import rtl

LICENCE = "SPDX-License-Identifier: Apache-2.0"
FOLDERS = ("ip", "lsfq", "ref_model", "tb", "tools", "scripts")


def _files(*suffixes: str) -> list[Path]:
    found = [
        path
        for folder in FOLDERS
        for path in sorted((rtl.ROOT / folder).rglob("*"))
        if path.suffix in suffixes
    ]
    assert found
    return found


def _id(path: Path) -> str:
    return str(path.relative_to(rtl.ROOT))


def test_every_source_names_its_licence() -> None:
    for path in _files(".cpp", ".py", ".v", ".vh"):
        start = path.read_text(encoding="utf-8").splitlines()[:2]
        assert any(LICENCE in line for line in start), f"{_id(path)}: no SPDX line"


@pytest.mark.parametrize("path", _files(".v"), ids=_id)
def test_verilog_file(path: Path) -> None:
    """One module, named like the file; no implicit nets; the default given back; no tabs."""
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE) == [path.stem]
    assert text.index("`default_nettype none") < text.index("\nmodule ")
    assert text.rstrip().endswith("`default_nettype wire")
    assert "\t" not in text


def test_plain_verilog_only() -> None:
    assert not [_id(path) for path in (rtl.ROOT / "ip").rglob("*.sv")]
