# SPDX-License-Identifier: Apache-2.0
"""docs/command_line.md, from the parsers of the commands."""

from __future__ import annotations

import argparse
import importlib

from lsfq.command.main import COMMANDS, EXIT_STATUS

PAGES = {"report": ("accuracy_report", "performance_report")}
"""Commands with further parsers behind them."""

HEAD = """\
# Command line

`lsfq COMMAND [OPTION ...]`, in the environment that `make sim` sets up (`. .venv/bin/activate`).
`train`, exports of checkpoints and `report` need PyTorch or matplotlib, the extra `train`, which
`make test` and `make example` add.

    lsfq run --backend simulator --pin 8 --pout 8 --compare

"""
TAIL = """
With `--json` standard output is one JSON object and all text goes to standard error:

    lsfq run --json | python -c "import json, sys; print(json.load(sys.stdin)['classes'])"

This page is made by `make documents` from the commands themselves.
"""


def page() -> str:
    """The page as Markdown."""
    rows = "".join(f"| [`lsfq {name}`](#lsfq-{name}) | {text} |\n" for name, (_, text) in _items())
    parts = [HEAD, f"| command | what |\n|---|---|\n{rows}", f"\n{EXIT_STATUS}\n", TAIL]
    for name, (module, _) in _items():
        for part in (module, *PAGES.get(name, ())):
            parts.append(_section(importlib.import_module(f"lsfq.command.{part}").parser()))
    return "".join(parts)


def _items() -> list[tuple[str, tuple[str, str]]]:
    return list(COMMANDS.items())


def _section(parser: argparse.ArgumentParser) -> str:
    text, _, examples = (parser.description or "").partition("\nexamples:\n")
    shown = "".join(f"    {line.strip()}\n" for line in examples.splitlines() if line.strip())
    rows = [_row(action) for action in parser._actions if action.dest != "help"]
    return "\n".join([
        f"\n## {parser.prog}\n", text.strip(), "", shown,
        "| option | what |", "|---|---|", *rows, "",
    ])  # fmt: skip


def _row(action: argparse.Action) -> str:
    names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.dest}`"
    value = ""
    if action.choices is not None:
        value = " " + ", ".join(f"`{choice}`" for choice in action.choices)
    elif action.nargs != 0 and action.option_strings:
        value = f" {action.metavar or action.dest.upper()}"
    text = (action.help or "") % {"default": action.default}
    return f"| {names}{value} | {text} |".replace("; |", " |")
