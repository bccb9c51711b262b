# SPDX-License-Identifier: Apache-2.0
"""Which bench runs each module of the core: its own, or the smallest one around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lsfq.simulation import rtl

PREFIX = "lsfq_"
CORE = "tb/core"
"""The benches of the whole core; they run every module."""


def benches() -> dict[str, str]:
    """Module -> folder of the bench that runs it."""
    folders = sorted(path.name for path in (rtl.ROOT / "tb" / "ip").iterdir() if path.is_dir())
    inside = {
        folder: {path.stem for path in rtl.sources(PREFIX + folder)}
        for folder in folders
        if PREFIX + folder in rtl.modules()
    }
    return chosen(rtl.modules(), inside)


def chosen(modules: Iterable[str], inside: Mapping[str, set[str]]) -> dict[str, str]:
    """The same, of benches by folder and the modules that each one builds."""
    found = {}
    for module in sorted(modules):
        around = [folder for folder, built in inside.items() if module in built]
        own = module.removeprefix(PREFIX)
        smallest = min(around, key=lambda folder: (folder != own, len(inside[folder])), default="")
        found[module] = f"tb/ip/{smallest}" if smallest else CORE
    return found


def table() -> str:
    """The modules without a bench of their own, and the bench that runs them, as Markdown."""
    rows = [
        f"| `{module}` | `{folder}` |"
        for module, folder in benches().items()
        if folder != f"tb/ip/{module.removeprefix(PREFIX)}"
    ]
    return "\n".join(["| module | runs in the bench of |", "|---|---|", *rows]) + "\n\n"
