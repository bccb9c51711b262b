# SPDX-License-Identifier: Apache-2.0
"""The stream files of a network, run by the independent model of the core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.streams import DESCRIPTION, PARAMETERS, make_streams, write_streams
from tb.ref_model.hardware.core_model import CoreModel
from tb.ref_model.integer.builders import small_vgg


@pytest.mark.parametrize(("beat_bytes", "batch"), [(4, 1), (8, 2), (16, 1), (64, 3)])
def test_files_drive_the_core(tmp_path: Path, beat_bytes: int, batch: int) -> None:
    rng = np.random.default_rng(0)
    network = small_vgg(rng)
    images = rng.integers(0, 256, (2 * batch, 3, 8, 8)).astype(np.uint8)
    config = CoreConfig(16, 8)
    write_streams(tmp_path / "streams", network, config, images, beat_bytes, batch)
    files = {path.name: path.read_bytes() for path in (tmp_path / "streams").iterdir()}
    numbered = [f"{kind}_00{i}.bin" for kind in ("image", "result") for i in (0, 1)]
    assert sorted(files) == sorted([PARAMETERS, DESCRIPTION, *numbered])
    assert b"LAYER index=2" in files[DESCRIPTION]
    for index in range(2):
        assert len(files[f"image_00{index}.bin"]) % beat_bytes == 0
        core = CoreModel(config.pin, config.pout, config.feature_depth)
        core.run(files[PARAMETERS], files[f"image_00{index}.bin"], beat_bytes)
        expected = np.frombuffer(files[f"result_00{index}.bin"], "<i8")
        assert core.results == expected.tolist()
        assert len(set(core.results)) > 1


def test_images_that_do_not_make_whole_passes_are_refused() -> None:
    images = np.zeros((3, 3, 8, 8), np.uint8)
    with pytest.raises(ValueError, match="3 images do not make passes of 2"):
        make_streams(small_vgg(np.random.default_rng(0)), CoreConfig(16, 8), images, batch=2)
