# SPDX-License-Identifier: Apache-2.0
"""PNG and JPEG pictures of any size as the bytes that a network takes; Pillow reads and scales.

A picture is turned as its camera says, made RGB (or grey, for a network of one channel;
transparency is dropped), and scaled to the network's size with Pillow's bilinear filter, which
averages over all pixels where a picture gets smaller:

    crop       by the factor at which it just covers the size; what stands over is cut off, the
               same on both sides
    stretch    height and width each by a factor of their own
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from ref_model.datasets.cifar import DatasetError

SUFFIXES = (".png", ".jpg", ".jpeg")
SCALINGS = ("crop", "stretch")
_FORMATS = ("PNG", "JPEG")
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_MODES = {1: "L", 3: "RGB"}
"""Channels of an image -> Pillow's name for such pictures."""
_DEEP = ("I", "F")
"""Pillow's modes of more than eight bits begin so."""


@dataclass(frozen=True)
class Picture:
    """A picture and what a network sees of it.

    ``pixels`` uint8 (C, H, W) as scaled; ``size`` (width, height) of the whole picture; ``seen``
    the left, top, right and lower border, in pixels of the whole picture, of what was scaled.
    """

    path: Path
    pixels: npt.NDArray[np.uint8]
    size: tuple[int, int]
    seen: tuple[float, float, float, float]


def is_picture(path: Path) -> bool:
    """Whether a file's name, or how it begins, says that it is a PNG or JPEG picture."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(_SIGNATURES)
    except OSError:
        return False


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files named, and of each folder the pictures in it by name; DatasetError where none."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(x for x in path.iterdir() if x.is_file() and x.suffix.lower() in SUFFIXES)
        if not inside:
            raise DatasetError(f"{path}: no picture in this folder ({', '.join(SUFFIXES)})")
        found += inside
    return found


def open_picture(path: Path) -> Image.Image:
    """The picture, upright, in RGB or grey; DatasetError for a file that is none, or damaged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                if image.mode.startswith(_DEEP):
                    raise DatasetError(
                        f"{path}: a picture of more than 8 bits a colour; save it with 8"
                    )
                upright = ImageOps.exif_transpose(image)
                return upright.convert("L" if upright.mode in ("1", "L", "LA") else "RGB")
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise DatasetError(f"{path}: no PNG or JPEG picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DatasetError(f"{path}: a picture too large to be read ({error})") from error
    except DatasetError:
        raise
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or f'damaged picture ({error})'}") from error
    except Exception as error:  # decoders raise nearly anything for crafted files
        raise DatasetError(f"{path}: damaged picture ({error})") from error


def seen_part(
    size: tuple[int, int], height: int, width: int, scaling: str
) -> tuple[float, float, float, float]:
    """Borders of what is scaled of a picture of ``size`` (width, height); ValueError."""
    if scaling not in SCALINGS:
        raise ValueError(f"scaling {scaling!r}: choose one of {', '.join(SCALINGS)}")
    across, down = size
    if scaling == "stretch":
        return 0.0, 0.0, float(across), float(down)
    factor = max(width / across, height / down)
    left, top = (across - width / factor) / 2, (down - height / factor) / 2
    return max(left, 0.0), max(top, 0.0), min(across - left, across), min(down - top, down)


def read_picture(path: Path, shape: tuple[int, int, int], scaling: str) -> Picture:
    """A picture for images of ``shape`` (C, H, W), C 1 or 3; DatasetError, ValueError."""
    image = open_picture(path)
    pixels, seen = scale_picture(image, shape, scaling)
    return Picture(path, pixels, image.size, seen)


def scale_picture(
    image: Image.Image, shape: tuple[int, int, int], scaling: str
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """The bytes (C, H, W) that a network of ``shape`` sees, and the borders of what it sees."""
    channels, height, width = shape
    if channels not in _MODES:
        raise ValueError(f"images of {channels} channels: a picture has 3, or 1 of grey")
    seen = seen_part(image.size, height, width, scaling)
    scaled = image.convert(_MODES[channels]).resize(
        (width, height), Image.Resampling.BILINEAR, box=seen
    )
    pixels = np.asarray(scaled, np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
    return np.ascontiguousarray(pixels), seen


def read_pictures(
    paths: Sequence[Path], shape: tuple[int, int, int], scaling: str
) -> Iterator[Picture]:
    """`read_picture` of each, in order."""
    return (read_picture(path, shape, scaling) for path in paths)
