#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What FuseSoC's ``sim`` target runs after its lint step: the core's benches, by pytest.

Edalize's own cocotb support reports success when a cocotb test fails or when none runs; a hook's
exit status is respected, so the benches run from this one. FuseSoC starts a copy of this file in
its work folder; the repository is the nearest folder above that holds ``fusesoc.core``.

Parameters given to FuseSoC (``--PIN 8``) reach the benches as LSFQ_PARAMETERS ("PIN=8,POUT=16").
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

BENCHES = "tb/core/selected_core"


def candidates() -> Iterator[Path]:
    """Folders that may be the repository, likeliest first."""
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        yield start
        yield from start.parents
    # Used as a library from elsewhere: the folder from which ref_model is installed (editable).
    spec = importlib.util.find_spec("ref_model")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent.parent


def repository() -> Path:
    """The folder of the core file and the benches."""
    for folder in candidates():
        if (folder / "fusesoc.core").is_file() and (folder / BENCHES).is_dir():
            return folder
    sys.exit(f"fusesoc_sim.py: no folder with fusesoc.core and {BENCHES} above {Path.cwd()}")


def parameters() -> str:
    """The Verilog parameters of this FuseSoC run, as PIN=8,POUT=16."""
    import yaml

    files = sorted(Path.cwd().glob("*.eda.yml"))
    if not files:
        return ""
    given = yaml.safe_load(files[0].read_text(encoding="utf-8")).get("parameters") or {}
    return ",".join(f"{name}={values['default']}" for name, values in sorted(given.items()))


def main() -> int:
    """Run the benches; the exit status is pytest's, which is not 0 when no test ran either."""
    missing = [name for name in ("cocotb", "pytest", "yaml") if not importlib.util.find_spec(name)]
    if missing:
        sys.exit(f"fusesoc_sim.py: {', '.join(missing)} missing: pip install -e '.[sim]'")
    root = repository()
    command = [sys.executable, "-m", "pytest", BENCHES, *sys.argv[1:]]
    environment = {**os.environ, "LSFQ_PARAMETERS": parameters()}
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
