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
    }
)
"""Fields of a LOAD block that lie where the LAYER block has the field named beside them: the parser
reads the latter for both."""

READERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "block": (
            "height", "width", "channels", "input_base", "kernel", "stride2", "shared",
            "depthwise", "load_row_window", "after_load",
        ),
        "order": ("program_layers", "program_images", "index"),
        "sizes": (
            "height", "width", "channels", "outputs", "images", "kernel", "pool", "raw", "stride2",
            "shared", "skip", "depthwise", "depthwise_stride2", "input_base", "output_base",
            "skip_base", "input_bits", "weight_bits", "output_bits", "skip_bits", "depthwise_bits",
            "input_pitch", "output_pitch", "skip_pitch", "load_bits", "load_row_window",
        ),
        "checks": (
            "program_pin", "program_pout", "program_layers", "program_images", "load_bits",
            "load_row_window", "kernel", "pool", "raw", "stride2", "shared", "skip", "depthwise",
            "height", "width", "channels", "outputs", "images", "input_bits", "weight_bits",
            "output_bits", "shift", "skip_bits", "depthwise_bits", "depthwise_shift",
        ),
        "memory": (
            "kernel", "pool", "shared", "after_load", "input_base", "output_base", "skip_base",
            "input_pitch", "output_pitch", "skip_pitch",
        ),
    }
)  # fmt: skip
"""Part of the parser, ``lsfq_parser_<part>``, and the fields that it reads."""
