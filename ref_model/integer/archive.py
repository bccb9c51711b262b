# SPDX-License-Identifier: Apache-2.0
"""Read the arrays of a numpy archive that somebody else may have made.

What each array may be is known beforehand. Names, sizes and types are compared with that before
anything is unpacked, so that no archive, whatever it says, takes more memory than it should.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER_BYTES = 4096
"""Longest header of an array of integers."""
ITEM_BYTES = 8
"""Widest integer."""


class ArchiveError(ValueError):
    """An archive is damaged, or is not what it has to be; the message says what."""


def read_arrays(archive: bytes, numbers: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    """Arrays of integers by name; ``numbers`` are the names there must be, and how many at most.

    Raises ArchiveError for anything but an archive of just these arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            found = members.infolist()
            if sorted(x.filename for x in found) != sorted(f"{name}.npy" for name in numbers):
                raise ArchiveError("its arrays are not those of the network")
            by_name = {member.filename.removesuffix(".npy"): member for member in found}
            return {name: _read(members, by_name[name], most) for name, most in numbers.items()}
    except ArchiveError:
        raise
    except Exception as error:  # zipfile and numpy's header raise nearly anything for crafted bytes
        raise ArchiveError(f"not a numpy archive ({error})") from error


def _read(members: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> npt.NDArray[Any]:
    """One array of at most ``most`` integers."""
    if member.flag_bits & 1:
        raise ArchiveError(f"{member.filename} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(f"{member.filename} is compressed with method {member.compress_type}")
    if member.file_size > HEADER_BYTES + most * ITEM_BYTES:
        raise ArchiveError(
            f"{member.filename} has {member.file_size} bytes, too many for {most} numbers"
        )
    with members.open(member) as file:
        body = io.BytesIO(file.read())
    version = np.lib.format.read_magic(body)
    readers = {(1, 0): np.lib.format.read_array_header_1_0,
               (2, 0): np.lib.format.read_array_header_2_0}  # fmt: skip
    if version not in readers:
        raise ArchiveError(f"{member.filename} is an array of format {version}")
    shape, by_columns, kind = readers[version](body, max_header_size=HEADER_BYTES)
    if kind.kind not in "iu" or min(shape, default=0) < 0:
        raise ArchiveError(f"{member.filename} holds {kind} of shape {shape}, not integers")
    rest = body.read()
    if math.prod(shape) * kind.itemsize != len(rest):
        raise ArchiveError(f"{member.filename}: {len(rest)} bytes are not {shape} of {kind}")
    return np.frombuffer(rest, kind).reshape(shape, order="F" if by_columns else "C")
