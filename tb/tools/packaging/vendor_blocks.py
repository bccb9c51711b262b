# SPDX-License-Identifier: Apache-2.0
"""Names of pins, interfaces and settings of the vendor's blocks, as far as the design uses them.

From the product guides (PG201, PG082, PG021, PG247, PG099, PG164, PG107); no Vivado has confirmed
them here. They stand in a list of their own so that a misspelt name in the Tcl shows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """``interfaces``: name to (True: master, bus); ``inputs`` and ``outputs``: single pins.

    ``clocks`` and ``resets`` are inputs that have to be connected.
    """

    interfaces: dict[str, tuple[bool, str]]
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    clocks: frozenset[str] = frozenset()
    resets: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()


MASTER, SLAVE = True, False
MEMORY, STREAM = "aximm", "axis"


def axi_dma(receives: bool) -> Block:
    """AXI DMA in simple mode; the S2MM side only where it is switched on."""
    interfaces = {
        "S_AXI_LITE": (SLAVE, MEMORY),
        "M_AXI_MM2S": (MASTER, MEMORY),
        "M_AXIS_MM2S": (MASTER, STREAM),
    }
    outputs = {"mm2s_introut"}
    clocks = {"s_axi_lite_aclk", "m_axi_mm2s_aclk"}
    if receives:
        interfaces |= {"M_AXI_S2MM": (MASTER, MEMORY), "S_AXIS_S2MM": (SLAVE, STREAM)}
        outputs |= {"s2mm_introut"}
        clocks |= {"m_axi_s2mm_aclk"}
    return Block(
        interfaces,
        outputs=frozenset(outputs),
        clocks=frozenset(clocks),
        resets=frozenset({"axi_resetn"}),
        settings=frozenset(
            "c_include_sg c_sg_include_stscntrl_strm c_sg_length_width c_include_mm2s "  # noqa: SIM905
            "c_include_s2mm c_mm2s_burst_size c_s2mm_burst_size c_m_axi_mm2s_data_width "
            "c_m_axis_mm2s_tdata_width c_m_axi_s2mm_data_width c_s_axis_s2mm_tdata_width".split()
        ),
    )


def smartconnect(slaves: int, masters: int) -> Block:
    """SmartConnect with one clock."""
    return Block(
        {f"S{n:02}_AXI": (SLAVE, MEMORY) for n in range(slaves)}
        | {f"M{n:02}_AXI": (MASTER, MEMORY) for n in range(masters)},
        clocks=frozenset({"aclk"}),
        resets=frozenset({"aresetn"}),
        settings=frozenset({"NUM_SI", "NUM_MI"}),
    )


def xlconcat(ports: int) -> Block:
    """Concat."""
    return Block(
        {},
        inputs=frozenset(f"In{n}" for n in range(ports)),
        outputs=frozenset({"dout"}),
        settings=frozenset({"NUM_PORTS"}),
    )


AXI_INTC = Block(
    {"s_axi": (SLAVE, MEMORY)},
    inputs=frozenset({"intr"}),
    outputs=frozenset({"irq"}),
    clocks=frozenset({"s_axi_aclk"}),
    resets=frozenset({"s_axi_aresetn"}),
    settings=frozenset({"C_IRQ_CONNECTION", "C_KIND_OF_INTR", "C_KIND_OF_INTR.VALUE_SRC"}),
)
PROC_SYS_RESET = Block(
    {},
    outputs=frozenset({"peripheral_aresetn"}),
    clocks=frozenset({"slowest_sync_clk"}),
    resets=frozenset({"ext_reset_in"}),
)
ZYNQ_ULTRA_PS_E = Block(
    {"M_AXI_HPM0_FPD": (MASTER, MEMORY), "S_AXI_HP0_FPD": (SLAVE, MEMORY)},
    inputs=frozenset({"pl_ps_irq0"}),
    outputs=frozenset({"pl_clk0", "pl_resetn0"}),
    clocks=frozenset({"maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"}),
    settings=frozenset(
        {
            "PSU__USE__M_AXI_GP0",
            "PSU__USE__M_AXI_GP1",
            "PSU__USE__M_AXI_GP2",
            "PSU__USE__S_AXI_GP2",
            "PSU__SAXIGP2__DATA_WIDTH",
            "PSU__USE__IRQ0",
            "PSU__FPGA_PL0_ENABLE",
            "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ",
        }
    ),
)
PROCESSING_SYSTEM7 = Block(
    {"M_AXI_GP0": (MASTER, MEMORY), "S_AXI_HP0": (SLAVE, MEMORY)},
    inputs=frozenset({"IRQ_F2P"}),
    outputs=frozenset({"FCLK_CLK0", "FCLK_RESET0_N"}),
    clocks=frozenset({"M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"}),
    settings=frozenset(
        {
            "PCW_USE_M_AXI_GP0",
            "PCW_USE_S_AXI_HP0",
            "PCW_S_AXI_HP0_DATA_WIDTH",
            "PCW_USE_FABRIC_INTERRUPT",
            "PCW_IRQ_F2P_INTR",
            "PCW_FPGA0_PERIPHERAL_FREQMHZ",
        }
    ),
)

SEGMENTS = {
    "zynq_ultra_ps_e": "SAXIGP2/HP0_DDR_LOW",
    "processing_system7": "S_AXI_HP0/HP0_DDR_LOWOCM",
}
"""The processing system's memory, as its slave port offers it."""


def vendor_block(kind: str, settings: dict[str, str]) -> Block:
    """The block of this IP with these settings. Raises KeyError for an IP that is not known."""
    if kind == "axi_dma":
        return axi_dma(settings["c_include_s2mm"] == "1")
    if kind == "smartconnect":
        return smartconnect(int(settings["NUM_SI"]), int(settings["NUM_MI"]))
    if kind == "xlconcat":
        return xlconcat(int(settings["NUM_PORTS"]))
    return {
        "axi_intc": AXI_INTC,
        "proc_sys_reset": PROC_SYS_RESET,
        "zynq_ultra_ps_e": ZYNQ_ULTRA_PS_E,
        "processing_system7": PROCESSING_SYSTEM7,
    }[kind]
