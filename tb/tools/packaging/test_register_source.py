# SPDX-License-Identifier: Apache-2.0
"""The register description: what is made from it is not stale, and one-sided changes show."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from lsfq.simulation import rtl, verilator
from ref_model.hardware import blocks, register_map
from ref_model.hardware.errors import ErrorCode
from tools.packaging.register_outputs import OUTPUTS, SOURCE, generate
from tools.packaging.register_source import SourceError, read
from tools.packaging.rendering import stale

FILES = [path for _, path in OUTPUTS.values()]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the description and of everything made from it."""
    for name in (SOURCE, *FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(rtl.ROOT / name, tmp_path / name)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _generate(root: Path) -> None:
    for path, text in generate(root).items():
        path.write_text(text, encoding="utf-8")


def test_nothing_is_stale() -> None:
    assert not stale(generate(rtl.ROOT)), "run make registers"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("PASSES @ 0x02C", "PASSES @ 0x03C", id="address"),
        pytest.param("ACC_W[23:16];", "ACC_W[22:16];", id="width"),
        pytest.param("0x5146534C", "0x5146534D", id="constant"),
        pytest.param("} LAYER[64] @ 0x800", "} LAYER[32] @ 0xC00", id="array"),
    ],
)
def test_a_changed_description_makes_every_output_stale(tree: Path, old: str, new: str) -> None:
    assert not stale(generate(tree))
    _edit(tree / SOURCE, old, new)
    assert stale(generate(tree)) == [tree / name for name in FILES]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("verilog", "A_PASSES        = 10'h00B", "A_PASSES        = 10'h00C"),
        ("python", "    PASSES = 0x02C", "    PASSES = 0x030"),
        ("c", "LSFQ_STATUS_DONE 0x2u", "LSFQ_STATUS_DONE 0x1u"),
        ("markdown", "| 0x02C | PASSES |", "| 0x030 | PASSES |"),
    ],
)
def test_an_edited_output_is_stale(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / OUTPUTS[name][1]
    _edit(path, old, new)
    assert stale(generate(tree)) == [path]


def test_a_missing_output_is_stale(tree: Path) -> None:
    path = tree / OUTPUTS["c"][1]
    path.unlink()
    assert stale(generate(tree)) == [path]


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Verilator on the AXI4-Lite slave with the register map under ``root``."""
    others = [path for path in rtl.sources("lsfq_registers") if path.stem != "lsfq_register_map"]
    return subprocess.run(
        [
            *("verilator", "--lint-only", "-Wall", "--top-module", "lsfq_registers"),
            *map(str, others),
            str(root / OUTPUTS["verilog"][1]),
        ],
        env=verilator.verilator_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("", "", None, id="unchanged"),
        pytest.param(
            'field { desc = "passes are under way"; }',
            'field {} FULL[4:4];\n    field { desc = "passes are under way"; }',
            "status_full",
            id="field added",
        ),
        pytest.param("ACC_W[23:16];", "ACC_W[22:16];", "core_acc_w", id="field narrower"),
        pytest.param("} LOAD_CYCLES @ 0x044", "} STORE_CYCLES @ 0x044", "cycles", id="renamed"),
    ],
)
def test_the_slave_has_to_follow_the_description(
    tree: Path, old: str, new: str, complaint: str | None
) -> None:
    """A field that the hand-written side does not serve stops at the linter."""
    if complaint is not None:
        _edit(tree / SOURCE, old, new)
    _generate(tree)
    done = _lint(tree)
    assert (done.returncode == 0) is (complaint is None), done.stderr
    assert complaint is None or complaint in done.stderr


def _verilog_codes(root: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in sorted((root / "ip").rglob("*.v")):
        for name, value in re.findall(r"\bE_([A-Z_]+)\s*=\s*8'd(\d+)", path.read_text()):
            assert found.setdefault(name, int(value)) == int(value), f"{path.name}: E_{name}"
    return found


def test_error_codes_of_the_verilog() -> None:
    assert _verilog_codes(rtl.ROOT) == {code.name: code.value for code in ErrorCode}


def test_versions() -> None:
    project = tomllib.loads((rtl.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    major, minor, patch = map(int, project["version"].split("."))
    assert major << 16 | minor << 8 | patch == register_map.VERSION_VALUE
    assert register_map.CORE_FORMAT_VALUE == blocks.FORMAT_VERSION


def test_every_interrupt_has_its_enable() -> None:
    assert {bit.name: bit.value for bit in register_map.IrqEnable} == {
        bit.name: bit.value for bit in register_map.IrqStatus
    }


PROGRAM = """
#include <stdio.h>
#include "lsfq_registers.h"
#define SHOW(name, value, text) printf("%s %u %s\\n", #name, (unsigned)LSFQ_ERROR_##name, text);
int main(void) {
  printf("%u %u\\n", LSFQ_REG_LAYER(3u, LSFQ_LAYER_BUSY), LSFQ_ERROR_LAYER(0x00030005u));
  LSFQ_ERROR_CODES(SHOW)
  return 0;
}
"""


def test_c_header(tmp_path: Path) -> None:
    """It compiles as strict C99 and means what the Python constants mean."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "main.c").write_text(PROGRAM)
    header = (rtl.ROOT / OUTPUTS["c"][1]).parent
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(
        [compiler, *flags, f"-I{header}", "-o", str(tmp_path / "main"), str(tmp_path / "main.c")],
        check=True,
    )
    lines = subprocess.run(
        [str(tmp_path / "main")], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    busy = register_map.LAYER_BASE + 3 * register_map.LAYER_STRIDE
    assert lines[0] == f"{busy + register_map.LayerCounter.BUSY} 3"
    assert [line.split()[:2] for line in lines[1:]] == [[c.name, str(c.value)] for c in ErrorCode]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("PASSES @ 0x02C", "PASSES @ 0x028", "lsfq_registers.rdl", id="overlap"),
        pytest.param(
            'singlepulse;\n      desc = "begin', 'desc = "begin', "CONTROL.START", id="no such kind"
        ),
        pytest.param("default precedence = hw;", "", "IRQ_STATUS.DONE", id="loses an event"),
        pytest.param("VALUE[31:0] = 0x5146534C", "VALUE[31:0]", "ID.VALUE", id="no constant"),
        pytest.param(
            "LAYER[64] @ 0x800 += 0x20", "LAYER[64] @ 0x800 += 0x1C", "LAYER", id="stride"
        ),
        pytest.param("external regfile", "regfile", "LAYER", id="internal array"),
    ],
)
def test_refused(
    tree: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, complaint: str
) -> None:
    _edit(tree / SOURCE, old, new)
    with pytest.raises(SourceError) as raised:
        read(tree / SOURCE)
    assert complaint in str(raised.value)
