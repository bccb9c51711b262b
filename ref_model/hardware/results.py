# SPDX-License-Identifier: Apache-2.0
"""The result packet of a pass as numbers by image and channel, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.hardware.layout import result_order
from ref_model.hardware.plan import Plan
from ref_model.hardware.row_shapes import Range
from ref_model.integer.network import Shape

Results = npt.NDArray[np.int64]
"""Raw results of a pass, int64 (N, C, H, W)."""


def packet_order(plan: Plan) -> npt.NDArray[np.intp]:
    """Index into the flat (N, C, H, W) results of the pass of every beat of its packet."""
    last = len(plan.layers) - 1
    planned = plan.layers[last]
    size = int(np.prod(planned.result))
    sets, stride = planned.kernel.sets, planned.layer.stride
    return np.concatenate([
        run.image * size
        + result_order(planned.result, plan.config.pout, sets, stride, run.images)
        if run.rows is None
        else run.image * size
        + _order_of_rows(planned.result, run.rows.block.array, plan.config.pout, sets, stride)
        for run in plan.runs
        if run.layer == last
    ])  # fmt: skip


def _order_of_rows(
    shape: Shape, rows: Range, pout: int, sets: int, stride: int
) -> npt.NDArray[np.intp]:
    """`result_order` of a block that makes some ``rows`` of an image's results."""
    channels, height, width = shape
    first, end = rows
    order = result_order((channels, end - first, width), pout, sets, stride, 1)
    channel, place = np.divmod(order, (end - first) * width)
    return channel * height * width + first * width + place


def results_to_packet(plan: Plan, results: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The beats of a pass whose results are (N, C, H, W): one int64 each."""
    flat: npt.NDArray[np.int64] = results.reshape(-1).astype(np.int64)
    return flat[packet_order(plan)]


def packet_to_results(plan: Plan, beats: npt.ArrayLike) -> Results:
    """Inverse of `results_to_packet`; raises ValueError when the number of beats differs."""
    return in_order(plan, packet_order(plan), beats)


def in_order(plan: Plan, order: npt.NDArray[np.intp], beats: npt.ArrayLike) -> Results:
    """Results (N, C, H, W) of a packet whose `packet_order` is known; ValueError as above."""
    values = np.asarray(beats, np.int64)
    shape = (plan.batch, *plan.layers[-1].result)
    if values.shape != order.shape:
        raise ValueError(f"{values.size} beats for results {shape}, which have {order.size}")
    results = np.empty(order.size, np.int64)
    results[order] = values
    return results.reshape(shape)
