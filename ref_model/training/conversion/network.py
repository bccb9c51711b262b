# SPDX-License-Identifier: Apache-2.0
"""From layers in the making to a trainable network with the model's float outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ref_model.integer.network import INPUT
from ref_model.training.conversion.bits import BitChoice, Widths
from ref_model.training.conversion.drafts import Draft, make_drafts
from ref_model.training.conversion.operations import (
    IMAGE,
    Convolution,
    Shape,
    evaluating,
    read_operations,
)
from ref_model.training.conversion.refusals import refuse
from ref_model.training.conversion.report import ConversionReport, LayerReport
from ref_model.training.errors import UnsupportedLayerError
from ref_model.training.layers import ClassifierUnit, ConvUnit, LinearUnit, Network
from ref_model.training.quantizers import Scheme

TOLERANCE = 1e-4
"""Float outputs that differ by more than this part of the largest are no rounding."""


@dataclass(frozen=True)
class Reads:
    """What a layer reads and adds: tensor 0 is the image, tensor n the result of the nth layer."""

    source: int
    skip: int | None = None


class ConvertedNetwork(Network):
    """A network that `convert` made of an ordinary model; its layers have the model's names.

    ``report`` says what each layer has become. New networks are in FLOAT mode and give the model's
    outputs; see `Network` for what else they can do.
    """

    report: ConversionReport

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        units: Sequence[ConvUnit],
        classifier: ClassifierUnit,
        reads: Sequence[Reads],
    ) -> None:
        super().__init__(input_shape)
        self.layers = nn.ModuleList(units)
        self.classifier = classifier
        self._reads = tuple(reads)

    def forward(self, x: Tensor) -> Tensor:
        tensors = [x]
        for unit, read in zip(self.layers, self._reads, strict=False):
            source = tensors[read.source]
            added = unit(source) if read.skip is None else unit(source, tensors[read.skip])
            tensors.append(added)
        logits: Tensor = self.classifier(tensors[self._reads[-1].source])
        return logits


def convert(
    model: nn.Module,
    example: Tensor,
    bits: BitChoice,
    scheme: Scheme,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> ConvertedNetwork:
    """The trainable network of ``model``; ``lsfq.quantize`` describes it and the arguments."""
    if example.ndim != 4 or example.dtype != torch.float32 or not len(example):
        raise ValueError(
            f"example: give float32 images (N, C, H, W), not {example.dtype} {tuple(example.shape)}"
        )
    _, channels, height, width = example.shape
    pixels = Pixels.of(channels, mean, std)
    seen = pixels.normalised(example)
    expected = _outputs(model, seen)
    operations = read_operations(model, seen)
    drafts = make_drafts(operations, (channels, height, width))
    network = _build(drafts, (channels, height, width), bits, scheme, pixels)
    network.to(example.device).eval()
    with torch.no_grad():
        found = network(example)
    difference = _difference(expected, found)
    inexact = pixels.shifts and _pads_image(drafts)
    if not inexact and not difference <= TOLERANCE:
        raise UnsupportedLayerError(
            f"{type(model).__name__}: the converted network's outputs differ by {difference:.1g} "
            "of the largest; the model computes something that quantize does not see: please "
            "report it"
        )
    notes: tuple[str, ...] = ()
    if inexact:
        notes = (
            "mean: the first layer pads with black where the model padded with the mean color, so "
            "that outputs differ by what its border sees",
        )
    network.report = ConversionReport(network.report.layers, difference, notes)
    return network.train(model.training)


@dataclass(frozen=True)
class Pixels:
    """How the model sees an image x in [0, 1]: (x - mean) / std per channel; float32 (C,) each."""

    mean: Tensor
    std: Tensor

    @staticmethod
    def of(channels: int, mean: Sequence[float] | None, std: Sequence[float] | None) -> Pixels:
        """Raises ValueError for other than one number a channel, and a ``std`` not above 0."""
        result = Pixels(
            torch.zeros(channels) if mean is None else torch.tensor(mean, dtype=torch.float32),
            torch.ones(channels) if std is None else torch.tensor(std, dtype=torch.float32),
        )
        for name, values in (("mean", result.mean), ("std", result.std)):
            if values.shape != (channels,):
                raise ValueError(f"{name}: give {channels} numbers, one for each channel")
        if not bool((result.std > 0).all()):
            raise ValueError(f"std {std}: give numbers above 0")
        return result

    @property
    def shifts(self) -> bool:
        """Whether black is another number than 0 to the model."""
        return bool((self.mean != 0).any())

    @property
    def plain(self) -> bool:
        """Whether the model sees x itself."""
        return not self.shifts and bool((self.std == 1).all())

    def normalised(self, images: Tensor) -> Tensor:
        """What the model sees of ``images`` (N, C, H, W)."""
        if self.plain:
            return images
        mean, std = (x.to(images.device)[:, None, None] for x in (self.mean, self.std))
        return (images - mean) / std

    def fold(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """(weights for x instead, what is missing in each output then, (O,)).

        ``weight`` is (O, C, kh, kw); the second is exact where the kernel sees no padding.
        """
        scaled = weight / self.std.to(weight.device)[:, None, None]
        missing = (scaled * self.mean.to(weight.device)[:, None, None]).sum((1, 2, 3))
        return scaled, missing


@torch.no_grad()
def _outputs(model: nn.Module, images: Tensor) -> Tensor:
    """Outputs of ``model`` in evaluation mode; UnsupportedLayerError where they are no logits."""
    with evaluating(model):
        found = model(images)
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(images):
        what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise refuse(
            f"{type(model).__name__}.forward",
            f"returns {what}, not logits (N, classes)",
            "return one tensor with a number for each class when in evaluation mode",
        )
    return found


def _difference(expected: Tensor, found: Tensor) -> float:
    """Largest difference in units of the largest expected number."""
    largest = float(expected.abs().max())
    return float((expected - found).abs().max()) / (largest or 1.0)


def _pads_image(drafts: Sequence[tuple[int, Draft]]) -> bool:
    """Whether a layer with padding reads the image."""
    operations = [draft.operation for _, draft in drafts if draft.source == IMAGE]
    return any(isinstance(x, Convolution) and x.padding for x in operations)


def _build(
    found: Sequence[tuple[int, Draft]],
    image: tuple[int, int, int],
    bits: BitChoice,
    scheme: Scheme,
    pixels: Pixels,
) -> ConvertedNetwork:
    """The network of the layers ``found``, with the model's numbers."""
    drafts = [draft for _, draft in found]
    tensors = {IMAGE: 0} | {index: number for number, (index, _) in enumerate(found, 1)}
    reads = [Reads(tensors[x.source], None if x.skip is None else tensors[x.skip]) for x in drafts]
    readers = [
        [other for other, read in enumerate(reads) if read.source == number]
        for number in range(1, len(drafts) + 1)
    ]
    names = _names(drafts)
    widths = bits.widths(names, drafts, readers)
    units: list[ConvUnit] = []
    with torch.no_grad():
        for name, draft, width in zip(names[:-1], drafts, widths, strict=False):
            units.append(_conv_unit(name, draft, width, scheme, pixels))
        last = _classifier(names[-1], drafts[-1], widths[-1], scheme, pixels)
    if not pixels.plain and any(read.skip == 0 for read in reads):
        raise refuse(
            drafts[[read.skip for read in reads].index(0)].place,
            "the normalised image is added to a tensor",
            "leave mean and std out, or let a convolution read the image",
        )
    network = ConvertedNetwork(image, units, last, reads)
    layers = [_report(*found) for found in zip(names, drafts, widths, strict=True)]
    layers[-1] = replace(layers[-1], kind="classifier", activation_bits=None)
    network.report = ConversionReport(tuple(layers), 0.0)
    return network


def _names(drafts: Sequence[Draft]) -> list[str]:
    """Names of the layers: those of the model's modules, as far as an integer layer can have it."""
    found: list[str] = []
    for draft in drafts:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", draft.operation.path) or "layer"
        plain = plain if plain[0].isalnum() and plain != INPUT else f"layer.{plain}"
        name, count = plain, 2
        while name in found:
            name, count = f"{plain}{count}", count + 1
        found.append(name)
    return found


def _conv_unit(name: str, draft: Draft, width: Widths, scheme: Scheme, pixels: Pixels) -> ConvUnit:
    """The layer of ``draft``, with its numbers."""
    operation = draft.operation
    weight, missing = _weight(draft, pixels)
    outputs = len(weight)
    linear = draft.activation is None
    ceiling = None if draft.activation is None else draft.activation.ceiling
    unit: ConvUnit
    if isinstance(operation, Convolution):
        unit = ConvUnit(
            name, draft.source_shape[0], outputs, scheme, width.weight, width.activation,
            kernel=weight.shape[2], stride=operation.stride, groups=operation.groups,
            pool=2 if draft.pool else 1, linear=linear, ceiling=ceiling,
            fixed_norm=draft.norm is None,
        )  # fmt: skip
    else:
        unit = LinearUnit(
            name, _three(draft.source_shape), outputs, scheme, width.weight, width.activation,
            linear=linear, ceiling=ceiling, fixed_norm=draft.norm is None,
        )  # fmt: skip
    unit.conv.weight.copy_(weight)
    norm, own = unit.norm, draft.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    bias = torch.zeros(outputs) if operation.bias is None else operation.bias.cpu()
    if own is None:
        norm.bias.copy_(bias)
        norm.running_mean.copy_(missing)
        return unit
    norm.eps, norm.momentum = own.eps, own.momentum
    norm.running_mean.copy_(own.mean.cpu() - bias + missing)
    norm.running_var.copy_(own.var)
    for parameter, value in ((norm.weight, own.weight), (norm.bias, own.bias)):
        if value is not None:
            parameter.copy_(value)
    return unit


def _classifier(
    name: str, draft: Draft, width: Widths, scheme: Scheme, pixels: Pixels
) -> ClassifierUnit:
    """The last layer, with its numbers."""
    weight, missing = _weight(draft, pixels)
    shape = _three(draft.source_shape)
    unit = ClassifierUnit(name, shape, len(weight), scheme, width.weight, average=draft.average)
    unit.linear.weight.copy_(weight.flatten(1))
    bias = draft.operation.bias
    unit.linear.bias.copy_((0.0 if bias is None else bias.cpu()) - missing)
    return unit


def _weight(draft: Draft, pixels: Pixels) -> tuple[Tensor, Tensor]:
    """(weights (O, C / groups, kh, kw), what is missing in each output for them, (O,))."""
    weight = draft.operation.weight.cpu()
    if weight.ndim == 2:
        weight = weight.reshape(len(weight), *((-1, 1, 1) if draft.average else draft.source_shape))
    if draft.source != IMAGE or pixels.plain:
        return weight, torch.zeros(len(weight))
    return pixels.fold(weight)


def _report(name: str, draft: Draft, width: Widths) -> LayerReport:
    operation = draft.operation
    kind = "linear"
    if isinstance(operation, Convolution):
        size = operation.weight.shape[2]
        kind = "depthwise" if draft.depthwise else f"{size}x{size}"
    added = ("made for an addition",) if draft.handed_on else ()
    outputs = len(operation.weight)
    return LayerReport(
        name, kind, draft.source_shape[0], outputs, width.weight, width.activation,
        (*width.notes, *added),
    )  # fmt: skip


def _three(shape: Shape) -> tuple[int, int, int]:
    channels, height, width = shape
    return channels, height, width
