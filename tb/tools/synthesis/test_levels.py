# SPDX-License-Identifier: Apache-2.0
"""Levels of logic are counted from a netlist as drawn by hand, and their limits are told apart."""

from __future__ import annotations

from typing import Any

import pytest

from tools.hdl.levels import LogicPath, deepest, listing

OUTPUTS = {"Q", "Z", "S0", "COUT", "DO"}


def _cell(kind: str, **pins: int) -> dict[str, Any]:
    return {
        "type": kind,
        "connections": {pin: [bit] for pin, bit in pins.items()},
        "port_directions": {pin: "output" if pin in OUTPUTS else "input" for pin in pins},
    }


def _netlist(**cells: dict[str, Any]) -> dict[str, Any]:
    return {"modules": {"top": {"cells": cells}}}


def _worst(**cells: dict[str, Any]) -> LogicPath:
    return deepest(_netlist(**cells), "top")[0]


def test_luts_in_a_row_count_each() -> None:
    path = _worst(
        a_q=_cell("TRELLIS_FF", DI=9, Q=1, CLK=100),
        first=_cell("LUT4", A=1, Z=2),
        second=_cell("LUT4", A=1, B=2, Z=3),
        b_q=_cell("TRELLIS_FF", DI=3, Q=4, CLK=100),
    )
    assert path == LogicPath(2, ("a_q", "first", "second", "b_q"))


def test_multiplexers_beside_the_luts_add_nothing() -> None:
    path = _worst(
        a_q=_cell("TRELLIS_FF", DI=9, Q=1, CLK=100),
        low=_cell("LUT4", A=1, Z=2),
        both=_cell("PFUMX", ALUT=2, BLUT=2, C0=1, Z=3),
        b_q=_cell("TRELLIS_FF", DI=3, Q=4, CLK=100),
    )
    assert path.levels == 1


def test_a_carry_chain_counts_once() -> None:
    path = _worst(
        a_q=_cell("TRELLIS_FF", DI=9, Q=1, CLK=100),
        c0=_cell("CCU2C", A0=1, COUT=2),
        c1=_cell("CCU2C", A0=1, CIN=2, COUT=3),
        c2=_cell("CCU2C", A0=1, CIN=3, S0=4),
        after=_cell("LUT4", A=4, Z=5),
        b_q=_cell("TRELLIS_FF", DI=5, Q=6, CLK=100),
    )
    assert path.levels == 2


def test_distributed_memory_is_read_in_the_cycle_and_written_at_its_end() -> None:
    cells = {
        "a_q": _cell("TRELLIS_FF", DI=9, Q=1, CLK=100),
        "lut": _cell("LUT4", A=1, Z=2),
        "memory": _cell("TRELLIS_DPR16X4", WD=2, RAD=1, DO=3, WCK=100),
        "b_q": _cell("TRELLIS_FF", DI=3, Q=4, CLK=100),
    }
    found = {path.cells[-1]: path for path in deepest(_netlist(**cells), "top")}
    assert found["b_q"] == LogicPath(1, ("a_q", "memory", "b_q"))
    assert found["memory"] == LogicPath(1, ("a_q", "lut", "memory"))


def test_the_clock_is_no_path() -> None:
    path = _worst(
        gate=_cell("LUT4", A=1, Z=2),
        a_q=_cell("TRELLIS_FF", DI=3, Q=1, CLK=2),
    )
    assert path.levels == 0


def test_a_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="a loop of logic through"):
        _worst(
            one=_cell("LUT4", A=2, Z=1),
            other=_cell("LUT4", A=1, Z=2),
            b_q=_cell("TRELLIS_FF", DI=1, Q=4, CLK=100),
        )


def test_paths_from_one_start_share_a_line() -> None:
    paths = [
        LogicPath(3, ("u.a_q_TRELLIS_FF_Q_1", "u.b_LUT4_Z", "u.c_q_TRELLIS_FF_Q")),
        LogicPath(3, ("u.a_q_TRELLIS_FF_Q_2", "u.d_q_TRELLIS_FF_Q")),
        LogicPath(2, ("u.e_q", "u.f_q")),
    ]
    assert listing(paths) == ["   3  u.a_q > u.b > u.c_q  (and 1 more ends)", "   2  u.e_q > u.f_q"]
