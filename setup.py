# SPDX-License-Identifier: Apache-2.0
"""A wheel brings the Verilog, one network and its sample images: copies, made while it is built."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
FOLDERS = ("ip", "networks/vgg7_w32_w4a4", "networks/cifar10_sample")
LEFT_OUT = ("checkpoint.pt", "component.xml", "xgui", "*.core")


class BuildWithData(build_py):
    """build_py, and ``lsfq/data`` in the wheel; an editable installation needs none."""

    def run(self) -> None:
        """Copy after the modules are in place."""
        super().run()
        if self.editable_mode:
            return
        data = Path(self.build_lib) / "lsfq" / "data"
        shutil.rmtree(data, ignore_errors=True)
        for folder in FOLDERS:
            shutil.copytree(HERE / folder, data / folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


setup(cmdclass={"build_py": BuildWithData})
