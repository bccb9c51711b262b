# SPDX-License-Identifier: Apache-2.0
"""Carries out a plan in numpy as a core would: from a block's own fields, in one memory of words.

A block is known by its base addresses, the rows of its rings and the ring row of its first row, the
number of input rows, and the flags for rows beside it; which rows of the map these are, only the
comparison with the expected tensors knows. LOADs run as early as the program allows, as late as a
layer waits for them, or anywhere between. Written from docs/stream_format.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.hardware.blocks import Kernel, Ring
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.plan import Plan
from ref_model.hardware.steps import Load, Run
from ref_model.integer.arithmetic import convolve_int64, max_pool_2x2

Array = npt.NDArray[Any]
NEVER = 99
"""In nibbles that nothing was written to."""


class WrongRowsError(AssertionError):
    """What was computed or read is not what the network has there."""


@dataclass(frozen=True)
class Form:
    """A tensor in the memory: base, digits, channels, columns, rows of the ring, first ring row."""

    base: int
    digits: int
    channels: int
    columns: int
    ring: Ring


class Memory:
    """Words of PIN channels of two pixels, a nibble each."""

    def __init__(self, depth: int, pin: int) -> None:
        self.words = np.full((depth, pin, 2), NEVER, np.int64)
        self.pin = pin

    def _addresses(self, form: Form, rows: int) -> Array:
        """Word addresses (digit, group, row, pair)."""
        groups, pairs = -(-form.channels // self.pin), (form.columns + 1) // 2
        d, g, y, t = np.ix_(*(np.arange(n) for n in (form.digits, groups, rows, pairs)))
        kept = form.ring.rows
        if rows > kept:
            raise WrongRowsError(f"{rows} rows in a ring of {kept}")
        found: Array = ((d * groups + g) * kept + (form.ring.row + y) % kept) * pairs + t
        if form.base + found.max() >= len(self.words):
            raise WrongRowsError("outside the memory")
        return form.base + found

    def read(self, form: Form, rows: int) -> Array:
        """Codes (C, rows, columns)."""
        words = self.words[self._addresses(form, rows)]
        digits, groups = words.shape[:2]
        nibbles = words.transpose(0, 1, 4, 2, 3, 5).reshape(digits, groups * self.pin, rows, -1)
        codes = nibbles[:, : form.channels, :, : form.columns]
        if (codes == NEVER).any():
            raise WrongRowsError("reads words that nothing was written to")
        return np.asarray(codes[0] if digits == 1 else codes[0] * 16 + codes[1])

    def write(self, form: Form, codes: Array) -> None:
        """Store codes (C, rows, columns)."""
        channels, rows, columns = codes.shape
        assert (channels, columns) == (form.channels, form.columns)
        addresses = self._addresses(form, rows)
        digits, groups, _, pairs = addresses.shape
        full = np.zeros((groups * self.pin, rows, 2 * pairs), np.int64)
        full[:channels, :, :columns] = codes
        for digit in range(digits):
            part = full >> 4 * (digits - 1 - digit) & 15
            split = part.reshape(groups, self.pin, rows, pairs, 2)
            self.words[addresses[digit]] = split.transpose(0, 2, 3, 1, 4)


class Loader:
    """Takes image rows from the stream in order and stores what they complete."""

    def __init__(self, plan: Plan, images: Array, memory: Memory) -> None:
        self._plan, self._memory, self._images = plan, memory, images
        self._image = -1
        self._taken = self._kept = 0

    def store(self, load: Load) -> None:
        """One LOAD."""
        plan = self._plan
        first = plan.layers[0]
        rows = load.rows
        if rows is None or rows.first:
            self._image += 1
            self._taken = self._kept = 0
        image = self._images[self._image]
        height = image.shape[1]
        self._taken += height if rows is None else rows.taken[1] - rows.taken[0]
        last = rows is None or rows.last
        if last != (self._taken == height):
            raise WrongRowsError(f"{self._taken} rows of {height}, last {last}")
        stored, complete = image, self._taken
        if plan.row_window:
            padded = np.pad(image, ((0, 0), (1, 1), (0, 0)))
            stored = np.concatenate([padded[:, k : k + height] for k in range(3)])
            complete = self._taken if last else self._taken - 1
        if first.thinned:
            stored, complete = stored[:, ::2], -(-complete // 2)
        ring = Ring(stored.shape[1], 0) if rows is None else rows.ring
        digits = 2 if plan.network.input_bits > 4 else 1
        form = Form(load.base, digits, len(stored), stored.shape[2], ring)
        self._memory.write(form, stored[:, self._kept : complete])
        self._kept = complete


class Executor:
    """Runs the steps of a plan over ``images`` (N, C, H, W) and compares with ``expected``.

    ``expected`` are the tensors of `run_network`. ``when`` says when a LOAD runs that no layer
    waits for yet: "early", "late", or at random where it is a generator.
    """

    def __init__(
        self, plan: Plan, images: Array, expected: Mapping[str, Array],
        when: str | np.random.Generator = "early",
    ) -> None:  # fmt: skip
        self._plan, self._expected, self._when = plan, expected, when
        self._memory = Memory(plan.feature_words and plan.config.feature_depth, plan.config.pin)
        self._loader = Loader(plan, images, self._memory)
        self._done = {(j, i): 0 for j in range(len(plan.layers)) for i in range(len(images))}
        self.codes = 0

    def run(self) -> None:
        """All steps; WrongRowsError where something is not as expected."""
        waiting: list[Load] = []
        stored = 0
        for step in self._plan.steps:
            if isinstance(step, Load):
                waiting.append(step)
                continue
            while waiting and (stored < step.loads or self._now()):
                self._loader.store(waiting.pop(0))
                stored += 1
            if stored < step.loads:
                raise WrongRowsError("waits for a LOAD that stands behind it")
            for image in range(step.images):
                self._layer(step, image)
        for (index, image), rows in self._done.items():
            whole = self._plan.layers[index].output[1]
            read_later = any(
                isinstance(step, Run) and step.rows is None and step.layer == index
                for step in self._plan.steps
            )
            if rows != whole and (read_later or index == len(self._plan.layers) - 1):
                raise WrongRowsError(f"layer {index}, image {image}: {rows} rows of {whole}")

    def _now(self) -> bool:
        if isinstance(self._when, str):
            return self._when == "early"
        return bool(self._when.random() < 0.5)

    def _layer(self, run: Run, offset: int) -> None:
        """One image of a block."""
        plan, rows = self._plan.layers[run.layer], run.rows
        image = run.image + offset
        channels, height, columns = plan.source
        count = height if rows is None else rows.block.inputs[1] - rows.block.inputs[0]
        wide = plan.layer.input_bits > 4
        source = self._memory.read(
            Form(
                run.input_base + offset * run.input_pitch, 2 if wide else 1, channels, columns,
                Ring(height, 0) if rows is None else rows.source,
            ),
            count,
        )  # fmt: skip
        block = None if rows is None else rows.block
        above, below, above_behind, below_behind = (
            (False,) * 4
            if block is None
            else (block.above, block.below, block.above_behind, block.below_behind)
        )
        accumulators = _array(plan, source, above, below)
        skip = self._skip(run, offset, accumulators.shape[1], accumulators.shape[2])
        codes = _behind(plan, _scale(plan, accumulators, skip), above_behind, below_behind)
        self._compare(run, image, plan, codes)
        if plan.last.raw:
            return
        output = Ring(codes.shape[1], 0) if rows is None else rows.output
        assert output is not None
        digits = 2 if (plan.last.output_bits or 0) > 4 else 1
        base = run.output_base + offset * run.output_pitch
        self._memory.write(Form(base, digits, codes.shape[0], codes.shape[2], output), codes)

    def _skip(self, run: Run, offset: int, height: int, columns: int) -> Array | None:
        layer = self._plan.layers[run.layer].layer
        if layer.skip is None:
            return None
        bits = self._plan.network.tensor_bits()[layer.skip]
        ring = Ring(height, 0) if run.rows is None else run.rows.skip
        assert ring is not None
        base = run.skip_base + offset * run.skip_pitch
        form = Form(base, 2 if bits > 4 else 1, layer.outputs, columns, ring)
        return self._memory.read(form, height)

    def _compare(self, run: Run, image: int, plan: LayerPlan, codes: Array) -> None:
        first, end = (0, plan.output[1]) if run.rows is None else run.rows.block.rows
        if self._done[run.layer, image] != first:
            raise WrongRowsError(f"layer {run.layer} makes row {first} out of turn")
        self._done[run.layer, image] = end
        wanted = self._expected[plan.last.name][image][:, first:end]
        if codes.shape != wanted.shape or (codes != wanted).any():
            raise WrongRowsError(f"layer {plan.last.name}, image {image}, rows {first} to {end}")
        self.codes += codes.size


def _array(plan: LayerPlan, x: Array, above: bool, below: bool) -> Array:
    """Accumulators of the rows x (C, H, W) that a block reads."""
    layer = plan.layer
    weight = layer.weight.astype(np.int64)
    stride = layer.stride
    if plan.kernel is Kernel.FULL:
        return np.asarray(convolve_int64(x[None], weight)[0])
    if plan.kernel is Kernel.K3X3:
        padded = np.pad(x, ((0, 0), (not above, not below), (1, 1)))
        if stride == 2 and not below and (x.shape[1] - above) % 2 == 0:
            padded = padded[:, :-1]  # the row below the last centre is among those of the block
        return np.asarray(convolve_int64(padded[None], weight, stride)[0])
    if plan.kernel is Kernel.K1X3:
        outputs, channels = weight.shape[:2]
        weight = weight.transpose(0, 2, 1, 3).reshape(outputs, 3 * channels, 1, 3)
        x = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    rows = x if plan.thinned else x[:, ::stride]
    return np.asarray(convolve_int64(rows[None], weight)[0][:, :, ::stride])


def _scale(plan: LayerPlan, accumulators: Array, skip: Array | None) -> Array:
    """The array's codes, or results where it is raw."""
    layer = plan.layer
    scaled = accumulators * layer.multiplier.astype(np.int64)[:, None, None]
    scaled += layer.bias[:, None, None]
    if skip is not None:
        scaled += skip * layer.skip_multiplier
    if layer.output_bits is None:
        return scaled
    return np.asarray(np.clip(scaled >> layer.shift, 0, 2**layer.output_bits - 1))


def _behind(plan: LayerPlan, codes: Array, above: bool, below: bool) -> Array:
    """The depthwise layer and the pool behind the array."""
    behind = plan.depthwise
    if behind is not None:
        padded = np.pad(codes, ((0, 0), (not above, not below), (1, 1)))
        if behind.stride == 2 and (codes.shape[1] - above) % 2 == 0:
            padded = padded[:, :-1]
        weight = behind.weight.astype(np.int64)
        found = convolve_int64(padded[None], weight, behind.stride, 0, behind.groups)[0]
        scaled = found * behind.multiplier.astype(np.int64)[:, None, None]
        scaled += behind.bias[:, None, None]
        codes = np.clip(scaled >> behind.shift, 0, 2 ** (behind.output_bits or 0) - 1)
    if plan.last.pool == 2:
        return np.asarray(max_pool_2x2(codes[None])[0].astype(np.int64))
    if plan.last.pool == 3:
        height, columns = codes.shape[1:]
        padded = np.pad(codes, ((0, 0), (not above, 1), (1, 1)))
        rows = (height + 1 - above) // 2
        parts = [
            padded[:, ky : ky + 2 * rows - 1 : 2, kx : kx + columns : 2]
            for ky in range(3)
            for kx in range(3)
        ]
        return np.asarray(np.max(np.stack(parts), axis=0))
    return codes
