# SPDX-License-Identifier: Apache-2.0
"""Pictures of the reports: one style, and SVG text that is the same every time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "lsfq", "font.family": "sans-serif", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
    "axes.axisbelow": True, "axes.titlesize": 9, "legend.frameon": False, "legend.fontsize": 8,
    "figure.facecolor": "white",
}  # fmt: skip


@contextmanager
def style() -> Iterator[None]:
    """The reports' style, for figures made inside."""
    with mpl.rc_context(_STYLE):
        yield


def svg(figure: Figure) -> str:
    """The figure as SVG text without date and creator."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
