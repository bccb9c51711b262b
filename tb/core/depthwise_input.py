# SPDX-License-Identifier: Apache-2.0
"""What a depthwise layer reads: pixel pairs between two stages of the core, in no memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.layer_plan import LayerPlan
from ref_model.hardware.layout import pairs_of
from tb.support import Dut


class DepthwiseInput:
    """The pairs of one layer as they pass; `tensors` puts them in order."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut
        self._pairs: list[int] = []

    async def collect(self) -> None:
        """Take every pair, until cancelled."""
        clock, stages = self._dut.aclk, self._dut.u_datapath.u_store
        while True:
            await RisingEdge(clock)
            if int(stages.kept_valid.value):
                self._pairs.append(int(stages.kept.value))

    def tensors(
        self, plan: LayerPlan, images: int, config: CoreConfig, rows: int | None = None
    ) -> npt.NDArray[np.uint8]:
        """Its tensors (N, C, H, W) of all ``images``, or the ``rows`` of a block; AssertionError
        when pairs are missing.

        The order of pairs is in docs/theory_of_operation.md: group, image, row, pair, set.
        """
        channels, height, width = plan.result
        height = height if rows is None else rows
        pout, sets = config.pout, plan.kernel.sets
        shape = (-1, images, height, pairs_of(width), sets, 2, pout)
        data = b"".join(pair.to_bytes(2 * pout, "little") for pair in self._pairs)
        by_pair = np.frombuffer(data, np.uint8).reshape(shape)
        # image, (group, set, lane), row, (pair, pixel)
        by_image = by_pair.transpose(1, 0, 4, 6, 2, 3, 5)
        codes = by_image.reshape(images, -1, height, 2 * pairs_of(width))
        assert channels <= codes.shape[1] < channels + sets * pout, f"{len(self._pairs)} pairs"
        return codes[:, :channels, :, :width]
