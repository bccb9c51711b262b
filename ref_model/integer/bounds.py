# SPDX-License-Identifier: Apache-2.0
"""How large an accumulator can get, from the weights that are there.

Input codes lie in 0 .. A. The largest accumulator of an output channel is A times the sum of its
positive weights, the smallest A times the sum of its negative ones, and inputs exist that reach
either, away from the border. Padding only leaves terms out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.network import IntegerLayer, IntegerNetwork, NetworkError
from ref_model.integer.ranges import ACCUMULATOR_BITS, largest_activation

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AccumulatorRange:
    """Smallest and largest accumulator of each output channel, int64 (O,)."""

    low: IntArray
    high: IntArray

    @property
    def magnitude(self) -> int:
        """The largest |acc| of all channels; it bounds every partial sum, in any order, too."""
        return int(max(-self.low.min(), self.high.max()))

    @property
    def bits(self) -> int:
        """Width of the smallest signed accumulator with |acc| < 2^(bits-1)."""
        return self.magnitude.bit_length() + 1


def accumulator_range(layer: IntegerLayer) -> AccumulatorRange:
    """Exact range of the accumulators of ``layer`` over all inputs of its bit width."""
    return range_of_weights(layer.weight, largest_activation(layer.input_bits))


def range_of_weights(weight: npt.NDArray[Any], largest_code: int) -> AccumulatorRange:
    """The same for weight codes (O, ...) and input codes 0 .. ``largest_code``."""
    flat = weight.reshape(len(weight), -1)
    low = np.minimum(flat, 0).sum(axis=1, dtype=np.int64) * largest_code
    high = np.maximum(flat, 0).sum(axis=1, dtype=np.int64) * largest_code
    return AccumulatorRange(low, high)


def check_accumulators(network: IntegerNetwork, acc_bits: int = ACCUMULATOR_BITS) -> None:
    """Prove |acc| < 2^(acc_bits-1) for every channel of every layer, or raise NetworkError.

    Only the final value has to fit: the core adds and shifts modulo 2^acc_bits, so what a partial
    sum of digits or of offset weights wraps around comes back with the last term.
    """
    for layer in network.layers:
        reach = accumulator_range(layer)
        if reach.bits > acc_bits:
            channel = int(np.maximum(-reach.low, reach.high).argmax())
            raise NetworkError(
                f"layer {layer.name}: channel {channel} can reach |acc| = {reach.magnitude}, "
                f"which needs an accumulator of {reach.bits} bits; there are {acc_bits}"
            )
