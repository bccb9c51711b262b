# SPDX-License-Identifier: Apache-2.0
"""Run a program that ends after so many seconds, and with the process that started it.

``python time_limit.py SECONDS PROGRAM ...``. The program takes this process's place, so that its
parent's signals, Ctrl-C among them, reach the program itself: a process between the two (the
command ``timeout``, which makes a process group of its own) would keep them away.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def main(seconds: int, command: list[str]) -> None:
    """Become ``command``; the alarm ends it after ``seconds``, the kernel when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
