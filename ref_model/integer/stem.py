# SPDX-License-Identifier: Apache-2.0
"""A 7x7 convolution with stride 2 as a 3x3 one with stride 1, exactly, over 27 channels an image.

Blocks of 2x2 pixels become the channels of one pixel. Tap k = 0 .. 6 of a row or column reads image
row 2y + k - 3, which is row b of block y + a with k - 3 = 2a + b: blocks a = -1, 0, 1 are a 3x3
kernel's, and of block -2 only b = 1 is read. So each channel of the image gives four channels of
blocks, and five more that hold odd rows or columns one block further down or right: the 3x3 kernel
finds block -2 at its upper or left tap there, and has weights 0 at its other taps. Reconstructed
from the arithmetic; the sums are the same integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.network import Shape

STEM_KERNEL = (7, 7)
STEM_PADDING = 3

_PLACES = tuple(
    (down, right, row, column)
    for down in (0, 1)
    for right in (0, 1)
    for row in ((0, 1) if not down else (1,))
    for column in ((0, 1) if not right else (1,))
)
"""Of each of the nine parts: blocks that it lies further down and right, row and column there."""


def stem_shape(image: Shape) -> Shape:
    """Shape of the channels made of an image (C, H, W): (9C, H/2, W/2), for even H and W.

    Raises ValueError for odd ones.
    """
    channels, height, width = image
    if height % 2 or width % 2:
        raise ValueError(f"an image of {height} x {width} has no whole blocks of 2x2 pixels")
    return len(_PLACES) * channels, height // 2, width // 2


def stem_channels(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The channels (N, 9C, H/2, W/2) of images (N, C, H, W), in their type."""
    stem_shape((images.shape[1], images.shape[2], images.shape[3]))
    parts = []
    for down, right, row, column in _PLACES:
        part = images[:, :, row::2, column::2]
        moved = np.zeros_like(part)
        moved[:, :, down:, right:] = part[:, :, : part.shape[2] - down, : part.shape[3] - right]
        parts.append(moved)
    return np.concatenate(parts, axis=1)


def stem_weight(weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The 3x3 weights (O, 9C, 3, 3) that do with `stem_channels` what (O, C, 7, 7) do."""
    outputs, channels = weight.shape[:2]
    found = np.zeros((outputs, len(_PLACES), channels, 3, 3), weight.dtype)
    for part, (down, right, row, column) in enumerate(_PLACES):
        for ky in (0,) if down else (0, 1, 2):
            for kx in (0,) if right else (0, 1, 2):
                y = 2 * (ky - 1 - down) + row + STEM_PADDING
                x = 2 * (kx - 1 - right) + column + STEM_PADDING
                if 0 <= y < 7 and 0 <= x < 7:
                    found[:, part, :, ky, kx] = weight[:, :, y, x]
    return found.reshape(outputs, -1, 3, 3)
