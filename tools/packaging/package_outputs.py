# SPDX-License-Identifier: Apache-2.0
"""Files of the IP package that need no Vivado: component.xml, the dialogue, the packager's data."""

from __future__ import annotations

import re
from pathlib import Path

from tools.packaging import component
from tools.packaging.component import Package
from tools.packaging.rendering import render

COMPONENT = f"{component.FOLDER}/component.xml"
PACKAGE_DATA = "scripts/vivado/package_data.tcl"


def generate(root: Path) -> dict[Path, str]:
    """File and text of every output, from what the repository ``root`` holds.

    Raises InterfaceError or SourceError.
    """
    package = component.read(root)
    return {
        root / COMPONENT: component.component(package),
        root / component.FOLDER / package.gui_file: _gui(package),
        root / PACKAGE_DATA: _package_data(package),
    }


def _gui(package: Package) -> str:
    return render(
        "xgui.tcl.j2",
        package=package,
        pages=list(dict.fromkeys(legal.page for legal in package.legal.values())),
        names=lambda formula: re.findall(r"[A-Za-z_]\w*", formula),
        tcl=_tcl,
    )


def _tcl(formula: str) -> str:
    """A formula of parameters with Tcl's dollars."""
    return re.sub(r"([A-Za-z_]\w*)", r"$\1", formula)


def _package_data(package: Package) -> str:
    return render(
        "package_data.tcl.j2",
        package=package,
        vendor=component.VENDOR,
        library=component.LIBRARY,
        display_name=component.DISPLAY_NAME,
        families=component.FAMILIES,
        access=component.ACCESS,
        tcl=_tcl,
        defaults={parameter.name: parameter.default for parameter in package.interface.parameters},
        registers=component.listed_registers(package.registers),
    )
