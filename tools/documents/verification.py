# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/verification.md, from the docstrings of the tests."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.documents import benches

GROUPS = {
    "The core": "core",
    "The command and the drivers": "lsfq",
    "Integer model, plans and streams, training": "ref_model",
    "Packages, documents, synthesis, proofs, the bench layer": "tools",
    "Modules of the core": "ip",
}
"""Heading -> folder of tb/."""


def page(template: str, root: Path) -> str:
    """The page: ``template`` with its lines ``TABLES`` and ``MODULES`` replaced."""
    return template.replace("TABLES\n", tables(root)).replace("MODULES\n", benches.table())


def tables(root: Path) -> str:
    """One table a group: what a file checks, and whether faults are planted in the Verilog."""
    found: dict[str, list[str]] = {name: [] for name in GROUPS}
    for name, folder in GROUPS.items():
        for path in sorted((root / "tb" / folder).rglob("test_*.py")):
            text = path.read_text(encoding="utf-8")
            doc = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
            planted = "yes" if "mutations=" in text or path.parent.name == "proofs" else ""
            found[name].append(f"| `{path.relative_to(root)}` | {doc} | {planted} |")
    return "\n".join(
        f"### {name}\n\n| file | what it checks | faults planted |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
        for name, rows in found.items()
    )
