# SPDX-License-Identifier: Apache-2.0
"""This core beside published engines: multiply-accumulates for each multiplier or DSP and cycle.

The figures of others are worked out here from what their authors publish; none is typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ref_model.hardware.performance import Performance

ULTRANET_MACS = 199.526e6
"""Of an image of 160x320: the nine convolutions of UltraNet."""
ULTRASPEED_MACS = 799.949e6
"""Of an image of 320x640: UltraNet's first eight convolutions, and 72 channels in the ninth."""


@dataclass(frozen=True)
class Engine:
    """An engine on one network: ``macs`` and clock ``cycles`` of an image, and what works on it.

    ``multipliers`` are those of its array, ``dsps`` all DSP blocks of the design; None where they
    are not published. ``source`` is an address, ``how`` says where the cycles come from.
    """

    name: str
    macs: float
    cycles: float
    how: str
    multipliers: int | None = None
    dsps: int | None = None
    source: str = ""

    def row(self) -> tuple[str, str, str, str]:
        """Name, MACs a multiplier and cycle, MACs a DSP and cycle, how they follow."""
        name = f"[{self.name}]({self.source})" if self.source else self.name
        return name, self._share(self.multipliers), self._share(self.dsps), self.how

    def _share(self, units: int | None) -> str:
        return f"{self.macs / self.cycles / units:.2f} (of {units})" if units else "not published"


def _on_board(macs: float, frames: float, megahertz: float) -> dict[str, Any]:
    """Cycles of an image of an engine that makes ``frames`` a second."""
    how = f"{macs / 1e6:.1f} M MACs, {frames:,} images/s at {megahertz:g} MHz on the board"
    return {"macs": macs, "cycles": megahertz * 1e6 / frames, "how": how}


def _scheduled(macs: float, cycles: int, note: str = "") -> dict[str, Any]:
    """Cycles of an image as the design's loops give them."""
    how = f"{macs / 1e6:.1f} M MACs, {cycles:,} cycles scheduled{note}"
    return {"macs": macs, "cycles": cycles, "how": how}


_ULTRANET = "https://github.com/heheda365/ultra_net"
_SEUER = "https://github.com/AiArtisan/dac_sdc_2022_champion"

OTHERS = (
    Engine(
        "UltraNet, contest design of LSFQ's authors, DAC-SDC 2020",
        **_scheduled(ULTRANET_MACS, 460_800, "; more multipliers than the device has DSPs"),
        multipliers=448, source=_ULTRANET,
    ),
    Engine(
        "the same on the board",
        **_on_board(ULTRANET_MACS, 281, 166.67), multipliers=448, source=_ULTRANET,
    ),
    Engine(
        "SEUer, UltraNet, DAC-SDC 2022",
        **_scheduled(ULTRANET_MACS, 102_400, "; all DSPs of the device counted"),
        dsps=360, source=_SEUER,
    ),
    Engine(
        "the same on the board",
        **_on_board(ULTRANET_MACS, 2020.6, 300), dsps=360, source=_SEUER,
    ),
    Engine(
        "SEUer, UltraSpeed, DAC-SDC 2023",
        **_scheduled(
            ULTRASPEED_MACS, 307_200,
            "; the first layer, 11 % of the MACs, runs in LUTs, which are not counted",
        ),
        multipliers=400,
        source="https://github.com/PKU-SEC-Lab/dac-sdc-2023-designs/tree/main/FPGA_Track_First_Place",
    ),
    Engine(
        "DPU B3136 (INT8), DenseBox, K26",
        macs=0.25e12 / 2, cycles=300e6,
        how="0.25 TOPS at 300 MHz on the board; its DSPs run at twice the clock",
        dsps=548,
        source="https://xilinx.github.io/kria-apps-docs/kv260/2022.1/build/html/docs/"
        "nlp-smartvision/docs/hw_arch_accel_nlp.html",
    ),
)  # fmt: skip

TEXT = (
    "Multiply-accumulates over a whole network, for each clock cycle and each multiplier of the "
    "array, or each DSP block of the whole design: two scales on which engines of different size, "
    "clock and word width compare. The second one counts requantisation and everything else, too. "
    "The figures of others follow from what they publish, *scheduled* from the loops of their "
    "source, and clocks and boards differ; this core's are of a simulation, its DSP blocks those "
    "of [area](#area)."
)
PRIOR_ART = (
    "Several of these designs make six products of nibbles in one DSP block, as this core does. "
    "UINT-Packing (Zhang, Zhang, Cao and Li, DAC 2023, doi:10.1109/DAC56929.2023.10247773), which "
    "SEUer's design of 2023 uses, is prior art of this core's offset sum: weights made unsigned, "
    "and the sum of the activations subtracted."
)


def this_core(
    name: str, ran: Performance, described: Mapping[str, Any], area: Mapping[str, Any] | None
) -> Engine:
    """This core on a network that it ran; ``described`` has its parameters, ``area`` its DSPs.

    A network without depthwise layers takes as long on a core without the wider depthwise stage,
    so the DSP blocks are those of the smaller core.
    """
    core = f"{described['pin']}x{described['pout']}"
    if any(layer.depthwise for layer in ran.layers) and described["depthwise_pixels"] == 2:
        core += "-depthwise2"
    dsps = area[core]["whole"]["dsp"] if area and core in area else None
    return Engine(
        f"this core, {core}, {name}", ran.macs, ran.cycles, "a table above", ran.multipliers, dsps
    )


def rows(
    networks: Iterable[tuple[str, Performance, Mapping[str, Any]]], area: Mapping[str, Any] | None
) -> list[tuple[str, str, str, str]]:
    """Rows of the comparison: this core on every network, then the others."""
    ours = [this_core(name, ran, described, area) for name, ran, described in networks]
    return [engine.row() for engine in (*ours, *OTHERS)]
