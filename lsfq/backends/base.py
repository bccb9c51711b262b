# SPDX-License-Identifier: Apache-2.0
"""What the driver needs of a place where the core runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ref_model.hardware.plan import Plan


class Backend(Protocol):
    """Registers, streams and the interrupt of one core.

    A pass is a parameter packet, a packet with all its images, and one with all its results. They
    are queued by ``send_program``, ``send_images`` and ``expect``, and move while `wait` or
    `receive` runs. Deadlines are times of `time.monotonic`. Every method may raise
    BackendError when the core cannot be reached any more.
    """

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def counts_cycles(self) -> bool:
        """Whether the core's counters mean anything here."""
        ...

    @property
    def cycles_per_second(self) -> float:
        """Clock cycles in a second, at the very least; the driver's default timeout follows it."""
        ...

    def read(self, address: int) -> int:
        """The register at a byte address."""
        ...

    def write(self, address: int, value: int) -> None:
        """Set the register at a byte address."""
        ...

    def program(self, packet: bytes) -> None:
        """Keep ``packet``, the parameters of a pass, for every `send_program` from now on."""
        ...

    def send_program(self) -> None:
        """Queue the parameter packet."""
        ...

    def send_images(self, packet: bytes) -> None:
        """Queue the images of a pass."""
        ...

    def expect(self, size: int) -> None:
        """Queue room for the results of a pass, ``size`` bytes."""
        ...

    def wait(self, deadline: float) -> bool:
        """Move packets until the interrupt comes (True) or the deadline passes (False).

        Raises TransferError when a transfer fails.
        """
        ...

    def receive(self, deadline: float) -> bytes:
        """The next result packet, maybe a short one; TransferError when there is none by then."""
        ...

    def reset_streams(self, abort: Callable[[], None]) -> None:
        """Forget every packet, queued or half way.

        ``abort`` makes the core do the same; it is called when nothing moves into the core any
        more. What the core still sends after it is thrown away.
        """
        ...

    def progress(self) -> str:
        """Where the streams stand, for the message of a timeout."""
        ...

    def close(self) -> None:
        """Let go of the core; can be called twice."""
        ...


@runtime_checkable
class PlanBackend(Protocol):
    """A backend that computes by the plan of a pass, not by the bytes of its packet."""

    def follow(self, plan: Plan) -> None:
        """Take ``plan``, whose packet `Backend.program` gets next."""
        ...
