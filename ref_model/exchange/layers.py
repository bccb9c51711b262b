# SPDX-License-Identifier: Apache-2.0
"""From an unfinished sum and a grid to layers of the integer network, exactly where that can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ref_model.exchange.errors import UnsupportedModelError
from ref_model.exchange.values import Codes, Grid, LayerReport, Sum
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layer_plan import choose_kernel
from ref_model.integer.bounds import AccumulatorRange, range_of_weights
from ref_model.integer.network import INPUT, IntegerLayer, Shape
from ref_model.integer.ranges import (
    BIAS_BITS,
    CODE_BITS,
    MULTIPLIER_BITS,
    largest_weight,
    signed_range,
    smallest_weight,
)
from ref_model.integer.thresholds import (
    EVEN,
    UP,
    RealConstants,
    Solution,
    Steps,
    count_differing,
    exact_steps,
    slopes,
    solve,
)

IntArray = npt.NDArray[np.int64]
MOST_CODES = 256


def weight_bits(name: str, weight: npt.NDArray[Any], declared: int | None) -> int:
    """The declared width where the format has it and it holds the codes, else the smallest."""
    low, high = int(weight.min()), int(weight.max())
    fitting = [b for b in CODE_BITS if smallest_weight(b) <= low and high <= largest_weight(b)]
    if not fitting:
        raise UnsupportedModelError(
            f"layer {name}: weight codes {low}..{high} do not fit 8 bits; quantise the weights to "
            "8 bits or fewer"
        )
    return declared if declared in fitting else fitting[0]


def identity(name: str, codes: Codes) -> Sum:
    """The sum whose real number is that of ``codes``: a 1x1 layer, or one over the window."""
    channels = codes.shape[0]
    window = codes.window or (1, 1)
    if codes.flat and codes.window is None and codes.shape[1:] != (1, 1):
        raise UnsupportedModelError(
            f"node {name}: works on a flattened map; do so before Flatten, on the map itself"
        )
    weight = np.zeros((channels, channels, *window), np.int64)
    weight[range(channels), range(channels)] = 1
    whole = codes.window is not None
    shape = (channels, 1, 1) if whole else codes.shape
    offset = -codes.scale * codes.zero * window[0] * window[1]
    return Sum(
        name, codes, weight, 2, shape, [codes.scale] * channels, [offset] * channels,
        kind="linear" if whole else "conv", flat=codes.flat,
    )  # fmt: skip


class Builder:
    """Layers in order, with a report of each.

    ``rounding`` replaces round half to even of the graph where it is given.
    """

    def __init__(self, ties_up: bool = False) -> None:
        self.layers: list[IntegerLayer] = []
        self.reports: list[LayerReport] = []
        self.codes: dict[str, Codes] = {}
        self._ties_up = ties_up

    def finish(self, unfinished: Sum, grid: Grid) -> Codes:
        """Layers that compute ``unfinished`` and quantise it to ``grid``; the codes they make."""
        grid = self._clamped(unfinished, grid)
        steps, real, ties = self._steps(unfinished, grid)
        bottom = grid.bottom
        if unfinished.source.tensor == INPUT and unfinished.skip is None:
            bottom = self._lowest_code(steps, grid)
        if unfinished.source.tensor == INPUT and _is_image(unfinished, steps, bottom, grid):
            return replace(
                unfinished.source, scale=grid.scale, zero=Fraction(grid.zero - bottom),
                image=(unfinished, grid), largest=min(grid.top - bottom, 255),
            )  # fmt: skip
        name = self._free_name(unfinished.name)
        if grid.top == bottom:
            raise UnsupportedModelError(f"layer {name}: its quantiser has a single code")
        steps = replace(steps, thresholds=steps.thresholds[:, :, bottom - grid.bottom :])
        scale = slopes(real)
        largest = grid.top - bottom
        if largest == 1:  # two codes: 0 and 3, so that one clamp does for both ends
            steps = replace(steps, thresholds=np.repeat(steps.thresholds[:, :, :1], 3, axis=2))
            scale, factor, largest = np.full(len(scale), np.inf), 3, 3
        else:
            factor = 1
        bits = next((b for b in CODE_BITS if 2**b > largest), None)
        if bits is None:
            raise UnsupportedModelError(
                f"layer {name}: its quantiser has {largest + 1} codes, the core {MOST_CODES} at "
                "most; quantise to 8 bits or fewer"
            )
        single = factor == 3 or largest == 2**bits - 1 or not self._overflows(unfinished, grid)
        if single:
            self._emit(unfinished, name, steps, scale, real.skip_scale, bits, ties)
        else:
            self._emit_reversed(
                unfinished, name, steps, scale, real.skip_scale, bits, largest, ties
            )
        tensor = self.layers[-1].name
        codes = Codes(
            tensor, unfinished.shape, grid.scale / factor,
            Fraction(grid.zero - bottom) * factor, largest, flat=unfinished.flat,
            image=(unfinished, grid) if unfinished.source.tensor == INPUT else None,
        )  # fmt: skip
        self.codes[tensor] = codes
        return codes

    def finish_raw(self, unfinished: Sum) -> None:
        """The last layer: whole numbers in the proportions of the real results."""
        name = self._free_name(unfinished.name)
        if unfinished.clamped or unfinished.pool != 1 or unfinished.skip is not None:
            raise UnsupportedModelError(
                f"layer {name}: the last layer gives plain sums; leave out the ReLU, pool or "
                "addition behind it"
            )
        reach = self._reach(unfinished)
        multiplier, bias, error = raw_constants(name, unfinished, reach)
        layer = self._layer(unfinished, name, multiplier, bias, 0, None, 0)
        self._append(layer)
        values = int((reach.high - reach.low + 1).sum())
        self.reports.append(LayerReport(name, values, error=error))

    def pool(self, codes: Codes, name: str, readers: int) -> Codes:
        """2x2 max pool of ``codes``: in the layer that makes them, or in one of its own."""
        channels, height, width = codes.shape
        if codes.window is not None or codes.flat or min(height, width) < 2:
            raise UnsupportedModelError(f"node {name}: nothing to pool in {codes.shape}")
        shape = (channels, height // 2, width // 2)
        last = self.layers[-1] if self.layers else None
        read = [x.source for x in self.layers] + [x.skip for x in self.layers]
        if (
            last is not None and last.name == codes.tensor and last.pool == 1 and readers == 1
            and last.kind == "conv" and codes.tensor not in read
        ):  # fmt: skip
            self.layers[-1] = replace(last, pool=2)
            pooled = replace(codes, shape=shape)
            self.codes[codes.tensor] = pooled
            return pooled
        plain = replace(codes, scale=Fraction(1), zero=Fraction(0))
        unfinished = replace(identity(name, plain), pool=2, shape=shape)
        bits = next(b for b in CODE_BITS if 2**b > codes.largest)
        made = self.finish(unfinished, Grid(Fraction(1), 0, 0, 2**bits - 1))
        result = replace(made, scale=codes.scale, zero=codes.zero, largest=codes.largest)
        self.codes[made.tensor] = result
        return result

    def split_image(self, codes: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
        """(codes without sign, signs (2C, C)) of a signed image: positive and negative parts.

        The real number of channel c is that of part c minus that of part C + c. The zero of both is
        code 0, so they may be padded.
        """
        assert codes.image is not None
        unfinished, grid = codes.image
        channels = unfinished.shape[0]
        grid = self._clamped(unfinished, grid)
        limits = np.repeat([grid.top - grid.zero, grid.zero - grid.bottom], channels)
        # steps of both parts for the codes -259 .. 260, wherever the grid's clamps are
        wide = replace(grid, bottom=grid.zero - 260, top=grid.zero + 260)
        steps, real, ties = self._steps(unfinished, wide)
        both = _joined(steps, _reversed(steps))
        rows = np.arange(2 * channels)
        weight = np.zeros((2 * channels, channels, 1, 1), np.int64)
        weight[rows, rows % channels] = 1
        doubled = replace(
            unfinished, weight=weight, shape=(2 * channels, *unfinished.shape[1:]),
            scale=unfinished.scale * 2, offset=unfinished.offset * 2,
        )  # fmt: skip
        name = self._free_name(f"{unfinished.name}.parts")
        scale = np.tile(slopes(real), 2)
        clamped = both.thresholds[rows, 0, np.minimum(limits, 255) + 260] <= both.high
        if not (clamped & (limits < 255)).any():
            part = replace(both, thresholds=both.thresholds[:, :, 260 : 260 + int(limits.max())])
            self._emit(doubled, name, part, scale, Fraction(0), 8, ties)
        else:
            codes_of = limits[:, None] + np.arange(-254, 1) + 259
            part = replace(both, thresholds=both.thresholds[rows[:, None], 0, codes_of][:, None])
            self._emit_reversed(doubled, name, part, scale, Fraction(0), 8, limits, ties)
        signs = np.concatenate([np.eye(channels, dtype=np.int64)] * 2)
        signs[channels:] *= -1
        made = Codes(name, doubled.shape, codes.scale, Fraction(0), int(limits.max()))
        self.codes[name] = made
        return made, signs

    def _clamped(self, unfinished: Sum, grid: Grid) -> Grid:
        """``grid`` with the bounds of a ReLU or Clip before it."""
        if self._ties_up and grid.rounding == EVEN:
            grid = replace(grid, rounding=UP)
        bottom, top = grid.bottom, grid.top
        if unfinished.low is not None:
            bottom = min(max(bottom, grid.code(unfinished.low)), top)
        if unfinished.high is not None:
            top = max(min(top, grid.code(unfinished.high)), bottom)
        return replace(grid, bottom=bottom, top=top)

    def _steps(self, unfinished: Sum, grid: Grid) -> tuple[Steps, RealConstants, Steps | None]:
        """(steps, their constants, the steps with ties rounded up where the graph's are not)."""
        real = self._real(unfinished, grid)
        steps = exact_steps(real)
        ties = exact_steps(replace(real, rounding=UP)) if real.rounding == EVEN else None
        return steps, real, ties

    def _real(self, unfinished: Sum, grid: Grid) -> RealConstants:
        reach = self._reach(unfinished)
        skip, codes = Fraction(0), 1
        offset = [x / grid.scale + grid.zero for x in unfinished.offset]
        if unfinished.skip is not None:
            skip = unfinished.skip_scale / grid.scale
            codes = unfinished.skip.largest + 1
            offset = [x - skip * unfinished.skip.zero for x in offset]
        return RealConstants(
            [x / grid.scale for x in unfinished.scale], offset, reach.low, reach.high,
            grid.bottom, grid.top, skip, codes, grid.rounding,
            grid.zero if grid.zero_after else 0,
        )  # fmt: skip

    @staticmethod
    def _reach(unfinished: Sum) -> AccumulatorRange:
        return range_of_weights(unfinished.weight, unfinished.source.largest)

    @staticmethod
    def _lowest_code(steps: Steps, grid: Grid) -> int:
        """The lowest code that occurs."""
        always = (steps.thresholds <= steps.low[:, None, None]).all(axis=(0, 1))
        return min(grid.bottom + int(always.sum()), grid.top - 1)

    def _overflows(self, unfinished: Sum, grid: Grid) -> bool:
        """Whether some accumulator would give a code above the grid's top."""
        above = replace(self._real(unfinished, grid), bottom=grid.top, top=grid.top + 1)
        steps = exact_steps(above)
        return bool((steps.thresholds[..., 0] <= steps.high[:, None]).any())

    def _emit(
        self, unfinished: Sum, name: str, steps: Steps, scale: npt.NDArray[np.float64],
        skip_scale: Fraction, bits: int, ties: Steps | None,
    ) -> None:  # fmt: skip
        """One layer, its constants solved, and its report."""
        codes = steps.thresholds.shape[2]
        if codes < 2**bits - 1:  # the code above must not be reached
            end = np.broadcast_to(steps.high[:, None, None] + 1, (*steps.thresholds.shape[:2], 1))
            steps = replace(steps, thresholds=np.concatenate([steps.thresholds, end], axis=2))
        solution = solve(f"layer {name}", steps, scale, skip_scale)
        layer = self._layer(
            unfinished, name, solution.multiplier, solution.bias, solution.shift, bits,
            solution.skip_multiplier,
        )  # fmt: skip
        self._append(layer)
        self.reports.append(_report(name, steps, solution, ties))

    def _emit_reversed(
        self, unfinished: Sum, name: str, steps: Steps, scale: npt.NDArray[np.float64],
        skip_scale: Fraction, bits: int, largest: int | IntArray, ties: Steps | None,
    ) -> None:  # fmt: skip
        """Two layers where one clamp is not enough: reversed codes, and their reverse.

        The first clamps the grid's upper end, ``largest``, at code 0, the second its lower end.
        """
        first = f"{name}.reversed"
        turned = _reversed(steps)
        solution = solve(f"layer {first}", turned, scale, -skip_scale)
        constants = (solution.multiplier, solution.bias, solution.shift)
        one = replace(unfinished, pool=1)
        self._append(self._layer(one, first, *constants, bits, solution.skip_multiplier))
        report = _report(first, turned, solution, None)
        report.ties = 0 if ties is None else min(report.differing, _ties(steps, ties))
        self.reports.append(report)
        channels = unfinished.shape[0]
        weight = np.eye(channels, dtype=np.int8)[:, :, None, None]
        minus, top = np.full(channels, -1, np.int32), np.full(channels, largest, np.int64)
        self._append(
            IntegerLayer(name, "conv", weight, minus, top, 0, 2, bits, bits, pool=unfinished.pool)
        )
        self.reports.append(LayerReport(name, channels * 2**bits))

    def _layer(
        self, unfinished: Sum, name: str, multiplier: npt.NDArray[Any], bias: IntArray, shift: int,
        output_bits: int | None, skip_multiplier: int,
    ) -> IntegerLayer:  # fmt: skip
        kind: Literal["conv", "linear"] = "linear" if unfinished.kind == "linear" else "conv"
        skip = unfinished.skip
        layer = IntegerLayer(
            name, kind, unfinished.weight.astype(np.int8), multiplier, bias, shift,
            unfinished.weight_bits,
            self.bits_of(unfinished.source.tensor), output_bits, unfinished.pool,
            unfinished.stride, unfinished.padding, unfinished.groups,
            None if skip is None else skip.tensor, 0 if skip is None else skip_multiplier,
            unfinished.source.tensor,
        )  # fmt: skip
        if layer.groups == 1:
            try:
                choose_kernel(layer)
            except UnsupportedNetworkError as error:
                raise UnsupportedModelError(str(error)) from error
        return layer

    def _append(self, layer: IntegerLayer) -> None:
        """Add a layer; a source that is the result of the layer before it is not named."""
        previous = self.layers[-1].name if self.layers else INPUT
        source = layer.source
        self.layers.append(replace(layer, source=None if source == previous else source))

    def bits_of(self, tensor: str) -> int:
        """Width of a tensor's codes."""
        if tensor == INPUT:
            return 8
        found = next(layer.output_bits for layer in self.layers if layer.name == tensor)
        assert found is not None
        return found

    def _free_name(self, name: str) -> str:
        taken = {INPUT, *(layer.name for layer in self.layers)}
        candidates: Iterable[str] = (name, *(f"{name}_{n}" for n in range(2, len(taken) + 3)))
        return next(x for x in candidates if not {x, f"{x}.reversed"} & taken)


def raw_constants(
    name: str, unfinished: Sum, reach: AccumulatorRange
) -> tuple[IntArray, IntArray, float]:
    """(m, b, largest error in accumulator steps) of a raw layer.

    m = 1 or -1 where all channels have one scale and the offsets are whole in it, which is exact;
    else as many bits as m and b have.
    """
    largest = max(abs(x) for x in unfinished.scale)
    if largest == 0:
        raise UnsupportedModelError(f"layer {name}: all its scales are 0")
    low, high = signed_range(BIAS_BITS)
    plain = [x / largest for x in unfinished.offset]
    if len(set(unfinished.scale)) == 1 and all(x.denominator == 1 for x in plain):
        sign = 1 if unfinished.scale[0] > 0 else -1
        ones = np.full(len(plain), sign, np.int64)
        return ones, np.array([int(x) for x in plain], np.int64), 0.0
    for power in range(MULTIPLIER_BITS - 1, -1, -1):
        factor = Fraction((1 << power) - 1 if power == MULTIPLIER_BITS - 1 else 1 << power)
        factor /= largest
        exact_m = [x * factor for x in unfinished.scale]
        exact_b = [x * factor for x in unfinished.offset]
        m, b = ([floor(x + Fraction(1, 2)) for x in numbers] for numbers in (exact_m, exact_b))
        if low <= min(b) and max(b) <= high:
            break
    else:
        raise UnsupportedModelError(f"layer {name}: its offsets are too large for its scales")
    bound = np.maximum(np.abs(reach.low), np.abs(reach.high))
    errors = [
        abs(m[c] - exact_m[c]) * int(bound[c]) + abs(b[c] - exact_b[c]) for c in range(len(m))
    ]
    return np.array(m, np.int64), np.array(b, np.int64), float(max(errors) / (factor * largest))


def _reversed(steps: Steps) -> Steps:
    """Steps of the largest code minus the code."""
    turned = 1 - steps.thresholds[:, :, ::-1]
    return Steps(turned, -steps.high, -steps.low, -steps.sign)


def _joined(first: Steps, second: Steps) -> Steps:
    """The channels of both."""
    return Steps(
        np.concatenate([first.thresholds, second.thresholds]),
        np.concatenate([first.low, second.low]),
        np.concatenate([first.high, second.high]),
        np.concatenate([first.sign, second.sign]),
    )


def _is_image(unfinished: Sum, steps: Steps, bottom: int, grid: Grid) -> bool:
    """Whether the codes are the image's bytes as they are."""
    plain = unfinished.pool == 1 and unfinished.kind == "conv" and unfinished.stride == 1
    if not plain or unfinished.skip is not None or unfinished.groups != 1:
        return False
    eye = np.eye(unfinished.shape[0], dtype=np.int64)[:, :, None, None]
    if unfinished.weight.shape != eye.shape or (unfinished.weight != eye).any():
        return False
    codes = steps.thresholds[:, 0, bottom - grid.bottom :]
    wanted = np.arange(1, codes.shape[1] + 1)
    reach = min(unfinished.source.largest, codes.shape[1])
    return bool(
        codes.shape[1] >= unfinished.source.largest
        and (codes[:, :reach] == wanted[:reach]).all()
        and (steps.sign == 1).all()
    )


def _ties(steps: Steps, ties: Steps) -> int:
    """How many accumulators are ties that go down."""
    codes = steps.thresholds.shape[2]
    up = ties.thresholds[:, :, ties.thresholds.shape[2] - codes :]
    return (
        int(count_differing(steps.thresholds, up).sum())
        if up.shape == steps.thresholds.shape
        else 0
    )


def _report(name: str, steps: Steps, solution: Solution, ties: Steps | None) -> LayerReport:
    report = LayerReport(name, steps.values, int(solution.differing.sum()))
    if solution.first is not None:
        report.channel, report.accumulator = solution.first
        report.ties = 0 if ties is None else min(report.differing, _ties(steps, ties))
    return report


def result_shape(
    name: str, source: Shape, outputs: int, kernel: int, stride: int, padding: int
) -> Shape:
    """Shape of a convolution's result."""
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in source[1:])
    if rows < 1 or columns < 1:
        raise UnsupportedModelError(f"node {name}: its kernel is larger than its padded input")
    return outputs, rows, columns
