# SPDX-License-Identifier: Apache-2.0
"""What a program has to know about the core it is made for: the parameters of ``lsfq_accel``."""

from __future__ import annotations

from dataclasses import dataclass

from ref_model.integer.ranges import ACCUMULATOR_BITS

LANE_SIZES = (4, 8, 16)
"""Values that PIN and POUT may have."""

RANGES = {
    "acc_width": (1, 27),
    "feature_depth": (2, 131072),
    "weight_depth": (2, 262144),
    "max_pool_width": (4, 32768),
}
"""Least and most that the Verilog's parameters can be; some have to be powers of two, too."""


@dataclass(frozen=True)
class CoreConfig:
    """Parameters of one core.

    ``pin`` multipliers a lane (input channels a word), ``pout`` lanes; ``acc_width`` bits of the
    accumulator; ``feature_depth`` and ``weight_depth`` words of the two memories;
    ``max_pool_width`` pixels in the widest row that can be pooled; ``max_layers`` slots of
    counters; ``param_width`` bits of the parameter stream and ``depthwise_pixels`` a cycle, for
    estimates only; ``data_width`` bits of the image stream, to whose beats images are filled.
    ``code_bits``: 4, or 3 with four pixels a word and twelve products a multiplier.
    Raises ValueError for a core that does not exist.
    """

    pin: int = 8
    pout: int = 8
    acc_width: int = ACCUMULATOR_BITS
    feature_depth: int = 4096
    weight_depth: int = 512
    max_pool_width: int = 512
    max_layers: int = 64
    param_width: int = 128
    data_width: int = 64
    depthwise_pixels: int = 1
    code_bits: int = 4

    def __post_init__(self) -> None:
        for name in ("pin", "pout"):
            if getattr(self, name) not in LANE_SIZES:
                raise ValueError(f"{name} {getattr(self, name)} is not one of {LANE_SIZES}")
        for name in ("acc_width", "feature_depth", "weight_depth", "max_pool_width", "max_layers",
                     "param_width", "data_width", "depthwise_pixels"):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is not at least 1")
        for name, (least, most) in RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} {getattr(self, name)} is not in {least}..{most}")
        if self.depthwise_pixels > 2:
            raise ValueError(f"depthwise_pixels {self.depthwise_pixels} is not 1 or 2")
        if self.code_bits not in (3, 4):
            raise ValueError(f"code_bits {self.code_bits} is not 3 or 4")

    @property
    def pixels(self) -> int:
        """Neighbouring pixels in a word of the feature memory."""
        return 4 if self.code_bits == 3 else 2

    @property
    def peak(self) -> int:
        """Multiply-accumulates a cycle in 3x3 layers: three a multiplier for each pixel."""
        return 3 * self.pixels * self.pin * self.pout

    def __str__(self) -> str:
        return f"{self.pin}x{self.pout}"


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up, for positive b."""
    return -(-a // b)
