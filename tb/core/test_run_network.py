# SPDX-License-Identifier: Apache-2.0
"""`make sim`: the command's options reach the simulated core."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tools.hdl.bench import BenchError
from tools.simulation import run_network
from tools.simulation.network_run import NetworkRun


def test_options_reach_the_core(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: list[NetworkRun] = []

    def stop(run: NetworkRun, *_: Any) -> None:
        runs.append(run)
        raise BenchError("stopped here")

    monkeypatch.setattr(NetworkRun, "__call__", stop)
    line = "run_network.py --pin 4 --pout 8 --batch 2 --stalls random --waves"
    monkeypatch.setattr(sys, "argv", line.split())
    assert run_network.main() == 1
    assert "FAILED: stopped here" in capsys.readouterr().err
    assert runs == [NetworkRun(pin=4, pout=8, batch=2, stalls="random", waves=True)]
