# SPDX-License-Identifier: Apache-2.0
"""A progress bar at a terminal; a log line every half minute elsewhere; a log file always."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Progress:
    """Reports of one run. ``quiet`` keeps everything off the terminal, not out of the file.

    Without ``log`` there is no file.
    """

    def __init__(self, log: Path | None, quiet: bool = False, every: float = 30.0) -> None:
        self._log = log
        self._quiet = quiet
        self._every = every
        self._terminal = sys.stderr.isatty() and not quiet
        self._values: dict[str, float] = {}
        self._bar: tqdm[Any] | None = None

    def line(self, text: str) -> None:
        """One line to the log file and the terminal."""
        stamped = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}"
        if self._log is not None:
            with self._log.open("a") as file:
                file.write(stamped + "\n")
        if not self._quiet:
            tqdm.write(stamped)
            sys.stdout.flush()

    def note(self, **values: float) -> None:
        """Figures for the bar or the next log line."""
        self._values = values
        if self._bar is not None:
            self._bar.set_postfix(self._values, refresh=False)

    def steps(self, items: Iterator[T], title: str, first: int, total: int) -> Iterator[T]:
        """Pass ``items`` on, step ``first`` of ``total`` coming first, and report about them."""
        if self._terminal:
            with tqdm(items, desc=title, initial=first, total=total, leave=False) as bar:
                self._bar = bar
                yield from bar
            self._bar = None
            return
        spoken = time.monotonic()
        for step, item in enumerate(items, first + 1):
            yield item
            if time.monotonic() - spoken >= self._every:
                spoken = time.monotonic()
                figures = " ".join(f"{key} {value:.4g}" for key, value in self._values.items())
                self.line(f"{title} step {step}/{total} {figures}")
