# SPDX-License-Identifier: Apache-2.0
"""A build folder that is whole, or is emptied before the next build.

make takes every file that is newer than its sources for a good one: what an interrupted compiler or
a full disk left behind would break each later build, until somebody removed it by hand. So a build
is marked while it runs, and sizes and sums of its files are kept when it is through.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECORD = "files.json"
"""Sizes and sums of a finished build."""
UNFINISHED = "unfinished"
"""There while a build runs, and after one that failed or was cut off."""
BUILT = {".o", ".a", ".cpp", ".h", ".d", ".dat", ".mk", ".gch", ".vvp", ""}
"""Suffixes of what a build makes; logs, locks and waves are others."""


@contextmanager
def guarded_build(folder: Path) -> Iterator[None]:
    """Build in ``folder`` inside this context; the caller holds its lock.

    A folder that a build left unfinished, or whose files are not those that it made, is emptied
    first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not is_sound(folder):
        empty(folder)
    (folder / UNFINISHED).touch()
    yield
    record = {str(path.relative_to(folder)): _sum(path) for path in _files(folder)}
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")
    (folder / UNFINISHED).unlink()


def is_sound(folder: Path) -> bool:
    """Whether no build broke off in ``folder``, and its files are those of the last build.

    A folder without a record, from before records were kept, is taken as it is.
    """
    if (folder / UNFINISHED).exists():
        return False
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return all(_sum(folder / name) == found for name, found in record.items())
    except FileNotFoundError:
        return not (folder / RECORD).exists()
    except (OSError, ValueError, AttributeError):
        return False


def empty(folder: Path) -> None:
    """Remove everything but the lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "lock":
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _files(folder: Path) -> list[Path]:
    """What a build made."""
    ours = {"lock", RECORD, UNFINISHED}
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in BUILT and path.name not in ours
    ]


def _sum(path: Path) -> list[int]:
    """Size and CRC-32: against accidents, not against malice."""
    content = path.read_bytes()
    return [len(content), zlib.crc32(content)]
