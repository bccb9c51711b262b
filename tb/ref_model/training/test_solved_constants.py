# SPDX-License-Identifier: Apache-2.0
"""Exports whose constants are solved: fewer accumulators differ, and their number is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch")

from lsfq.command.main import main  # noqa: E402
from lsfq.files import NETWORK  # noqa: E402
from ref_model.integer import load_network, network_difference  # noqa: E402
from ref_model.integer.network import INPUT  # noqa: E402
from ref_model.training.constants import Grid, LayerConstants, network_constants  # noqa: E402
from ref_model.training.export import to_integer_network  # noqa: E402
from ref_model.training.graph import trace  # noqa: E402
from ref_model.training.layers import ConvUnit, Mode, Network  # noqa: E402
from tb.ref_model.training.synthetic import images, small_config  # noqa: E402


@pytest.fixture(scope="module", params=["vgg7", "resnet8"])
def network(request: pytest.FixtureRequest) -> Network:
    """An untrained network whose BatchNorm has odd statistics, with clips that were set."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    made: Network = small_config(
        model=request.param, width=4, weight_bits=(4,), activation_bits=(4,)
    ).build()
    with torch.no_grad():
        for unit in made.units():
            if isinstance(unit, ConvUnit):
                unit.norm.weight.uniform_(-1.5, 1.5)
                unit.norm.bias.normal_(0, 0.3)
    made.start_quantisation(torch.from_numpy(images(20).pixels).float() / 255)
    made.set_mode(Mode.QUANTIZED)
    made.eval()
    return made


def differing(
    unit: ConvUnit, source: Grid, skip: Grid | None, made: LayerConstants, most: int
) -> tuple[int, int]:
    """(differing, values) over all accumulators of the layer, by float64 and plain loops."""
    norm = unit.norm

    def numbers(x: Any) -> Any:
        return x.detach().double().numpy()

    factor = numbers(norm.weight) / np.sqrt(numbers(norm.running_var) + norm.eps)
    _, weight_step = unit.weight_quantizer.integer(numbers(unit.weight))
    steps = np.broadcast_to(weight_step, factor.shape)
    result = Grid.of(unit.activation_quantizer)
    wrong = values = 0
    for c in range(len(factor)):
        codes = made.weight[c].astype(int)
        low, high = (int(codes[codes < 0].sum()), int(codes[codes > 0].sum()))
        acc = np.arange(low * source.largest, high * source.largest + 1)
        centred = acc - source.zero * codes.sum()
        real = (centred * source.step * steps[c] - numbers(norm.running_mean)[c]) * factor[c]
        real = real + numbers(norm.bias)[c]
        for r in range(1 if skip is None else skip.largest + 1):
            moved = real if skip is None else real + (r - skip.zero) * skip.step
            code = np.clip(np.floor(moved / result.step + 0.5) + result.zero, 0, most)
            v = acc * int(made.multiplier[c]) + r * made.skip_multiplier + int(made.bias[c])
            wrong += int((np.clip(v >> made.shift, 0, most) != code).sum())
            values += len(acc)
    return wrong, values


def test_the_counts_are_true(network: Network) -> None:
    """Rounded and solved, each layer beside its real numbers on every accumulator."""
    steps = trace(network)
    plain, solved = network_constants(network, steps), network_constants(network, steps, True)
    grids = {INPUT: Grid(network.input_step, 255)}
    better = 0
    for step, one, other in zip(steps[:-1], plain, solved, strict=False):
        unit: Any = step.unit
        skip = None if step.skip is None else grids[step.skip]
        before, _ = differing(unit, grids[step.source], skip, one, unit.activation_quantizer.levels)
        after, values = differing(
            unit, grids[step.source], skip, other, unit.activation_quantizer.levels
        )
        assert other.agreement is not None
        found = other.agreement
        assert (found.rounded, found.differing, found.values) == (before, after, values), unit.name
        assert after <= before
        better += before - after
        grids[unit.name] = Grid.of(unit.activation_quantizer)
    assert better > 0


def test_what_is_not_asked_for_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped network as it is; solved, it is exact and says so."""
    checkpoint = NETWORK / "checkpoint.pt"
    assert network_difference(load_network(NETWORK), to_integer_network(checkpoint)) is None
    words = ["export", "--checkpoint", str(checkpoint), "--output", str(tmp_path), "--no-accuracy"]
    assert main([*words, "--solve"]) == 0
    assert "0 of 7742098 accumulator values" in capsys.readouterr().out
    counts: Any = load_network(tmp_path).provenance["thresholds"]
    assert counts["differing"] == 0 < counts["rounded"]
