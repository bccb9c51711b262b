# SPDX-License-Identifier: Apache-2.0
"""The IP package: valid, not stale, and a change of one side only does not pass."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lsfq.simulation import rtl, verilator
from tools.packaging import component, verilog_interface
from tools.packaging.agreement import disagreements
from tools.packaging.component import dependency
from tools.packaging.package_outputs import COMPONENT, generate
from tools.packaging.parameters import LEGAL
from tools.packaging.register_outputs import SOURCE
from tools.packaging.rendering import stale
from tools.packaging.schema import violations
from tools.packaging.verilog_interface import InterfaceError

TOP = "ip/lsfq_accel.v"
TEXT = (rtl.ROOT / COMPONENT).read_text(encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the IP folder and the core file."""
    shutil.copytree(rtl.IP, tmp_path / "ip")
    shutil.copy(rtl.ROOT / "fusesoc.core", tmp_path)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_is_stale() -> None:
    assert not stale(generate(rtl.ROOT)), "run make package"


def test_schema() -> None:
    assert not violations(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("spirit:busInterfaces", "spirit:busInterfazes", id="misspelt"),
        pytest.param("<spirit:direction>in<", "<spirit:direction>inward<", id="value"),
        pytest.param("  <spirit:vendor>lsfq</spirit:vendor>\n", "", id="missing"),
        pytest.param("</spirit:component>", "", id="cut off"),
    ],
)
def test_the_schema_refuses(old: str, new: str) -> None:
    assert old in TEXT
    assert violations(TEXT.replace(old, new))


def test_agreement() -> None:
    assert not disagreements(rtl.ROOT)


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        pytest.param(TOP, "irq,", "interrupt,", "port interrupt is missing", id="port renamed"),
        pytest.param(
            TOP, "input  wire                 s_axis_data_tlast,", "", "port s_axis_data_tlast",
            id="port removed",
        ),
        pytest.param(TOP, "[63:0]", "[31:0]", "port m_axis_data_tdata", id="width"),
        pytest.param(TOP, "[PARAM_W-1:0]", "[127:0]", "port s_axis_param_tdata", id="formula"),
        pytest.param(
            TOP, "output wire                 s_axi_awready", "input  wire  s_axi_awready",
            "port s_axi_awready", id="direction",
        ),
        pytest.param(TOP, "[11:0]          s_axi_a", "[9:0] s_axi_a", "registers 12", id="address"),
        pytest.param(TOP, "ACC_W            = 27", "ACC_W = 26", "parameter ACC_W", id="default"),
        pytest.param(TOP, "parameter PIN ", "parameter P_IN ", "parameter PIN", id="parameter"),
        pytest.param(
            "fusesoc.core", "- ip/common/lsfq_ram.v\n", "", "common/lsfq_ram.v", id="file unlisted"
        ),
        pytest.param(SOURCE, "PASSES @ 0x02C", "PASSES @ 0x03C", "register PASSES", id="register"),
        pytest.param(SOURCE, "ACC_W[23:16];", "ACC_W[22:16];", "register CORE", id="field"),
        pytest.param(
            COMPONENT, "<spirit:name>IRQ_ENABLE<", "<spirit:name>IRQ_MASK<", "IRQ_MASK",
            id="component: register",
        ),
        pytest.param(
            COMPONENT, "<spirit:name>s_axis_param_tdata<", "<spirit:name>s_axis_param_data<",
            "s_axis_param_data", id="component: port",
        ),
        pytest.param(
            COMPONENT, "<spirit:name>WEIGHT_DEPTH<", "<spirit:name>WEIGHTS<",
            "parameter WEIGHT_DEPTH is missing", id="component: parameter",
        ),
        pytest.param(
            COMPONENT, ">0xC</spirit:addressOffset>", ">0x1C</spirit:addressOffset>",
            "register FEATURE_DEPTH",
            id="component: address",
        ),
        pytest.param(
            COMPONENT, ">control/lsfq_registers.v<", ">lsfq_registers.v<", "lsfq_registers.v",
            id="component: file",
        ),
        pytest.param(
            COMPONENT, "s_axi:s_axis_param:s_axis_data:", "s_axi:s_axis_data:", "s_axis_param",
            id="component: clock",
        ),
    ],
)  # fmt: skip
def test_one_sided_change(tree: Path, name: str, old: str, new: str, complaint: str) -> None:
    assert not disagreements(tree)
    _edit(tree / name, old, new)
    found = disagreements(tree)
    assert any(complaint in text for text in found), found


def test_a_file_that_no_list_names(tree: Path) -> None:
    """Both lists agree, and yet a file is not packaged."""
    shutil.copytree(rtl.ROOT / "scripts/vivado", tree / "scripts/vivado")
    _edit(tree / "fusesoc.core", "      - ip/common/lsfq_ram.v\n", "")
    for path, text in generate(tree).items():
        path.write_text(text, encoding="utf-8")
    assert disagreements(tree) == ["file common/lsfq_ram.v of ip/ is missing in fusesoc.core"]


def test_descriptions_are_plain_words() -> None:
    """No Markdown: a catalogue shows it as it is."""
    assert "](" not in TEXT
    texts = re.findall(r"<spirit:description>(.*?)</spirit:description>", TEXT, re.DOTALL)
    assert not [text for text in texts if "`" in text]


def test_a_file_that_is_gone(tree: Path) -> None:
    (tree / "ip/common/lsfq_ram.v").unlink()
    assert any("lsfq_ram.v" in text for text in disagreements(tree))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("parameter PIN ", "parameter LANES = 2, parameter PIN ", "LANES", id="new"),
        pytest.param("irq,\n", "irq,\n  input wire enable,\n", "enable", id="port of no bus"),
        pytest.param("[63:0] ", "[63:1] ", "m_axis_data_tdata", id="range"),
        pytest.param("(\n  (* X", "(\n  wire (* X", "lsfq_accel.v", id="syntax"),
    ],
)
def test_the_generator_refuses(tree: Path, old: str, new: str, complaint: str) -> None:
    _edit(tree / TOP, old, new)
    with pytest.raises(InterfaceError, match=complaint):
        generate(tree)


# ---- what the Verilog itself says


def _verilator(*arguments: str) -> subprocess.CompletedProcess[str]:
    files = rtl.sources("lsfq_accel")
    sources = map(str, [*files, *rtl.models(files)])
    return subprocess.run(
        ["verilator", "-Wall", "--top-module", "lsfq_accel", *arguments, *sources],
        env=verilator.verilator_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def _evaluated(left: str, values: dict[str, int | str]) -> int:
    """A port's formula as component.xml states it, for these parameters."""
    formula = re.sub(
        r"spirit:decode\(id\('MODELPARAM_VALUE\.(\w+)'\)\)",
        lambda match: str(values[match[1]]),
        dependency(left),
    )
    assert re.fullmatch(r"[\d\s()+*-]+", formula), formula
    return int(eval(formula))


def test_widths_for_other_parameters(tmp_path: Path) -> None:
    """Another front end elaborates the top with other parameters: the formulas give its widths."""
    interface = verilog_interface.read(rtl.ROOT / TOP)
    chosen: dict[str, int | str] = {p.name: p.default for p in interface.parameters}
    chosen |= {"PIN": 8, "POUT": 4, "PARAM_W": 32, "DATA_W": 16}
    output = tmp_path / "top.json"
    numbers = [f"-G{name}={value}" for name, value in chosen.items() if isinstance(value, int)]
    done = _verilator(
        "--Mdir", str(tmp_path), "--json-only", "--json-only-output", str(output), *numbers
    )
    assert done.returncode == 0, done.stderr
    tree = json.loads(output.read_text())
    types = {item["addr"]: item for item in tree["miscsp"][0]["typesp"]}
    (top,) = (module for module in tree["modulesp"] if module["origName"] == "lsfq_accel")
    widths = {}
    for item in top["stmtsp"]:
        if item["type"] == "VAR" and item.get("direction") in ("INPUT", "OUTPUT"):
            left, _, right = types[item["dtypep"]].get("range", "0:0").partition(":")
            widths[item["name"]] = int(left) - int(right) + 1
    assert widths == {
        port.name: 1 if port.left is None else _evaluated(port.left, chosen) + 1
        for port in interface.ports
    }
    assert widths["s_axis_param_tdata"] == 32


def _ends(name: str) -> tuple[int | str, int | str]:
    legal = LEGAL[name]
    return (legal.choices[0], legal.choices[-1]) if legal.choices else (legal.low, legal.high)


@pytest.mark.parametrize("end", [0, 1], ids=["smallest", "largest"])
def test_the_verilog_accepts_the_ends_of_the_ranges(end: int) -> None:
    values = {name: _ends(name)[end] for name in LEGAL if isinstance(_ends(name)[end], int)}
    if values["PARAM_W"] == 256:
        assert LEGAL["PARAM_W"].at_most == "4*PIN*POUT"
    done = _verilator("--lint-only", *(f"-G{name}={value}" for name, value in values.items()))
    assert done.returncode == 0, done.stderr


NO_BOUND = ("DATA_W", 2048)
"""The dialogue ends where AXI DMA does, the Verilog does not."""


def _outside() -> list[tuple[str, int]]:
    cases = []
    for name, legal in LEGAL.items():
        ends = _ends(name)
        if isinstance(ends[0], int) and isinstance(ends[1], int):
            step = 2 if legal.choices else 1
            low = ends[0] // 2 if legal.choices and ends[0] else ends[0] - step
            cases += [(name, low), (name, ends[1] * 2 if legal.choices else ends[1] + step)]
    return [case for case in cases if case != NO_BOUND]


@pytest.mark.parametrize(("name", "value"), [*_outside(), ("PARAM_W", 96)])
def test_the_verilog_refuses_what_lies_outside(name: str, value: int) -> None:
    done = _verilator("--lint-only", "-Wno-fatal", f"-G{name}={value}")
    assert done.returncode != 0


def test_the_files_lie_in_the_folder() -> None:
    """Vivado copies an IP's folder; nothing may be referenced outside."""
    package = component.read(rtl.ROOT)
    for name in (*package.files, package.gui_file):
        assert not name.startswith((".", "/"))
        assert (rtl.IP / name).is_file()
