# SPDX-License-Identifier: Apache-2.0
"""The steps of a pass: LOADs and LAYER blocks with their addresses, before they become bytes."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.blocks import Ring
from ref_model.hardware.row_shapes import BlockRows, Range


@dataclass(frozen=True)
class LoadRows:
    """The rows of an image that a LOAD takes from the stream, those it stores, and where.

    ``first`` and ``last``: the image begins, ends with it.
    """

    taken: Range
    stored: Range
    ring: Ring
    first: bool
    last: bool


@dataclass(frozen=True)
class RunRows:
    """The rows that one block of a layer makes, and where they lie.

    ``output`` is None of a raw layer, ``skip`` where nothing is added.
    """

    block: BlockRows
    source: Ring
    output: Ring | None
    skip: Ring | None


@dataclass(frozen=True)
class Load:
    """An image of the pass, or some ``rows`` of it, comes into the memory at word ``base``."""

    image: int
    base: int
    rows: LoadRows | None = None


@dataclass(frozen=True)
class Run:
    """Layer number ``layer`` runs for ``images`` images from ``image`` on, or makes some ``rows``.

    Bases are word addresses of the first of these images, pitches the words between them; the
    output's are 0 for the raw layer, the skip tensor's where none is added. ``loads``: LOADs of the
    pass that have to be stored before it starts, 0 where no other step waits for them.
    """

    layer: int
    image: int
    images: int
    input_base: int
    input_pitch: int
    output_base: int
    output_pitch: int
    skip_base: int
    skip_pitch: int
    loads: int
    rows: RunRows | None = None
