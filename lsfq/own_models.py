# SPDX-License-Identifier: Apache-2.0
"""From an ordinary PyTorch model to a network for the core, in a few calls.

    import lsfq

    network = lsfq.quantize(model, images)      # the same float outputs, in layers that learn bits
    lsfq.calibrate(network, images)             # integers without training: a first number
    lsfq.fit(network, loader, epochs=8)         # trains the points back, or an own loop does
    lsfq.export(network, "networks/mine")

Each function needs PyTorch when it is called; docs/bring_your_model.md says what models may hold.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lsfq.files import pip_install
from ref_model.integer.network import IntegerNetwork
from ref_model.integer.storage import Accuracy, save_network

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ref_model.training.conversion import ConvertedNetwork
    from ref_model.training.fitting import EpochResult
    from ref_model.training.layers import Network


class Pairs(Protocol):
    """What a map-style Dataset of PyTorch is: a length, and (image, label) by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def quantize(
    model: nn.Module,
    example: Tensor,
    weight_bits: int = 4,
    activation_bits: int = 4,
    *,
    first_bits: int | None = None,
    last_bits: int | None = None,
    layer_bits: Mapping[str, int | tuple[int, int]] | None = None,
    weight_clips: str = "channel",
    quantizer: str = "lsfq",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> ConvertedNetwork:
    """A trainable LSFQ network that gives the float outputs of ``model``.

    ``model`` is any module of torch's own layers and functions that takes images (N, C, H, W) and
    returns logits (N, classes); it stays as it is. ``example`` are some images, float32, of the
    size that the network is for. The network takes pixels / 255, which are what the core sees; a
    model that wants (x - mean) / std says so by ``mean`` and ``std``, one number a channel, and
    both go into its first layer (exact but for the border of a padded first layer: the report has
    the difference).

    Bits are 2, 3, 4 or 8, of weights and of each layer's result. ``first_bits`` and ``last_bits``
    are those of the first and last layer's weights, ``layer_bits`` those of single layers by name:
    a number for the weights, or (weights, result). Depthwise layers and what they read get at most
    4 bits, which is what the core runs. ``weight_clips`` is "channel" (a step for each output
    channel, which costs the core nothing) or "layer"; ``quantizer`` is "lsfq", "lsq", "pact" or
    "dorefa".

    The result is in float mode; `calibrate` or `fit` quantise it. Its ``report`` names each layer's
    bits and what is not as asked for; printed, it is a table. Dropout is left out.

    Raises UnsupportedLayerError, with the layer's name and what to use instead, for what cannot run
    on the core, ValueError for wrong arguments, ImportError without PyTorch.
    """
    _need_torch("quantize")
    from ref_model.training.conversion import BitChoice, convert
    from ref_model.training.quantizers import Scheme

    bits = BitChoice(weight_bits, activation_bits, first_bits, last_bits, layer_bits)
    return convert(
        model, example, bits, Scheme(quantizer, weight_clips=weight_clips), mean=mean, std=std
    )


def calibrate(network: Network, images: Tensor, *, correct_means: bool = True) -> Network:
    """Quantise ``network`` without training; returns it, ready for `export` or for training.

    ``images`` are some hundreds that the network will see, (N, C, H, W), uint8 or float32 in
    [0, 1]; they go through the network in one batch. Clips of weights and activations are those of
    least square error, and every channel gets back the mean that it has in the float network
    (``correct_means``). At 8 bits that is often all there is to do; at 4 bits training is worth its
    time. Raises ValueError for other images and for a network that was calibrated before,
    ImportError without PyTorch.
    """
    _need_torch("calibrate")
    from ref_model.training import post_training

    post_training.calibrate(network, images, correct_means)
    return network


def fit(
    network: Network,
    batches: Collection[tuple[Tensor, Tensor]],
    *,
    epochs: int = 8,
    rate: float = 0.05,
    integer_epochs: int = 2,
    integer_rate: float = 0.005,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    label_smoothing: float = 0.1,
    quiet: bool = False,
) -> list[EpochResult]:
    """Train ``network`` with the recipe of docs/training.md; loss and accuracy of every epoch.

    ``batches`` is a DataLoader, or a list, of (images, labels): (N, C, H, W), uint8 or float32 in
    [0, 1], and (N,). A network that was not calibrated is, on the first 500 images. ``epochs`` are
    trained on the quantised network and ``integer_epochs`` on the integer network itself, by SGD
    with Nesterov momentum, ``rate`` rising for a tenth of the steps and then falling to 0. Where
    the network computes, its parameters decide (``network.to("cuda")``).

    Raises ValueError for wrong images or numbers, FloatingPointError when training diverges,
    ImportError without PyTorch.
    """
    _need_torch("fit")
    from ref_model.training import fitting
    from ref_model.training.config import Stage

    for name, value in (("epochs", epochs), ("integer_epochs", integer_epochs)):
        if value < 0:
            raise ValueError(f"{name} {value}: must not be negative")
    recipe = fitting.Recipe(
        Stage(epochs, rate, 0.1),
        Stage(integer_epochs, integer_rate, 0.1),
        momentum,
        weight_decay,
        label_smoothing,
    )
    return fitting.fit(network, batches, recipe, quiet)


def export(
    network: Network,
    folder: str | os.PathLike[str],
    *,
    name: str | None = None,
    accuracy: Accuracy | None = None,
) -> IntegerNetwork:
    """Write the integers of a quantised ``network`` into ``folder``; returns them.

    The folder is what `Accelerator.load` and the command ``lsfq run --network`` take. ``name`` is
    that of the folder, else; ``accuracy`` goes into the manifest.

    Raises NotQuantisedError before `calibrate` or `fit`, RangeError for numbers that do not fit,
    NetworkError for a name that is none, FolderError or OSError when nothing can be written,
    ImportError without PyTorch.
    """
    _need_torch("export")
    from ref_model.training.export import to_integer_network

    integers = to_integer_network(network, name or Path(folder).resolve().name)
    save_network(integers, folder, accuracy)
    return integers


def _need_torch(function: str) -> None:
    """ImportError with what to do, where PyTorch is missing."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"lsfq.{function} needs PyTorch ({error}): {pip_install('train')}"
        ) from error


def train(
    train_set: Pairs,
    test_set: Pairs,
    folder: str | os.PathLike[str],
    class_names: Sequence[str],
    *,
    model: str = "vgg7",
    scaling: str = "crop",
    resume: bool = False,
    device: str = "auto",
    **options: Any,
) -> dict[str, Any]:
    """Train a network of this project on any PyTorch Dataset of (image, label); the run's record.

    Images are PIL pictures, uint8, or float32 in [0, 1], of any size; they are scaled to the
    model's, by ``scaling`` "crop" or "stretch", and kept in memory as bytes. Labels are numbers
    into ``class_names``. Random augmentation does not belong into the datasets: shifts and flips
    are the recipe's own. ``folder`` is the run folder, as that of ``lsfq train --out``, whose
    network.pt `lsfq export` takes. ``options`` are fields of TrainingConfig (width, weight_bits,
    activation_bits, batch, float_stage, ...).

    Raises DatasetError for an image or label that cannot be used, with its number, ConfigError for
    wrong options, FloatingPointError when training diverges, ImportError without PyTorch.
    """
    _need_torch("train")
    from ref_model.datasets import DatasetError
    from ref_model.datasets.class_folders import OWN
    from ref_model.training.config import TrainingConfig
    from ref_model.training.device import choose_device
    from ref_model.training.distributed import ALONE
    from ref_model.training.loop import Trainer
    from ref_model.training.own_data import images_of

    config = TrainingConfig(
        model=model, dataset=OWN, class_names=tuple(class_names), scaling=scaling, **options
    )
    shape = config.build().input_shape
    sets = []
    for name, given in (("train_set", train_set), ("test_set", test_set)):
        images = images_of(given, shape, scaling)
        if images.labels.max() >= len(class_names):
            raise DatasetError(
                f"{name}: label {images.labels.max()}, but there are {len(class_names)} classes"
            )
        sets.append(images)
    trainer = Trainer(
        config, sets[0], sets[1], Path(folder), resume=resume, device=choose_device(device, ALONE)
    )
    return trainer.run()
