# SPDX-License-Identifier: Apache-2.0
"""The ``fusesoc`` command of the project's environment: FuseSoC with two preparations.

* A core's full name is vendor:library:name:version. ``lsfq:accel`` has two parts, which FuseSoC
  refuses; it stands for ``lsfq::accel``.
* Verilator and this environment's Python are put on ``PATH``, so that the targets find them also
  when the environment was not activated.

Everything else is FuseSoC as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lsfq.simulation import verilator

SHORT_NAME = "lsfq:accel"
FULL_NAME = "lsfq::accel"


def rewrite(arguments: Sequence[str]) -> list[str]:
    """The arguments with the core's short name spelt out."""
    return [FULL_NAME if argument == SHORT_NAME else argument for argument in arguments]


def main() -> None:
    """Entry point of the console script."""
    from fusesoc.main import main as fusesoc

    sys.argv[1:] = rewrite(sys.argv[1:])
    try:
        verilator.activate()
    except verilator.ToolchainError as error:
        sys.exit(f"fusesoc: {error}")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    fusesoc()


if __name__ == "__main__":
    main()
