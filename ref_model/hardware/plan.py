# SPDX-License-Identifier: Apache-2.0
"""How a core runs a network: the kernel of every layer and the place of every tensor."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layout import digits_of, tensor_word_count
from ref_model.hardware.payload import PayloadShape
from ref_model.integer.bounds import check_accumulators
from ref_model.integer.network import IntegerLayer, IntegerNetwork, NetworkError, Shape


@dataclass(frozen=True)
class LayerPlan:
    """How one layer runs.

    ``source`` is the shape of its input as stored (3C channels in a row window), ``result`` of its
    output before pooling, ``output`` after it. Bases are word addresses; ``output_base`` is 0 for
    the raw layer.
    """

    layer: IntegerLayer
    kernel: Kernel
    source: Shape
    result: Shape
    output: Shape
    input_base: int
    output_base: int

    @property
    def payload_shape(self) -> PayloadShape:
        """Size and order of the layer's payload."""
        channels, height, width = self.source
        return PayloadShape(
            self.kernel, channels, height, width, self.layer.outputs, self.layer.weight_bits
        )


@dataclass(frozen=True)
class Plan:
    """How a network runs on one core. ``row_window``: the image is stored as 3C channels."""

    network: IntegerNetwork
    config: CoreConfig
    row_window: bool
    layers: tuple[LayerPlan, ...]
    feature_words: int
    """Words of the feature memory in use at the fullest moment."""


def plan_network(network: IntegerNetwork, config: CoreConfig) -> Plan:
    """Choose kernels and addresses.

    Tensors lie at the bottom and at the top of the feature memory in turns, so a layer's input and
    output never meet while both fit, and every word is used again two layers later.
    Raises UnsupportedNetworkError, naming the layer, for a layer that the core does not run, an
    accumulator, a weight group or a pair of tensors that does not fit (with what is missing).
    """
    try:
        check_accumulators(network, config.acc_width)
    except NetworkError as error:
        raise UnsupportedNetworkError(str(error)) from error
    kernels = [choose_kernel(layer) for layer in network.layers]
    row_window = kernels[0] is Kernel.K3X3 and 3 * network.input_shape[0] <= config.pin
    sources = list(network.input_shapes())
    if row_window:
        kernels[0] = Kernel.K1X3
        sources[0] = (3 * sources[0][0], *sources[0][1:])
    bases, fullest = _place(network, config, sources)
    outputs = network.output_shapes()
    plans = []
    for i, layer in enumerate(network.layers):
        result = layer.result_shape(network.input_shapes()[i])
        plan = LayerPlan(
            layer, kernels[i], sources[i], result, outputs[i],
            bases[i], 0 if layer.raw else bases[i + 1],
        )  # fmt: skip
        _check_sizes(plan, config)
        plans.append(plan)
    if len(plans) > 0xFFFE:
        raise UnsupportedNetworkError(f"network {network.name}: {len(plans)} layers are too many")
    return Plan(network, config, row_window, tuple(plans), fullest)


def choose_kernel(layer: IntegerLayer) -> Kernel:
    """The kernel that runs ``layer``; UnsupportedNetworkError when the core has none for it."""
    if layer.groups != 1:
        what = f"grouped or depthwise convolutions ({layer.groups} groups)"
        raise _unsupported(layer, what, "a dense convolution")
    if layer.stride != 1:
        raise _unsupported(layer, f"stride {layer.stride}", "stride 1 and a 2x2 max pool")
    if layer.skip is not None:
        raise _unsupported(layer, "residual additions", "a chain of layers")
    if layer.kind == "linear":
        return Kernel.FULL
    if layer.kernel == (1, 1) and layer.padding == 0:
        return Kernel.K1X1
    if layer.kernel == (3, 3) and layer.padding == 1:
        return Kernel.K3X3
    what = f"a {layer.kernel[0]}x{layer.kernel[1]} kernel with padding {layer.padding}"
    raise _unsupported(layer, what, "3x3 with padding 1, 1x1 with padding 0, or a linear layer")


def weights_streamed(kernel: Kernel, input_bits: int) -> bool:
    """Whether weight words are used once, straight from the stream, and may be any number."""
    return kernel is Kernel.FULL and digits_of(input_bits) == 1


def _unsupported(layer: IntegerLayer, what: str, instead: str) -> UnsupportedNetworkError:
    return UnsupportedNetworkError(
        f"layer {layer.name}: the core does not run {what}; use {instead}"
    )


def _place(
    network: IntegerNetwork, config: CoreConfig, sources: list[Shape]
) -> tuple[list[int], int]:
    """Base address of every layer's input (the first is the image), and the fullest moment."""
    depth = config.feature_depth
    sizes = [
        tensor_word_count(source, layer.input_bits, config.pin)
        for source, layer in zip(sources, network.layers, strict=True)
    ]
    bases = [0 if i % 2 == 0 else depth - size for i, size in enumerate(sizes)]
    fullest = 0
    for i, layer in enumerate(network.layers):
        after = sizes[i + 1] if i + 1 < len(sizes) else 0
        needed = sizes[i] + after
        if needed > depth:
            raise UnsupportedNetworkError(
                f"layer {layer.name}: its input takes {sizes[i]} words and its output {after}, "
                f"together {needed}; the feature memory has {depth}, {needed - depth} too few"
            )
        fullest = max(fullest, needed)
    return bases, fullest


def _check_sizes(plan: LayerPlan, config: CoreConfig) -> None:
    layer = plan.layer
    if max(*plan.source, layer.outputs) > 0xFFFF:
        raise UnsupportedNetworkError(f"layer {layer.name}: a size of {plan.source} is over 65535")
    if layer.pool == 2 and plan.source[2] > config.max_pool_width:
        raise UnsupportedNetworkError(
            f"layer {layer.name}: rows of {plan.source[2]} pixels are wider than the core can pool "
            f"({config.max_pool_width})"
        )
    words = plan.payload_shape.words(config)
    if words > config.weight_depth and not weights_streamed(plan.kernel, layer.input_bits):
        raise UnsupportedNetworkError(
            f"layer {layer.name}: the weights of one channel group take {words} words; the weight "
            f"memory has {config.weight_depth}, {words - config.weight_depth} too few"
        )
