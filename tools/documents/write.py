# SPDX-License-Identifier: Apache-2.0
"""Make what docs/ takes from the code: drawings, command_line.md, verification.md.

examples:
  scripts/documents.py             write what is stale
  scripts/documents.py --check     exit with 1 when something is
"""

from __future__ import annotations

import argparse

from lsfq.simulation import rtl
from tools.documents import command_line, pictures, verification

TEMPLATE = rtl.ROOT / "tools" / "documents" / "verification_template.md"


def documents() -> dict[str, str]:
    """Texts by their path under docs/."""
    drawn = {f"drawings/{name}": text for name, text in pictures.drawings().items()}
    template = TEMPLATE.read_text(encoding="utf-8")
    return {
        **drawn,
        "command_line.md": command_line.page(),
        "verification.md": verification.page(template, rtl.ROOT),
    }


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when all is up to date or written, 1 when --check finds something stale."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare only; write nothing")
    check: bool = parser.parse_args(arguments).check
    stale = False
    for name, text in documents().items():
        path = rtl.ROOT / "docs" / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"{path.relative_to(rtl.ROOT)}: not up to date: make documents")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(rtl.ROOT)}")
    return 1 if check and stale else 0
