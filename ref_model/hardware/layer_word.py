# SPDX-License-Identifier: Apache-2.0
"""The layer word and the load word: what the core keeps of a block while it waits and runs.

The parser makes one word of each LAYER and of each LOAD block; the layer word waits in the layer
queue and then sets up the parts of the core that run the layer, the load word sets up the loader.
A field is either one of the block's own, named by ``block``, or derived by the parser. The Verilog
that packs a word and takes it apart is generated from `FIELDS` and `LOAD_FIELDS` (``make
registers``); a field without ``block`` becomes an input of the packing module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

WORD_BITS = 640
"""Width of the word in every core. Bits behind the last field are 0 and cost nothing."""


class Room(Enum):
    """A part of the core that reads the layer word; the value names its generated module."""

    SEQUENCE = "sequence"
    """What orders the work: sequencer, addresses, array."""
    OUTPUT = "output"
    """What makes codes or results of the sums: residual addition, requantisation, results."""
    STORE = "store"
    """What brings codes to the feature memory: stride, depthwise layer, max pool, writer."""


@dataclass(frozen=True)
class WordField:
    """A field of ``width`` bits, what it means, and the rooms that read it."""

    name: str
    width: int
    meaning: str
    rooms: frozenset[Room]
    block: str = ""
    """The LAYER block's field of which it is the low bits; without one it is derived."""


_SEQUENCE = frozenset({Room.SEQUENCE})
_OUTPUT = frozenset({Room.OUTPUT})
_STORE = frozenset({Room.STORE})
_ALL = _SEQUENCE | _OUTPUT | _STORE

FIELDS = (
    WordField("three_rows", 1, "kernel 3x3", _SEQUENCE),
    WordField("pointwise", 1, "kernel 1x1", _ALL),
    WordField("raw", 1, "results leave the core as they are", _SEQUENCE | _OUTPUT, "raw"),
    WordField("last", 1, "last layer of the pass", _SEQUENCE | _OUTPUT),
    WordField("pool", 1, "max pool with stride 2", _STORE, "pool"),
    WordField("pool_3x3", 1, "the pool is 3x3 with padding 1", _STORE, "pool_3x3"),
    WordField("pool_rows", 16, "rows in front of the pool", _STORE),
    WordField("stride2", 1, "stride 2", _ALL, "stride2"),
    WordField("shared", 1, "full map with one weight word for all positions", _SEQUENCE, "shared"),
    WordField("above", 1, "the first output row has an input row above its own", _SEQUENCE,
              "above"),
    WordField("below", 1, "the last output row has an input row below its own", _SEQUENCE),
    WordField("row_stride2", 1, "every other input row is left out", _SEQUENCE),
    WordField("wide_in", 1, "input codes of 8 bits", _SEQUENCE),
    WordField("wide_weight", 1, "weight codes of 8 bits", _SEQUENCE),
    WordField("wide_out", 1, "stored codes of 8 bits", _SEQUENCE | _STORE),
    WordField("odd", 1, "the last pair of an output row has one pixel", _SEQUENCE),
    WordField("rows", 16, "output rows of the array", _SEQUENCE),
    WordField("pairs", 16, "pixel pairs of a row that the array reads", _SEQUENCE),
    WordField("words", 18, "words of one kernel row", _SEQUENCE),
    WordField("stride", 18, "step between the words of a kernel row", _SEQUENCE),
    WordField("row_pitch", 16, "step between kernel rows", _SEQUENCE),
    WordField("last_line", 18, "kernel rows less one, where they are not three", _SEQUENCE),
    WordField("images", 16, "images that the layer runs for", _ALL, "images"),
    WordField("in_start", 18, "first word of the input", _SEQUENCE),
    WordField("in_ring", 16, "rows of the input's ring", _SEQUENCE),
    WordField("in_left", 16, "rows from the first kernel row to the ring's end", _SEQUENCE),
    WordField("in_pitch", 18, "words from an image's input to the next", _SEQUENCE,
              "input_pitch"),
    WordField("in_digit", 18, "words of one digit of the input", _SEQUENCE),
    WordField("loads", 16, "LOADs that have to be stored before the layer starts", _SEQUENCE,
              "loads"),
    WordField("weight_digit", 20, "weight words of one digit of a group", _SEQUENCE),
    WordField("group_words", 20, "weight words of an output group", _SEQUENCE),
    WordField("groups", 16, "output groups", _SEQUENCE | _OUTPUT),
    WordField("channels", 16, "output channels", _OUTPUT, "outputs"),
    WordField("slot", 8, "counter slot", _OUTPUT, "slot"),
    WordField("out_start", 18, "first word of the output", _STORE),
    WordField("out_count", 18, "words that are made of a channel group", _STORE),
    WordField("out_left", 18, "words from the output's first one to the ring's end", _STORE),
    WordField("out_pitch", 18, "words from an image's output to the next", _STORE, "output_pitch"),
    WordField("out_plane", 18, "words of one channel group of the output", _STORE),
    WordField("out_digit", 18, "words of one digit of the output", _STORE),
    WordField("out_planes", 16, "channel groups of the output", _STORE),
    WordField("out_bits", 4, "bits of the convolution's codes", _OUTPUT, "output_bits"),
    WordField("shift", 6, "the convolution's shift", _OUTPUT, "shift"),
    WordField("skip", 1, "residual addition", _OUTPUT, "skip"),
    WordField("skip_wide", 1, "skip codes of 8 bits", _OUTPUT),
    WordField("skip_start", 18, "first word of the skip tensor", _OUTPUT),
    WordField("skip_count", 18, "words that are added of a channel group", _OUTPUT),
    WordField("skip_left", 18, "words from the skip tensor's first to the ring's end", _OUTPUT),
    WordField("skip_plane", 18, "words of one channel group of the skip tensor", _OUTPUT),
    WordField("skip_digit", 18, "words of one digit of the skip tensor", _OUTPUT),
    WordField("skip_pitch", 18, "words from an image's skip tensor to the next", _OUTPUT,
              "skip_pitch"),
    WordField("skip_multiplier", 18, "the skip tensor's signed multiplier", _OUTPUT,
              "skip_multiplier"),
    WordField("depthwise", 1, "a depthwise layer follows the convolution", _SEQUENCE | _STORE,
              "depthwise"),
    WordField("depthwise_stride2", 1, "the depthwise layer has stride 2", _STORE,
              "depthwise_stride2"),
    WordField("above_behind", 1, "the first row behind the array is no centre",
              _STORE, "above_behind"),
    WordField("below_behind", 1, "the depthwise layer's last input row is no output row", _STORE,
              "below_behind"),
    WordField("depthwise_bits", 4, "bits of the depthwise layer's codes", _STORE,
              "depthwise_bits"),
    WordField("depthwise_shift", 6, "the depthwise layer's shift", _STORE, "depthwise_shift"),
)  # fmt: skip
"""The fields in the order of their bits, the first one lowest."""


LOAD_WORD_BITS = 192
"""Width of the load word."""

_LOADER = frozenset[Room]()

LOAD_FIELDS = (
    WordField("last", 1, "last LOAD of the pass", _LOADER),
    WordField("layers", 16, "layers that have to be finished before", _LOADER),
    WordField("height", 16, "image rows to take", _LOADER, "height"),
    WordField("width", 16, "pixels of a row", _LOADER, "width"),
    WordField("channels", 16, "channels of the image", _LOADER, "channels"),
    WordField("wide", 1, "codes of 8 bits", _LOADER),
    WordField("window", 1, "row window", _LOADER, "row_window"),
    WordField("begins", 1, "the image begins", _LOADER, "first"),
    WordField("ends", 1, "the image ends", _LOADER, "last"),
    WordField("thinned", 1, "only rows 0, 2, 4, ... are stored", _LOADER, "thinned"),
    WordField("start", 18, "word of the first row", _LOADER),
    WordField("plane", 18, "words of one channel group", _LOADER),
    WordField("digit_words", 18, "words of one digit", _LOADER),
    WordField("ring", 16, "rows that are kept", _LOADER, "ring"),
    WordField("left", 16, "rows from the first one to the ring's end", _LOADER),
    WordField("third", 1, "codes of three digits, with wide", _LOADER),
)
"""The fields of the load word in the order of their bits, the first one lowest."""


def pack_word(values: Mapping[str, int], table: tuple[WordField, ...]) -> int:
    """The word of a table that has these values of its fields."""
    word = 0
    for field in reversed(table):
        word = word << field.width | values[field.name] & (1 << field.width) - 1
    return word


def unpack_word(word: int, table: tuple[WordField, ...] = FIELDS) -> dict[str, int]:
    """The value of every field in a layer word, or in a word of another table."""
    values = {}
    for field in table:
        values[field.name] = word & (1 << field.width) - 1
        word >>= field.width
    return values
