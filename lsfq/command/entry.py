# SPDX-License-Identifier: Apache-2.0
"""The end of every command: an exit status and a sentence instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from lsfq.command import output

INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell gives it."""


def guarded(command: Callable[[], int], name: str | None = None) -> int:
    """The exit status of ``command``; 130 after Ctrl-C, 2 where the system refuses a file.

    ``name`` begins the sentence; by default it is that of the running script. A reader that has
    gone (``| head``) ends the command in silence. Errors of the program itself pass through.
    """
    name = Path(sys.argv[0]).name if name is None else name
    try:
        status = int(command())
        sys.stdout.flush()  # a full disk shows here, and not when Python ends
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return INTERRUPTED
    except OSError as error:
        _forget_output()
        print(f"{name}: {output.reason(error)}", file=sys.stderr)
        return 2
    except MemoryError:
        print(f"{name}: the memory of this machine does not suffice", file=sys.stderr)
        return 2
    return status


def _forget_output() -> None:
    """Let Python not try again, when it ends, to write what standard output refused."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # standard output is no file
