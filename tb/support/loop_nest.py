# SPDX-License-Identifier: Apache-2.0
"""The order of work of one layer, as plain loops, and random layers for it.

Written from docs/stream_format.md (addresses, order of the weight words): what the sequencer must
issue, and what the array is fed with in a bench of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.layout import digits_of, tensor_word_count
from ref_model.hardware.payload import PayloadShape
from ref_model.hardware.schedule import LayerWork, emit_cycles, words_and_cycles


@dataclass(frozen=True)
class LayerCase:
    """A layer as the array sees it; `output_bits` is None in a raw layer.

    The images lie `pitch` words apart; `shared`: a full map with the same weights everywhere.
    `ring` (R, r): the rows lie in a ring of R, the first one at r; `above`, `below`: so many of its
    first and last rows are no kernel centres; `thinned`: the stride is along the rows alone.
    """

    kernel: Kernel
    channels: int
    height: int
    width: int
    outputs: int
    input_bits: int
    weight_bits: int
    output_bits: int | None
    base: int = 0
    stride: int = 1
    shared: bool = False
    images: int = 1
    pitch: int = 0
    ring: tuple[int, int] | None = None
    above: int = 0
    below: int = 0
    thinned: bool = False

    @property
    def centres(self) -> list[int]:
        """Rows of which the array makes a result."""
        if self.kernel is Kernel.FULL:
            return [0]
        return list(range(self.above, self.height - self.below, self.row_stride))

    @property
    def row_stride(self) -> int:
        """Input rows from a result's row to the next."""
        return 1 if self.thinned else self.stride

    @property
    def payload_shape(self) -> PayloadShape:
        return PayloadShape(
            self.kernel, self.channels, self.height, self.width, self.outputs, self.weight_bits,
            self.shared,
        )  # fmt: skip

    @property
    def result_size(self) -> tuple[int, int]:
        """Height and width of what leaves the array."""
        if self.kernel is Kernel.FULL:
            return 1, 1
        return len(self.centres), -(-self.width // self.stride)

    def words_and_cycles(self, config: CoreConfig) -> tuple[int, int]:
        """The reference model's schedule of this layer, all images; of some rows by counting."""
        if self.ring is not None:
            steps: list[int] = []
            for issue in issues(self, config):
                if issue.first:
                    steps.append(0)
                steps[-1] += 1
            return sum(steps), sum(max(step, self.emit_cycles(config)) for step in steps)
        words, cycles = words_and_cycles(self._work, config)
        return self.images * words, self.images * cycles

    def emit_cycles(self, config: CoreConfig) -> int:
        """Cycles that a step takes at least, by the reference model."""
        return emit_cycles(self._work, config)

    @property
    def _work(self) -> LayerWork:
        return LayerWork(
            self.kernel, self.channels, self.height, self.width, self.outputs, self.input_bits,
            self.weight_bits, self.output_bits, self.stride,
        )  # fmt: skip


@dataclass(frozen=True)
class Issue:
    """A word for the array: where it is, and its tags. `weight` counts from the layer's first."""

    address: int
    weight: int
    first: bool
    shift: bool
    offset: bool
    last: bool
    row_first: bool
    row_last: bool
    image_last: bool

    @property
    def tags(self) -> tuple[bool, ...]:
        return (self.first, self.shift, self.offset, self.last, *self.step_tags)

    @property
    def step_tags(self) -> tuple[bool, ...]:
        return self.row_first, self.row_last, self.image_last


def digit_pairs(case: LayerCase, config: CoreConfig) -> list[tuple[int, int, bool]]:
    """Input digit, weight digit (0 is the high one), and whether the sum is shifted before.

    On a 3-bit core the second number is the half of a word in a full map, and shifts nothing.
    """
    inputs = digits_of(case.input_bits, config.code_bits)
    weights = case.payload_shape.phases(config)
    if config.code_bits == 3:
        return [(i, w, i > 0 and w == 0) for i in range(inputs) for w in range(weights)]
    order = sorted((i + w, i, w) for i in range(inputs) for w in range(weights))
    ranks = [-1, *(rank for rank, _, _ in order)]
    return [(i, w, 0 <= ranks[k] < rank) for k, (rank, i, w) in enumerate(order)]


def issues(case: LayerCase, config: CoreConfig) -> Iterator[Issue]:
    """Every word of the layer in the order of work."""
    groups_in, pairs = ceil_div(case.channels, config.pin), ceil_div(case.width, config.pixels)
    height = case.height
    words = case.payload_shape.words(config)
    per_digit = words // case.payload_shape.phases(config)
    full = case.kernel is Kernel.FULL
    rows = case.centres
    kept, first_row = case.ring or (height, 0)
    steps = 1 if full else pairs

    def inputs_of(y: int, t: int) -> Iterator[tuple[int, int, int, int]]:
        """Channel group, row, pair, and weight word within the digit."""
        if case.shared:
            for position in range(height * pairs):
                for g in range(groups_in):
                    yield g, position // pairs, position % pairs, g
        elif full:
            for index in range(per_digit):
                yield index // (height * pairs), index // pairs % height, index % pairs, index
        elif case.kernel is Kernel.K3X3:
            for ky in range(3):
                if 0 <= y + ky - 1 < height:
                    for g in range(groups_in):
                        yield g, y + ky - 1, t, ky * groups_in + g
        else:
            for g in range(groups_in):
                yield g, y, t, g

    order = itertools.product(
        range(case.payload_shape.groups(config)), range(case.images), rows, range(steps)
    )
    for group, image, y, t in order:
        step = [
            (i, w, shift and k == 0, g, row, pair, word)
            for i, w, shift in digit_pairs(case, config)
            for k, (g, row, pair, word) in enumerate(inputs_of(y, t))
        ]
        base = case.base + image * case.pitch
        for k, (i, w, shift, g, row, pair, word) in enumerate(step):
            yield Issue(
                base + ((i * groups_in + g) * kept + (first_row + row) % kept) * pairs + pair,
                group * words + w * per_digit + word,
                first=k == 0,
                shift=shift,
                offset=w == 0,
                last=k == len(step) - 1,
                row_first=t == 0,
                row_last=t == steps - 1,
                image_last=(y, t) == (rows[-1], steps - 1),
            )


def random_case(
    generator: np.random.Generator, config: CoreConfig, kernel: Kernel, rows: float = 0.5
) -> LayerCase:
    """A small layer: odd and even widths, single rows and columns, channels beside whole groups.

    A share ``rows`` of the convolutions reads some rows in a ring.
    """
    pick = generator.integers
    bits = (2, 3, 4, 8)
    weight_bits = bits if config.code_bits == 4 else (2, 3)
    raw = bool(generator.random() < 0.3)
    full = kernel is Kernel.FULL
    case = LayerCase(
        kernel,
        channels=int(pick(1, 2 * config.pin + 2)),
        height=int(pick(1, 5)),
        width=int(pick(1, 4 * config.pixels)),
        outputs=int(pick(1, 2 * config.pout * kernel.sets_of(config.code_bits) + 2)),
        input_bits=int(generator.choice(bits)),
        weight_bits=int(generator.choice(weight_bits)),
        output_bits=None if raw else int(generator.choice(bits)),
        base=int(pick(0, 1000)),
        stride=2 if not full and generator.random() < 0.3 else 1,
        shared=full and bool(generator.random() < 0.5),
        images=int(generator.choice([1, 1, 2, 3])),
    )
    size = tensor_word_count(
        (case.channels, case.height, case.width), case.input_bits, config.pin, config.code_bits
    )
    case = replace(case, pitch=size + int(pick(0, 10)))
    return _some_rows(generator, case) if not full and generator.random() < rows else case


def _some_rows(generator: np.random.Generator, case: LayerCase) -> LayerCase:
    """The layer as a block of rows anywhere in a ring, often at its end."""
    pick = generator.integers
    three = case.kernel is Kernel.K3X3
    height = int(pick(1, 10))
    kept = height + int(pick(0, 5))
    above = int(three and pick(0, 2))
    below = int(three and case.stride == 1 and pick(0, 2))
    thinned = case.kernel is Kernel.K1X3 and case.stride == 2 and bool(pick(0, 2))
    return replace(
        case, height=height + above + below, images=1, pitch=0, above=above, below=below,
        ring=(kept + above + below, int(pick(0, kept + above + below))), thinned=thinned,
    )  # fmt: skip
