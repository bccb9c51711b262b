# SPDX-License-Identifier: Apache-2.0
"""What a core takes of a device: LUTs, flip-flops, DSP slices, block RAMs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """Cells: LUTs (those used as memory included), flip-flops, DSP slices, block RAMs of 36 kbit.

    Of an ECP5: multipliers of 18x18 bits, and block RAMs of 18 kbit.

    Every LUT cell counts, also where a device would put two small ones into one LUT.
    """

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: float = 0.0

    def __add__(self, other: Area) -> Area:
        return Area(
            self.lut + other.lut, self.ff + other.ff, self.dsp + other.dsp, self.bram + other.bram
        )

    def __mul__(self, times: int) -> Area:
        return Area(times * self.lut, times * self.ff, times * self.dsp, times * self.bram)

    def shares(self, device: Area) -> Area:
        """Rounded per mille of a device's resources (bram: not rounded)."""
        return Area(
            round(1000 * self.lut / device.lut), round(1000 * self.ff / device.ff),
            round(1000 * self.dsp / device.dsp), 1000 * self.bram / device.bram,
        )  # fmt: skip


DEVICES: Mapping[str, Area] = {
    "ZU3EG": Area(70_560, 141_120, 360, 216),
    "XC7Z020": Area(53_200, 106_400, 220, 140),
    "ZU7EV": Area(230_400, 460_800, 1728, 312),
    "XC7A35T": Area(20_800, 41_600, 90, 50),
    "XC7A100T": Area(63_400, 126_800, 240, 135),
    "LFE5U-25F": Area(24_288, 24_288, 28, 56),
    "LFE5U-45F": Area(43_848, 43_848, 72, 108),
    "LFE5U-85F": Area(83_640, 83_640, 156, 208),
}
"""From the vendors' product tables: AMD DS891 (Zynq UltraScale+), DS190 (Zynq-7000), DS180 (7
series), and for ECP5 the counts of nextpnr's device data (family data sheet FPGA-DS-02012)."""
