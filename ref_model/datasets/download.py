# SPDX-License-Identifier: Apache-2.0
"""Download an archive once, check it, unpack it; never leave half a result behind."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path


class DownloadError(Exception):
    """The archive could not be fetched, or is not the published one."""


@dataclass(frozen=True)
class Archive:
    """A published ``.tar.gz`` file: its address and the MD5 sum its publisher states."""

    url: str
    md5: str


def fetch_archive(archive: Archive, destination: Path, timeout: float = 20.0) -> None:
    """Download ``archive``, compare its MD5 sum and unpack it into ``destination``.

    ``timeout`` is in seconds and holds for each network operation. Raises DownloadError when the
    machine is offline, the sum differs, or the destination cannot be written.
    """
    if not destination.parent.is_dir():
        raise DownloadError(f"{destination.parent} is no folder to make {destination.name} in")
    made = not destination.exists()
    try:
        destination.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".tar.gz", dir=destination)
    except OSError as error:
        raise DownloadError(f"{destination} cannot be written ({error})") from error
    try:
        with os.fdopen(handle, "wb") as file:
            digest = _copy(archive.url, file.write, timeout)
        if digest != archive.md5:
            raise DownloadError(
                f"the download of {archive.url} has MD5 {digest}, not {archive.md5}"
            )
        with tarfile.open(name) as tar:
            # as extractall(filter="data"), which Python before 3.11.4 does not know
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            tar.extractall(destination)
    except (OSError, tarfile.TarError) as error:
        detail = getattr(error, "reason", error)
        raise DownloadError(f"{archive.url} could not be downloaded ({detail})") from error
    finally:
        Path(name).unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):  # something was unpacked
                destination.rmdir()


def _copy(url: str, write: object, timeout: float) -> str:
    """Feed the bytes behind ``url`` to ``write``; returns their MD5 sum in hexadecimal."""
    assert callable(write)
    md5 = hashlib.md5(usedforsecurity=False)
    done = 0
    with urllib.request.urlopen(url, timeout=timeout) as response:
        while block := response.read(1 << 20):
            md5.update(block)
            write(block)
            done += len(block)
            if sys.stderr.isatty():
                print(f"\r{url}: {done >> 20} MiB", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return md5.hexdigest()
