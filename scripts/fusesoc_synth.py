#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What FuseSoC's ``synth_yosys`` target runs: synthesis for UltraScale+ with Yosys, and its sums.

Edalize's own Yosys flow is driven by Tcl, which the Yosys of PyPI lacks. FuseSoC starts a copy of
this file in its work folder; files, parameters and toplevel are those of its run. Leaves
``synthesis.log``, ``netlist.v`` and ``cells.txt`` there. Exit status 1 when synthesis fails.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

GROUPS = {
    "LUT": ("LUT", "RAM32", "RAM64", "RAM128", "RAM256", "SRL"),
    "FF": ("FD",),
    "DSP": ("DSP48",),
    "BRAM": ("RAMB",),
    "carry": ("CARRY",),
}
"""Cells whose names begin so are counted together. A memory of LUTs is one cell of several LUTs."""


def run() -> dict[str, Any]:
    """The description of this FuseSoC run."""
    import yaml

    files = sorted(Path.cwd().glob("*.eda.yml"))
    if not files:
        sys.exit("fusesoc_synth.py: no *.eda.yml here; it is started by FuseSoC")
    content: dict[str, Any] = yaml.safe_load(files[0].read_text(encoding="utf-8"))
    return content


def commands(content: dict[str, Any]) -> list[str]:
    """The Yosys script, a command a line."""
    top = content["toplevel"]
    sources = [
        f["name"]
        for f in content["files"]
        if f["file_type"].startswith("verilogSource") and "simulation" not in f.get("tags", [])
    ]
    parameters = content.get("parameters") or {}
    return [
        *(f"read_verilog -defer {name}" for name in sources),
        *(f"chparam -set {name} {p['default']} {top}" for name, p in sorted(parameters.items())),
        f"synth_xilinx -family xcup -noiopad -noclkbuf -flatten -top {top}",
        "check -assert",
        "write_verilog -noattr netlist.v",
        "tee -q -o cells.txt stat",
    ]


def cells(text: str) -> Counter[str]:
    """Cells by group, from the table that ``stat`` prints."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit():
            for group, prefixes in GROUPS.items():
                if words[1].startswith(prefixes):
                    found[group] += int(words[0])
    return found


def main() -> int:
    """Synthesise in a process of its own: Yosys ends its process on an error."""
    missing = [name for name in ("pyosys", "yaml") if not importlib.util.find_spec(name)]
    if missing:
        sys.exit(f"fusesoc_synth.py: {', '.join(missing)} missing: pip install -e '.[synth]'")
    script = Path("synthesis.ys")
    script.write_text("\n".join(commands(run())) + "\n", encoding="utf-8")
    code = "import pyosys.libyosys as y; y.Design().run_pass('script synthesis.ys')"
    print("synthesising for UltraScale+ with Yosys; the log is synthesis.log ...", flush=True)
    with Path("synthesis.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode or not Path("cells.txt").is_file():
        lines = Path("synthesis.log").read_text(encoding="utf-8").splitlines()
        sys.exit("\n".join(["fusesoc_synth.py: synthesis failed:", *lines[-5:]]))
    counted = cells(Path("cells.txt").read_text(encoding="utf-8"))
    print(", ".join(f"{counted[group]} {group}" for group in GROUPS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
