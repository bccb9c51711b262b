# SPDX-License-Identifier: Apache-2.0
"""Where the Verilog, the shipped network and the sample images lie, and where builds go.

In a checkout they are the repository's folders ``ip`` and ``networks``. A wheel has copies of the
Verilog and of one network beside this file (``setup.py``).
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGED = Path(__file__).with_name("data")
"""The copies of an installed wheel; not there in a checkout."""
IN_WHEEL = (PACKAGED / "ip").is_dir()
ROOT = PACKAGED if IN_WHEEL else Path(__file__).resolve().parents[1]
"""The folder of ``ip`` and ``networks``."""
NETWORK = ROOT / "networks" / "vgg7_w32_w4a4"
"""The network that commands take when none is named."""
SAMPLE = ROOT / "networks" / "cifar10_sample" / "test_batch.bin"
"""CIFAR-10 test images, as many as the repository brings."""


def build_folder() -> Path:
    """Where simulators are built: ``build`` of a checkout that can be written, else a cache.

    The cache is ``lsfq-accel`` in $XDG_CACHE_HOME or ~/.cache.
    """
    build = ROOT / "build"
    if not IN_WHEEL and os.access(build if build.exists() else ROOT, os.W_OK):
        return build
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "lsfq-accel"


def pip_install(extra: str) -> str:
    """The command that adds an extra to this installation."""
    return f"pip install 'lsfq-accel[{extra}]'" if IN_WHEEL else f"pip install -e '.[{extra}]'"
