# SPDX-License-Identifier: Apache-2.0
"""The training loop: three stages, each a function of configuration and seed alone.

=============  ==============================================================================
stage          forward pass
=============  ==============================================================================
``float``      float weights, ReLU: the baseline
``quantised``  weights and activations on their grids, learned clips, BatchNorm in training mode
``integer``    the integer network's, BatchNorm statistics frozen (`integer_stage`)
=============  ==============================================================================

A run folder holds ``config.json``, ``checkpoint.pt`` (to resume from), ``curve.json`` (learning
curves), ``log.txt``, the network at the end of each stage (``float.pt``, ``quantised.pt``,
``network.pt``) and ``record.json`` (the result).

Several processes can share a run (`distributed`): same batches, same numbers up to the order of
float sums.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ref_model.datasets import Images
from ref_model.integer import evaluate
from ref_model.training import checkpoint
from ref_model.training.augment import Batches, to_unit
from ref_model.training.config import STAGES, ConfigError, TrainingConfig
from ref_model.training.device import CPU, device_name
from ref_model.training.distributed import ALONE, Forward, Ranks
from ref_model.training.export import to_integer_network
from ref_model.training.integer_stage import IntegerGraph
from ref_model.training.layers import Mode, Network
from ref_model.training.progress import Progress, Tally
from ref_model.training.quantizers import ActivationQuantizer, WeightQuantizer

CALIBRATION_IMAGES = 500
LOOK = 20
"""Steps after which a GPU is asked for losses; to ask is to wait for it."""
CHECKPOINT_SECONDS = 300.0
"""A cut costs at most this much work (and never a whole epoch of a long run)."""


@torch.no_grad()
def accuracy(
    forward: Forward,
    images: Images,
    ranks: Ranks = ALONE,
    batch: int = 500,
    device: torch.device = CPU,
) -> float:
    """Percentage of ``images`` whose largest logit is their label.

    ``forward`` takes uint8 on ``device``. Each of ``ranks`` looks at its share of the images.
    """
    mine = ranks.share(len(images))
    pixels_of, labels_of = images.pixels[mine], images.labels[mine]
    right = 0
    for start in range(0, len(labels_of), batch):
        pixels = torch.from_numpy(pixels_of[start : start + batch]).to(device)
        labels = torch.from_numpy(labels_of[start : start + batch]).to(device)
        right += int((forward(pixels).argmax(1) == labels).sum())
    return 100.0 * ranks.totals(right)[0] / len(images)


def integer_accuracy(network: Network, images: Images, ranks: Ranks = ALONE) -> float:
    """The same of the reference model, of ``network`` as it would be exported."""
    mine = ranks.share(len(images))
    workers, right = torch.get_num_threads(), 0
    if mine.start < mine.stop:
        pixels, labels = images.pixels[mine], images.labels[mine]
        right = evaluate(to_integer_network(network), pixels, labels, workers=workers).correct
    return 100.0 * ranks.totals(right)[0] / len(images)


def optimiser_groups(network: Network, config: TrainingConfig) -> list[dict[str, Any]]:
    """`parameter_groups` with the weight decay of ``config``."""
    return parameter_groups(network, config.weight_decay)


def parameter_groups(network: Network, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters with weight decay (weights, PACT's clips) and without (everything else)."""
    decayed: list[Tensor] = [unit.weight for unit in network.units()]
    decayed += [
        module.alpha
        for module in network.modules()
        if isinstance(module, ActivationQuantizer) and module.decays
    ]
    known = {id(parameter) for parameter in decayed}
    plain = [p for p in network.parameters() if id(p) not in known]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


def training_loss(
    logits: Tensor,
    labels: Tensor,
    smoothing: float,
    taught: Tensor | None = None,
    weight: float = 0.0,
) -> Tensor:
    """Cross entropy of ``logits`` (N, classes) with smoothed ``labels`` (N,).

    With ``taught``, a teacher's logits, ``weight`` of it is the cross entropy with its
    probabilities, which differs from their Kullback-Leibler divergence by a constant.
    """
    own = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    if taught is None:
        return own
    answers = taught.softmax(1).to(logits.dtype)
    return (1 - weight) * own + weight * functional.cross_entropy(logits, answers)


def with_own_clips(network: Network, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """``state`` of a float network, for another one that may share its clips differently.

    A float stage leaves clips alone, and calibration sets them after it.
    """
    own = network.state_dict()
    return {key: own[key] if key.endswith("_quantizer.alpha") else x for key, x in state.items()}


def unused_parameters(network: Network) -> bool:
    """Whether the network's mode leaves parameters alone that learn: clips, in the float stage."""
    if any(unit.mode is not Mode.FLOAT for unit in network.units()):
        return False
    quantizers = [
        module
        for module in network.modules()
        if isinstance(module, (WeightQuantizer, ActivationQuantizer))
    ]
    return any(quantizer.alpha.requires_grad for quantizer in quantizers)


def source_commit() -> str:
    """Commit of the sources this runs from, "-dirty" when this package differs, or "unknown"."""
    package = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".")
        return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


class Trainer:
    """One run in one folder.

    Raises ConfigError when the folder holds a run and ``resume`` is false, or holds one of another
    configuration, or when ``ranks`` cannot share a batch evenly. Of a resumed run the stages that
    have not ended may get other lengths; the learning rate goes on as in a stage of the new one,
    and the record says so. ``float_from`` (a checkpoint of
    the same float network) replaces the float stage. ``ranks`` tells which of several processes
    this is; only the first one reads checkpoints and writes to the folder. Training and the
    accuracies of floats run on ``device``, the reference model on processors.
    """

    def __init__(
        self,
        config: TrainingConfig,
        train: Images,
        test: Images,
        folder: Path,
        *,
        resume: bool = False,
        float_from: Path | None = None,
        progress: Progress | None = None,
        stop_after: int | None = None,
        ranks: Ranks = ALONE,
        device: torch.device = CPU,
    ) -> None:
        share = ranks.share_of_batch(config.batch)
        torch.manual_seed(config.seed)
        self._commit = source_commit()
        self.folder = folder
        self._ranks = ranks
        self._device = device
        self._resume_file = folder / "checkpoint.pt"
        self._stop_after = stop_after
        self._position = {"stage": 0, "epoch": 0, "step": 0}
        self._history: list[dict[str, Any]] = []
        self._record: dict[str, Any] = {}
        self._seconds = 0.0
        self._devices: list[str] = []
        self._optimiser_state: dict[str, Any] | None = None
        self._teacher: Network | None = None
        found = ranks.from_first(self._found)
        if found is not None and not resume:
            raise ConfigError(
                f"{folder} holds a run already: add --resume or choose another folder"
            )
        start: dict[str, Any] | None = None
        if found is None and float_from is not None:
            start = ranks.from_first(lambda: checkpoint.load(float_from))
            config = self._adopt_float(config, float_from, start)
        elif found is not None:
            self._position, self._record = found["position"], found["record"]
            config = self._check_same(config, TrainingConfig.from_dict(found["config"]), float_from)
        self.config = config
        self.network = config.build().to(device)
        if config.bfloat16:
            self.network.set_training_type(torch.bfloat16)
        if start is not None:
            self.network.load_state_dict(with_own_clips(self.network, start["model"]))
        if found is not None:
            self.network.load_state_dict(found["model"])
            self._history, self._seconds = found["history"], found["seconds"]
            self._devices = found.get("devices", [])
            self._optimiser_state = found["optimiser"]
            if found.get("teacher") is not None:
                self._teacher = self._float_network(found["teacher"])
        self._devices = list(dict.fromkeys([*self._devices, device_name(device)]))
        limit = config.limit or None
        self._test = test.first(limit)
        self._batches = Batches(
            train.first(limit), config.batch, config.shift, config.seed, share, device
        )
        if not len(self._batches) and any(self.config.stage(name).epochs for name in STAGES):
            raise ConfigError(
                f"batch {config.batch}: there are {len(train.first(limit))} images to train on, "
                "so that an epoch would have no step; choose a smaller --batch"
            )
        self._calibration = train.first(CALIBRATION_IMAGES)
        ranks.once(folder.mkdir, parents=True, exist_ok=True)
        ranks.once(config.save, folder / "config.json")
        if progress is None:
            progress = Progress(folder / "log.txt") if ranks.first else Progress(None, quiet=True)
        self._progress = progress

    def _found(self) -> dict[str, Any] | None:
        """What the folder's checkpoint holds; None where there is none."""
        return checkpoint.load(self._resume_file) if self._resume_file.exists() else None

    def _adopt_float(
        self, config: TrainingConfig, path: Path, content: dict[str, Any]
    ) -> TrainingConfig:
        """Skip the float stage: its result and its recipe are the ``content`` of ``path``."""
        other = TrainingConfig.from_dict(content["config"])
        for key in ("model", "dataset", "width"):
            if getattr(other, key) != getattr(config, key):
                raise ConfigError(
                    f"{path} was trained with {key} {getattr(other, key)!r}, "
                    f"this run asks for {getattr(config, key)!r}"
                )
        record = content.get("record", {})
        if "float_accuracy" not in record or "quantised_accuracy" in record:
            raise ConfigError(f"{path} is not the end of a float stage (use a float.pt)")
        self._record = {"float_accuracy": record["float_accuracy"], "float_from": path.name}
        self._record["float_seconds"] = record.get("float_seconds", 0.0)
        self._position = {"stage": 1, "epoch": 0, "step": 0}
        return replace(config, float_stage=other.float_stage)

    def _check_same(
        self, config: TrainingConfig, old: TrainingConfig, float_from: Path | None
    ) -> TrainingConfig:
        """The configuration to go on with, if the new one asks for the same run.

        A stage that has not ended may be longer or shorter than in the old one.
        """
        if float_from is not None:
            config = replace(config, float_stage=old.float_stage)
        for name in STAGES[self._position["stage"] :]:
            stage, before = config.stage(name), old.stage(name)
            done = self._position["epoch"] if name == STAGES[self._position["stage"]] else 0
            if stage == replace(before, epochs=stage.epochs) != before and stage.epochs >= done:
                change = {"stage": name, "epoch": done, "epochs": [before.epochs, stage.epochs]}
                self._record.setdefault("lengths_changed", []).append(change)
                old = old.with_stage(name, stage)
        new, kept = config.to_dict(), old.to_dict()
        changed = [key for key in new if json.dumps(new[key]) != json.dumps(kept.get(key))]
        if changed:
            raise ConfigError(
                f"{self.folder} holds a run with other options ({', '.join(changed)}): "
                "resume with the same ones, or choose another folder"
            )
        return old

    def run(self) -> dict[str, Any]:
        """Train what is left to train; returns the run's record (also in ``record.json``).

        With ``stop_after`` the run ends early after that many steps, with a checkpoint (for tests).
        """
        for number, name in enumerate(STAGES):
            if number < self._position["stage"]:
                continue
            if not self._run_stage(number, name):
                return self._record
        self._write_network("network.pt")
        self._write_json("record.json", self._record, 2)
        self._progress.line(json.dumps({k: v for k, v in self._record.items() if k != "config"}))
        return self._record

    def _run_stage(self, number: int, name: str) -> bool:
        """All that is left of stage ``name``; False when the run was stopped within it."""
        stage = self.config.stage(name)
        fresh = self._position["epoch"] == 0 and self._position["step"] == 0
        forward = self._enter(name, fresh)
        joint = self._ranks.training_step(self.network, forward, unused_parameters(self.network))
        groups = optimiser_groups(self.network, self.config)
        optimiser = torch.optim.SGD(
            groups, lr=stage.rate, momentum=self.config.momentum, nesterov=self.config.momentum > 0
        )
        if not fresh and self._optimiser_state is not None:
            optimiser.load_state_dict(self._optimiser_state)
        while self._position["epoch"] < stage.epochs:
            if not self._run_epoch(name, forward, joint, optimiser):
                return False
        self._leave(number, name, forward)
        return True

    def _enter(self, name: str, fresh: bool) -> Forward:
        """Put the network into the stage's mode; returns its forward pass from uint8 images."""
        network = self.network
        if name == "float":
            network.set_mode(Mode.FLOAT)
        else:
            network.set_mode(Mode.QUANTIZED)
            if name == "quantised" and fresh:
                if self.config.teacher:
                    self._teacher = self._float_network(network.state_dict())
                images = to_unit(torch.from_numpy(self._calibration.pixels).to(self._device))
                network.start_quantisation(images)
        if name == "integer":
            return IntegerGraph(network)
        return lambda pixels: network.forward(to_unit(pixels))

    def _float_network(self, state: dict[str, Tensor]) -> Network:
        """The float network of these weights, to ask: its forward pass learns nothing."""
        result = self.config.build().to(self._device)
        result.load_state_dict(state)
        result.set_mode(Mode.FLOAT)
        return result.eval().requires_grad_(False)

    def _run_epoch(
        self, name: str, forward: Forward, joint: Forward, optimiser: torch.optim.Optimizer
    ) -> bool:
        """One epoch (or the rest of one); False when the run was stopped within it.

        ``joint`` is ``forward`` for training steps that all ranks take together.
        """
        stage, position = self.config.stage(name), self._position
        length = len(self._batches)
        total = length * stage.epochs
        offset = sum(self.config.stage(s).epochs for s in STAGES[: STAGES.index(name)])
        network = self.network.train()
        began = saved = time.monotonic()
        tally = Tally(self._ranks, 1 if self._device.type == "cpu" else LOOK)
        first = position["step"]
        title = f"{name} {position['epoch'] + 1}/{stage.epochs}"
        batches = self._batches.epoch(offset + position["epoch"], first)
        shown = self._progress.steps(batches, title, first, length)
        for step, (pixels, labels) in enumerate(shown, first):
            rate = stage.rate_at(position["epoch"] * length + step, total)
            for group in optimiser.param_groups:
                group["lr"] = rate
            logits = joint(pixels)
            taught = None if self._teacher is None else self._teacher(to_unit(pixels))
            loss = training_loss(
                logits, labels, self.config.label_smoothing, taught, self.config.teacher
            )
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
            tally.add(loss.detach(), (logits.detach().argmax(1) == labels).sum(), len(labels))
            self._progress.note(loss=tally.loss, train=tally.accuracy, rate=rate)
            position["step"] = step + 1
            if not tally.loss < float("inf"):
                raise FloatingPointError(
                    f"{title}: the loss is {tally.loss}; lower the learning rate"
                )
            if self._stop_after is not None:
                self._stop_after -= 1
                if self._stop_after <= 0:
                    self._save(optimiser, time.monotonic() - began)
                    return False
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save(optimiser, time.monotonic() - began)
                saved = time.monotonic()
        network.eval()
        tally.look()
        result = self._accuracy(forward)
        elapsed = time.monotonic() - began
        self._history.append(
            {
                "stage": name,
                "epoch": position["epoch"] + 1,
                "loss": round(tally.loss, 5),
                "train_accuracy": round(tally.accuracy, 3),
                "test_accuracy": round(result, 3),
                "seconds": round(elapsed, 1),
            }
        )
        self._progress.line(json.dumps(self._history[-1]))
        self._seconds += elapsed
        position["epoch"] += 1
        position["step"] = 0
        self._save(optimiser, 0.0)
        self._write_json("curve.json", self._history, 1)
        return True

    def _leave(self, number: int, name: str, forward: Forward) -> None:
        """Measure the stage's result and keep its network."""
        if name == "quantised" and self.config.norm_batches:
            self._average_statistics()
        self.network.eval()
        record = self._record
        if name == "float":
            record["float_accuracy"] = round(self._accuracy(forward), 3)
        else:
            self._measure_constants(name)
        record[f"{name}_seconds"] = round(self._seconds, 1)
        self._seconds = 0.0
        record.update(
            name=self.config.name(),
            seed=self.config.seed,
            epochs={s: self.config.stage(s).epochs for s in STAGES},
            test_images=len(self._test),
            commit=self._commit,
            machine={"device": ", ".join(self._devices), "processes": self._ranks.size,
                     "threads": torch.get_num_threads(), "torch": str(torch.__version__)},
            config=self.config.to_dict(),
        )  # fmt: skip
        if name == "integer":
            record["loss_points"] = round(record["float_accuracy"] - record["integer_accuracy"], 3)
        else:
            self._write_network(f"{name}.pt")
        self._position = {"stage": number + 1, "epoch": 0, "step": 0}
        self._save(None, 0.0)

    def _average_statistics(self) -> None:
        """Replace BatchNorm's moving averages by means over the batches after the stage's last."""
        epoch = self.config.float_stage.epochs + self.config.quantised_stage.epochs
        batches = itertools.islice(self._batches.epoch(epoch), self.config.norm_batches)
        with self._ranks.joint_statistics(self.network):
            self.network.average_statistics(to_unit(pixels) for pixels, _ in batches)

    def _measure_constants(self, name: str) -> None:
        """Accuracy of the same weights with float and with integer constants, at a stage's end.

        The integer accuracy is the reference model's, of the network as it would be exported.
        """
        record, network = self._record, self.network
        if name == "integer" and self.config.integer_stage.epochs == 0:
            found = record["constants"]["quantised"]
        else:
            real = self._accuracy(lambda x: network.forward(to_unit(x)))
            integer = integer_accuracy(network, self._test, self._ranks)
            found = {"float": round(real, 3), "integer": round(integer, 3)}
        record.setdefault("constants", {})[name] = found
        record[f"{name}_accuracy"] = found["float" if name == "quantised" else "integer"]

    def _accuracy(self, forward: Forward) -> float:
        return accuracy(forward, self._test, self._ranks, device=self._device)

    def _write_network(self, name: str) -> None:
        """Write the network alone, with configuration and record."""
        path = self.folder / name
        self._ranks.once(checkpoint.save_network, path, self.network, self.config, self._record)

    def _write_json(self, name: str, content: Any, indent: int) -> None:
        """Write a file that people may read."""
        text = json.dumps(content, indent=indent) + "\n"
        self._ranks.once((self.folder / name).write_text, text)

    def _save(self, optimiser: torch.optim.Optimizer | None, seconds: float) -> None:
        """Write the file to resume from; ``seconds`` were spent since the epoch began."""
        self._ranks.once(
            checkpoint.save,
            self._resume_file,
            {
                "config": self.config.to_dict(),
                "model": self.network.state_dict(),
                "optimiser": optimiser.state_dict() if optimiser is not None else None,
                "position": dict(self._position),
                "history": self._history,
                "devices": self._devices,
                "record": self._record,
                "teacher": None if self._teacher is None else self._teacher.state_dict(),
                "seconds": self._seconds + seconds,
            },
        )
