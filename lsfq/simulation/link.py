# SPDX-License-Identifier: Apache-2.0
"""Talk to a simulator process: one command, one answer (the other side is ``server.cpp``)."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from enum import IntEnum, IntFlag
from pathlib import Path

from lsfq.errors import BackendError

PROTOCOL = 1
ANY_SIZE = 0xFFFFFFFF
"""Room for results of any size."""
ANSWER_S = 120.0
"""Seconds for an answer. Commands are short: a process that needs longer is broken."""

_MESSAGE = struct.Struct("<4I")


class Operation(IntEnum):
    """What a command does; ``server.cpp`` describes the arguments."""

    HELLO = 0
    READ = 1
    WRITE = 2
    SEND = 3
    ROOM = 4
    RUN = 5
    RECEIVE = 6
    FLUSH = 7
    RESET = 8
    STALLS = 9
    PENDING = 10


class Stream(IntEnum):
    """Streams of the core."""

    PARAMETERS = 0
    IMAGES = 1
    RESULTS = 2


class Event(IntFlag):
    """What can end a `Link.run`."""

    INTERRUPT = 1
    PACKET = 2
    PARAMETERS_SENT = 4
    IMAGES_SENT = 8


class Link:
    """A running simulator. Raises BackendError as soon as the process fails to answer.

    The process ends with `close`, and also when this process ends in any way: its input closes.
    """

    def __init__(self, program: Path, arguments: Sequence[str] = ()) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = subprocess.Popen(
                [str(program), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                bufsize=0,
            )
        except OSError as error:
            self._log.close()
            raise BackendError(f"the simulator {program} does not start: {error}") from error
        protocol, beats, _ = self._command(Operation.HELLO)
        if protocol != PROTOCOL:
            self.close()
            raise BackendError(f"the simulator speaks protocol {protocol}, not {PROTOCOL}")
        self.beat_bytes = {Stream.PARAMETERS: beats & 0xFFFF, Stream.IMAGES: beats >> 16}
        self.cycles = 0

    def read(self, address: int) -> int:
        """A register."""
        return self._command(Operation.READ, address)[0]

    def write(self, address: int, value: int) -> None:
        """Set a register."""
        self._command(Operation.WRITE, address, value)

    def send(self, stream: Stream, packet: bytes, last: bool = True) -> None:
        """Queue a packet; without ``last``, one whose end never comes."""
        self._command(Operation.SEND, stream, int(last), packet)

    def room(self, size: int = ANY_SIZE) -> None:
        """How many bytes of results are taken from now on."""
        self._command(Operation.ROOM, size)

    def run(self, cycles: int, until: Event = Event(0)) -> Event:  # noqa: B008 - immutable
        """Let the clock run for ``cycles`` or until an event of ``until``; the events there are."""
        done, events, _ = self._command(Operation.RUN, cycles, until)
        self.cycles += done
        return Event(events)

    def receive(self) -> tuple[bytes, bool] | None:
        """The oldest finished result packet and whether TLAST ended it; None without one."""
        ended, _, packet = self._command(Operation.RECEIVE)
        return None if packet is None else (packet, bool(ended))

    def flush(self, *streams: Stream) -> None:
        """Forget what is queued on these streams (all, when none is named)."""
        self._command(Operation.FLUSH, sum(1 << stream for stream in streams or Stream))

    def reset(self) -> None:
        """Reset the core."""
        self._command(Operation.RESET)

    def stalls(self, stream: Stream, share: float) -> None:
        """Pause a stream at random in this share of the cycles."""
        self._command(Operation.STALLS, stream, min(255, round(share * 256)))

    def pending(self, stream: Stream) -> int:
        """Bytes queued, or (results) of the packet under way."""
        return self._command(Operation.PENDING, stream)[0]

    def close(self) -> None:
        """End the process."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._log.close()

    def __del__(self) -> None:
        if hasattr(self, "_process") and self._process.poll() is None:
            self.close()

    def _command(
        self, operation: Operation, a: int = 0, b: int = 0, payload: bytes = b""
    ) -> tuple[int, int, bytes | None]:
        if self._log.closed:
            raise BackendError("the simulator was closed")
        deadline = time.monotonic() + ANSWER_S
        try:
            self._put(_MESSAGE.pack(operation, a, b, len(payload)), deadline)
            self._put(payload, deadline)
            status, a, b, length = _MESSAGE.unpack(self._get(_MESSAGE.size, deadline))
            answer = self._get(length, deadline)
        except (OSError, EOFError) as error:
            raise self._broken(str(error) or "it ended") from error
        if status == 2:
            return a, b, None
        if status:
            raise self._broken(f"{operation.name} failed with status {status}")
        return a, b, answer

    def _put(self, data: bytes, deadline: float) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        view = memoryview(data)
        while view:
            if not select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))[1]:
                raise EOFError("it does not take commands any more")
            # At most what a pipe takes at once when it is writable, so that this cannot block.
            view = view[os.write(pipe.fileno(), view[: select.PIPE_BUF]) :]

    def _get(self, size: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        parts = []
        while size:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise EOFError("it does not answer any more")
            part = os.read(pipe.fileno(), size)
            if not part:
                raise EOFError("it ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _broken(self, reason: str) -> BackendError:
        """The error of a process that does not do what it should; ends it."""
        self._process.kill()
        self._process.wait()
        self._log.seek(0)
        said = self._log.read()[-2000:].decode(errors="replace").strip()
        self.close()
        return BackendError(f"the simulator broke down: {reason}" + (f"\n{said}" if said else ""))
