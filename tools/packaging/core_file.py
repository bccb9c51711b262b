# SPDX-License-Identifier: Apache-2.0
"""What ``fusesoc.core`` says of the core: version, Verilog files in order, parameters explained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class CoreFile:
    """``files`` are relative to the core file; ``texts`` explain the parameters."""

    version: str
    description: str
    toplevel: str
    files: tuple[str, ...]
    texts: dict[str, str]


def read(path: Path) -> CoreFile:
    """The core file ``path``."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return CoreFile(
        version=content["name"].rpartition(":")[2],
        description=content["description"],
        toplevel=content["targets"]["default"]["toplevel"],
        files=tuple(content["filesets"]["rtl"]["files"]),
        texts={name: entry["description"] for name, entry in content["parameters"].items()},
    )
