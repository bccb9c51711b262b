# SPDX-License-Identifier: Apache-2.0
"""Networks whose integers would be valid and mean nothing are refused, by layer."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from ref_model.integer.requantisation import RangeError  # noqa: E402
from ref_model.training import checkpoint  # noqa: E402
from ref_model.training.augment import to_unit  # noqa: E402
from ref_model.training.config import ConfigError  # noqa: E402
from ref_model.training.export import NotQuantisedError, to_integer_network  # noqa: E402
from ref_model.training.graph import UnsupportedLayerError  # noqa: E402
from ref_model.training.layers import ConvUnit, Mode, Network  # noqa: E402
from ref_model.training.loop import Trainer  # noqa: E402
from tb.ref_model.training.synthetic import images, small_config  # noqa: E402


def started(quantizer: str = "lsfq") -> Network:
    """A small network whose clips are set."""
    network = small_config(quantizer=quantizer).build()
    network.start_quantisation(to_unit(torch.from_numpy(images(20).pixels)))
    return network.eval()


@pytest.mark.parametrize("quantizer", ["lsfq", "lsq", "pact", "dorefa"])
def test_quantisation_that_was_never_started(quantizer: str) -> None:
    assert to_integer_network(started(quantizer)).layers
    network = small_config(quantizer=quantizer).build()
    with pytest.raises(NotQuantisedError, match=r"layer conv1.*start_quantisation"):
        to_integer_network(network)
    if quantizer != "dorefa":  # which has nothing to start: switching is enough
        network.set_mode(Mode.QUANTIZED)
        with pytest.raises(NotQuantisedError, match=r"layer conv1.*never started"):
            to_integer_network(network)


@pytest.mark.parametrize("quantizer", ["lsfq", "dorefa"])
def test_the_float_network_of_a_run(quantizer: str, tmp_path: Path) -> None:
    config = small_config(quantizer=quantizer)
    checkpoint.save_network(tmp_path / "x.pt", config.build(), config, {"float_accuracy": 99.6})
    with pytest.raises(NotQuantisedError, match="float network of a run"):
        to_integer_network(tmp_path / "x.pt")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("unit", "tensor"),
    [(2, "conv.weight"), (2, "norm.weight"), (2, "norm.running_var"),
     (2, "activation_quantizer.alpha"), (-1, "linear.bias"), (-1, "linear.weight")],
)  # fmt: skip
def test_numbers_that_are_none(unit: int, tensor: str, value: float) -> None:
    network = started()
    layer = network.units()[unit]
    numbers = dict((*layer.named_parameters(), *layer.named_buffers()))[tensor]
    with torch.no_grad():
        numbers.view(-1)[0] = value
    with pytest.raises(RangeError, match=f"{layer.name}: 1 of .*NaN or infinite"):
        to_integer_network(network)


@pytest.mark.parametrize("clip", [0.0, -1.0])
@pytest.mark.parametrize("quantizer", ["weight_quantizer", "activation_quantizer"])
def test_clips_that_are_not_positive(quantizer: str, clip: float) -> None:
    network = started()
    layer = network.units()[1]
    assert isinstance(layer, ConvUnit)
    with torch.no_grad():
        getattr(layer, quantizer).alpha.fill_(clip)
    with pytest.raises(RangeError, match=f"{layer.name}: .* clip .* not positive"):
        to_integer_network(network)


def test_a_module_that_is_no_network() -> None:
    with pytest.raises(UnsupportedLayerError, match="Sequential is not a Network"):
        to_integer_network(nn.Sequential(nn.Conv2d(3, 4, 3)))  # type: ignore[arg-type]


def test_a_batch_larger_than_the_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="batch 40: there are 30 images"):
        Trainer(small_config(batch=40), images(30), images(30), tmp_path / "run")
    assert not (tmp_path / "run").exists()
