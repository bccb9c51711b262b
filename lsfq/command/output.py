# SPDX-License-Identifier: Apache-2.0
"""What a command prints: text for people, or one JSON object (``--json``) for programs."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; the text goes to standard error"
    )


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
