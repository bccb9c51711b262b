# SPDX-License-Identifier: Apache-2.0
"""Times of training steps, measured in turns so that what else a machine does meets all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from ref_model.integer.console import table
from tools.reports.bars import Bar

FLOAT, OURS, BREVITAS, BFLOAT16 = "float", "LSFQ", "Brevitas", "LSFQ, bfloat16"
"""Names of the steps that are compared."""

OURS_TO_FLOAT, BREVITAS_TO_OURS = 1.4, 1.3
"""At most, and at least."""

Times = Mapping[str, Sequence[float]]
"""Milliseconds of every step, by name."""


def measure(
    steps: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[float]]:
    """Milliseconds of ``rounds`` calls of each of ``steps``, one of each in every round.

    ``clock`` returns seconds; ``progress`` is told (rounds done, ``rounds``).
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for done in range(rounds):
        for name, step in steps.items():
            start = clock()
            step()
            times[name].append(1000.0 * (clock() - start))
        progress(done + 1, rounds)
    return times


def ratio(times: Times, above: str, below: str) -> float:
    """Median of ``above`` over median of ``below``."""
    return statistics.median(times[above]) / statistics.median(times[below])


def bars(times: Times) -> list[Bar]:
    """What LSFQ may cost beside float, and what Brevitas costs beside LSFQ."""
    return [
        Bar(f"{OURS} / {FLOAT}", ratio(times, OURS, FLOAT), OURS_TO_FLOAT, most=True),
        Bar(f"{BREVITAS} / {OURS}", ratio(times, BREVITAS, OURS), BREVITAS_TO_OURS),
    ]


def time_table(times: Times) -> str:
    """Median, least and largest milliseconds of every step; the median beside and above float."""
    rows = [
        (
            name,
            *(f"{figure(values):.1f}" for figure in (statistics.median, min, max)),
            f"{ratio(times, name, FLOAT):.2f}",
            f"{statistics.median(values) - statistics.median(times[FLOAT]):.1f}",
        )
        for name, values in times.items()
    ]
    return table(("step", "median ms", "min", "max", f"of {FLOAT}", "added ms"), rows)
