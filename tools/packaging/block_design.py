# SPDX-License-Identifier: Apache-2.0
"""The block design that ``scripts/block_design.tcl`` builds, as cells and connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.packaging.vivado_recorder import record

SCRIPT = "scripts/block_design.tcl"


@dataclass
class Cell:
    """``kind`` is the name of the IP or, with ``module``, of the Verilog module."""

    name: str
    kind: str
    module: bool
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Design:
    """What was built: connections by ``cell/pin``, addresses by segment."""

    part: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    streams: list[tuple[str, str]] = field(default_factory=list)
    nets: list[list[str]] = field(default_factory=list)
    addresses: dict[str, tuple[int, str]] = field(default_factory=dict)
    memories: list[tuple[str, str]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def design(
    root: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Design:
    """The design for these arguments of the script. Raises ScriptError."""
    made = Design()
    for words in record(root / SCRIPT, arguments, environment):
        _apply(made, words)
    return made


def _apply(made: Design, words: Sequence[str]) -> None:
    command, *rest = words
    made.commands.append(command)
    if command == "create_project":
        made.part = rest[rest.index("-part") + 1]
    elif command == "create_bd_cell":
        options = dict(zip(rest[:-1:2], rest[1:-1:2], strict=True))
        module = options["-type"] == "module"
        kind = options["-reference"] if module else options["-vlnv"].split(":")[2]
        made.cells[rest[-1]] = Cell(rest[-1], kind, module)
    elif command == "set_property" and rest[0] == "-dict" and rest[-1] in made.cells:
        pairs = rest[1].split()
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            made.cells[rest[-1]].settings[name.removeprefix("CONFIG.")] = value
    elif command == "connect_bd_intf_net":
        made.streams.append((rest[0], rest[1]))
    elif command == "connect_bd_net":
        made.nets.append(list(rest))
    elif command == "assign_bd_address":
        options = dict(zip(rest[:-1:2], rest[1:-1:2], strict=True))
        if "-offset" in options:
            made.addresses[rest[-1]] = (int(options["-offset"], 16), options["-range"])
        else:
            made.memories.append((options["-target_address_space"].lstrip("/"), rest[-1]))
