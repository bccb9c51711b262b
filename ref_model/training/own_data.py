# SPDX-License-Identifier: Apache-2.0
"""Any PyTorch Dataset as the images that training takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from ref_model.datasets import DatasetError, Images
from ref_model.datasets.pictures import scale_picture

ROUNDING = 1e-3
"""How far floats may lie outside [0, 1], or bytes / 255 from a byte, by rounding."""


def images_of(dataset: Any, shape: tuple[int, int, int], scaling: str = "crop") -> Images:
    """Images and labels of a map-style ``dataset`` of (image, label), scaled to ``shape``.

    An image is a PIL picture, uint8 or float32 in [0, 1]; as an array or tensor (C, H, W), a numpy
    array also (H, W, C). A label is a whole number from 0 on. Random augmentation does not belong
    into the dataset: each image is read once. DatasetError, with the image's number, for others.
    """
    count = len(dataset)
    if not count:
        raise DatasetError("the dataset holds no images")
    pixels = np.empty((count, *shape), np.uint8)
    labels = np.empty(count, np.int64)
    for index in range(count):
        image, label = dataset[index]
        try:
            picture = as_picture(image)
            labels[index] = _label(label)
        except ValueError as error:
            raise DatasetError(f"image {index} of the dataset: {error}") from error
        pixels[index] = scale_picture(picture, shape, scaling)[0]
    return Images(pixels, labels)


def as_picture(image: Any) -> Image.Image:
    """A PIL picture of what datasets return for an image; ValueError."""
    if isinstance(image, Image.Image):
        return image
    is_tensor = isinstance(image, torch.Tensor)
    array: npt.NDArray[Any] = np.asarray(image.detach().cpu() if is_tensor else image)
    if array.ndim == 3 and array.shape[0] not in (1, 3) and not is_tensor:
        array = array.transpose(2, 0, 1)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[0] not in (1, 3):
        raise ValueError(f"shape {tuple(array.shape)}: give (C, H, W) with 1 or 3 channels")
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not -ROUNDING <= low <= high <= 1 + ROUNDING:
            raise ValueError(
                f"floats from {low:.3g} to {high:.3g}: give bytes, or floats in [0, 1]; the core "
                "sees bytes, so leave out Normalize (x - mean) / std"
            )
        array = np.floor(np.clip(array, 0, 1) * 255 + 0.5).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError(f"type {array.dtype}: give uint8, or float32 in [0, 1]")
    grey = array.shape[0] == 1
    return Image.fromarray(array[0] if grey else np.ascontiguousarray(array.transpose(1, 2, 0)))


def _label(label: Any) -> int:
    number = label.item() if hasattr(label, "item") else label
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0:
        raise ValueError(f"label {number!r}: give a whole number from 0 on")
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"label {number!r}: give a whole number from 0 on")
    return int(number)
