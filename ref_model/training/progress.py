# SPDX-License-Identifier: Apache-2.0
"""A progress bar at a terminal; a log line every half minute elsewhere; a log file always.

And the figures that they show, of an epoch so far.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor
from tqdm import tqdm

from ref_model.training.distributed import Ranks

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


class Tally:
    """Mean loss and training accuracy of an epoch, over the images of all ``ranks``.

    ``loss`` and ``accuracy`` (percent) are those of the last look; the tensors are looked at after
    every ``every`` steps and when `look` is called.
    """

    def __init__(self, ranks: Ranks, every: int) -> None:
        self._ranks = ranks
        self._every = every
        self._waiting: list[tuple[Tensor, Tensor, int]] = []
        self._sums = [0.0, 0.0, 0.0]

    def add(self, loss: Tensor, hits: Tensor, count: int) -> None:
        """One step: mean loss and number of hits (scalars) of this rank's ``count`` images."""
        self._waiting.append((loss, hits, count))
        if len(self._waiting) >= self._every:
            self.look()

    def look(self) -> None:
        """Bring the figures up to the last step."""
        for loss, hits, count in self._waiting:
            new = self._ranks.totals(float(loss) * count, float(hits), count)
            self._sums = [a + b for a, b in zip(self._sums, new, strict=True)]
        self._waiting.clear()

    @property
    def loss(self) -> float:
        """Mean loss of an image; 0 before the first look."""
        return self._sums[0] / max(self._sums[2], 1)

    @property
    def accuracy(self) -> float:
        """Percentage of hits; 0 before the first look."""
        return 100 * self._sums[1] / max(self._sums[2], 1)
