# SPDX-License-Identifier: Apache-2.0
"""Progress bars and tables for people, without dependencies."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO


class ProgressBar:
    """A bar on standard error while that is a terminal. Call it with (done, total)."""

    WIDTH = 30

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = sys.stderr if stream is None else stream
        self._start = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if not self._stream.isatty():
            return
        filled = self.WIDTH * done // total
        spent = time.monotonic() - self._start
        left = spent * (total - done) / done if done else 0.0
        bar = "#" * filled + "." * (self.WIDTH - filled)
        self._stream.write(f"\r{self._title} [{bar}] {done}/{total}, {left:.0f} s left ")
        if done >= total:
            self._stream.write("\r\033[K")
        self._stream.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns lined up: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = []
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
