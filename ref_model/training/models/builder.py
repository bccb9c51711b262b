# SPDX-License-Identifier: Apache-2.0
"""Makes the layers of a network, handing out bit widths layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ref_model.training.layers import ClassifierUnit, ConvUnit, HeadUnit
from ref_model.training.quantizers import Scheme


class Builder:
    """Layers for one network; ``width`` is the number of channels of its first layer.

    ``weight_bits`` and ``activation_bits`` hold one number a layer, in the order in which layers
    are asked for; the classifier has no activation. Asking for too many raises ValueError.
    """

    def __init__(
        self,
        width: int,
        scheme: Scheme,
        weight_bits: Sequence[int],
        activation_bits: Sequence[int],
    ) -> None:
        self.width = width
        self._scheme = scheme
        self._weight_bits = iter(weight_bits)
        self._activation_bits = iter(activation_bits)

    def conv(
        self,
        name: str,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        pool: int = 1,
        linear: bool = False,
    ) -> ConvUnit:
        """The next convolution; see `ConvUnit`."""
        return ConvUnit(
            name,
            inputs,
            outputs,
            self._scheme,
            _next(self._weight_bits, name),
            _next(self._activation_bits, name),
            kernel=kernel,
            stride=stride,
            groups=groups,
            pool=pool,
            linear=linear,
        )

    def classifier(
        self, shape: tuple[int, int, int], classes: int, *, average: bool = False
    ) -> ClassifierUnit:
        """The last layer, called "classifier"; see `ClassifierUnit`."""
        bits = _next(self._weight_bits, "classifier")
        return ClassifierUnit("classifier", shape, classes, self._scheme, bits, average=average)

    def head(self, name: str, inputs: int, outputs: int) -> HeadUnit:
        """The last layer of a network whose result is a map; see `HeadUnit`."""
        return HeadUnit(name, inputs, outputs, self._scheme, _next(self._weight_bits, name))


def _next(bits: Iterator[int], name: str) -> int:
    try:
        return next(bits)
    except StopIteration:
        raise ValueError(f"layer {name}: no bit width is left for it") from None
