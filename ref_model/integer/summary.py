# SPDX-License-Identifier: Apache-2.0
"""A table of a network's layers, for people."""

from __future__ import annotations

from ref_model.integer.console import table
from ref_model.integer.network import IntegerLayer, IntegerNetwork, Shape

HEADER = ("layer", "kind", "input", "output", "weights", "bits", "parameters", "MACs")


def summary(network: IntegerNetwork) -> str:
    """A line for each layer, and one for the whole network.

    ``input`` and ``output`` are (C, H, W), the output after pooling; ``weights`` (O, C/groups, kh,
    kw). ``bits`` are those of weights, input codes and output codes, "raw" where the numbers leave
    as they are. Parameters are the weights, and a multiplier and a bias for each output; MACs are
    nominal, for one image.
    """
    sources, results, macs = (
        network.input_shapes(), network.output_shapes(), network.layer_macs()
    )  # fmt: skip
    rows = [
        (
            layer.name,
            kind_of(layer),
            _size(source),
            _size(result),
            _size(layer.weight.shape),
            bits_of(layer),
            f"{parameters_of(layer):,}",
            f"{count:,}",
        )
        for layer, source, result, count in zip(network.layers, sources, results, macs, strict=True)
    ]
    total = sum(map(parameters_of, network.layers))
    image, last = _size(network.image_shape), _size(results[-1])
    rows.append((network.name, "", image, last, "", "", f"{total:,}", f"{network.macs():,}"))
    return table(HEADER, rows)


def kind_of(layer: IntegerLayer) -> str:
    """What a layer is: its kernel, and what else it does."""
    if layer.kind == "linear":
        return "linear"
    high, wide = layer.kernel
    words = ["depthwise" if 1 < layer.groups == layer.inputs == layer.outputs else "conv"]
    words.append(f"{high}x{wide}")
    if layer.groups > 1 and words[0] == "conv":
        words.append(f"{layer.groups} groups")
    if layer.stride > 1:
        words.append(f"/{layer.stride}")
    if layer.skip is not None:
        words.append(f"+{layer.skip}")
    if layer.pool > 1:
        words.append(f"pool {layer.pool}x{layer.pool}")
    return " ".join(words)


def bits_of(layer: IntegerLayer) -> str:
    """Bits of weights, of input and output codes."""
    result = "raw" if layer.output_bits is None else f"A{layer.output_bits}"
    return f"W{layer.weight_bits}A{layer.input_bits} {result}"


def parameters_of(layer: IntegerLayer) -> int:
    """Weights, multipliers and biases."""
    return int(layer.weight.size) + 2 * layer.outputs


def _size(shape: Shape | tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
