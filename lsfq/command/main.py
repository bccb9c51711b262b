# SPDX-License-Identifier: Apache-2.0
"""The command ``lsfq``."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

from lsfq.command.entry import guarded

COMMANDS = {
    "train": ("train", "train a network: float, quantised, with integer constants"),
    "export": ("export", "turn a checkpoint into integers, integers into streams or C source"),
    "import": ("import_model", "turn a quantised ONNX model into an integer network, exactly"),
    "eval": ("evaluate", "accuracy of exported networks on a whole test set, integers only"),
    "estimate": ("estimate", "before anything is built: does it fit, how fast, how large a core"),
    "plan": ("plan", "show how a core runs a network: layers, rows, memory, cycles"),
    "run": ("run", "run images on the reference model, the simulator or a board"),
    "report": ("report", "write docs/accuracy or docs/performance"),
}
"""Subcommand -> (module of `lsfq.command`, what it does)."""

EXAMPLES = """\
examples:
  lsfq train --out runs/mine
  lsfq export --checkpoint runs/mine/network.pt --output networks/mine
  lsfq import model.onnx --output networks/theirs
  lsfq eval networks/mine
  lsfq estimate --network networks/mine --device xczu3eg
  lsfq plan networks/mine
  lsfq run --network networks/mine --backend simulator --compare
  lsfq report accuracy --check"""

EXIT_STATUS = """\
exit status: 0 as asked; 1 a difference or an error of the accelerator; 2 wrong use or missing
files; 130 interrupted. lsfq COMMAND --help describes a command; each takes --json.
lsfq --version names the version."""


def usage() -> str:
    """What ``lsfq --help`` prints."""
    lines = [f"  {name:<10}{text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        ["usage: lsfq COMMAND [OPTION ...]", "", *lines, "", EXAMPLES, "", EXIT_STATUS]
    )


def version() -> str:
    """The version that is installed; of a checkout that is not, the word for that."""
    try:
        return importlib.metadata.version("lsfq-accel")
    except importlib.metadata.PackageNotFoundError:
        return "from a checkout that is not installed"


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] in (["-h"], ["--help"]):
        print(usage())
        return 0
    if words[:1] == ["--version"]:
        print(f"lsfq {version()}")
        return 0
    if not words or words[0] not in COMMANDS:
        said = f"no command {words[0]!r}" if words else "give a command"
        print(f"lsfq: {said}\n\n{usage()}", file=sys.stderr)
        return 2

    def command() -> int:
        module = importlib.import_module(f"lsfq.command.{COMMANDS[words[0]][0]}")
        if words[0] == "train" and arguments is None:
            module.restart_with_malloc_settings()
        return int(module.main(words[1:]))

    return guarded(command, f"lsfq {words[0]}")


if __name__ == "__main__":
    sys.exit(main())
