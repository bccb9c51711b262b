# SPDX-License-Identifier: Apache-2.0
"""The 64-byte blocks of a parameter stream: fields, bits, checksum (docs/stream_format.md)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TypeVar

MAGIC = 0x514C
FORMAT_VERSION = 3
BLOCK_BYTES = 64
CHECKSUM_OFFSET = 60
"""Byte offset of the CRC-32 in its block."""


class BlockKind(IntEnum):
    """Kind of a block, in its first word."""

    PROGRAM = 1
    LAYER = 2
    END = 3
    LOAD = 4


class Kernel(IntEnum):
    """Kernel field of a LAYER block."""

    K1X1 = 0
    K1X3 = 1
    """3x3 over a row window: three rows stored as 3C channels."""
    K3X3 = 2
    FULL = 3
    """Full map (fully connected)."""

    @property
    def sets(self) -> int:
        """Output channels of one lane: 2 for 1x1, else 1."""
        return 2 if self is Kernel.K1X1 else 1

    @property
    def planes(self) -> int:
        """Nibble planes of one weight word."""
        return 3 if self in (Kernel.K1X3, Kernel.K3X3) else 2

    def sets_of(self, code_bits: int) -> int:
        """Output channels of one lane on a core of 4-bit or 3-bit codes."""
        return self.sets if code_bits == 4 else 1

    def planes_of(self, code_bits: int) -> int:
        """Planes of one weight word: a 3-bit core has only the middle weight of a 1x1 kernel."""
        return 1 if self is Kernel.K1X1 and code_bits == 3 else self.planes


@dataclass(frozen=True)
class ProgramBlock:
    """Fields of the PROGRAM block: the core, and how many LAYER and LOAD blocks follow."""

    pin: int
    pout: int
    layers: int
    loads: int


@dataclass(frozen=True)
class LoadBlock:
    """Fields of a LOAD block: where the next rows of an image go.

    ``height`` rows are taken from the stream, of ``width`` pixels with ``channels`` codes of
    ``bits``. They go into a ring of ``ring`` rows, the first stored one to ring row ``row``.
    ``first`` and ``last``: the image begins, ends with this block. With ``row_window`` three rows
    are stored as 3C channels; with ``thinned``, too, only rows 0, 2, 4, ... of these.
    """

    index: int
    height: int
    width: int
    channels: int
    bits: int
    row_window: int
    base: int
    ring: int
    row: int = 0
    first: int = 1
    last: int = 1
    thinned: int = 0


@dataclass(frozen=True)
class Ring:
    """A tensor of which ``rows`` rows are kept, one after the other around a ring.

    Row y of the tensor is at ring row y mod ``rows``; ``row`` is the ring row of a block's first
    row. A tensor that is kept whole is a ring of its height.
    """

    rows: int
    row: int

    @property
    def word(self) -> int:
        """The ring in the word of a block."""
        return self.rows | self.row << 16

    @classmethod
    def of_word(cls, word: int) -> Ring:
        """The ring in a word of a block."""
        return cls(word & 0xFFFF, word >> 16)


@dataclass(frozen=True)
class LayerBlock:
    """Fields of a LAYER block. H, W, C are those of the layer's input (3C of the image for 1x3).

    ``images`` inputs lie ``input_pitch`` words apart, their outputs ``output_pitch``; ``slot`` is
    where the core counts the layer's cycles. ``skip``: a tensor of ``skip_bits`` codes is added,
    its multiplier in two's complement. ``depthwise``: a depthwise layer runs behind this one.
    ``loads``: LOAD blocks that have to be stored before the layer starts, of the whole pass.

    ``rows``: the block makes some rows of the layer's result, from H rows of its input, and the
    three pitches hold a `Ring` each (`Ring.word`). ``above`` and ``below`` say that the first and
    last of these input rows lie beside the outermost kernel centres, ``above_behind`` and
    ``below_behind`` the same of the depthwise layer's input; ``above_behind`` also of what a 3x3
    pool reads. ``thinned``: only rows 0, 2, 4, ... of the input are stored, so that stride 2 is
    along the rows alone.

    ``pool``: a max pool with stride 2, 2x2 or, with ``pool_3x3``, 3x3 with padding 1.
    """

    index: int
    kernel: int
    pool: int
    raw: int
    stride2: int
    shared: int
    height: int
    width: int
    channels: int
    outputs: int
    input_base: int
    output_base: int
    input_bits: int
    weight_bits: int
    output_bits: int
    shift: int
    images: int
    slot: int
    input_pitch: int
    output_pitch: int
    skip: int = 0
    skip_base: int = 0
    skip_multiplier: int = 0
    skip_bits: int = 0
    skip_pitch: int = 0
    depthwise: int = 0
    depthwise_stride2: int = 0
    depthwise_bits: int = 0
    depthwise_shift: int = 0
    rows: int = 0
    above: int = 0
    below: int = 0
    above_behind: int = 0
    below_behind: int = 0
    thinned: int = 0
    loads: int = 0
    pool_3x3: int = 0


@dataclass(frozen=True)
class EndBlock:
    """The END block has no fields."""


Block = ProgramBlock | LoadBlock | LayerBlock | EndBlock
AnyBlock = TypeVar("AnyBlock", ProgramBlock, LoadBlock, LayerBlock, EndBlock)

# Field -> (word, lowest bit, number of bits).
_PROGRAM_FIELDS = {
    "pin": (1, 0, 8),
    "pout": (1, 8, 8),
    "layers": (1, 16, 16),
    "loads": (2, 0, 16),
}
_LOAD_FIELDS = {
    "index": (1, 0, 16),
    "height": (2, 0, 16),
    "width": (2, 16, 16),
    "channels": (3, 0, 16),
    "bits": (3, 16, 8),
    "row_window": (3, 24, 1),
    "first": (3, 25, 1),
    "last": (3, 26, 1),
    "thinned": (3, 27, 1),
    "base": (4, 0, 32),
    "ring": (8, 0, 16),
    "row": (8, 16, 16),
}
_LAYER_FIELDS = {
    "index": (1, 0, 16),
    "kernel": (1, 16, 2),
    "pool": (1, 18, 1),
    "raw": (1, 19, 1),
    "pool_3x3": (1, 20, 1),
    "stride2": (1, 21, 1),
    "shared": (1, 22, 1),
    "skip": (1, 23, 1),
    "depthwise": (1, 24, 1),
    "depthwise_stride2": (1, 25, 1),
    "rows": (1, 26, 1),
    "above": (1, 27, 1),
    "below": (1, 28, 1),
    "above_behind": (1, 29, 1),
    "below_behind": (1, 30, 1),
    "thinned": (1, 31, 1),
    "height": (2, 0, 16),
    "width": (2, 16, 16),
    "channels": (3, 0, 16),
    "outputs": (3, 16, 16),
    "input_base": (4, 0, 32),
    "output_base": (5, 0, 32),
    "input_bits": (6, 0, 8),
    "weight_bits": (6, 8, 8),
    "output_bits": (6, 16, 8),
    "shift": (6, 24, 8),
    "images": (7, 0, 16),
    "slot": (7, 16, 8),
    "input_pitch": (8, 0, 32),
    "output_pitch": (9, 0, 32),
    "skip_base": (10, 0, 32),
    "skip_multiplier": (11, 0, 18),
    "skip_bits": (11, 24, 8),
    "skip_pitch": (12, 0, 32),
    "depthwise_bits": (13, 0, 8),
    "depthwise_shift": (13, 8, 8),
    "loads": (14, 0, 16),
}
RING_FIELDS = {
    "input_ring": (8, 0, 16),
    "input_row": (8, 16, 16),
    "output_ring": (9, 0, 16),
    "output_row": (9, 16, 16),
    "skip_ring": (12, 0, 16),
    "skip_row": (12, 16, 16),
}
"""What the words of the pitches hold in a LAYER block with ``rows``."""
_KIND_OF: dict[type[Block], BlockKind] = {
    ProgramBlock: BlockKind.PROGRAM,
    LoadBlock: BlockKind.LOAD,
    LayerBlock: BlockKind.LAYER,
    EndBlock: BlockKind.END,
}
FIELDS_OF: dict[type[Block], dict[str, tuple[int, int, int]]] = {
    ProgramBlock: _PROGRAM_FIELDS,
    LoadBlock: _LOAD_FIELDS,
    LayerBlock: _LAYER_FIELDS,
    EndBlock: {},
}


def reserved_bits(kind: type[Block]) -> tuple[int, ...]:
    """For each of the 16 words of a block, the bits that the format does not name."""
    masks = [0, *[(1 << 32) - 1] * (BLOCK_BYTES // 4 - 2), 0]  # the first and last word are named
    for word, low, width in FIELDS_OF[kind].values():
        masks[word] &= ~((1 << width) - 1 << low)
    return tuple(masks)


def has_reserved_bits(data: bytes, kind: type[Block]) -> bool:
    """Whether a bit is set in a block of ``kind`` that the format does not name."""
    words = struct.unpack("<16I", data)
    return any(word & mask for word, mask in zip(words, reserved_bits(kind), strict=True))


def pack_block(block: Block, payload_before: bytes = b"") -> bytes:
    """The 64 bytes of ``block``; ``payload_before`` is what lies between it and the block before.

    Raises ValueError when a field does not fit its bits.
    """
    words = [0] * (BLOCK_BYTES // 4)
    words[0] = MAGIC | _KIND_OF[type(block)] << 16 | FORMAT_VERSION << 24
    for name, (word, low, width) in FIELDS_OF[type(block)].items():
        value = int(getattr(block, name))
        if not 0 <= value < 1 << width:
            raise ValueError(f"{type(block).__name__}.{name} = {value} does not fit {width} bits")
        words[word] |= value << low
    body = struct.pack("<15I", *words[:15])
    return body + struct.pack("<I", zlib.crc32(payload_before + body))


def unpack_block(data: bytes, kind: type[AnyBlock]) -> AnyBlock:
    """The fields of a block of ``kind`` in 64 bytes; magic, kind and checksum are not looked at."""
    words = struct.unpack("<16I", data)
    table = FIELDS_OF[kind]
    values = {
        name: words[word] >> low & (1 << width) - 1 for name, (word, low, width) in table.items()
    }
    return kind(**values)


def block_magic(data: bytes) -> int:
    """The magic of a block."""
    return int.from_bytes(data[0:2], "little")


def block_kind(data: bytes) -> int:
    """The kind number of a block."""
    return data[2]


def block_version(data: bytes) -> int:
    """The format version of a block."""
    return data[3]


def checksum_is_right(data: bytes, payload_before: bytes) -> bool:
    """Whether a block's CRC-32 covers it and the payload before it."""
    stored = int.from_bytes(data[CHECKSUM_OFFSET:BLOCK_BYTES], "little")
    return zlib.crc32(payload_before + data[:CHECKSUM_OFFSET]) == stored


def refit_checksum(data: bytes, payload_before: bytes) -> bytes:
    """The block with the CRC-32 of its content, so that a changed field arrives as valid."""
    body = data[:CHECKSUM_OFFSET]
    return body + struct.pack("<I", zlib.crc32(payload_before + body))


def describe_block(block: Block) -> str:
    """One line a person can read: the kind and every field."""
    names = " ".join(f"{item.name}={getattr(block, item.name)}" for item in fields(block))
    return f"{_KIND_OF[type(block)].name} {names}".rstrip()
