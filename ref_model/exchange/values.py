# SPDX-License-Identifier: Apache-2.0
"""What the tensors of a graph stand for while it is imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.exchange.rational import Rationals, rationals
from ref_model.integer.network import Shape
from ref_model.integer.thresholds import EVEN


@dataclass(frozen=True)
class Constant:
    """Numbers: ``array``, or ``array`` * ``scale`` with integers in ``array``.

    ``scale`` holds Fractions and broadcasts to the array. ``bits`` is the width that a quantiser
    gave the integers.
    """

    array: npt.NDArray[Any]
    scale: Rationals | None = None
    bits: int | None = None

    def exact(self) -> Rationals:
        """The numbers as Fractions; for constants of channels, not for weights."""
        values = rationals(self.array)
        return values if self.scale is None else np.asarray(values * self.scale, object)


@dataclass(frozen=True)
class Codes:
    """A tensor of the integer network: the real number is ``scale`` * (code - ``zero``).

    ``largest`` is the largest code that occurs. With a ``window`` (rows, columns) the real number
    is that sum over a window of the whole map: an average, whose divisor is in ``scale``; ``shape``
    is that of the tensor before. ``flat``: the graph sees a vector. ``image`` is the sum and the
    grid that made codes out of the image's bytes.
    """

    tensor: str
    shape: Shape
    scale: Fraction
    zero: Fraction
    largest: int
    window: tuple[int, int] | None = None
    flat: bool = False
    image: tuple[Sum, Grid] | None = None


@dataclass(frozen=True)
class Sum:
    """A layer that is not finished: x = scale[c] * acc + offset[c] + skip_scale * (r - zero).

    ``acc`` is the integer sum over codes of ``source`` with the integer ``weight`` (O, C/groups,
    kh, kw); ``shape`` is that of the result, after pooling. x is clamped to ``low`` .. ``high``
    where these are numbers.
    """

    name: str
    source: Codes
    weight: npt.NDArray[np.int64]
    weight_bits: int
    shape: Shape
    scale: list[Fraction]
    offset: list[Fraction]
    kind: str = "conv"
    stride: int = 1
    padding: int = 0
    groups: int = 1
    skip: Codes | None = None
    skip_scale: Fraction = Fraction(0)
    low: Fraction | None = None
    high: Fraction | None = None
    pool: int = 1
    flat: bool = False

    @property
    def clamped(self) -> bool:
        """Whether a bound was set."""
        return self.low is not None or self.high is not None


@dataclass(frozen=True)
class Grid:
    """A quantiser: code = round(x / scale + zero), clamped to ``bottom`` .. ``top``.

    ``zero_after``: the zero point is added to the rounded number, which matters for ties.
    """

    scale: Fraction
    zero: int
    bottom: int
    top: int
    rounding: str = EVEN
    zero_after: bool = False

    def code(self, x: Fraction) -> int:
        """The code of a real number, before the clamp."""
        moved = x / self.scale + self.zero
        below = moved.numerator // moved.denominator
        rest = moved - below
        if self.rounding == "floor":
            return below
        if self.rounding == "ceiling":
            return below + (rest > 0)
        odd = (below + (self.zero if self.zero_after else 0)) % 2 == 1
        tie_up = {"half up": True, "half down": False}.get(self.rounding, odd)
        return below + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and tie_up))


@dataclass(frozen=True)
class Integers:
    """What QuantizeLinear makes of ``value``: integers that DequantizeLinear turns back."""

    value: Sum | Codes
    grid: Grid


Value = Constant | Codes | Sum | Integers


@dataclass
class LayerReport:
    """How a layer of the network keeps to the graph.

    ``values`` accumulators (with skip codes) are in range, ``differing`` of them get another code,
    the first at ``channel`` and ``accumulator``; ``ties`` of the differing ones lie on the middle
    between two codes, which the core rounds up. ``error`` is for the last layer: the largest error
    of a result, as a share of what one accumulator step changes.
    """

    name: str
    values: int
    differing: int = 0
    channel: int | None = None
    accumulator: int | None = None
    ties: int = 0
    error: float | None = None
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if self.error is not None:
            said = f"results, off by at most {self.error:.2g} of an accumulator step"
        elif not self.differing:
            said = f"{self.values} accumulator values, all exact"
        else:
            said = (
                f"{self.values} accumulator values, {self.differing} differ, the first at channel "
                f"{self.channel}, accumulator {self.accumulator}"
            )
            said += f"; {self.ties} of these are ties" if self.ties else ""
        return f"{self.name}: {said}" + "".join(f"; {note}" for note in self.notes)
