# SPDX-License-Identifier: Apache-2.0
"""Areas are added up from Yosys' statistics as the hierarchy says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsfq.estimate.area import read_table
from lsfq.reports.area import DEVICES, Area
from lsfq.simulation import rtl
from tools.hdl import timing, yosys
from tools.hdl.area import TOP, add_to_table, bars
from tools.hdl.timing import longest_path, source_name
from tools.reports.area import Synthesis, of_cells, of_statistics

LANE = "$paramod$1f\\lsfq_lane"
ARRAY = "$paramod\\lsfq_array\\PIN=4"
STATISTICS = {
    "modules": {
        f"\\{TOP}": {"num_cells_by_type": {ARRAY: 1, "LUT3": 7, "RAMB18E2": 3, "CARRY8": 4}},
        ARRAY: {"num_cells_by_type": {LANE: 4, "FDRE": 10, "RAM32M16": 2}},
        LANE: {"num_cells_by_type": {"DSP48E2": 4, "LUT6": 5, "MUXF7": 9}},
    }
}


def test_cells_count_what_they_take() -> None:
    cells = {"LUT1": 1, "LUT6": 2, "RAM64M8": 1, "SRL16E": 3, "FDSE": 4, "DSP48E1": 5}
    assert of_cells(cells | {"RAMB36E1": 6}) == Area(lut=3 + 8 + 3, ff=4, dsp=5, bram=6)


@pytest.mark.parametrize("cell", ["RAM999X1", "URAM288", "LUT6_2"])
def test_an_unknown_memory_is_not_left_out(cell: str) -> None:
    with pytest.raises(ValueError, match=cell):
        of_cells({cell: 1})


def test_cells_of_an_ecp5() -> None:
    """A carry cell is two LUTs, 16x4 bits of memory six; multiplexers beside the LUTs are free."""
    cells = {"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "PFUMX": 5, "L6MUX21": 1,
             "TRELLIS_FF": 7, "MULT18X18D": 4, "DP16KD": 2, "PDPW16KD": 1}  # fmt: skip
    assert of_cells(cells) == Area(lut=10 + 6 + 12, ff=7, dsp=4, bram=3)
    with pytest.raises(ValueError, match="TRELLIS_OTHER is not known"):
        of_cells({"TRELLIS_FF": 1, "TRELLIS_OTHER": 1})


def test_a_core_goes_into_the_table_once(tmp_path: Path) -> None:
    """Beside the others, with all its parameters, in place of what was there."""
    path = tmp_path / "areas.json"
    for lut in (5, 6):
        add_to_table(path, "8x8", Synthesis({}, Area(lut=lut)))
        add_to_table(path, "4x4-ecp5", Synthesis({}, Area(lut=1)))
    records = read_table(path)
    assert [(record.name, record.area.lut) for record in records] == [("8x8", 6), ("4x4-ecp5", 1)]
    assert records[0].parameters["FEATURE_DEPTH"] == 8192
    assert records[1].parameters["MULTIPLIER"] == 4
    assert {record.verilog for record in records} == {rtl.digest(TOP)}


def test_instances_are_multiplied() -> None:
    found = of_statistics(STATISTICS, TOP)
    assert found.whole == Area(lut=7 + 16 + 20, ff=10, dsp=16, bram=1.5)
    assert found.blocks["lane"] == (4, Area(lut=20, dsp=16))
    assert found.blocks["array"] == (1, Area(lut=36, ff=10, dsp=16))


def test_bars_can_be_missed() -> None:
    found = of_statistics(STATISTICS, TOP)
    assert all(held for _, held in bars(found, 16))
    assert not all(held for _, held in bars(found, 15))
    assert [held for text, held in bars(found, 1) if "per MAC" in text] == [False]


def test_shares() -> None:
    assert DEVICES["ZU3EG"].shares(DEVICES["ZU3EG"]) == Area(1000, 1000, 1000, 1000.0)


def test_a_small_module_is_synthesised(tmp_path: Path) -> None:
    commands = [
        f"read_verilog {rtl.modules()['lsfq_skid']}",
        "synth_xilinx -family xcup -noiopad -noclkbuf -top lsfq_skid",
        "tee -q -o cells.json stat -json",
    ]
    yosys.run(commands, tmp_path, "skid")
    found = of_statistics(json.loads((tmp_path / "cells.json").read_text()), "lsfq_skid")
    assert found.whole.ff > 0
    assert found.whole.dsp == 0


def test_a_failing_script_is_reported(tmp_path: Path) -> None:
    with pytest.raises(yosys.YosysError, match="no_such_command"):
        yosys.run(["no_such_command"], tmp_path, "wrong")


def test_a_netlist_for_placement_is_the_same_in_every_clone() -> None:
    """This module has a function: Yosys puts the path of its file into names."""
    netlist = timing.synthesise("lsfq_depthwise_sum", {}, rtl.ROOT / "build" / "names")
    text = netlist.read_text(encoding="utf-8")
    assert "triple$func$" in text
    assert '"src"' not in text
    assert str(rtl.ROOT) not in text


def test_best_of_all_placements_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clocks: dict[int, float] = {1: 120.5, 7: 141.25, 4: 99.0}

    def route(netlist: Path, folder: Path, seed: int) -> dict[str, object]:
        assert netlist == tmp_path / "netlist.json"
        assert folder == tmp_path / f"seed_{seed}"
        if seed not in clocks:
            raise yosys.YosysError("given up")
        return {"fmax": {"aclk": {"achieved": clocks[seed]}}, "seed": seed}

    monkeypatch.setattr(timing, "route", route)
    best = timing.best_route(tmp_path / "netlist.json", tmp_path, [*clocks, 9])
    assert best["seed"] == 7
    printed = capsys.readouterr().out
    assert "seed 9: given up" in printed
    assert all(f"seed {seed}: {clock:.1f} MHz" in printed for seed, clock in clocks.items())


def test_no_route_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netlist = tmp_path / "netlist.json"
    netlist.write_text("{}")
    monkeypatch.setattr(timing, "LIMIT_S", 0.01)
    with pytest.raises(yosys.YosysError, match="given up after 0 minutes: try other --seeds"):
        timing.best_route(netlist, tmp_path, [1])
    monkeypatch.setattr(timing, "NEXTPNR", "no-such-program")
    with pytest.raises(yosys.YosysError, match="no-such-program is missing: pip install"):
        timing.best_route(netlist, tmp_path, [1])


def test_longest_path_joins_parts_of_a_register() -> None:
    part = {"type": "logic", "delay": 1.5, "to": {"cell": "u_core.count_q_TRELLIS_FF_Q_3"}}
    carry = {"type": "routing", "delay": 0.5, "to": {"cell": "u_core.count_q_CCU2C_S0$CCU2_COMB1"}}
    other = {"type": "setup", "delay": 2.0, "to": {"cell": "u_core.mem.0.1$DPRAM_COMB1"}}
    path = {"from": "posedge aclk", "to": "posedge aclk", "path": [part, carry, other]}
    found = longest_path({"critical_paths": [path]})
    assert found == [("u_core.count_q", 1.5, 0.5), ("u_core.mem.0.1", 2.0, 0.0)]
    assert source_name("u_x.y_q_LUT4_Z_1") == "u_x.y_q"
    with pytest.raises(ValueError, match="no path"):
        longest_path({"critical_paths": []})
