# SPDX-License-Identifier: Apache-2.0
"""A detector's raw map as boxes, and the best one drawn on a copy of the picture.

A map of 6*A channels holds for each of A anchors x, y, w, h, confidence and class, in this order,
as UltraNet and YOLOv3 have it. At column u, row v of a map of U x V, with anchors in pixels of the
network's image and real numbers r = result * step:

    centre  (u + sigmoid(r[x])) / U,  (v + sigmoid(r[y])) / V      shares of what the network saw
    size    anchor * exp(r[w]),  anchor * exp(r[h])                pixels of the network's image
    score   sigmoid(r[confidence])

The best box is the one of the largest confidence, the first on a tie.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ImageDraw

from ref_model.datasets.pictures import Picture, open_picture
from ref_model.integer.atomic_folder import write_file
from ref_model.integer.network import IntegerNetwork

NUMBERS = 6
"""Numbers of an anchor."""
ANCHORS = ((20.0, 20.0),) * 6
"""Those of UltraNet: width and height in pixels of the network's image."""
STEP = "result_step"
"""Where a network's provenance says what its result is to be multiplied with."""
_LARGEST = 20.0
"""Exponents beyond this make no difference in a picture, and no overflow."""
_COLOUR = (255, 40, 40)


class BoxError(ValueError):
    """A network's result cannot be read as boxes; the message says why."""


@dataclass(frozen=True)
class Box:
    """Borders in pixels of the whole picture, inside it, and the ``score`` in [0, 1]."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


@dataclass(frozen=True)
class Detector:
    """How a network's raw map is read: ``anchors`` in its image's pixels, ``step`` of a result."""

    height: int
    width: int
    anchors: tuple[tuple[float, float], ...]
    step: float


def read_anchors(text: str) -> tuple[tuple[float, float], ...]:
    """Anchors from "20x20,32x16"; ValueError."""
    if not re.fullmatch(r"\d+(\.\d+)?x\d+(\.\d+)?(,\d+(\.\d+)?x\d+(\.\d+)?)*", text):
        raise ValueError(f"anchors {text!r}: give WIDTHxHEIGHT, more of them with commas")
    pairs = [part.split("x") for part in text.split(",")]
    found = tuple((float(width), float(height)) for width, height in pairs)
    if not all(width > 0 and height > 0 for width, height in found):
        raise ValueError(f"anchors {text!r}: sizes must be above 0")
    return found


def detector_of(
    network: IntegerNetwork,
    anchors: tuple[tuple[float, float], ...] = ANCHORS,
    step: float | None = None,
) -> Detector:
    """How ``network``'s result is read as boxes; BoxError when it is none.

    ``step`` is what the exporter wrote into the provenance, unless it is given.
    """
    channels, rows, columns = network.output_shapes()[-1]
    if (rows, columns) == (1, 1):
        raise BoxError(f"network {network.name}: its result is one number a class, not boxes")
    if channels != NUMBERS * len(anchors):
        raise BoxError(
            f"network {network.name}: its result has {channels} channels, {len(anchors)} anchors "
            f"take {NUMBERS} each"
        )
    known = network.provenance.get(STEP) if step is None else step
    if isinstance(known, bool) or not isinstance(known, (int, float)) or not 0 < known < math.inf:
        raise BoxError(
            f"network {network.name}: the step of its result is not known (exports of this version "
            "hold it): give --result-step"
        )
    _, height, width = network.image_shape
    return Detector(height, width, anchors, float(known))


def best_box(detector: Detector, result: npt.NDArray[np.int64], picture: Picture) -> Box:
    """The box of the largest confidence of a raw map (6A, V, U), in pixels of the picture."""
    _, rows, columns = result.shape
    numbers = result.reshape(len(detector.anchors), NUMBERS, rows, columns)
    anchor, row, column = (
        int(i) for i in np.unravel_index(numbers[:, 4].argmax(), (len(numbers), rows, columns))
    )
    x, y, w, h, confidence, _ = np.clip(
        numbers[anchor, :, row, column] * detector.step, -_LARGEST, _LARGEST
    )
    middle = (column + _sigmoid(x)) / columns, (row + _sigmoid(y)) / rows
    size = (
        detector.anchors[anchor][0] * float(np.exp(w)) / detector.width,
        detector.anchors[anchor][1] * float(np.exp(h)) / detector.height,
    )
    left, top, right, bottom = picture.seen
    spans = [
        (start + (m - s / 2) * (end - start), start + (m + s / 2) * (end - start), limit)
        for m, s, start, end, limit in zip(
            middle, size, (left, top), (right, bottom), picture.size, strict=True
        )
    ]
    (x0, x1), (y0, y1) = ((max(a, 0.0), min(b, float(limit))) for a, b, limit in spans)
    return Box(x0, y0, x1, y1, _sigmoid(confidence))


def draw_box(picture: Picture, box: Box, path: Path) -> None:
    """Write a copy of the picture with the box and its score; the format is that of the name."""
    image = open_picture(picture.path).convert("RGB")
    line = max(1, max(image.size) // 200)
    pen = ImageDraw.Draw(image)
    corner = max(box.left, box.right - 1), max(box.top, box.bottom - 1)
    pen.rectangle((box.left, box.top, *corner), outline=_COLOUR, width=line)
    size = max(10.0, max(image.size) / 40)
    place = (box.left + line, max(0.0, box.top - 1.3 * size))
    pen.text(place, f"{box.score:.2f}", fill=_COLOUR, font_size=size)
    content = io.BytesIO()
    image.save(content, "PNG" if path.suffix.lower() == ".png" else "JPEG")
    write_file(path, content.getvalue())


def _sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))
