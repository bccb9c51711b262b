# SPDX-License-Identifier: Apache-2.0
"""FuseSoC: the core file lists what is there, and the sim target's exit status tells the truth."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from lsfq.simulation import fusesoc_command, rtl, verilator

CORE: dict[str, Any] = yaml.safe_load((rtl.ROOT / "fusesoc.core").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((rtl.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PASSING = "def test_it(): pass\n"
FAILING = "def test_it(): assert False\n"


def test_every_verilog_file_is_listed() -> None:
    listed = CORE["filesets"]["rtl"]["files"]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(
        str(path.relative_to(rtl.ROOT)) for path in rtl.modules().values()
    )


def test_files_are_listed_by_dependency() -> None:
    seen: set[str] = set()
    for path in (rtl.ROOT / name for name in CORE["filesets"]["rtl"]["files"]):
        later = (rtl.words(path) & rtl.modules().keys()) - seen - {path.stem}
        assert not later, f"{path.name} comes before {sorted(later)}"
        seen.add(path.stem)


def test_versions_agree() -> None:
    assert CORE["name"] == f"lsfq::accel:{PROJECT['version']}"


def test_parameters_agree_with_the_toplevel() -> None:
    text = rtl.modules()["lsfq_accel"].read_text(encoding="utf-8")
    in_verilog = dict(re.findall(r"^\s*parameter\s+(\w+)\s*=\s*(\d+)", text, re.MULTILINE))
    in_core_file = {name: str(entry["default"]) for name, entry in CORE["parameters"].items()}
    assert in_core_file == in_verilog
    assert set(CORE["targets"]["sim"]["parameters"]) == in_verilog.keys()
    # a design that depends on the core would be asked for parameters of the default target
    assert "parameters" not in CORE["targets"]["default"]


def test_only_the_short_name_is_rewritten() -> None:
    arguments = ["run", "--target=sim", "lsfq:accel", "--PIN", "8", "lsfq:accel:x"]
    expected = ["run", "--target=sim", "lsfq::accel", "--PIN", "8", "lsfq:accel:x"]
    assert fusesoc_command.rewrite(arguments) == expected


def test_the_environments_command_is_the_projects() -> None:
    """FuseSoC brings a command of the same name; which one stays is pip's choice, see Makefile."""
    try:
        importlib.metadata.distribution("lsfq-accel")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the project is not installed in this environment")
    command = Path(sys.executable).parent / "fusesoc"
    assert "lsfq.simulation" in command.read_text(encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that FuseSoC sees, without benches."""
    for name in (
        "fusesoc.core",
        "fusesoc.conf",
        "scripts/fusesoc_sim.py",
        "scripts/fusesoc_synth.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(rtl.ROOT / name, tmp_path / name)
    shutil.copytree(rtl.IP, tmp_path / "ip")
    shutil.copytree(rtl.MODELS, tmp_path / rtl.MODELS.relative_to(rtl.ROOT))
    (tmp_path / "tb/core/selected_core").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers=['slow']\n")
    return tmp_path


def _run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**verilator.verilator_environment(), "PYTHONPATH": str(rtl.ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    return subprocess.run(
        [sys.executable, "-m", "lsfq.simulation.fusesoc_command", "run", *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("name", ["lsfq:accel", "lsfq::accel"])
@pytest.mark.parametrize(
    ("tests", "passes"),
    [
        pytest.param(PASSING, True, id="passing"),
        pytest.param(PASSING + FAILING.replace("it", "that"), False, id="one failing"),
        pytest.param("", False, id="none"),
    ],
)
def test_exit_status(tree: Path, name: str, tests: str, passes: bool) -> None:
    (tree / "tb/core/selected_core/test_stub.py").write_text(tests)
    done = _run(tree, "--target=sim", name)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr


def test_lint_errors_fail_the_sim_target(tree: Path) -> None:
    (tree / "tb/core/selected_core/test_stub.py").write_text(PASSING)
    top = tree / "ip/lsfq_accel.v"
    top.write_text(top.read_text().replace("endmodule", "wire stray;\nendmodule"))
    done = _run(tree, "--target=sim", "lsfq:accel")
    assert done.returncode != 0
    assert "stray" in done.stdout + done.stderr


def test_parameters_reach_the_benches(tree: Path) -> None:
    (tree / "tb/core/selected_core/test_stub.py").write_text(
        "import os\ndef test_it(): assert 'PIN=8,POUT=4' in os.environ['LSFQ_PARAMETERS']\n"
    )
    done = _run(tree, "--target=sim", "lsfq:accel", "--PIN", "8", "--POUT", "4")
    assert done.returncode == 0, done.stdout + done.stderr


def test_synthesis_project_is_written(tree: Path) -> None:
    done = _run(tree, "--setup", "--target=synth", "lsfq:accel")
    assert done.returncode == 0, done.stdout + done.stderr
    scripts = "".join(path.read_text() for path in (tree / "build/fusesoc").rglob("*.tcl"))
    assert "lsfq_accel.v" in scripts
    assert os.sep + "tb" + os.sep not in scripts


def test_vivado_is_asked_for_synthesis_only(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core alone has more ports than a device has pins: it cannot be placed."""
    stub, calls = tree / "bin" / "vivado", tree / "calls"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}{os.pathsep}{os.environ['PATH']}")
    done = _run(tree, "--target=synth", "lsfq:accel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "_synth.tcl" in calls.read_text()
    assert "_run.tcl" not in calls.read_text()


# ---- Yosys

SMALL_TOP = """`default_nettype none
module lsfq_accel #(parameter PIN = 16) (
  input wire aclk, input wire [PIN-1:0] a, output reg [PIN-1:0] y
);
  always @(posedge aclk) y <= a ^ {a[0], a[PIN-1:1]};
endmodule
`default_nettype wire
"""


@pytest.fixture
def small_tree(tree: Path) -> Path:
    """The same files with a toplevel that takes no time."""
    (tree / "ip/lsfq_accel.v").write_text(SMALL_TOP)
    content: dict[str, Any] = yaml.safe_load((tree / "fusesoc.core").read_text())
    del content["CAPI=2"]
    content["filesets"]["rtl"]["files"] = ["ip/lsfq_accel.v"]
    content["parameters"] = {"PIN": content["parameters"]["PIN"]}
    for target in content["targets"].values():
        if "parameters" in target:
            target["parameters"] = ["PIN"]
    (tree / "fusesoc.core").write_text("CAPI=2:\n" + yaml.safe_dump(content))
    return tree


needs_pyosys = pytest.mark.skipif(
    importlib.util.find_spec("pyosys") is None, reason="pyosys is missing: pip install -e .[synth]"
)


@needs_pyosys
def test_synthesis_with_yosys(small_tree: Path) -> None:
    done = _run(small_tree, "--target=synth_yosys", "lsfq:accel", "--PIN", "8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 LUT, 8 FF, 0 DSP, 0 BRAM" in done.stdout
    (netlist,) = (small_tree / "build/fusesoc").rglob("netlist.v")
    assert "FDRE" in netlist.read_text()


@needs_pyosys
def test_failing_synthesis_fails_the_target(small_tree: Path) -> None:
    top = small_tree / "ip/lsfq_accel.v"
    body = "`ifdef YOSYS\n  lsfq_missing u_box ();\n`endif\nendmodule"
    top.write_text(SMALL_TOP.replace("endmodule", body))
    done = _run(small_tree, "--target=synth_yosys", "lsfq:accel")
    assert done.returncode != 0
    assert "lsfq_missing" in done.stdout + done.stderr


@needs_pyosys
@pytest.mark.slow
def test_the_core_synthesises(tree: Path) -> None:
    sizes = {"PIN": 4, "POUT": 4, "PARAM_W": 32, "FEATURE_DEPTH": 1024, "WEIGHT_DEPTH": 64}
    options = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    done = _run(tree, "--target=synth_yosys", "lsfq:accel", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    dsps = re.search(r"(\d+) DSP", done.stdout)
    assert dsps is not None
    assert int(dsps[1]) >= 16


# ---- as a dependency

EXAMPLE = rtl.ROOT / "examples/fusesoc_dependency"
EXAMPLE_NAME = "lsfq:examples:dependency"


@pytest.fixture
def example(tree: Path) -> Path:
    """The example in a folder that knows nothing of the repository but its place."""
    folder = tree.parent / f"{tree.name}_example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build"))
    text = (folder / "fusesoc.conf").read_text()
    (folder / "fusesoc.conf").write_text(text.replace("../..", str(tree)))
    return folder


def test_example_as_a_dependency(example: Path) -> None:
    """Somebody else's core in another folder, simulated."""
    done = _run(example, "--target=sim", EXAMPLE_NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout


@pytest.mark.slow
def test_failing_example_fails(example: Path) -> None:
    bench = example / "example_tb.v"
    bench.write_text(bench.read_text().replace("32'hFFFF0003", "32'hFFFF0004"))
    done = _run(example, "--target=sim", EXAMPLE_NAME)
    assert done.returncode != 0
    assert "FAIL" in done.stdout + done.stderr


def test_example_is_not_seen_from_the_repository() -> None:
    """Else it would be found twice where both folders are libraries."""
    assert (EXAMPLE.parent / "FUSESOC_IGNORE").is_file()
