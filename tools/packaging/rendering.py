# SPDX-License-Identifier: Apache-2.0
"""Generated files: the templates they are made with, and which are stale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2


def render(template: str, **context: Any) -> str:
    """The text of a template of this package, one line feed at the end."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tools.packaging"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(template).render(**context).rstrip("\n") + "\n"


def stale(outputs: Mapping[Path, str]) -> list[Path]:
    """The files that are missing or do not hold their text."""
    return [
        path
        for path, text in outputs.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def update(outputs: Mapping[Path, str], root: Path, *, check: bool) -> bool:
    """Write what is stale, with `check` only say it; False when something is, and stays, stale."""
    changed = stale(outputs)
    for path, text in outputs.items():
        name = path.relative_to(root)
        if path not in changed:
            print(f"{name}: up to date")
        elif check:
            print(f"{name}: STALE")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name}: written")
    return not (check and changed)
