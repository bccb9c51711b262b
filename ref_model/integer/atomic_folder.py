# SPDX-License-Identifier: Apache-2.0
"""Write a folder of files so that it is complete or unchanged, never in between."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


class FolderError(Exception):
    """A folder cannot be made, or not replaced without losing what somebody else put there."""


def write_folder(folder: str | os.PathLike[str], files: Mapping[str, bytes]) -> None:
    """Make ``folder`` hold ``files`` (name -> content); other files in it stay as they are.

    The files are written beside the folder and renamed into place together. Raises FolderError
    when ``folder`` is a file, holds folders or cannot be made, OSError when the disk refuses; the
    folder is unchanged then.
    """
    target = Path(folder).absolute()
    others = _files_to_keep(target, files)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise FolderError(f"{target}: cannot be written ({error.strerror})") from error
    try:
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        for path in others:
            _link_or_copy(path, fresh / path.name)
        fresh.chmod(0o755)
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Make the file ``path`` hold ``content``; OSError leaves it as it was, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _files_to_keep(target: Path, files: Mapping[str, bytes]) -> list[Path]:
    if not target.exists():
        return []
    if not target.is_dir():
        raise FolderError(f"{target}: is a file, not a folder")
    entries = sorted(target.iterdir())
    for path in entries:
        if path.is_dir():
            raise FolderError(f"{target}: holds a folder, {path.name}; it is not replaced")
    return [path for path in entries if path.name not in files]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _swap(fresh: Path, target: Path) -> None:
    """Rename ``fresh`` to ``target``; the old folder comes back when that fails."""
    if not target.exists():
        fresh.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old)
