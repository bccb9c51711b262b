# SPDX-License-Identifier: Apache-2.0
"""A drawing of boxes and arrows, as SVG text. Lengths in pixels, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

STYLE = """\
text { font-family: sans-serif; font-size: 14px; text-anchor: middle; fill: #1b2733 }
.title { font-weight: bold }
.note { font-size: 12px; fill: #5a6672 }
.left { text-anchor: start }
.mono { font-family: monospace; font-size: 13px }
.plain { fill: #f4f7fb; stroke: #35577d; stroke-width: 1.5 }
.core { fill: #fdf4e7; stroke: #a5661a; stroke-width: 1.5 }
.memory { fill: #eaf4ec; stroke: #3d7a4b; stroke-width: 1.5 }
.strong { fill: #f6d9b0; stroke: #a5661a; stroke-width: 1.5 }
.empty { fill: #fff; stroke: #b5bec7; stroke-width: 1 }
.frame { fill: none; stroke: #a5661a; stroke-width: 1.2; stroke-dasharray: 6 4 }
.arrow { fill: none; stroke: #44505c; stroke-width: 1.5; marker-end: url(#tip) }
.line { fill: none; stroke: #44505c; stroke-width: 1.5 }
.thin { fill: none; stroke: #8793a0; stroke-width: 1; stroke-dasharray: 3 3 }
"""
TIP = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L10 5L0 10z" fill="#44505c"/></marker>'
)


@dataclass(frozen=True)
class Box:
    """A place in a drawing; its middles are where arrows begin and end."""

    x: float
    y: float
    width: float
    height: float

    def left(self, share: float = 0.5) -> tuple[float, float]:
        """Point on the left side, ``share`` of the way down."""
        return self.x, self.y + share * self.height

    def right(self, share: float = 0.5) -> tuple[float, float]:
        """Point on the right side."""
        return self.x + self.width, self.y + share * self.height

    def top(self, share: float = 0.5) -> tuple[float, float]:
        """Point on the upper side, ``share`` of the way to the right."""
        return self.x + share * self.width, self.y

    def bottom(self, share: float = 0.5) -> tuple[float, float]:
        """Point on the lower side."""
        return self.x + share * self.width, self.y + self.height


class Drawing:
    """Grows by its methods; `svg` is the result."""

    def __init__(self, title: str, width: int, height: int) -> None:
        self._size = width, height
        self._parts = [f"<title>{escape(title)}</title>"]

    def text(self, x: float, y: float, text: str, kind: str = "") -> None:
        """One line; ``kind`` of title, note, left, mono."""
        self._parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def box(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = "plain"
    ) -> Box:
        """A box with a title and notes under it."""
        self._parts.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'rx="{0 if kind == "empty" else 6}"/>'
        )
        first = y + height / 2 + 5 - 9 * (len(lines) - 1)
        for number, line in enumerate(lines):
            self.text(x + width / 2, first + 18 * number, line, "note" if number else "")
        return Box(x, y, width, height)

    def frame(self, x: float, y: float, width: float, height: float, label: str) -> None:
        """A dashed frame, its label at the lower right."""
        self._parts.append(
            f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="8"/>'
        )
        self._parts.append(
            f'<text class="note" style="text-anchor: end" x="{x + width - 12:g}" '
            f'y="{y + height - 10:g}">{escape(label)}</text>'
        )

    def path(self, *points: tuple[float, float], kind: str = "arrow") -> None:
        """A line through points; an arrow unless ``kind`` is line or thin."""
        way = "L".join(f"{x:g} {y:g}" for x, y in points)
        self._parts.append(f'<path class="{kind}" d="M{way}"/>')

    def svg(self) -> str:
        """The SVG text."""
        width, height = self._size
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            f"<style>{STYLE}</style>", f"<defs>{TIP}</defs>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>', *self._parts, "</svg>", "",
        ])  # fmt: skip
