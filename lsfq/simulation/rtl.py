# SPDX-License-Identifier: Apache-2.0
"""The Verilog files under ``ip/``: one module a file, the file named like the module.

Simulation, lint, synthesis and proofs take the files that their top module needs from here, so a
change elsewhere neither rebuilds nor breaks them. ``fusesoc.core`` lists the same files for users
of the core; ``tb/tools/packaging`` compares the two.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from lsfq import files

ROOT = files.ROOT
IP = ROOT / "ip"
MODELS = ROOT / "tb" / "models"

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_PARAMETER = re.compile(r"\bparameter\s+(\w+)\s*=\s*(\d+)\s*(?=[,)])")


def modules() -> dict[str, Path]:
    """Every module under ``ip/`` and its file."""
    found: dict[str, Path] = {}
    for path in sorted(IP.rglob("*.v")):
        if path.stem in found:
            raise ValueError(f"two files hold the module {path.stem}: {found[path.stem]}, {path}")
        found[path.stem] = path
    return found


def folders() -> list[Path]:
    """Folders that hold Verilog headers (``*.vh``)."""
    return sorted({path.parent for path in IP.rglob("*.vh")})


def words(path: Path) -> set[str]:
    """The identifiers of a Verilog file, comments and strings left out."""
    return set(_WORD.findall(_COMMENT.sub(" ", path.read_text(encoding="utf-8"))))


def defaults(path: Path) -> dict[str, int]:
    """The parameters of the module in `path` whose default is a plain number, and that number."""
    text = _COMMENT.sub(" ", path.read_text(encoding="utf-8"))
    return {name: int(number) for name, number in _PARAMETER.findall(text)}


def sources(toplevel: str, extra: Iterable[Path] = ()) -> list[Path]:
    """Files under ``ip/`` that `toplevel` or the files `extra` instantiate, at any depth.

    A file of `extra` with the name of a module under ``ip/`` takes that module's place.
    """
    extra = list(extra)
    known = modules()
    for path in extra:
        known.pop(path.stem, None)
    needed: set[str] = set()
    waiting = [toplevel] if toplevel in known else []
    for path in extra:
        waiting += sorted(words(path) & known.keys())
    if not waiting and not any(path.stem == toplevel for path in extra):
        raise ValueError(f"no module {toplevel} under {IP}")
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += sorted((words(known[name]) & known.keys()) - needed)
    return [known[name] for name in sorted(needed)]


def models(files: Iterable[Path]) -> list[Path]:
    """Models of vendors' primitives that `files` name: for simulation and proofs, not synthesis."""
    named = set().union(*(words(path) for path in files))
    return [path for path in sorted(MODELS.glob("*.v")) if path.stem in named]


@functools.cache
def digest(top: str) -> str:
    """A number for the sources of ``top``: other Verilog has another one."""
    found = hashlib.sha256()
    for path in sorted(sources(top), key=lambda path: path.name):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]
