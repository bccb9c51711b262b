# SPDX-License-Identifier: Apache-2.0
"""Planted faults: where they are made, the text with a switch for all, the verdicts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pyslang import syntax

from lsfq.simulation import rtl
from tb.support import TestsFailed, run_bench
from tools.hdl import mutants as command
from tools.hdl.mutation import Mutant, mutants, switched

TEXT = """
module small #(
  parameter W = 2 + 2
) (
  input  wire         aclk,
  input  wire [W-1:0] a,
  output reg  [W-1:0] q
);
  localparam [W-1:0] ONE = 1 + 0;
  wire [3:0] table_word = {W{a[1 + 1]}};
  genvar g;
  generate
    for (g = 0; g + 1 < 2; g = g + 1) begin : g_bit
      wire both = a[g] && a[g + 1];
    end
  endgenerate
  always @(posedge aclk) begin
    if (a == 4'd3) q <= a + ONE;
    else q[1 + 0] <= !a[0];
  end
endmodule
"""


def changes(text: str) -> list[str]:
    return [mutant.change() for mutant in mutants(text)]


def test_every_operator_condition_and_clocked_assignment_once_and_no_constant() -> None:
    assert sorted(changes(TEXT)) == sorted([
        "a[g] && a[g + 1]  ->  a[g] || a[g + 1]",
        "a == 4'd3  ->  !(a == 4'd3)",
        "a == 4'd3  ->  a != 4'd3",
        "4'd3  ->  4'd2",
        "q <= a + ONE;  ->  nothing",
        "a + ONE  ->  a - ONE",
        "q[1 + 0] <= !a[0];  ->  nothing",
        "!a[0]  ->  !(!(a[0]))",
    ])  # fmt: skip


def test_the_switch_chooses_one() -> None:
    chosen = [mutant for mutant in mutants(TEXT) if "ONE" in mutant.old]
    text = switched(TEXT, chosen)
    assert '$value$plusargs("mutant=%d", lsfq_mutant)' in text
    assert (
        "begin if (!(lsfq_mutant == 1)) q <= ((lsfq_mutant == 2) ? (a - ONE) : (a + ONE)); end"
        in (text)
    )


@pytest.mark.parametrize("module", sorted(rtl.modules()))
def test_switched_modules_are_verilog(module: str) -> None:
    text = rtl.modules()[module].read_text(encoding="utf-8")
    found = mutants(text)
    if found:
        tree = syntax.SyntaxTree.fromText(switched(text, found))
        assert not list(tree.diagnostics), module
    assert all(text[mutant.start : mutant.end] == mutant.old for mutant in found)


def test_a_module_without_a_bench_has_that_of_the_smallest_design_above() -> None:
    assert command.bench_of("lsfq_skid") == command.BENCHES / "skid"
    found = command.bench_of("lsfq_byte_window")
    assert found is not None
    assert found.name == "loader"


def test_score_and_table() -> None:
    mutant = Mutant(0, 1, 1, "a", "b")
    verdicts = [
        command.Verdict("m", mutant, noticed)
        for noticed in ("bench", "bench", "programs", "waived", "survives")
    ]
    rows, score = command.summary(verdicts)
    assert rows == [("m", "5", "2", "1", "1", "1"), ("all", "5", "2", "1", "1", "1")]
    assert score == 3 / 4


def test_a_draw_is_a_function_of_its_seed() -> None:
    names = ["lsfq_skid", "lsfq_fifo"]
    assert command.choose(names, 9, 1) == command.choose(names, 9, 1)
    assert command.choose(names, 9, 1) != command.choose(names, 9, 2)
    assert sum(map(len, command.choose(names, 9, 1).values())) == 9


def test_every_waiver_is_of_a_mutant_that_there_is() -> None:
    waivers = tomllib.loads(command.WAIVERS.read_text(encoding="utf-8")).get("waiver", [])
    for entry in waivers:
        assert entry.keys() == {"module", "line", "change", "reason"}
        found = mutants(rtl.modules()[entry["module"]].read_text(encoding="utf-8"))
        assert any(command.waived(entry["module"], mutant, [entry]) for mutant in found), entry


def test_a_bench_runs_with_the_fault_that_is_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = rtl.modules()["lsfq_credit"].read_text(encoding="utf-8")
    file = tmp_path / "lsfq_credit.v"
    file.write_text(switched(text, [m for m in mutants(text) if m.change() == "take  ->  !(take)"]))
    monkeypatch.setenv("LSFQ_MUTANT", f"{file}:0")
    run_bench("lsfq_credit", "tb.ip.credit.credit_bench", {"WIDTH": 4})
    monkeypatch.setenv("LSFQ_MUTANT", f"{file}:1")
    with pytest.raises(TestsFailed):
        run_bench("lsfq_credit", "tb.ip.credit.credit_bench", {"WIDTH": 4})
