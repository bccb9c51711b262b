# SPDX-License-Identifier: Apache-2.0
"""The files that a driver or a bench feeds to the core: parameters, images, expected results."""

from __future__ import annotations

import os
from typing import Any

import numpy.typing as npt

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layout import fill_beats, images_to_bytes
from ref_model.hardware.plan import plan_network
from ref_model.hardware.program import describe, encode_plan
from ref_model.hardware.results import results_to_packet
from ref_model.integer.atomic_folder import write_folder
from ref_model.integer.execute import run_network
from ref_model.integer.network import IntegerNetwork

PARAMETERS = "param.bin"
DESCRIPTION = "program.txt"


def make_streams(
    network: IntegerNetwork,
    config: CoreConfig,
    images: npt.NDArray[Any],
    beat_bytes: int = 8,
    batch: int = 1,
) -> dict[str, bytes]:
    """Content of the stream files by name.

    ``param.bin`` is the parameter packet for ``batch`` images a pass; ``image_000.bin`` ... the
    image packets of the passes, all filled with zeros to whole beats of ``beat_bytes``;
    ``result_000.bin`` ... the results that the core must send (signed 64-bit little-endian numbers,
    one a beat); ``program.txt`` lists the blocks for people. ``images`` are codes (N, C, H, W).
    Raises UnsupportedNetworkError as `plan_network`, ValueError when N is no multiple of the batch.
    """
    if len(images) % batch:
        raise ValueError(f"{len(images)} images do not make passes of {batch}")
    plan = plan_network(network, config, batch)
    packet = encode_plan(plan)
    files = {
        PARAMETERS: fill_beats(packet, beat_bytes),
        DESCRIPTION: (describe(packet, config) + "\n").encode(),
    }
    for index in range(len(images) // batch):
        chosen = images[index * batch : (index + 1) * batch]
        results = run_network(network, chosen)[network.layers[-1].name]
        beats = results_to_packet(plan, results)
        files[f"image_{index:03d}.bin"] = images_to_bytes(chosen, config.pin, beat_bytes)
        files[f"result_{index:03d}.bin"] = beats.astype("<i8").tobytes()
    return files


def write_streams(
    folder: str | os.PathLike[str],
    network: IntegerNetwork,
    config: CoreConfig,
    images: npt.NDArray[Any],
    beat_bytes: int = 8,
    batch: int = 1,
) -> None:
    """Write what `make_streams` gives into ``folder``, all of it or nothing."""
    write_folder(folder, make_streams(network, config, images, beat_bytes, batch))
