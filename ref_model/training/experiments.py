# SPDX-License-Identifier: Apache-2.0
"""Lists of training runs, read from a TOML file.

Each ``[[run]]`` table holds a ``name`` and options of ``scripts/train.py`` without their dashes.
An option with a list stands for one run per entry, and several lists for every combination, the
last one changing fastest. ``{option}`` in a text is replaced by that option's value::

    [[run]]
    name = "{quantizer}_s{seed}"
    quantizer = ["lsfq", "lsq"]
    seed = [0, 1, 2]
    float-from = "float_s{seed}"        # the name of another run

is six runs. ``float-from`` names the run whose float network is the start; the others become
options as they are, and ``true`` becomes an option without a value.
"""

from __future__ import annotations

import itertools
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RESERVED = ("out", "resume", "data", "threads", "device")


class ExperimentError(ValueError):
    """A list of runs that cannot be used; the message names file and run."""


@dataclass(frozen=True)
class Run:
    """One call of ``scripts/train.py``: its name, its options, and the run it starts from."""

    name: str
    options: tuple[tuple[str, Any], ...]
    float_from: str | None = None

    def arguments(self, runs: Path) -> list[str]:
        """Arguments of ``scripts/train.py``, with the run folders below ``runs``."""
        line = []
        for option, value in self.options:
            if value is True:
                line.append(f"--{option}")
            elif value is not False:
                line += [f"--{option}", str(value)]
        if self.float_from is not None:
            line += ["--float-from", str(runs / self.float_from / "float.pt")]
        return [*line, "--out", str(runs / self.name)]

    def command(self) -> str:
        """The command that a person would type, from the root of the repository."""
        return shlex.join(["scripts/train.py", *self.arguments(Path("runs"))])


def read_experiments(path: Path) -> list[Run]:
    """The runs of a file, in order.

    Raises ExperimentError for a file that is missing or not TOML, a table without a name, a name
    used twice, an unknown ``{option}``, or a ``float-from`` that no earlier run has.
    """
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{path}: {error}") from error
    unknown = sorted(set(content) - {"run"})
    if unknown:
        raise ExperimentError(f"{path}: only [[run]] tables are known, not {', '.join(unknown)}")
    runs: dict[str, Run] = {}
    for table in content.get("run", []):
        for run in _expand(path, table):
            if run.name in runs:
                raise ExperimentError(f"{path}: two runs are called {run.name}")
            if run.float_from is not None and run.float_from not in runs:
                raise ExperimentError(
                    f"{path}: run {run.name} starts from {run.float_from}, which is not before it"
                )
            runs[run.name] = run
    return list(runs.values())


def _expand(path: Path, table: dict[str, Any]) -> list[Run]:
    """All combinations of one ``[[run]]`` table."""
    if not isinstance(table.get("name"), str):
        raise ExperimentError(f"{path}: a [[run]] has no name")
    for reserved in _RESERVED:
        if reserved in table:
            raise ExperimentError(f"{path}: run {table['name']}: {reserved} is not set here")
    choices = [value if isinstance(value, list) else [value] for value in table.values()]
    result = []
    for values in itertools.product(*choices):
        chosen = dict(zip(table, values, strict=True))
        try:
            texts = {
                key: value.format_map(chosen) if isinstance(value, str) else value
                for key, value in chosen.items()
            }
        except (KeyError, ValueError, IndexError) as error:
            raise ExperimentError(f"{path}: run {table['name']}: no option {error}") from error
        name, float_from = texts.pop("name"), texts.pop("float-from", None)
        if not _NAME.fullmatch(name):
            raise ExperimentError(f"{path}: run name {name!r}: use letters, digits, '_', '.', '-'")
        result.append(Run(name, tuple(texts.items()), float_from))
    return result
