# SPDX-License-Identifier: Apache-2.0
"""What a command prints: text for people, or one JSON object (``--json``) for programs."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; the text goes to standard error"
    )


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """The ``type`` of an option that takes whole numbers from ``least`` to ``most``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least or (most is not None and value > most):
            span = f"at least {least}" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"{text} is not {span}")
        return value

    return read


def refuse_ignored(
    parser: argparse.ArgumentParser, options: argparse.Namespace, names: Sequence[str], place: str
) -> None:
    """End with an error for the first option of ``names`` that was given: it goes with ``place``.

    An option that would be ignored is a misunderstanding, and better said than found out.
    """
    for name in names:
        if getattr(options, name) != parser.get_default(name):
            parser.error(f"--{name.replace('_', '-')} goes with {place}")


def reason(error: Exception) -> str:
    """What went wrong, as a sentence: of an error of the system the file and what it said."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@contextlib.contextmanager
def result(as_json: bool) -> Iterator[dict[str, Any]]:
    """A dictionary to fill. With ``as_json`` it is printed at the end, if anything is in it.

    Meanwhile what is printed goes to standard error, so that standard output is one JSON object.
    """
    content: dict[str, Any] = {}
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        yield content
    if as_json and content:
        print(json.dumps(content, indent=1))
