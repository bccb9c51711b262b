# SPDX-License-Identifier: Apache-2.0
"""Everything that decides a training run, in one frozen record that is checked before it starts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ref_model.datasets import DatasetError, dataset_by_name
from ref_model.datasets.class_folders import OWN
from ref_model.datasets.pictures import SCALINGS
from ref_model.training.layers import Network
from ref_model.training.models import MODELS, Model
from ref_model.training.models.builder import Builder
from ref_model.training.quantizers import BITS, QUANTIZERS, WEIGHT_CLIPS, Scheme

STAGES = ("float", "quantised", "integer")
"""The stages of a run, in order: see `loop`."""


class ConfigError(ValueError):
    """An option that cannot be used; the message names it and what is allowed."""


@dataclass(frozen=True)
class Stage:
    """Length and learning rate of one stage.

    The rate rises linearly to ``rate`` over the first ``warmup`` fraction of the steps and falls
    linearly to 0 at the end.
    """

    epochs: int
    rate: float
    warmup: float

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of step ``step`` (from 0) of ``steps``."""
        rise = self.warmup * steps
        if step + 1 <= rise:
            return self.rate * (step + 1) / rise
        return self.rate * (steps - step) / (steps - rise)


@dataclass(frozen=True)
class TrainingConfig:
    """One run: network, quantisation, recipe, seed.

    ``width`` is the number of channels of the first layer; 0 stands for the network's usual one.
    ``weight_bits`` and ``activation_bits`` hold one number a layer (VGG7: 7 and 6); a single number
    stands for all of them. ``weight_clips`` says what shares a weight clip, a layer or an output
    channel (of the classifier always the layer). ``teacher`` is the weight of the float network's
    answers in the loss of the later stages, and ``norm_batches`` the number of batches over which
    BatchNorm's statistics are averaged at the end of the quantised stage (0: its moving averages
    stay). ``bfloat16`` rounds the operands of convolutions
    to that type in the steps of the float and the quantised stage. ``limit`` trains and evaluates
    on the first images only (0: all), for trials. A run on own pictures has the dataset "own",
    ``class_names``, and how its pictures were scaled (``scaling``) and which ``test_share`` was for
    testing (0: they had a folder of their own, or came from a program).
    """

    model: str = "vgg7"
    dataset: str = "cifar10"
    width: int = 0
    weight_bits: tuple[int, ...] = (4,)
    activation_bits: tuple[int, ...] = (4,)
    quantizer: str = "lsfq"
    soft_clip: bool = True
    learned_clip: bool = True
    weight_clips: str = "layer"
    seed: int = 0
    batch: int = 200
    shift: int = 3
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    float_stage: Stage = field(default=Stage(20, 0.2, 0.2))
    quantised_stage: Stage = field(default=Stage(8, 0.05, 0.1))
    integer_stage: Stage = field(default=Stage(2, 0.005, 0.1))
    teacher: float = 0.0
    norm_batches: int = 0
    bfloat16: bool = False
    limit: int = 0
    class_names: tuple[str, ...] = ()
    scaling: str = "crop"
    test_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot work, before any time is spent on it (ConfigError)."""
        _require(self.model in MODELS, f"model {self.model!r}: choose one of {', '.join(MODELS)}")
        model = MODELS[self.model]
        if self.width == 0:
            object.__setattr__(self, "width", model.default_width)
        self._check_dataset(model)
        _require(1 <= self.width <= 1024, f"width {self.width}: must lie in 1 .. 1024")
        for key, count in (
            ("weight_bits", model.weight_layers),
            ("activation_bits", model.activation_layers),
        ):
            bits: tuple[int, ...] = getattr(self, key)
            name = key.replace("_", " ")
            if len(bits) == 1:
                bits = bits * count
                object.__setattr__(self, key, bits)
            _require(len(bits) == count, f"{name} {bits}: {self.model} needs 1 or {count} numbers")
            _require(all(b in BITS for b in bits), f"{name} {bits}: each must be one of {BITS}")
        _require(
            self.quantizer in QUANTIZERS,
            f"quantiser {self.quantizer!r}: choose one of {', '.join(QUANTIZERS)}",
        )
        _require(
            self.weight_clips in WEIGHT_CLIPS,
            f"weight clips {self.weight_clips!r}: choose one of {', '.join(WEIGHT_CLIPS)}",
        )
        _require(self.batch >= 2, f"batch {self.batch}: BatchNorm needs at least 2 images")
        _require(0 <= self.shift <= 8, f"shift {self.shift}: must lie in 0 .. 8 pixels")
        _require(0 <= self.momentum < 1, f"momentum {self.momentum}: must lie in [0, 1)")
        _require(self.weight_decay >= 0, f"weight decay {self.weight_decay}: must not be negative")
        _require(
            0 <= self.label_smoothing < 1,
            f"label smoothing {self.label_smoothing}: must lie in [0, 1)",
        )
        _require(0 <= self.teacher <= 1, f"teacher {self.teacher}: must lie in [0, 1]")
        _require(self.norm_batches >= 0, f"norm batches {self.norm_batches}: must not be negative")
        _require(
            self.limit == 0 or self.limit >= self.batch,
            f"limit {self.limit}: must be 0 (all images) or at least the batch of {self.batch}",
        )
        for name in STAGES:
            stage = self.stage(name)
            _require(stage.epochs >= 0, f"{name} epochs {stage.epochs}: must not be negative")
            _require(stage.rate > 0, f"{name} learning rate {stage.rate}: must be positive")
            _require(0 <= stage.warmup < 1, f"{name} warm-up {stage.warmup}: must lie in [0, 1)")

    def _check_dataset(self, model: Model) -> None:
        """Own pictures have names of classes, the others are known by name."""
        names = tuple(self.class_names)
        object.__setattr__(self, "class_names", names)
        if self.dataset != OWN:
            _require(not names, f"class names: those of {self.dataset} are known")
            try:
                dataset_by_name(self.dataset)
            except DatasetError as error:
                raise ConfigError(str(error)) from error
            return
        _require(len(names) >= 2, f"own pictures: {len(names)} classes, at least 2 are needed")
        _require(all(isinstance(name, str) for name in names), "class names must be texts")
        _require(model.classifies, f"model {self.model}: it does not classify")
        _require(0 <= self.test_share < 1, f"test share {self.test_share}: must lie in [0, 1)")
        _require(
            self.scaling in SCALINGS,
            f"scaling {self.scaling!r}: choose one of {', '.join(SCALINGS)}",
        )

    @property
    def classes(self) -> int:
        """Classes of the image set, or of own pictures."""
        if self.class_names:
            return len(self.class_names)
        return dataset_by_name(self.dataset).classes

    def stage(self, name: str) -> Stage:
        """The `Stage` called ``name`` (one of `STAGES`)."""
        stage: Stage = getattr(self, f"{name}_stage")
        return stage

    def with_stage(self, name: str, stage: Stage) -> TrainingConfig:
        """The same run with another stage called ``name``."""
        return TrainingConfig.from_dict(self.to_dict() | {f"{name}_stage": asdict(stage)})

    def scheme(self) -> Scheme:
        """The quantisers that the run uses."""
        return Scheme(self.quantizer, self.soft_clip, self.learned_clip, self.weight_clips)

    def build(self) -> Network:
        """A new network with random weights."""
        model = MODELS[self.model]
        classes = self.classes if self.class_names else model.classes or self.classes
        builder = Builder(self.width, self.scheme(), self.weight_bits, self.activation_bits)
        return model.build(builder, classes)

    def name(self) -> str:
        """Short name of the result: network, width, quantiser when it is not LSFQ, bits."""
        bits = f"w{_bits(self.weight_bits)}a{_bits(self.activation_bits)}"
        other = "" if self.quantizer == "lsfq" else f"_{self.quantizer}"
        other += "" if self.dataset == "cifar10" else f"_{self.dataset}"
        return f"{self.model}_w{self.width}{other}_{bits}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON and checkpoints."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> TrainingConfig:
        """Inverse of `to_dict`. Raises ConfigError for unknown or malformed entries."""
        known = {item.name for item in fields(TrainingConfig)}
        unknown = sorted(set(data) - known)
        _require(not unknown, f"unknown options in the configuration: {', '.join(unknown)}")
        values = dict(data)
        try:
            for key in ("weight_bits", "activation_bits"):
                if key in values:
                    values[key] = tuple(int(b) for b in values[key])
            for key in (f"{name}_stage" for name in STAGES):
                if key in values:
                    values[key] = Stage(**values[key])
            if "class_names" in values:
                values["class_names"] = tuple(values["class_names"])
            return TrainingConfig(**values)
        except TypeError as error:
            raise ConfigError(f"malformed configuration: {error}") from error

    def save(self, path: Path) -> None:
        """Write as JSON that a person can read."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n")


def _bits(bits: tuple[int, ...]) -> str:
    """Write one width throughout as "4", mixed ones as "8444444"."""
    return str(bits[0]) if len(set(bits)) == 1 else "".join(str(b) for b in bits)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)
