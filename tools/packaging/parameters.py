# SPDX-License-Identifier: Apache-2.0
"""Labels and legal values of the core's parameters, as a customisation dialogue shows them.

Defaults are the Verilog's, explanations are those of ``fusesoc.core``. A parameter of the Verilog
that is missing here stops the generator; ``tb/tools/packaging`` shows that the Verilog accepts the
ends of every range and refuses what lies outside.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Legal:
    """What a parameter may be: one of ``choices``, or a whole number from ``low`` to ``high``.

    ``at_most``: a bound that depends on other parameters, as a formula of their names.
    """

    label: str
    page: str
    choices: tuple[int | str, ...] = ()
    low: int = 0
    high: int = 0
    at_most: str = ""


def powers(first: int, last: int) -> tuple[int, ...]:
    """The powers of two from 2^first to 2^last."""
    return tuple(1 << exponent for exponent in range(first, last + 1))


LEGAL: dict[str, Legal] = {
    "PIN": Legal("Input channels a cycle", "Array", choices=(4, 8, 16)),
    "POUT": Legal("Output channels", "Array", choices=(4, 8, 16)),
    "ACC_W": Legal("Accumulator width", "Array", low=18, high=27),
    "MULTIPLIER": Legal("Form of the multipliers", "Array", choices=(0, 1, 2, 3, 4)),
    "DEPTHWISE_PIXELS": Legal("Depthwise pixels a cycle", "Array", choices=(1, 2)),
    "PARAM_W": Legal(
        "Parameter stream width", "Streams", choices=(32, 64, 128, 256), at_most="4*PIN*POUT"
    ),
    # to 1024, the widest stream of AXI DMA; the Verilog knows no upper bound
    "DATA_W": Legal("Image stream width", "Streams", choices=powers(4, 10)),
    "FEATURE_DEPTH": Legal("Feature memory depth", "Memories", low=2, high=1 << 17),
    "WEIGHT_DEPTH": Legal("Weight memory depth", "Memories", choices=powers(1, 18)),
    "MAX_POOL_WIDTH": Legal("Widest pooled row", "Memories", choices=powers(2, 15)),
}
