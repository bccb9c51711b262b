# SPDX-License-Identifier: Apache-2.0
"""Which fields of a block the parts of the core's parser read.

A field of the LAYER block has its own name, those of other blocks the block's name before theirs.
The Verilog that takes a block apart is generated from this (``make registers``). What nobody here
reads still reaches the layer word (`layer_word.FIELDS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SAME_PLACE = MappingProxyType(
    {
        "index": "index",
        "height": "height",
        "width": "width",
        "channels": "channels",
        "base": "input_base",
        "ring": "input_ring",
        "row": "input_row",
    }
)
"""Fields of a LOAD block that lie where the LAYER block has the field named beside them: the parser
reads the latter for both."""

READERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "block": (
            "height", "kernel", "stride2", "shared", "depthwise", "above", "below", "thinned",
        ),
        "order": (
            "program_layers", "program_loads", "index", "loads", "load_first", "load_last",
        ),
        "shape": (
            "height", "width", "channels", "outputs", "images", "kernel", "pool", "pool_3x3", "raw",
            "stride2", "thinned", "skip", "depthwise", "depthwise_stride2", "rows", "above",
            "below", "above_behind", "below_behind", "input_ring", "input_row", "output_ring",
            "skip_ring", "input_bits", "weight_bits", "output_bits", "skip_bits",
            "depthwise_bits", "load_bits", "load_row_window",
        ),
        "rows": (
            "height", "images", "raw", "skip", "depthwise", "rows", "load_row_window",
            "load_first", "load_last", "load_thinned", "above", "below", "above_behind",
            "below_behind", "input_ring", "input_row", "output_ring", "output_row", "skip_ring",
            "skip_row",
        ),
        "sizes": (
            "kernel", "shared", "rows", "input_base", "output_base", "skip_base", "input_pitch",
            "output_pitch", "skip_pitch", "input_row", "output_row", "skip_row",
        ),
        "checks": (
            "program_pin", "program_pout", "program_layers", "program_loads", "load_bits",
            "load_row_window", "load_thinned", "kernel", "pool", "pool_3x3", "raw", "stride2",
            "shared", "skip", "depthwise", "height", "width", "channels", "outputs", "images",
            "input_bits", "weight_bits", "output_bits", "shift", "skip_bits", "depthwise_bits",
            "depthwise_shift", "rows", "above", "below", "above_behind", "below_behind",
            "thinned", "depthwise_stride2",
        ),
        "memory": (
            "kernel", "pool", "shared", "rows", "input_base", "output_base", "skip_base",
            "input_pitch", "output_pitch", "skip_pitch",
        ),
    }
)  # fmt: skip
"""Part of the parser, ``lsfq_parser_<part>``, and the fields that it reads."""
