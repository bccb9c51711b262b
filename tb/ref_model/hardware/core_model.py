# SPDX-License-Identifier: Apache-2.0
"""The core's own arithmetic in numpy, from the bytes of the streams and nothing else.

Written from docs/stream_format.md without the package that makes the streams, so that the two
check each other: words of nibbles at addresses, weights offset to unsigned, three weights and two
pixels on one multiplier 11 bits apart, chains of four products cut into slots, one correction for
all lanes, digits most significant first, an accumulator that wraps, skip tensors and depthwise
kernels, and a feature memory that starts full of rubbish.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SLOT = 11
CHAIN = 4
K1X1, K1X3, K3X3, FULL = range(4)


NAMED = {
    1: {1: 0xFFFFFFFF, 2: 0x0000FFFF},
    2: {
        1: 0xFFFFFFFF, 2: 0xFFFFFFFF, 3: 0xFFFFFFFF, 4: 0xFFFFFFFF, 5: 0xFFFFFFFF, 6: 0xFFFFFFFF,
        7: 0x00FFFFFF, 8: 0xFFFFFFFF, 9: 0xFFFFFFFF, 10: 0xFFFFFFFF, 11: 0xFF03FFFF,
        12: 0xFFFFFFFF, 13: 0x0000FFFF, 14: 0x0000FFFF,
    },
    3: {},
    4: {1: 0x0000FFFF, 2: 0xFFFFFFFF, 3: 0x0FFFFFFF, 4: 0xFFFFFFFF, 8: 0xFFFFFFFF},
}  # fmt: skip
"""Kind of a block, word, and the bits of it that have a name; all others are 0."""


def bits_of(word: int, high: int, low: int) -> int:
    """Bits high..low of a word."""
    return word >> low & (1 << high - low + 1) - 1


@dataclass
class Behind:
    """The depthwise fields of a LAYER block."""

    stride: int
    bits: int
    shift: int


@dataclass
class Rows:
    """The fields of a LAYER block that makes some rows; rings as (R, r)."""

    above: int
    below: int
    above_behind: int
    below_behind: int
    source: tuple[int, int]
    target: tuple[int, int]
    skip: tuple[int, int]


@dataclass
class Layer:
    """Fields of a LAYER block, as the format's table names them."""

    index: int
    kernel: int
    pool: int
    raw: bool
    h: int
    w: int
    c: int
    outputs: int
    source: int
    target: int
    input_bits: int
    weight_bits: int
    output_bits: int
    shift: int
    stride: int
    shared: bool
    images: int
    source_pitch: int
    target_pitch: int
    skip: int | None
    skip_pitch: int
    skip_bits: int
    skip_multiplier: int
    behind: Behind | None
    thinned: bool
    loads: int
    rows: Rows | None

    @property
    def sets(self) -> int:
        return 2 if self.kernel == K1X1 else 1

    @property
    def output_size(self) -> tuple[int, int]:
        h, w = self.result_size
        if self.behind is not None:
            h, w = len(self.centres_behind), -(-w // self.behind.stride)
        if self.pool == 3:
            return len(range(self.above_pool, h, 2)), -(-w // 2)
        return (h // 2, w // 2) if self.pool == 2 else (h, w)

    @property
    def above_pool(self) -> int:
        """Rows above the first centre of a 3x3 pool."""
        return self.rows.above_behind if self.rows and self.pool == 3 else 0

    @property
    def centres(self) -> range:
        """Input rows of the block of which the array makes a result."""
        above, below = (self.rows.above, self.rows.below) if self.rows else (0, 0)
        return range(above, self.h - below, 1 if self.thinned else self.stride)

    @property
    def centres_behind(self) -> range:
        """The array's rows of which the depthwise layer makes a result."""
        assert self.behind is not None
        rows = self.rows
        above, below = (rows.above_behind, rows.below_behind) if rows else (0, 0)
        return range(above, self.result_size[0] - below, self.behind.stride)

    @property
    def source_ring(self) -> tuple[int, int]:
        return self.rows.source if self.rows else (self.h, 0)

    @property
    def target_ring(self) -> tuple[int, int]:
        return self.rows.target if self.rows else (self.output_size[0], 0)

    @property
    def skip_ring(self) -> tuple[int, int]:
        return self.rows.skip if self.rows else (self.result_size[0], 0)

    @property
    def stored_bits(self) -> int:
        return self.output_bits if self.behind is None else self.behind.bits

    @property
    def result_size(self) -> tuple[int, int]:
        if self.kernel == FULL:
            return 1, 1
        return len(self.centres), -(-self.w // self.stride)

    def result_places(self, pout: int) -> Iterator[tuple[int, int, int, int]]:
        """Image, channel, row, column of every number of a raw layer, in the stream's order."""
        h, w = self.result_size
        lanes, step = pout * self.sets, 2 if self.stride == 1 else 1
        for first in range(0, self.outputs, lanes):
            for image in range(self.images):
                for y in range(h):
                    for x in range(0, w, step):
                        for chosen in range(first, first + lanes, pout):
                            there = range(chosen, min(chosen + pout, self.outputs))
                            for column in range(x, min(x + step, w)):
                                yield from ((image, c, y, column) for c in there)

    def payload_size(self, pin: int, pout: int) -> tuple[int, int, int, int]:
        """Output groups, digits, words of a digit, planes of a word."""
        groups_in, positions = -(-self.c // pin), 1 if self.shared else self.h * -(-self.w // 2)
        per_digit = {K1X1: groups_in, K1X3: groups_in, K3X3: 3 * groups_in,
                     FULL: groups_in * positions}[self.kernel]  # fmt: skip
        planes = 3 if self.kernel in (K1X3, K3X3) else 2
        groups = -(-self.outputs // (pout * self.sets))
        return groups, 2 if self.weight_bits == 8 else 1, per_digit, planes

    def payload_bytes(self, pin: int, pout: int) -> int:
        """Length of the payload behind the block."""
        groups, digits, per_digit, planes = self.payload_size(pin, pout)
        constants = (8 if self.behind is None else 24) * pout * self.sets
        return groups * (constants + digits * per_digit * planes * pin * pout // 2)


class ImageStream:
    """The bytes of a data packet, read row by row."""

    def __init__(self, data: bytes, beat_bytes: int) -> None:
        self._data, self._beat, self._at = data, beat_bytes, 0

    def row(self, w: int, c: int, pin: int) -> Array:
        """Codes (C, W) of the next row: channel group, pixel, channel of the group."""
        row = np.zeros((c, w), np.int64)
        for first in range(0, c, pin):
            for x in range(w):
                for channel in range(first, min(first + pin, c)):
                    row[channel, x] = self._data[self._at]
                    self._at += 1
        return row

    def fill(self) -> None:
        """The image ends: zeros up to a whole beat."""
        end = -(-self._at // self._beat) * self._beat
        assert not any(self._data[self._at : end])
        self._at = end

    def at_end(self) -> bool:
        """Whether nothing but zeros is left."""
        return not any(self._data[self._at :])


class CoreModel:
    """A core with PIN = ``pin`` and POUT = ``pout``."""

    def __init__(self, pin: int, pout: int, feature_depth: int, acc_width: int = 27) -> None:
        self.pin, self.pout, self.acc_width = pin, pout, acc_width
        rubbish = np.random.default_rng(99).integers(0, 16, (feature_depth, pin, 2))
        self.memory: Array = rubbish.astype(np.int64)
        self.results: list[int] = []
        self.outputs: list[Array] = []
        self.words_used = 0

    def run(self, packet: bytes, images: bytes, beat_bytes: int = 1) -> None:
        """One pass: fills ``results`` (the result stream) and ``outputs``.

        ``outputs`` has the codes of every image of every layer that is not raw, in order, the rows
        that each block makes;
        ``images`` is the data packet, each image filled to beats of ``beat_bytes``.
        """
        words = self._block(packet, 0, b"", 1)
        assert (bits_of(words[1], 7, 0), bits_of(words[1], 15, 8)) == (self.pin, self.pout)
        count, loads = bits_of(words[1], 31, 16), bits_of(words[2], 15, 0)
        at, payload, index, image = 64, b"", 0, 0
        stream = ImageStream(images, beat_bytes)
        while (index, image) != (count, loads):
            words = self._block(packet, at, payload, None)
            if bits_of(words[0], 23, 16) == 4:
                assert bits_of(words[1], 15, 0) == image
                self._load(words, stream)
                at, payload, image = at + 64, b"", image + 1
                continue
            assert bits_of(words[0], 23, 16) == 2
            layer = self._layer(words)
            assert layer.index == index
            assert layer.raw or index < count - 1
            payload = self._run_layer(layer, packet[at + 64 :])
            at, index = at + 64 + len(payload), index + 1
        self._block(packet, at, payload, 3)
        assert len(packet) == at + 64
        assert stream.at_end()

    def decode_results(self, packet: bytes, beats: Sequence[int]) -> list[Array]:
        """The result stream of a pass of a program as maps (C, H, W): one of every image of every
        raw layer, in the order of the blocks.
        """
        count = bits_of(self._block(packet, 0, b"", 1)[1], 31, 16)
        at, payload, index, taken = 64, b"", 0, 0
        maps: list[Array] = []
        while index < count:
            words = self._block(packet, at, payload, None)
            at, payload = at + 64, b""
            if bits_of(words[0], 23, 16) == 4:
                continue
            layer = self._layer(words)
            payload = packet[at : at + layer.payload_bytes(self.pin, self.pout)]
            at, index = at + len(payload), index + 1
            if layer.raw:
                found = np.zeros((layer.images, layer.outputs, *layer.result_size), np.int64)
                for place in layer.result_places(self.pout):
                    found[place] = beats[taken]
                    taken += 1
                maps += list(found)
        assert taken == len(beats)
        return maps

    def read_tensor(
        self, base: int, shape: tuple[int, int, int], bits: int, ring: tuple[int, int] | None = None
    ) -> Array:
        """Codes of a tensor, or of rows of a ring (R, r), by the address formula."""
        c, h, w = shape
        kept, first = ring or (h, 0)
        groups, pairs, digits = -(-c // self.pin), -(-w // 2), 2 if bits == 8 else 1
        codes = np.zeros(shape, np.int64)
        for channel in range(c):
            for y in range(h):
                for x in range(w):
                    for d in range(digits):
                        row = (d * groups + channel // self.pin) * kept + (first + y) % kept
                        address = base + row * pairs + x // 2
                        nibble = self.memory[address, channel % self.pin, x % 2]
                        codes[channel, y, x] = codes[channel, y, x] * 16 + nibble
        return codes

    def _block(self, packet: bytes, at: int, payload: bytes, kind: int | None) -> tuple[int, ...]:
        words = struct.unpack("<16I", packet[at : at + 64])
        assert bits_of(words[0], 15, 0) == 0x514C
        assert bits_of(words[0], 31, 24) == 3
        assert kind in (None, bits_of(words[0], 23, 16))
        assert words[15] == zlib.crc32(payload + packet[at : at + 60])
        named = NAMED[bits_of(words[0], 23, 16)]
        assert not any(words[k] & ~named.get(k, 0) for k in range(1, 15)), "a bit without a name"
        return words

    def _layer(self, w: tuple[int, ...]) -> Layer:
        multiplier = bits_of(w[11], 17, 0)
        stride = 2 if bits_of(w[1], 25, 25) else 1
        behind = Behind(stride, bits_of(w[13], 7, 0), bits_of(w[13], 15, 8))
        above, below, above_behind, below_behind = (bits_of(w[1], k, k) for k in (27, 28, 29, 30))
        rings = [(bits_of(w[k], 15, 0), bits_of(w[k], 31, 16)) for k in (8, 9, 12)]
        rows = Rows(above, below, above_behind, below_behind, *rings)
        assert bits_of(w[1], 18, 18) or not bits_of(w[1], 20, 20)
        pool = 2 + bits_of(w[1], 20, 20) if bits_of(w[1], 18, 18) else 1
        return Layer(
            bits_of(w[1], 15, 0), bits_of(w[1], 17, 16), pool,
            bool(bits_of(w[1], 19, 19)), bits_of(w[2], 15, 0), bits_of(w[2], 31, 16),
            bits_of(w[3], 15, 0), bits_of(w[3], 31, 16), w[4], w[5], bits_of(w[6], 7, 0),
            bits_of(w[6], 15, 8), bits_of(w[6], 23, 16), bits_of(w[6], 31, 24),
            2 if bits_of(w[1], 21, 21) else 1, bool(bits_of(w[1], 22, 22)), bits_of(w[7], 15, 0),
            w[8], w[9], w[10] if bits_of(w[1], 23, 23) else None, w[12], bits_of(w[11], 31, 24),
            multiplier - (multiplier >> 17 << 18), behind if bits_of(w[1], 24, 24) else None,
            bool(bits_of(w[1], 31, 31)), bits_of(w[14], 15, 0),
            rows if bits_of(w[1], 26, 26) else None,
        )  # fmt: skip

    def _load(self, words: tuple[int, ...], stream: ImageStream) -> None:
        """Store some rows of an image; a row window needs the two image rows before them."""
        h, w, c = bits_of(words[2], 15, 0), bits_of(words[2], 31, 16), bits_of(words[3], 15, 0)
        bits, window = bits_of(words[3], 23, 16), bool(bits_of(words[3], 24, 24))
        first, last = bool(bits_of(words[3], 25, 25)), bool(bits_of(words[3], 26, 26))
        thinned = bool(bits_of(words[3], 27, 27))
        kept, ring_row = bits_of(words[8], 15, 0), bits_of(words[8], 31, 16)
        if first:
            self.image: list[Array] = []
        self.image += [stream.row(w, c, self.pin) for _ in range(h)]
        if last:
            stream.fill()
        total = len(self.image)
        if not window:
            rows = self.image[total - h :]
        else:
            outside = [np.zeros((c, w), np.int64)]
            padded = [*outside, *self.image, *outside]
            ready = range(0 if first else total - h - 1, total if last else total - 1)
            chosen = [y for y in ready if not thinned or y % 2 == 0]
            rows = [np.concatenate(padded[y : y + 3]) for y in chosen]
        assert 0 < len(rows) <= kept
        assert ring_row < kept
        self._store_rows(rows, bits, words[4], kept, ring_row)

    def _store_rows(
        self, rows: list[Array], bits: int, base: int, kept: int, ring_row: int
    ) -> None:
        c, w = rows[0].shape
        pairs, digits, groups = -(-w // 2), 2 if bits == 8 else 1, -(-c // self.pin)
        for y, row in enumerate(rows):
            codes = np.pad(row, ((0, 0), (0, 2 * pairs - w)))  # the odd pixel past W is 0
            for channel in range(c):
                for d in range(digits):
                    nibbles = codes[channel] >> 4 * (digits - 1 - d) & 15
                    plane = (d * groups + channel // self.pin) * kept + (ring_row + y) % kept
                    place = slice(base + plane * pairs, base + (plane + 1) * pairs)
                    self.memory[place, channel % self.pin] = nibbles.reshape(pairs, 2)

    def _run_layer(self, layer: Layer, data: bytes) -> bytes:
        groups, digits, per_digit, planes = layer.payload_size(self.pin, self.pout)
        lanes, word = self.pout * layer.sets, planes * self.pin * self.pout // 2
        used = 0
        maps = np.zeros((layer.images, layer.outputs, *layer.result_size), np.int64)
        images = [
            replace(
                layer,
                source=layer.source + k * layer.source_pitch,
                target=layer.target + k * layer.target_pitch,
                skip=None if layer.skip is None else layer.skip + k * layer.skip_pitch,
            )
            for k in range(layer.images)
        ]
        for group in range(groups):
            constants = struct.unpack(f"<{lanes}q", data[used : used + 8 * lanes])
            used += 8 * lanes
            behind = b""
            if layer.behind is not None:
                behind = data[used : used + 16 * lanes]
                used += 16 * lanes
            raw = np.frombuffer(data[used : used + digits * per_digit * word], np.uint8)
            used += digits * per_digit * word
            nibbles = np.stack([raw & 15, raw >> 4], axis=-1).astype(np.int64)
            weights = nibbles.reshape(digits, per_digit, planes, self.pout, self.pin)
            for one, result in zip(images, maps, strict=True):
                self._emit(one, group, self._accumulate(one, weights), constants, behind, result)
        assert used == layer.payload_bytes(self.pin, self.pout)
        if layer.raw:
            self.results += [int(maps[place]) for place in layer.result_places(self.pout)]
        else:
            shape = (layer.outputs, *layer.output_size)
            for one in images:
                self.outputs.append(
                    self.read_tensor(one.target, shape, layer.stored_bits, layer.target_ring)
                )
        return data[:used]

    def _phases(self, layer: Layer) -> list[tuple[int, int, bool]]:
        """(input digit, weight digit, shift before it), the most significant products first."""
        inputs = 2 if layer.input_bits == 8 else 1
        weights = 2 if layer.weight_bits == 8 else 1
        order = sorted((i + w, i, w) for i in range(inputs) for w in range(weights))
        weighed = [rank for rank, _, _ in order]
        return [(i, w, k > 0 and weighed[k] != weighed[k - 1]) for k, (_, i, w) in enumerate(order)]

    def _features(self, layer: Layer, digit: int, rows: list[int]) -> Array:
        """Words of some rows, for all groups and pairs: (groups, rows, pairs, PIN, 2)."""
        groups, pairs = -(-layer.c // self.pin), -(-layer.w // 2)
        kept, first = layer.source_ring
        g, y, t = np.ix_(np.arange(groups), (first + np.array(rows)) % kept, np.arange(pairs))
        words: Array = self.memory[layer.source + ((digit * groups + g) * kept + y) * pairs + t]
        return words

    def _wrap(self, acc: Array) -> Array:
        half = 1 << self.acc_width - 1
        wrapped: Array = (acc + half) % (2 * half) - half
        return wrapped

    def _slots(self, weights: Array, pixels: Array, offset: int, taps: Array) -> Array:
        """Four slot sums per pair and lane over all words: (pairs, POUT, 4).

        ``weights`` (words, 3, POUT, PIN) unsigned nibbles, ``pixels`` (words, pairs, PIN, 2);
        ``taps`` says which of the three weights are there, for the correction.
        """
        step = SLOT * np.arange(3)
        packed_w = (weights << step[None, :, None, None]).sum(axis=1)
        packed_a = pixels[..., 0] | pixels[..., 1] << SLOT
        assert packed_w.max(initial=0) < 1 << 26
        assert packed_a.max(initial=0) < 1 << 17
        products = packed_w[:, None] * packed_a[:, :, None]  # words, pairs, POUT, PIN
        chains = products.reshape(*products.shape[:3], -1, CHAIN).sum(axis=-1)
        assert chains.max(initial=0) < 1 << 4 * SLOT
        slots = chains[..., None] >> SLOT * np.arange(4) & (1 << SLOT) - 1
        even, odd = pixels[..., 0].sum(axis=(0, 2)), pixels[..., 1].sum(axis=(0, 2))
        self.words_used += pixels.shape[0] * pixels.shape[1]
        sums = np.zeros((len(even), 4), np.int64)
        for tap in np.flatnonzero(taps):
            sums[:, tap] += even
            sums[:, tap + 1] += odd
        total: Array = slots.sum(axis=(0, 3)) - offset * sums[:, None, :]
        return total

    def _accumulate(self, layer: Layer, weights: Array) -> Array:
        """Accumulators of one output group: (rows, pixels, sets * POUT)."""
        if layer.kernel == FULL:
            return self._full_map(layer, weights)
        rows = []
        for y in layer.centres:
            acc = np.zeros((-(-layer.w // 2), self.pout, 4), np.int64)
            for i, w, shift in self._phases(layer):
                offset = 8 if w == 0 else 0
                if layer.kernel == K3X3:
                    inside = [k for k in range(3) if 0 <= y + k - 1 < layer.h]
                    taken = weights[w].reshape(3, -1, *weights.shape[2:])[inside]
                    used = self._features(layer, i, [y + k - 1 for k in inside])
                    used = used.transpose(1, 0, 2, 3, 4)
                    taken = taken.reshape(-1, *weights.shape[2:])
                else:
                    taken, used = weights[w], self._features(layer, i, [y])
                used = used.reshape(-1, *used.shape[2:])
                if layer.kernel == K1X1:  # the middle weight is absent
                    zero = np.zeros_like(taken[:, :1])
                    taken = np.concatenate([taken[:, :1], zero, taken[:, 1:]], axis=1)
                    taps = np.array([1, 0, 1])
                else:
                    taps = np.array([1, 1, 1])
                acc = acc << 4 if shift else acc
                acc = self._wrap(acc + self._slots(taken, used, offset, taps))
            rows.append(self._pixels(layer, acc))
        return np.stack(rows)

    def _pixels(self, layer: Layer, acc: Array) -> Array:
        """Slots (pairs, POUT, 4) of a row to pixels (W, sets * POUT)."""
        pairs = len(acc)
        if layer.kernel == K1X1:
            sets = np.stack([acc[..., 0:2], acc[..., 2:4]], axis=1)  # pair, set, lane, pixel
            row = sets.transpose(0, 3, 1, 2).reshape(2 * pairs, -1)
            return row[: layer.w : layer.stride]
        row = np.zeros((2 * pairs + 1, self.pout), np.int64)
        row[0 : 2 * pairs : 2] = acc[..., 1]  # y[2t] = slot3(t-1) + slot1(t)
        row[2 : 2 * pairs + 1 : 2] += acc[..., 3]
        row[1 : 2 * pairs : 2] = acc[..., 2]  # y[2t-1] = slot2(t-1) + slot0(t)
        row[1 : 2 * pairs - 1 : 2] += acc[1:, :, 0]
        return self._wrap(row[: layer.w : layer.stride])

    def _full_map(self, layer: Layer, weights: Array) -> Array:
        acc = np.zeros(self.pout, np.int64)
        for i, w, shift in self._phases(layer):
            offset = 8 if w == 0 else 0
            used = self._features(layer, i, list(range(layer.h))).reshape(-1, 1, self.pin, 2)
            chosen = weights[w]
            if layer.shared:  # a group's word serves all its rows and pairs
                chosen = chosen.repeat(layer.h * -(-layer.w // 2), axis=0)
            taken = np.concatenate([chosen, np.zeros_like(chosen[:, :1])], axis=1)
            # Weights: odd pixel, even pixel, none; slot 1 is even * even + odd * odd.
            slots = self._slots(taken, used, offset, np.array([1, 1, 0]))
            acc = acc << 4 if shift else acc
            acc = self._wrap(acc + slots[0, :, 1])
        return acc[None, None, :]

    def _emit(
        self,
        layer: Layer,
        group: int,
        acc: Array,
        constants: tuple[int, ...],
        behind: bytes,
        result: Array,
    ) -> None:
        """What becomes of a group's accumulators: numbers in ``result`` (C, H, W) when raw, else
        codes in the memory.
        """
        scaled = self._scale(acc, constants)
        if layer.skip is not None:
            scaled = scaled + self._skip(layer, group, scaled.shape) * layer.skip_multiplier
        lanes = self.pout * layer.sets
        there = [c for c in range(lanes) if group * lanes + c < layer.outputs]
        if layer.raw:
            chosen = slice(group * lanes, group * lanes + len(there))
            result[chosen] = scaled[..., : len(there)].transpose(2, 0, 1)
            return
        codes = np.clip(scaled >> layer.shift, 0, (1 << layer.output_bits) - 1)
        if layer.behind is not None:
            codes = self._depthwise(layer, codes, behind)
        if layer.pool == 3:
            codes = self._pool_3x3(layer, codes)
        if layer.pool == 2:
            h, w = layer.output_size
            blocks = codes[: 2 * h, : 2 * w].reshape(h, 2, w, 2, lanes)
            codes = blocks.max(axis=(1, 3))
        self._write(layer, group, codes, there)

    def _pool_3x3(self, layer: Layer, codes: Array) -> Array:
        """The largest of the codes (H, W, lanes) around every second row and column."""
        h, w, lanes = codes.shape
        pooled = np.zeros((*layer.output_size, lanes), np.int64)
        for v, y in enumerate(range(layer.above_pool, h, 2)):
            for u, x in enumerate(range(0, w, 2)):
                near = codes[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
                pooled[v, u] = near.max(axis=(0, 1))
        return pooled

    def _scale(self, acc: Array, constants: tuple[int, ...]) -> Array:
        values = np.array(constants, np.int64)
        multiplier = (values & (1 << 18) - 1 ^ 1 << 17) - (1 << 17)
        scaled: Array = acc * multiplier + (values >> 18)
        return scaled

    def _skip(self, layer: Layer, group: int, shape: tuple[int, ...]) -> Array:
        """Codes of the skip tensor for a group (H, W, lanes), 0 for channels that do not exist."""
        assert layer.skip is not None
        h, w, lanes = shape
        shape = (layer.outputs, h, w)
        codes = self.read_tensor(layer.skip, shape, layer.skip_bits, layer.skip_ring)
        part = codes[group * lanes : (group + 1) * lanes]
        return np.pad(part, ((0, lanes - len(part)), (0, 0), (0, 0))).transpose(1, 2, 0)

    def _depthwise(self, whole: Layer, codes: Array, data: bytes) -> Array:
        """Codes (H, W, lanes) filtered; ``data`` has the kernels, then the constants."""
        w, lanes = codes.shape[1:]
        layer = whole.behind
        assert layer is not None
        kernels, constants = np.frombuffer(data, "<i8").reshape(2, lanes)
        assert codes.max(initial=0) < 16
        padded = np.pad(codes, ((1, 1), (1, 1), (0, 0)))
        rows = whole.centres_behind
        acc = np.zeros((len(rows), -(-w // layer.stride), lanes), np.int64)
        for j in range(3):
            for i in range(3):
                weight = (kernels >> 4 * (3 * i + j) & 15) - 8
                window = padded[
                    j + rows.start : j + rows.stop : rows.step, i : i + w : layer.stride
                ]
                acc += window * weight
        scaled = self._scale(acc, tuple(constants.tolist()))
        filtered: Array = np.clip(scaled >> layer.shift, 0, (1 << layer.bits) - 1)
        return filtered

    def _write(self, layer: Layer, group: int, codes: Array, there: list[int]) -> None:
        """Write codes (H, W, lanes) of the channels that exist, and 0 to an odd pixel past W."""
        h, w, lanes = codes.shape
        groups, pairs = -(-layer.outputs // self.pin), -(-w // 2)
        digits = 2 if layer.stored_bits == 8 else 1
        even = np.pad(codes, ((0, 0), (0, 2 * pairs - w), (0, 0)))
        kept, first = layer.target_ring
        y, t = np.ix_((first + np.arange(h)) % kept, np.arange(pairs))
        for c in there:
            channel = group * lanes + c
            for d in range(digits):
                nibbles = even[:, :, c] >> 4 * (digits - 1 - d) & 15
                address = layer.target + ((d * groups + channel // self.pin) * kept + y) * pairs + t
                self.memory[address, channel % self.pin] = nibbles.reshape(h, pairs, 2)
