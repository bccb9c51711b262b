# SPDX-License-Identifier: Apache-2.0
"""The bus interfaces that Vivado infers from names and attributes of ports.

Names: ``<interface>_<signal>`` with the signals of AXI4-Lite or AXI4-Stream (UG1118, Inferring AXI
Signals; UG994, Inferring AXI Interfaces). Attributes: X_INTERFACE_INFO names bus, interface and
signal of a single port, X_INTERFACE_PARAMETER its parameters; they outrank names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.packaging.verilog_interface import InterfaceError, Port

LITE_REQUIRED = frozenset(
    ("AWADDR", "AWVALID", "AWREADY", "WDATA", "WSTRB", "WVALID", "WREADY", "BRESP", "BVALID",
     "BREADY", "ARADDR", "ARVALID", "ARREADY", "RDATA", "RRESP", "RVALID", "RREADY")
)  # fmt: skip
LITE_SIGNALS = LITE_REQUIRED | {"AWPROT", "ARPROT"}
STREAM_REQUIRED = frozenset(("TDATA", "TVALID"))
STREAM_SIGNALS = STREAM_REQUIRED | {"TREADY", "TLAST", "TKEEP", "TSTRB", "TID", "TDEST", "TUSER"}

AXI_LITE = ("xilinx.com", "interface", "aximm", "1.0")
AXI_STREAM = ("xilinx.com", "interface", "axis", "1.0")


@dataclass
class BusInterface:
    """One interface: its bus, its role, and which port carries which signal."""

    name: str
    bus: tuple[str, str, str, str]
    master: bool
    signals: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """aximm, axis, clock, reset or interrupt."""
        return self.bus[2]


def infer(ports: Sequence[Port]) -> list[BusInterface]:
    """The interfaces of a module. Raises InterfaceError for a port of none, or one incomplete."""
    found: list[BusInterface] = []
    named: dict[str, dict[str, Port]] = defaultdict(dict)
    for port in ports:
        if "X_INTERFACE_INFO" in port.attributes:
            found.append(_attributed(port))
        else:
            name, _, signal = port.name.rpartition("_")
            named[name][signal.upper()] = port
    found += [_named(name, signals) for name, signals in named.items()]
    return found


def _attributed(port: Port) -> BusInterface:
    vlnv, name, signal = port.attributes["X_INTERFACE_INFO"].split()
    vendor, library, bus, version = vlnv.split(":")
    pairs = port.attributes.get("X_INTERFACE_PARAMETER", "").split(",")
    return BusInterface(
        name,
        (vendor, library, bus, version),
        port.direction == "out",
        {signal: port.name},
        dict(pair.split() for pair in pairs if pair.strip()),
    )


def _named(name: str, signals: dict[str, Port]) -> BusInterface:
    if signals.keys() <= STREAM_SIGNALS and signals.keys() >= STREAM_REQUIRED:
        bus, master = AXI_STREAM, signals["TVALID"].direction == "out"
    elif signals.keys() <= LITE_SIGNALS and signals.keys() >= LITE_REQUIRED:
        bus, master = AXI_LITE, signals["AWVALID"].direction == "out"
    else:
        ports = ", ".join(port.name for port in signals.values())
        raise InterfaceError(f"{ports}: neither AXI4-Lite nor AXI4-Stream, and without attributes")
    return BusInterface(name, bus, master, {signal: port.name for signal, port in signals.items()})
