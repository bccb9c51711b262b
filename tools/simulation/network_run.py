# SPDX-License-Identifier: Apache-2.0
"""Start the network bench from outside the simulator, and read what it reports."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import save_network
from tools.hdl.bench import BenchResult, run_bench

WORK = Path(__file__).resolve().parents[2] / "build" / "network"

Report = dict[str, Any]
"""What `tb.core.network_bench` writes: core, ``layers``, ``passes`` (counters), ``images``."""


@dataclass(frozen=True)
class NetworkRun:
    """How a network is run on the simulated core.

    ``stalls`` are on every stream, ``param_stalls`` on the parameter stream instead: names of
    patterns (:mod:`tools.simulation.stalls`). ``feature_depth`` words of the feature memory and
    ``weight_depth`` of the weight memory; None keeps the Verilog's default.
    """

    pin: int = 16
    pout: int = 16
    batch: int = 1
    depthwise_pixels: int = 1
    stalls: str = "none"
    param_stalls: str | None = None
    waves: bool = False
    quiet: bool = True
    feature_depth: int | None = None
    weight_depth: int | None = None

    def __call__(
        self, network: IntegerNetwork | Path, images: npt.NDArray[np.uint8]
    ) -> tuple[BenchResult, Report]:
        """Run ``network`` (or the folder of an export) on ``images`` (N, C, H, W).

        Raises BenchError when hardware and reference model differ, or nothing could be run.
        """
        WORK.mkdir(parents=True, exist_ok=True)
        name = network.resolve().name if isinstance(network, Path) else network.name
        throttled = f"-param-{self.param_stalls}" if self.param_stalls else ""
        stem = f"{name}-{self.pin}x{self.pout}-{self.batch}-{self.stalls}{throttled}-{os.getpid()}"
        image_file, report_file = WORK / f"{stem}.npy", WORK / f"{stem}.json"
        folder = network.resolve() if isinstance(network, Path) else WORK / name
        if isinstance(network, IntegerNetwork):
            save_network(network, folder)
        np.save(image_file, images)
        environment = {
            "LSFQ_NETWORK": str(folder),
            "LSFQ_IMAGES": str(image_file),
            "LSFQ_BATCH": str(self.batch),
            "LSFQ_STALLS": self.stalls,
            "LSFQ_PARAM_STALLS": self.param_stalls or self.stalls,
            "LSFQ_REPORT": str(report_file),
        }
        try:
            result = run_bench(
                "lsfq_accel",
                "tb.core.network_bench",
                self.core_parameters(),
                waves=self.waves,
                environment=environment,
                name=f"network-{stem}",
                quiet=self.quiet,
            )
            return result, json.loads(report_file.read_text(encoding="utf-8"))
        finally:
            image_file.unlink(missing_ok=True)
            report_file.unlink(missing_ok=True)

    def core_parameters(self) -> dict[str, int]:
        """Verilog parameters of the core; the rest keeps its default."""
        width = min(128, 4 * self.pin * self.pout)
        memories = {"FEATURE_DEPTH": self.feature_depth, "WEIGHT_DEPTH": self.weight_depth}
        return {
            "PIN": self.pin, "POUT": self.pout, "PARAM_W": width,
            "DEPTHWISE_PIXELS": self.depthwise_pixels,
            **{name: value for name, value in memories.items() if value is not None},
        }  # fmt: skip
