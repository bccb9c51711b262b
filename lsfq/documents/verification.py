# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/verification.md, from the docstrings of the tests."""

from __future__ import annotations

import ast
from pathlib import Path

GROUPS = {
    "The core and its driver": ("core", "selected_core", "driver"),
    "Stream format, plans, packages, tools": (
        "hardware_format", "packaging", "runner", "documents", "synthesis", "proofs", "tools",
    ),
    "Integer model and training": ("ref_model", "training"),
}  # fmt: skip
"""Heading -> folders of tb/; every other folder is a module's bench."""
MODULES = "Modules of the core"


def page(template: str, root: Path) -> str:
    """The page: ``template`` with its line ``TABLES`` replaced."""
    return template.replace("TABLES\n", tables(root))


def tables(root: Path) -> str:
    """One table a group: what a file checks, and whether faults are planted in the Verilog."""
    found: dict[str, list[str]] = {name: [] for name in [*GROUPS, MODULES]}
    for path in sorted((root / "tb").glob("*/test_*.py")):
        folder = path.parent.name
        group = next((name for name, folders in GROUPS.items() if folder in folders), MODULES)
        text = path.read_text(encoding="utf-8")
        doc = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
        planted = "yes" if "mutations=" in text or folder == "proofs" else ""
        found[group].append(f"| `{path.relative_to(root)}` | {doc} | {planted} |")
    return "\n".join(
        f"### {name}\n\n| file | what it checks | faults planted |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
        for name, rows in found.items()
    )
