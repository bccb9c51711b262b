# SPDX-License-Identifier: Apache-2.0
"""How a core runs the layers of a network, one by one: kernels, shapes as stored, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig, ceil_div
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.fusion import FusedLayer, fuse
from ref_model.hardware.layout import digits_of
from ref_model.hardware.payload import PayloadShape
from ref_model.hardware.schedule import LayerWork
from ref_model.integer.bounds import check_accumulators
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork, NetworkError, Shape


@dataclass(frozen=True)
class LayerPlan:
    """How one layer runs, with the depthwise layer behind it, if any.

    ``source`` is the shape of its input as stored (3C channels in a row window), ``result`` of what
    leaves the array, ``output`` of what is stored. ``shared``: a linear layer whose weights do not
    depend on the position, so that the core gets one word a channel group. ``macs`` are nominal.
    ``thinned``: of the image only rows 0, 2, 4, ... are stored, the centres of a stride of 2.
    """

    fused: FusedLayer
    kernel: Kernel
    source: Shape
    result: Shape
    output: Shape
    shared: bool
    macs: int
    thinned: bool = False

    @property
    def layer(self) -> IntegerLayer:
        """The layer that the array runs."""
        return self.fused.layer

    @property
    def depthwise(self) -> IntegerLayer | None:
        """The depthwise layer behind it."""
        return self.fused.depthwise

    @property
    def last(self) -> IntegerLayer:
        """The layer whose result is stored, or leaves when it is raw."""
        return self.fused.last

    @property
    def payload_shape(self) -> PayloadShape:
        """Size and order of the layer's payload."""
        channels, height, width = self.source
        return PayloadShape(
            self.kernel, channels, height, width, self.layer.outputs, self.layer.weight_bits,
            self.shared, self.depthwise is not None,
        )  # fmt: skip

    @property
    def work(self) -> LayerWork:
        """What decides how long the array works on the layer."""
        layer = self.layer
        return LayerWork(
            self.kernel, *self.source, layer.outputs, layer.input_bits, layer.weight_bits,
            self.last.output_bits, layer.stride, self.depthwise is not None, self.thinned,
        )  # fmt: skip


def plan_layers(
    network: IntegerNetwork, config: CoreConfig, in_rows: bool = False
) -> tuple[bool, tuple[LayerPlan, ...]]:
    """Whether the image is stored as a row window, and how every layer runs.

    ``in_rows``: the image comes in some rows at a time, without those that the first layer's stride
    of 2 drops.
    """
    try:
        check_accumulators(network, config.acc_width)
    except NetworkError as error:
        raise UnsupportedNetworkError(str(error)) from error
    shapes = {INPUT: network.input_shape}
    shapes |= {
        x.name: shape for x, shape in zip(network.layers, network.output_shapes(), strict=True)
    }
    macs = dict(zip((x.name for x in network.layers), network.layer_macs(), strict=True))
    work = fuse(network)
    row_window = _wants_row_window(network, work, config)
    plans = []
    for fused in work:
        kernel, source = choose_kernel(fused.layer), shapes[fused.reads]
        result = fused.layer.result_shape(source)
        if row_window and fused.reads == INPUT:
            thinned = in_rows and fused.layer.stride == 2
            height = result[1] if thinned else source[1]
            kernel, source = Kernel.K1X3, (3 * source[0], height, source[2])
        else:
            thinned = False
        shared, output = _is_shared(fused.layer), shapes[fused.last.name]
        nominal = sum(macs[part.name] for part in fused.parts)
        plan = LayerPlan(fused, kernel, source, result, output, shared, nominal, thinned)
        _check_sizes(plan, config)
        plans.append(plan)
    return row_window, tuple(plans)


def choose_kernel(layer: IntegerLayer) -> Kernel:
    """The kernel that runs ``layer``; UnsupportedNetworkError when the core has none for it."""
    if layer.stride not in (1, 2):
        raise _unsupported(layer, f"stride {layer.stride}", "stride 1 or 2")
    if layer.skip is not None and (layer.raw or layer.kind == "linear"):
        what = "a residual addition in a linear layer or in the last one"
        raise _unsupported(layer, what, "a convolution before it")
    if layer.kind == "linear":
        return Kernel.FULL
    if layer.kernel == (1, 1) and layer.padding == 0:
        return Kernel.K1X1
    if layer.kernel == (3, 3) and layer.padding == 1:
        return Kernel.K3X3
    what = f"a {layer.kernel[0]}x{layer.kernel[1]} kernel with padding {layer.padding}"
    raise _unsupported(layer, what, "3x3 with padding 1, 1x1 with padding 0, or a linear layer")


def weights_streamed(kernel: Kernel, input_bits: int, images: int = 1, code_bits: int = 4) -> bool:
    """Whether weight words are used once, straight from the stream, and may be any number."""
    return kernel is Kernel.FULL and digits_of(input_bits, code_bits) == 1 and images == 1


def _unsupported(layer: IntegerLayer, what: str, instead: str) -> UnsupportedNetworkError:
    return UnsupportedNetworkError(
        f"layer {layer.name}: the core does not run {what}; use {instead}"
    )


def _wants_row_window(
    network: IntegerNetwork, work: Sequence[FusedLayer], config: CoreConfig
) -> bool:
    """Whether one layer reads the image, a 3x3 one, and the loader can join three rows for it."""
    readers = [x.layer for x in work if x.reads == INPUT]
    added = any(x.layer.skip == INPUT for x in work)
    alone = len(readers) == 1 and not added and choose_kernel(readers[0]) is Kernel.K3X3
    channels, _, width = network.input_shape
    return alone and 3 * channels <= config.pin and width <= config.max_pool_width


def _is_shared(layer: IntegerLayer) -> bool:
    """Whether a linear layer over a map has the same weights at all positions."""
    if layer.kind != "linear" or layer.kernel == (1, 1):
        return False
    return bool(np.all(layer.weight == layer.weight[:, :, :1, :1]))


def _check_sizes(plan: LayerPlan, config: CoreConfig) -> None:
    layer = plan.layer
    if max(*plan.source, layer.outputs) > 0xFFFF:
        raise UnsupportedNetworkError(f"layer {layer.name}: a size of {plan.source} is over 65535")
    columns = plan.result[2]
    if plan.depthwise is not None and columns > config.max_pool_width:
        raise UnsupportedNetworkError(
            f"layer {plan.depthwise.name}: rows of {columns} pixels are wider than a depthwise "
            f"layer's can be ({config.max_pool_width})"
        )
    if plan.depthwise is not None:
        columns = ceil_div(columns, plan.depthwise.stride)
    if plan.last.pool > 1 and columns > config.max_pool_width:
        raise UnsupportedNetworkError(
            f"layer {plan.last.name}: rows of {columns} pixels are wider than the core can pool "
            f"({config.max_pool_width})"
        )
    words = plan.payload_shape.words(config)
    streamed = weights_streamed(plan.kernel, layer.input_bits) and not plan.shared
    if words > config.weight_depth and not streamed:
        raise UnsupportedNetworkError(
            f"layer {layer.name}: the weights of one channel group take {words} words; the weight "
            f"memory has {config.weight_depth}, {words - config.weight_depth} too few"
        )
