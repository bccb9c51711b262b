# SPDX-License-Identifier: Apache-2.0
"""Every rule of the Verilog style fails on a small file that breaks it, and on nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.hdl import verilog_style
from tools.hdl.verilog_style import COLUMNS, LINES, PORTS, RULES, check

ROOT = Path(__file__).resolve().parents[3]
CORE = {path.stem: path for path in sorted((ROOT / "ip").rglob("*.v"))}

GOOD = """\
// SPDX-License-Identifier: Apache-2.0
//
// lsfq_sample: a byte, one cycle later; with TWICE two. Latency 1 + TWICE cycles.

`default_nettype none

module lsfq_sample #(
  parameter TWICE = 0
) (
  input  wire       aclk,
  input  wire       aresetn,
  input  wire [7:0] d,              // a text, with "commas", (brackets) and lint_on
  output wire [7:0] q
);

  (* keep = "a.b(c), lsfq_delay u (x)" *)
  reg  [7:0] sum_q;
  wire [7:0] sum_d = {d[7:4], 4'hF} & {8{aresetn}};

  function [7:0] same;
    input [7:0] byte_in;
    same = byte_in;
  endfunction

  generate
    if (TWICE > 1) begin : g_check
      TWICE_is_0_or_1 parameter_error ();
    end
  endgenerate

  always @* begin
    if (d[0]) begin
    end
  end
  always @(posedge aclk) sum_q <= same(sum_d);

  lsfq_delay #(
    .WIDTH (8),
    .STAGES(TWICE)
  ) u_delay (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (1'b0),
    .d      (sum_q),
    .q      (q)
  );

endmodule

`default_nettype wire
"""


def _broken(before: str, after: str) -> str:
    assert GOOD.count(before) == 1, "the sample has changed"
    return GOOD.replace(before, after)


def _rules(text: str, module: str = "lsfq_sample") -> set[str]:
    return {finding.rule for finding in check(module, text)}


MANY_PORTS = "".join(f"  input  wire p{number},\n" for number in range(PORTS - 3))

BROKEN = [
    pytest.param("V1", "SPDX-License", "SPDX License", id="no licence"),
    pytest.param("V1", "// lsfq_sample: a byte", "// A byte", id="no name in the header"),
    pytest.param("V2", "`default_nettype none\n\n", "", id="nets by default"),
    pytest.param(
        "V2",
        "`default_nettype none\n",
        "`timescale 1ns/1ps\n`default_nettype none\n",
        id="another directive first",
    ),
    pytest.param("V2", "endmodule\n\n`default_nettype wire\n", "endmodule\n", id="not set back"),
    pytest.param("V3", "module lsfq_sample", "module lsfq_simple", id="another name"),
    pytest.param(
        "V3",
        "endmodule\n",
        "endmodule\nmodule lsfq_other (input wire aclk);\nendmodule\n",
        id="two modules",
    ),
    pytest.param("V4", "endmodule\n", "\n" * LINES + "endmodule\n", id="a long file"),
    pytest.param("V5", "// a text", "// " + "a" * COLUMNS, id="a long line"),
    pytest.param("V5", "  reg  [7:0]", "\treg  [7:0]", id="a tab"),
    pytest.param("V5", "sum_q;\n", "sum_q; \n", id="space at the end"),
    pytest.param("V5", "`default_nettype wire\n", "`default_nettype wire", id="no newline"),
    pytest.param("V6", "    .d      (sum_q),\n", "    sum_q,\n", id="a port by position"),
    pytest.param("V6", "    .WIDTH (8),\n", "    8,\n", id="a parameter by position"),
    pytest.param(
        "V7", "  output wire [7:0] q\n", MANY_PORTS + "  output wire [7:0] q\n", id="many ports"
    ),
    pytest.param("V8", "// a text, with", "// lint_off", id="a warning turned off"),
    pytest.param(
        "V9",
        "always @(posedge aclk)",
        "always @(posedge aclk or negedge aresetn)",
        id="an asynchronous reset",
    ),
    pytest.param("V9", "always @* begin", "always @(d) begin", id="a list of signals"),
    pytest.param("V10", "u_delay (", "delay (", id="an instance's name"),
    pytest.param("V10", "begin : g_check", "begin : check", id="a block's name"),
]


def test_a_good_file_has_no_finding() -> None:
    assert check("lsfq_sample", GOOD) == []


@pytest.mark.parametrize(("rule", "before", "after"), BROKEN)
def test_a_broken_rule_is_found_alone(rule: str, before: str, after: str) -> None:
    assert _rules(_broken(before, after)) == {rule}


def test_the_limits_themselves_are_allowed() -> None:
    missing = LINES - len(GOOD.splitlines())
    assert _rules(_broken("endmodule\n", "\n" * missing + "endmodule\n")) == set()
    ports = MANY_PORTS.split("\n", 1)[1]
    assert _rules(_broken("  output wire [7:0] q\n", ports + "  output wire [7:0] q\n")) == set()
    room = COLUMNS - len(GOOD.splitlines()[11])
    assert _rules(_broken("// a text", "// a text" + "." * room)) == set()


def test_a_finding_names_its_line() -> None:
    findings = check("lsfq_sample", _broken("    .d      (sum_q),\n", "    sum_q,\n"))
    assert [GOOD.splitlines()[finding.line - 1] for finding in findings] == ["    .d      (sum_q),"]


def test_only_the_top_may_have_many_ports() -> None:
    text = GOOD.replace("lsfq_sample", "lsfq_accel")
    text = text.replace("  output wire [7:0] q\n", MANY_PORTS + "  output wire [7:0] q\n")
    assert _rules(text, "lsfq_accel") == set()


def test_every_rule_is_broken_above() -> None:
    assert {parameters.values[0] for parameters in BROKEN} == set(RULES)


def test_every_rule_is_written_down() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(V\d+)\*\*", text, re.MULTILINE) == list(RULES)


@pytest.mark.parametrize("module", CORE)
def test_the_core_keeps_the_rules(module: str) -> None:
    assert check(module, CORE[module].read_text(encoding="utf-8")) == []


def test_no_module_is_excused_that_does_not_exist() -> None:
    assert verilog_style.EXCUSED.keys() <= CORE.keys()
    assert set().union(*verilog_style.EXCUSED.values()) <= RULES.keys()
