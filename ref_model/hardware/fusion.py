# SPDX-License-Identifier: Apache-2.0
"""Which layers of a network run as one LAYER block.

The core's depthwise layers are a stage in the stream behind the array, so a depthwise layer runs
together with the layer that it reads, whose result is then never stored. Where that is impossible,
it runs behind a 1x1 layer that hands its input on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layout import digits_of
from ref_model.integer.network import IntegerLayer, IntegerNetwork


@dataclass(frozen=True)
class FusedLayer:
    """A layer that the array runs, and the depthwise layer behind it, if any.

    ``reads`` is the tensor that it reads. ``hands_on``: ``layer`` is not the network's, it is there
    to bring the tensor to the depthwise layer.
    """

    layer: IntegerLayer
    reads: str
    depthwise: IntegerLayer | None = None
    hands_on: bool = False

    @property
    def parts(self) -> tuple[IntegerLayer, ...]:
        """The network's layers that it runs, in order."""
        behind = () if self.depthwise is None else (self.depthwise,)
        return behind if self.hands_on else (self.layer, *behind)

    @property
    def last(self) -> IntegerLayer:
        """The layer whose result is stored."""
        return self.layer if self.depthwise is None else self.depthwise

    @property
    def name(self) -> str:
        """Name for people: "block2.expand+depthwise" for two layers of one block."""
        first, *rest = (layer.name for layer in self.parts)
        block = first.rpartition(".")[0]
        return "+".join(
            (first, *(name.removeprefix(f"{block}.") if block else name for name in rest))
        )


def fuse(network: IntegerNetwork) -> tuple[FusedLayer, ...]:
    """The layers of ``network`` as the core runs them, in order.

    Raises UnsupportedNetworkError for grouped convolutions and for depthwise layers that the
    core's stage does not do.
    """
    return tuple(_fuse(network))


def _fuse(network: IntegerNetwork) -> Iterator[FusedLayer]:
    feeding = _feeding_layers(network)
    waiting: dict[str, FusedLayer] = {}
    for layer, source in zip(network.layers, network.sources(), strict=True):
        if layer.groups == 1:
            fused = FusedLayer(layer, source)
            if layer.name in feeding:
                waiting[layer.name] = fused
            else:
                yield fused
            continue
        _check_depthwise(layer)
        if source in waiting:
            yield FusedLayer(waiting[source].layer, waiting[source].reads, layer)
        else:
            yield FusedLayer(_handing_on(layer), source, layer, hands_on=True)


def _feeding_layers(network: IntegerNetwork) -> set[str]:
    """Layers whose result goes through a depthwise layer and nowhere else, behind the array."""
    sources = network.sources()
    reads = [*sources, *(layer.skip for layer in network.layers)]
    depthwise = {
        source for layer, source in zip(network.layers, sources, strict=True) if layer.groups > 1
    }
    return {
        layer.name
        for layer in network.layers
        if layer.name in depthwise
        and reads.count(layer.name) == 1
        and (layer.kind, layer.groups, layer.pool, layer.skip) == ("conv", 1, 1, None)
    }


def _check_depthwise(layer: IntegerLayer) -> None:
    def refuse(what: str, instead: str) -> UnsupportedNetworkError:
        return UnsupportedNetworkError(
            f"layer {layer.name}: the core does not run {what}; use {instead}"
        )

    if not layer.groups == layer.inputs == layer.outputs:
        raise refuse(
            f"grouped convolutions ({layer.groups} groups, {layer.inputs} to {layer.outputs} "
            "channels)",
            "a dense or a depthwise convolution",
        )
    if (layer.kernel, layer.padding) != ((3, 3), 1) or layer.stride not in (1, 2):
        rows, columns = layer.kernel
        raise refuse(
            f"a depthwise {rows}x{columns} kernel with padding {layer.padding} and stride "
            f"{layer.stride}",
            "3x3 with padding 1 and stride 1 or 2",
        )
    if digits_of(layer.input_bits) > 1 or digits_of(layer.weight_bits) > 1:
        raise refuse("depthwise layers with codes or weights of 8 bits", "2, 3 or 4 bits")
    if layer.skip is not None:
        raise refuse("a residual addition in a depthwise layer", "one in the 1x1 layer behind it")
    if layer.raw:
        raise refuse("a depthwise layer as the last one", "a 1x1 or linear layer behind it")


def _handing_on(layer: IntegerLayer) -> IntegerLayer:
    """The 1x1 layer whose result is its input, for the depthwise ``layer`` behind it."""
    channels = layer.inputs
    weight = np.eye(channels, dtype=np.int8)[:, :, None, None]
    ones, zeros = np.ones(channels, np.int32), np.zeros(channels, np.int64)
    return IntegerLayer(
        layer.name, "conv", weight, ones, zeros, 0, 2, layer.input_bits, layer.input_bits
    )
