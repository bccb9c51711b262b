# SPDX-License-Identifier: Apache-2.0
"""The whole core: random programs, faults, the shipped network, unknown values.

``LSFQ_SEED=n pytest tb/core`` draws other programs; ``pytest tb/core -m slow`` adds a long run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsfq.files import SAMPLE
from ref_model.datasets import CIFAR10, read_records
from ref_model.integer.storage import MANIFEST
from tb.support import TestsFailed, run_bench
from tools.hdl.bench import bench_seed
from tools.simulation.network_run import NetworkRun

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "networks" / "vgg7_w32_w4a4"

SIZES = [(4, 4), (8, 8), (16, 16), (4, 16), (16, 4)]
TWO_PIXELS = {(16, 16), (4, 16), (8, 4), (4, 8), (8, 16)}
"""Sizes whose depthwise stage makes two pixels a cycle, the others one. A core takes a minute to
build, so that all tests here share one core a size; the slow run takes the other stage."""
PROGRAMS = 30  # times 5 sizes and 2 stall patterns: 300
DAMAGED = 25  # times 2 sizes and 2 stall patterns: 100
IMAGES = 8


def core(pin: int, pout: int) -> dict[str, int]:
    """Parameters of a core with small memories, so that programs meet their limits."""
    width = min(128, 4 * pin * pout)
    pixels = 2 if (pin, pout) in TWO_PIXELS else 1
    return {
        "PIN": pin, "POUT": pout, "PARAM_W": width, "FEATURE_DEPTH": 4096,
        "DEPTHWISE_PIXELS": pixels,
    }  # fmt: skip


@pytest.mark.parametrize("stalls", ["none", "random"])
@pytest.mark.parametrize(("pin", "pout"), SIZES)
def test_random_programs(pin: int, pout: int, stalls: str) -> None:
    environment = {"LSFQ_PROGRAMS": str(PROGRAMS), "LSFQ_STALLS": stalls}
    run_bench("lsfq_accel", "tb.core.program_bench", core(pin, pout), environment=environment)


@pytest.mark.parametrize(
    ("pin", "pout", "stalls"), [(4, 4, "none"), (8, 4, "random"), (4, 8, "random"), (8, 8, "none")]
)
def test_stages(pin: int, pout: int, stalls: str) -> None:
    environment = {"LSFQ_PROGRAMS": "40", "LSFQ_STALLS": stalls}
    run_bench("lsfq_accel", "tb.core.stage_bench", core(pin, pout), environment=environment)


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_compute",
            ".step_ready            (step_ready)",
            ".step_ready            (1'b1)",
            id="skip not waited for",
        ),
        pytest.param(
            "lsfq_store", ".s_valid  (filtered_valid)", ".s_valid(kept_valid)", id="no filter"
        ),
        pytest.param("lsfq_store", "!depthwise_busy && ", "", id="layer ends in the stage"),
        pytest.param(
            "lsfq_step_gate", "RATIO == 1 ? 4'd2", "RATIO == 1 ? 4'd1", id="pairs too close"
        ),
    ],
)
def test_stages_notice(module: str, text: str, fault: str) -> None:
    environment = {"LSFQ_PROGRAMS": "30", "LSFQ_STALLS": "none"}
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_accel", "tb.core.stage_bench", core(4, 4), mutations={module: (text, fault)},
            environment=environment, quiet=True, seed=bench_seed() + 1,  # 1's skip words are early
        )  # fmt: skip


def test_depthwise_costs_little() -> None:
    run_bench("lsfq_accel", "tb.core.stage_cost_bench", core(4, 4))


@pytest.mark.parametrize("multiplier", [1, 2, 3, 4])
def test_multipliers(multiplier: int) -> None:
    """The forms that are not the default, in a whole core."""
    environment = {"LSFQ_PROGRAMS": "8", "LSFQ_STALLS": "none"}
    parameters = {**core(4, 4), "MULTIPLIER": multiplier}
    run_bench("lsfq_accel", "tb.core.program_bench", parameters, environment=environment)


@pytest.mark.slow
@pytest.mark.parametrize("stalls", ["none", "random", "bursty"])
@pytest.mark.parametrize(("pin", "pout"), [*SIZES, (8, 4), (4, 8), (8, 16), (16, 8)])
def test_many_random_programs(pin: int, pout: int, stalls: str) -> None:
    environment = {"LSFQ_PROGRAMS": "200", "LSFQ_STALLS": stalls, "LSFQ_MAX_CYCLES": "20000"}
    parameters = core(pin, pout)
    parameters["DEPTHWISE_PIXELS"] = 3 - parameters["DEPTHWISE_PIXELS"]
    run_bench("lsfq_accel", "tb.core.program_bench", parameters, environment=environment)


@pytest.mark.parametrize("stalls", ["none", "random"])
@pytest.mark.parametrize(("pin", "pout"), [(4, 4), (8, 8)])
def test_faults(pin: int, pout: int, stalls: str) -> None:
    environment = {"LSFQ_DAMAGED": str(DAMAGED), "LSFQ_STALLS": stalls}
    run_bench("lsfq_accel", "tb.core.fault_bench", core(pin, pout), environment=environment)


@pytest.mark.parametrize("stalls", ["none", "random"])
@pytest.mark.parametrize(("pin", "pout"), [(8, 8), (16, 16)])
def test_shipped_network(pin: int, pout: int, stalls: str, tmp_path: Path) -> None:
    assert (NETWORK / MANIFEST).is_file(), "the shipped network is missing"
    images = tmp_path / "images.npy"
    np.save(images, read_records(SAMPLE, CIFAR10).first(IMAGES).pixels)
    environment = {
        "LSFQ_NETWORK": str(NETWORK),
        "LSFQ_IMAGES": str(images),
        "LSFQ_STALLS": stalls,
    }
    parameters = {"PIN": pin, "POUT": pout, "PARAM_W": 128}
    run_bench("lsfq_accel", "tb.core.network_bench", parameters, environment=environment)


@pytest.mark.parametrize(
    ("model", "width", "run"),
    [
        ("mobilenetv2", 32, NetworkRun(16, 16, 1)),
        ("mobilenetv2", 32, NetworkRun(16, 16, 8, depthwise_pixels=2)),
        ("mobilenetv2", 8, NetworkRun(8, 8, 2, stalls="random")),
        ("mobilenetv2", 8, NetworkRun(4, 16, 1, depthwise_pixels=2, stalls="bursty")),
        ("resnet20", 16, NetworkRun(16, 16, 8)),
        ("resnet20", 16, NetworkRun(8, 8, 1, stalls="random")),
    ],
    ids=lambda x: f"{x.pin}x{x.pout}-{x.batch}-{x.stalls}" if isinstance(x, NetworkRun) else str(x),
)
def test_models(model: str, width: int, run: NetworkRun) -> None:
    """Whole networks from their nn.Module, random weights: every tensor, stored or not."""
    torch = pytest.importorskip("torch", reason="models are built with PyTorch")
    from ref_model.training.config import TrainingConfig
    from ref_model.training.untrained import untrained_integer_network

    pixels = read_records(SAMPLE, CIFAR10).pixels
    config = TrainingConfig(model=model, width=width)
    name = f"{config.name()}_{run.pin}x{run.pout}_{run.batch}"
    network = untrained_integer_network(config, torch.from_numpy(pixels), name)
    _, report = run(network, pixels[: run.batch])
    assert len(report["images"]) == run.batch
    assert not any(image["differences"] for image in report["images"])


@pytest.mark.parametrize(("pin", "pout"), [(4, 16), (16, 4)])
def test_corners(pin: int, pout: int) -> None:
    run_bench("lsfq_accel", "tb.core.corner_bench", core(pin, pout))


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param(
            "lsfq_sequencer",
            "none_pending && !issue_valid",
            "!issue_valid",
            id="starts early",
        ),
        pytest.param(
            "lsfq_features",
            ".write_ready     (write_ready)",
            ".write_ready(1'b1)",
            id="loses writes",
        ),
        pytest.param(
            "lsfq_parser_block", "stride2 ? height[0] == above : below", "below", id="row below"
        ),
    ],
)
def test_corners_notice(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_accel", "tb.core.corner_bench", core(4, 16), mutations={module: (text, fault)}
        )


@pytest.mark.parametrize("simulator", ["verilator", "icarus"], indirect=True)
def test_no_unknown_outputs(simulator: str) -> None:
    run_bench("lsfq_accel", "tb.core.smoke_bench", core(4, 4), simulator=simulator)


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        pytest.param("lsfq_requant", "b_q <= constants[", "b_q <= 1 + constants[", id="bias"),
        pytest.param("lsfq_emitter", "!(odd && row_end)", "1'b1", id="row end"),
        pytest.param(
            "lsfq_loop_nest",
            "outer_above = restart ? !above : first_row_q;",
            "outer_above = 1'b0;",
            id="padding",
        ),
        pytest.param(
            "lsfq_store", "layer_pool_3x3 && layer_above_behind", "1'b0", id="row above a pool"
        ),
    ],
)
def test_bench_notices(module: str, text: str, fault: str) -> None:
    with pytest.raises(TestsFailed):
        run_bench(
            "lsfq_accel",
            "tb.core.program_bench",
            core(4, 4),
            environment={"LSFQ_PROGRAMS": "10"},
            mutations={module: (text, fault)},
        )
