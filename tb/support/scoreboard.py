# SPDX-License-Identifier: Apache-2.0
"""cocotb-bus's scoreboard with messages made for numbers: transaction, beat, both values."""

from __future__ import annotations

from typing import Any

from cocotb_bus.monitors import Monitor
from cocotb_bus.scoreboard import Scoreboard as BusScoreboard

from tb.support.clocking import Dut


def difference(got: Any, expected: Any) -> str:
    """Where two transactions differ first."""
    if not isinstance(expected, list | tuple) or not isinstance(got, list | tuple):
        return f"got {_text(got)}, expected {_text(expected)}"
    for index, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            return f"beat {index} of {len(expected)}: got {_text(one)}, expected {_text(other)}"
    return f"got {len(got)} beats, expected {len(expected)}"


def _text(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) else repr(value)


class Scoreboard(BusScoreboard):
    """Compares what monitors receive with what was expected, at once and in order."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self._count: dict[str, int] = {}

    def expect(self, monitor: Monitor, expected: list[Any]) -> None:
        """`expected` may grow while the simulation runs; a transaction takes its first entry."""
        self.add_interface(monitor, expected)

    def compare(self, got: Any, exp: Any, log: Any, strict_type: bool = True) -> None:
        """Fail on the first difference (called by the base class)."""
        del strict_type  # a list differs from a tuple
        number = self._count.get(log.name, 0)
        self._count[log.name] = number + 1
        assert got == exp, f"{log.name}: transaction {number}: {difference(got, exp)}"

    def finish(self) -> None:
        """Everything expected has come."""
        for monitor, expected in self.expected.items():
            assert not expected, f"{monitor}: {len(expected)} transactions are missing"
