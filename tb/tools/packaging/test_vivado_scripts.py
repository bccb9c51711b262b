# SPDX-License-Identifier: Apache-2.0
"""The scripts for Vivado, run in tclsh with recorded commands: names, widths, addresses.

Vivado itself is not here. What this shows: the scripts are correct Tcl, use known commands, and
what they name of the core is in component.xml; of the vendor's blocks it is in a list.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from lxml import etree

from lsfq.simulation import rtl
from tb.tools.packaging.vendor_blocks import SEGMENTS, Block, vendor_block
from tools.packaging import component
from tools.packaging.block_design import Cell, Design, design
from tools.packaging.component import NAMESPACES
from tools.packaging.package_outputs import COMPONENT
from tools.packaging.parameters import LEGAL
from tools.packaging.vivado_recorder import ScriptError, record, tclsh

pytestmark = pytest.mark.skipif(tclsh() is None, reason="no tclsh (Debian: apt install tcl)")

BOARDS = {
    "ultra96v2": "xczu3eg-sbva484-1-i",
    "zcu104": "xczu7ev-ffvc1156-2-e",
    "pynqz1": "xc7z020clg400-1",
    "pynqz2": "xc7z020clg400-1",
}
DSPS = {"xczu3eg-sbva484-1-i": 360, "xczu7ev-ffvc1156-2-e": 1728, "xc7z020clg400-1": 220}
CORE = "lsfq_accel_0"
PACKAGE = component.read(rtl.ROOT)


def core_block() -> Block:
    """The core as component.xml describes it."""
    root = etree.parse(rtl.ROOT / COMPONENT).getroot()
    interfaces, pins = {}, {}
    for bus in root.iterfind("spirit:busInterfaces/spirit:busInterface", NAMESPACES):
        name = bus.findtext("spirit:name", namespaces=NAMESPACES)
        kind = bus.find("spirit:busType", NAMESPACES)
        assert name is not None
        assert kind is not None
        master = bus.find("spirit:master", NAMESPACES) is not None
        bus_name = str(kind.get(f"{{{component.SPIRIT}}}name"))
        if kind.get(f"{{{component.SPIRIT}}}library") == "interface":
            interfaces[name] = (master, bus_name)
        else:
            port = bus.findtext(".//spirit:physicalPort/spirit:name", namespaces=NAMESPACES)
            pins[str(port)] = bus_name
    settings = {
        parameter.findtext("spirit:name", namespaces=NAMESPACES)
        for parameter in root.iterfind(".//spirit:modelParameter", NAMESPACES)
    }

    def of(kind: str) -> frozenset[str]:
        return frozenset(name for name, bus_name in pins.items() if bus_name == kind)

    return Block(
        interfaces,
        outputs=of("interrupt"),
        clocks=of("clock"),
        resets=of("reset"),
        settings=frozenset(str(name) for name in settings),
    )


def block(cell: Cell) -> Block:
    return core_block() if cell.name == CORE else vendor_block(cell.kind, cell.settings)


# ---- rules that a design has to keep; each gives its complaints


def complaints(made: Design) -> list[str]:
    blocks = {name: block(cell) for name, cell in made.cells.items()}
    found = []
    for cell in made.cells.values():
        for name in sorted(cell.settings.keys() - blocks[cell.name].settings):
            found.append(f"{cell.name} has no setting {name}")
    return [
        *found,
        *_stream_complaints(made, blocks),
        *_net_complaints(made, blocks),
        *_width_complaints(made),
        *_address_complaints(made),
    ]


def _stream_complaints(made: Design, blocks: dict[str, Block]) -> list[str]:
    found = []
    used: Counter[str] = Counter()
    for ends in made.streams:
        sides = []
        for end in ends:
            cell, _, name = end.partition("/")
            known = blocks[cell].interfaces if cell in blocks else {}
            if name not in known:
                return [f"no interface {end}"]
            sides.append(known[name])
            used[end] += 1
        if [master for master, _ in sides] != [True, False]:
            found.append(f"{ends[0]} to {ends[1]} is not from a master to a slave")
        if sides[0][1] != sides[1][1]:
            found.append(f"{ends[0]} and {ends[1]} are different buses")
    for cell, known_block in blocks.items():
        for name in known_block.interfaces:
            if used[f"{cell}/{name}"] != 1:
                found.append(f"{cell}/{name} is connected {used[f'{cell}/{name}']} times")
    return found


def _net_complaints(made: Design, blocks: dict[str, Block]) -> list[str]:
    found = []
    driven: Counter[str] = Counter()
    for driver, *loads in made.nets:
        cell, _, pin = driver.partition("/")
        if cell not in blocks or pin not in blocks[cell].outputs:
            found.append(f"no output {driver}")
        for load in loads:
            cell, _, pin = load.partition("/")
            known = blocks.get(cell, Block({}))
            if pin not in known.inputs | known.clocks | known.resets:
                found.append(f"no input {load}")
            driven[load] += 1
            clock_driver = bool(re.search(r"clk\d$", driver, re.IGNORECASE))
            if (pin in known.clocks) != clock_driver:
                found.append(f"{driver} drives {load}")
            if (pin in known.resets) != bool(re.search("reset", driver, re.IGNORECASE)):
                found.append(f"{driver} drives {load}")
    for cell, known in blocks.items():
        for pin in known.inputs | known.clocks | known.resets:
            if driven[f"{cell}/{pin}"] != 1:
                found.append(f"{cell}/{pin} is driven {driven[f'{cell}/{pin}']} times")
        if cell == CORE:
            drivers = {net[0] for net in made.nets}
            found += [
                f"{cell}/{p} drives nothing" for p in known.outputs if f"{cell}/{p}" not in drivers
            ]
    return found


def _width_complaints(made: Design) -> list[str]:
    """Streams are as wide at one end as at the other; a DMA's memory side is at least as wide."""
    settings = {name: cell.settings for name, cell in made.cells.items()}
    core = settings[CORE]
    widths = {
        f"{CORE}/s_axis_param": int(core["PARAM_W"]),
        f"{CORE}/s_axis_data": int(core["DATA_W"]),
    }
    (result,) = (p.width for p in PACKAGE.interface.ports if p.name == "m_axis_data_tdata")
    widths[f"{CORE}/m_axis_data"] = result
    found = []
    for name, cell in made.cells.items():
        if cell.kind == "axi_dma":
            sent, received = (
                settings[name].get(key, "32")
                for key in ("c_m_axis_mm2s_tdata_width", "c_s_axis_s2mm_tdata_width")
            )
            widths[f"{name}/M_AXIS_MM2S"] = int(sent)
            widths[f"{name}/S_AXIS_S2MM"] = int(received)
            for stream, memory in (
                (sent, settings[name].get("c_m_axi_mm2s_data_width", "32")),
                (received, settings[name].get("c_m_axi_s2mm_data_width", "32")),
            ):
                if int(memory) < max(32, int(stream)):
                    found.append(f"{name}: {memory} bits of memory for a stream of {stream}")
    for ends in made.streams:
        if all(end in widths for end in ends) and widths[ends[0]] != widths[ends[1]]:
            found.append(f"{ends[0]} has {widths[ends[0]]} bits, {ends[1]} {widths[ends[1]]}")
    return found


SIZES = {"4K": 1 << 12, "64K": 1 << 16}


def _address_complaints(made: Design) -> list[str]:
    found = []
    taken: list[tuple[int, int, str]] = []
    for segment, (offset, size) in made.addresses.items():
        length = SIZES[size]
        if offset % length:
            found.append(f"{segment} is not aligned")
        for start, end, other in taken:
            if offset < end and start < offset + length:
                found.append(f"{segment} overlaps {other}")
        taken.append((offset, offset + length, segment))
        if segment.startswith(CORE) and length != 1 << PACKAGE.registers.address_bits:
            found.append(f"{segment} has {length} bytes")
    slaves = [to.lower() for from_, to in made.streams if from_.startswith("smartconnect_control/")]
    mapped = ["/".join(segment.split("/")[:2]).lower() for segment in made.addresses]
    if sorted(slaves) != sorted(mapped):
        found.append(f"addresses for {mapped}, slaves are {slaves}")
    masters = {from_ for from_, to in made.streams if to.startswith("smartconnect_memory/")}
    spaces = {space.replace("/Data_", "/M_AXI_") for space, _ in made.memories}
    if masters != spaces:
        found.append(f"memory for {spaces}, masters are {masters}")
    ps = next(cell for cell in made.cells.values() if cell.kind in SEGMENTS)
    for _, segment in made.memories:
        if segment != f"{ps.name}/{SEGMENTS[ps.kind]}":
            found.append(f"no memory {segment}")
    return found


# ---- the design


@pytest.mark.parametrize("core_type", ["ip", "module"])
@pytest.mark.parametrize("board", BOARDS)
def test_design(board: str, core_type: str) -> None:
    made = design(rtl.ROOT, [board, *(["-module"] if core_type == "module" else [])])
    assert not complaints(made)
    assert made.part == BOARDS[board]
    core = made.cells[CORE]
    assert (core.kind, core.module) == ("lsfq_accel", core_type == "module")
    for name, legal in LEGAL.items():
        value = core.settings[name]
        if legal.choices:
            assert value in map(str, legal.choices)
        else:
            assert legal.low <= int(value) <= legal.high
    assert ("update_ip_catalog" in made.commands) is (core_type == "ip")
    assert "validate_bd_design" in made.commands
    assert "launch_runs" not in made.commands


@pytest.mark.parametrize("board", BOARDS)
def test_multipliers_fit(board: str) -> None:
    """A 27x18 multiplier takes one DSP48E2, and two of the 25x18 ones of a Zynq-7000."""
    core = design(rtl.ROOT, [board]).cells[CORE].settings
    each = 2 if BOARDS[board].startswith("xc7") else 1
    assert int(core["PIN"]) * int(core["POUT"]) * each <= 0.8 * DSPS[BOARDS[board]]


def test_options() -> None:
    arguments = [
        "pynqz2",
        "-clock",
        "50",
        "-set",
        "DATA_W=16",
        "-set",
        "PIN=4",
        "-set",
        "PARAM_W=32",
    ]
    made = design(rtl.ROOT, arguments)
    assert not complaints(made)
    assert made.cells["zynq_ps"].settings["PCW_FPGA0_PERIPHERAL_FREQMHZ"] == "50"
    assert made.cells[CORE].settings["DATA_W"] == "16"
    assert made.cells["axi_dma_data"].settings["c_m_axi_mm2s_data_width"] == "32"


@pytest.mark.parametrize("board", BOARDS)
def test_board_files_are_used_where_they_are(board: str) -> None:
    names = ["avnet.com:ultra96v2:part0:1.2", "xilinx.com:zcu104:part0:1.1",
             "www.digilentinc.com:pynq-z1:part0:1.0", "tul.com.tw:pynq-z2:part0:1.0"]  # fmt: skip
    with_files = record_design([board], " ".join(names))
    without = record_design([board], "")
    for words, expected in ((with_files, True), (without, False)):
        assert any(word[:2] == ["set_property", "board_part"] for word in words) is expected
        presets = [word for word in words if word[0] == "apply_bd_automation"]
        # a Zynq-7000 gets its DDR and FIXED_IO ports by the same command
        assert bool(presets) is (expected or board.startswith("pynq"))
        for word in presets:
            assert f"apply_board_preset {int(expected)}" in " ".join(word)


def record_design(arguments: Sequence[str], board_parts: str) -> list[list[str]]:
    return record(
        rtl.ROOT / "scripts/block_design.tcl", arguments, {"LSFQ_BOARD_PARTS": board_parts}
    )


def test_the_dmas_see_memory_only() -> None:
    """What else the processing system's port offers is excluded, for each of the three masters."""
    offered = [f"/zynq_ps/SAXIGP2/{name}" for name in ("HP0_DDR_LOW", "HP0_QSPI", "HP0_LPS_OCM")]
    words = record(
        rtl.ROOT / "scripts/block_design.tcl", ["zcu104"], {"LSFQ_SEGMENTS": " ".join(offered)}
    )
    excluded = Counter(word[-1] for word in words if word[0] == "exclude_bd_addr_seg")
    assert excluded == dict.fromkeys(offered[1:], 3)


def test_interrupts_are_levels() -> None:
    """A bit of C_KIND_OF_INTR is 0 for a level."""
    cells = design(rtl.ROOT, ["pynqz2"]).cells
    kinds = int(cells["axi_intc_0"].settings["C_KIND_OF_INTR"], 16)
    assert kinds & ((1 << int(cells["interrupts"].settings["NUM_PORTS"])) - 1) == 0


def test_bitstream(tmp_path: Path) -> None:
    output = tmp_path / "project"
    made = {
        "lsfq.bit": output / "lsfq_pynqz2.runs/impl_1/lsfq_wrapper.bit",
        "lsfq.hwh": output / "lsfq_pynqz2.gen/sources_1/bd/lsfq/hw_handoff/lsfq.hwh",
    }
    for path in made.values():
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    done = design(rtl.ROOT, ["pynqz2", "-out", str(output), "-bitstream"])
    assert "launch_runs" in done.commands
    assert {name: (output / name).read_text() for name in made} == {
        name: path.name for name, path in made.items()
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param([], "ultra96v2", id="no board"),
        pytest.param(["zx81"], "no board 'zx81'", id="unknown board"),
        pytest.param(["pynqz2", "-set", "PINS=4"], "no parameter 'PINS'", id="unknown parameter"),
        pytest.param(["pynqz2", "-set", "PIN=5"], "one of", id="illegal value"),
        pytest.param(["pynqz2", "-set", "ACC_W=40"], "within", id="outside the range"),
        pytest.param(["pynqz2", "-set", "FEATURE_DEPTH=many"], "within", id="no number"),
        pytest.param(["ultra96v2", "-set", "PIN=4", "-set", "POUT=4"], "PARAM_W", id="rule"),
        pytest.param(["pynqz2", "-clock", "fast"], "fast", id="clock"),
        pytest.param(["pynqz2", "-out"], "needs a value", id="value missing"),
        pytest.param(["pynqz2", "-fast"], "no option '-fast'", id="unknown option"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(complaint)):
        design(rtl.ROOT, arguments)


# ---- faults are noticed


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("block_design.tcl", "package_ip.tcl", "vivado"):
        source = rtl.ROOT / "scripts" / name
        target = tmp_path / "scripts" / name
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("$core/s_axis_param", "$core/s_axis_params", "no interface"),
        ("$core/irq", "$core/interrupt", "no output"),
        ("$core/aresetn ", "", "lsfq_accel_0/aresetn is driven 0 times"),
        ("$data/m_axi_s2mm_aclk ", "", "m_axi_s2mm_aclk is driven 0 times"),
        ("stream $core/m_axis_data $data/S_AXIS_S2MM", "", "m_axis_data is connected 0 times"),
        ("stream $data/M_AXIS_MM2S $core/s_axis_data", "stream $core/s_axis_data $data/M_AXIS_MM2S",
         "not from a master"),
        ("c_m_axis_mm2s_tdata_width $param_width", "c_m_axis_mm2s_tdata_width 32", "has 32 bits"),
        ("c_sg_length_width", "c_length_width", "no setting c_length_width"),
        ("0x10000 64K", "0x00000 64K", "overlaps"),
        ("0x00000 4K", "0x00000 64K", "65536 bytes"),
        ("SAXIGP2/HP0_DDR_LOW", "SAXIGP3/HP1_DDR_LOW", "no memory"),
        ("NUM_PORTS 4", "NUM_PORTS 5", "interrupts/In4 is driven 0 times"),
    ],
)  # fmt: skip
def test_faults_are_noticed(tree: Path, old: str, new: str, complaint: str) -> None:
    path = tree / "scripts/vivado/design.tcl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    found = complaints(design(tree, ["ultra96v2"]))
    assert any(complaint in text for text in found), found


def test_unknown_commands_are_noticed(tree: Path) -> None:
    path = tree / "scripts/vivado/design.tcl"
    path.write_text(path.read_text().replace("connect_bd_intf_net", "connect_bd_interface"))
    with pytest.raises(ScriptError, match="connect_bd_interface"):
        design(tree, ["ultra96v2"])


@pytest.mark.parametrize(
    ("line", "word"), [("lmap pin {} {}", "lmap"), ("string cat a b", "cat"), ("try {}", "try")]
)
def test_tcl_is_that_of_older_vivados(tree: Path, line: str, word: str) -> None:
    path = tree / "scripts/vivado/boards.tcl"
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(ScriptError, match=f'"{word}"'):
        design(tree, ["ultra96v2"])


# ---- the packager's script


def _packaged(root: Path, arguments: Sequence[str] = ()) -> list[list[str]]:
    environment = {
        "LSFQ_INTERFACES": " ".join(bus.name for bus in PACKAGE.buses),
        "LSFQ_PARAMETERS": " ".join(PACKAGE.legal),
    }
    return record(root / "scripts/package_ip.tcl", arguments, environment)


def test_packaging() -> None:
    words = _packaged(rtl.ROOT)
    (files,) = (word[-1].split() for word in words if word[0] == "add_files")
    assert files == [str(rtl.IP / name) for name in PACKAGE.files]
    clocked = [word[word.index("-busif") + 1] for word in words if "-busif" in word]
    assert sorted(clocked) == sorted(
        bus.name for bus in PACKAGE.buses if bus.kind in ("aximm", "axis")
    )
    associated = [word[1:-1] for word in words if word[0] == "ipx::associate_bus_interfaces"]
    assert all(words[-2:] == ["-clock", "aclk"] for words in associated[:-1])
    assert associated[-1] == ["-clock", "aclk", "-reset", "aresetn"]
    listed = component.listed_registers(PACKAGE.registers)
    assert [word[1] for word in words if word[0] == "ipx::add_register"] == [r.name for r in listed]
    offsets = [int(w[2], 16) for w in words if w[:2] == ["set_property", "address_offset"]]
    assert offsets == [register.offset for register in listed]
    ranges = {
        (word[1], word[-1]): word[2]
        for word in words
        if word[0] == "set_property" and word[1].startswith("value_validation")
    }
    for name, legal in LEGAL.items():
        if legal.choices:
            assert ranges["value_validation_list", name].split() == [str(c) for c in legal.choices]
        else:
            assert ranges["value_validation_range_minimum", name] == str(legal.low)
            assert ranges["value_validation_range_maximum", name] == str(legal.high)
    order = [word[0] for word in words]
    assert order.index("ipx::package_project") < order.index("ipx::create_xgui_files")
    assert order.index("ipx::create_xgui_files") < order.index("ipx::save_core")


def test_packaging_a_copy(tmp_path: Path) -> None:
    words = _packaged(rtl.ROOT, [str(tmp_path / "copy")])
    (files,) = (word[-1].split() for word in words if word[0] == "add_files")
    for path, name in zip(map(Path, files), PACKAGE.files, strict=True):
        assert path == tmp_path / "copy" / name
        assert path.read_bytes() == (rtl.IP / name).read_bytes()


def test_packaging_stops_when_an_interface_is_not_inferred(tree: Path) -> None:
    (tree / "ip").symlink_to(rtl.IP)
    environment = {
        "LSFQ_INTERFACES": "aclk aresetn irq s_axi s_axis_data m_axis_data",
        "LSFQ_PARAMETERS": " ".join(PACKAGE.legal),
    }
    with pytest.raises(ScriptError, match="s_axis_param"):
        record(tree / "scripts/package_ip.tcl", [], environment)


# ---- the customisation dialogue

DIALOGUE = """
proc get_property { what name } { return $::value($name) }
proc set_property { what text name } { puts $text }
namespace eval ipgui {}
proc ipgui::add_param { args } { return [lindex $args 2] }
proc ipgui::add_page { args } { return page }
source FILE
foreach pair {VALUES} { set value([lindex $pair 0]) [lindex $pair 1] }
puts [validate_PARAM_VALUE.PARAM_W PARAM_W PIN POUT]
"""


@pytest.mark.parametrize(
    ("pin", "pout", "width", "accepted"),
    [
        (16, 16, 256, True),
        (4, 4, 64, True),
        (4, 4, 128, False),
        (4, 8, 128, True),
        (8, 4, 256, False),
    ],
)
def test_dialogue(tmp_path: Path, pin: int, pout: int, width: int, accepted: bool) -> None:
    """The dialogue's own rule: PARAM_W fits PIN and POUT, and the message says what would."""
    values = f"{{PARAM_W {width}}} {{PIN {pin}}} {{POUT {pout}}}"
    script = tmp_path / "dialogue.tcl"
    file = str(rtl.IP / PACKAGE.gui_file)
    script.write_text(DIALOGUE.replace("FILE", file).replace("VALUES", values))
    done = subprocess.run(
        [str(tclsh()), str(script)], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert ("true" in done) is accepted
    assert accepted or f"at most 4*PIN*POUT = {4 * pin * pout}" in done[0]
