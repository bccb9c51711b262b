# SPDX-License-Identifier: Apache-2.0
"""Train a network: float, then quantised, then with integer constants in the forward pass.

examples:
  lsfq train                                   VGG7 width 32, W4A4, CIFAR-10, LSFQ
  lsfq train --resume                          continue that run where it was cut off
  lsfq train --weight-bits 3 --activation-bits 3 --float-from runs/vgg7_w32_w4a4/float.pt
  lsfq train --weight-bits 8,4,4,4,4,4,8       one width a layer (conv1 .. conv6, classifier)
  lsfq train --quantizer pact --seed 1
  lsfq train --model mobilenetv2               width 32 is the paper's network (1.0)
  lsfq train --data photos                     own pictures: photos/CLASS/*.jpg
  lsfq train --limit 2000 --float-epochs 2 --quantised-epochs 1 --integer-epochs 1   a trial
  torchrun --nproc-per-node=2 --no-python lsfq train --batch 200   two processes share every batch
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsfq.command import output
from lsfq.files import pip_install
from ref_model.datasets import Images, dataset_by_name, load_test, load_train
from ref_model.datasets.class_folders import (
    OWN,
    TEST,
    TEST_SHARE,
    PictureSet,
    find_set,
    is_class_folder,
    read_set,
)
from ref_model.datasets.pictures import SCALINGS
from ref_model.integer.ranges import CODE_BITS

if TYPE_CHECKING:
    from ref_model.training.config import Stage, TrainingConfig
    from ref_model.training.distributed import Ranks

MODELS = ("vgg7", "mobilenetv2", "resnet20", "resnet8")
LARGE_MODELS = ("ultranet", "mobilenetv2_224", "resnet18")
"""Networks for larger images than the image sets have."""
DETECTORS = ("ultranet",)
"""Of these the ones that do not classify."""
DATASETS = ("cifar10", "cifar100")
QUANTIZERS = ("lsfq", "lsq", "pact", "dorefa")
"""Names that training knows, without loading it."""

MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
"""Keep glibc from mapping and unmapping activations in every step (up to 1.6 times as fast)."""


def restart_with_malloc_settings() -> None:
    """glibc reads these variables when a process starts, so set them and start again."""
    if sys.platform == "linux" and not all(name in os.environ for name in MALLOC):
        os.environ.update({name: os.environ.get(name, value) for name, value in MALLOC.items()})
        os.execv(sys.executable, [sys.executable, *sys.argv])


def parser() -> argparse.ArgumentParser:
    """The command line; its defaults are the recipe of the shipped network."""
    result = argparse.ArgumentParser(
        prog="lsfq train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    network = result.add_argument_group("network")
    network.add_argument("--model", default="vgg7", help="vgg7, mobilenetv2, resnet20 or resnet8")
    network.add_argument(
        "--width", type=int, default=0, help="channels of the first layer (32; a resnet: 16)"
    )
    network.add_argument(
        "--dataset", help="cifar10 or cifar100 (cifar10, unless --data holds class folders)"
    )
    quant = result.add_argument_group("quantisation")
    quant.add_argument("--weight-bits", default="4", help="2, 3, 4 or 8; or one a layer, 8,4,4,...")
    quant.add_argument("--activation-bits", default="4", help="the same for activations")
    quant.add_argument("--quantizer", default="lsfq", help="lsfq, lsq, pact or dorefa")
    quant.add_argument("--hard-clip", action="store_true", help="LSFQ with hard clips (ablation)")
    quant.add_argument(
        "--fixed-clip", action="store_true", help="clips stay where calibration puts them"
    )
    quant.add_argument(
        "--weight-clips", default="layer", metavar="SHARED",
        help="one weight clip a layer, or one an output channel: layer or channel (layer)",
    )  # fmt: skip
    recipe = result.add_argument_group("recipe")
    recipe.add_argument(
        "--seed", type=int, default=0, help="of order, augmentation and first weights (0)"
    )
    recipe.add_argument(
        "--batch", type=int, default=200, help="images a step, of all processes together (200)"
    )
    recipe.add_argument("--shift", type=int, default=3, help="random shift in pixels (3)")
    recipe.add_argument(
        "--weight-decay", type=float, default=5e-4, help="decay of the weights (5e-4)"
    )
    recipe.add_argument(
        "--label-smoothing", type=float, default=0.1, help="share of the target (0.1)"
    )
    recipe.add_argument(
        "--teacher", type=float, default=0.0, metavar="W",
        help="weight of the float network's answers in the loss of the later stages (0)",
    )  # fmt: skip
    recipe.add_argument(
        "--norm-batches", type=int, default=0, metavar="N",
        help="BatchNorm's statistics are averaged over N batches after the quantised stage (0: no)",
    )  # fmt: skip
    recipe.add_argument(
        "--bfloat16", action="store_true",
        help="convolutions of training in bfloat16: faster where the processor has it",
    )  # fmt: skip
    for name in ("float", "quantised", "integer"):
        recipe.add_argument(
            f"--{name}-epochs", type=int, metavar="N", help=f"length of the {name} stage"
        )
        recipe.add_argument(
            f"--{name}-rate",
            type=float,
            metavar="R",
            help=f"peak learning rate of the {name} stage",
        )
    run = result.add_argument_group("run")
    run.add_argument(
        "--data", type=Path,
        help="folder of the image sets (else $LSFQ_DATA, ./data), or of own class folders",
    )  # fmt: skip
    own = result.add_argument_group("own pictures")
    own.add_argument(
        "--test-share", type=float, metavar="P",
        help=f"share of each class for testing, where there is no test folder ({TEST_SHARE})",
    )  # fmt: skip
    own.add_argument("--scale", choices=SCALINGS, help="how pictures get the network's size (crop)")
    run.add_argument("--out", type=Path, help="run folder (runs/NAME, NAME from the options)")
    run.add_argument(
        "--resume", action="store_true", help="continue the run in that folder, or start it"
    )
    run.add_argument(
        "--float-from", type=Path, metavar="FLOAT.PT", help="start from this float network"
    )
    run.add_argument("--limit", type=int, default=0, help="use only the first N images (0: all)")
    run.add_argument(
        "--threads", type=int, default=0, help="processor threads (0: PyTorch's choice)"
    )
    run.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:N or auto: a GPU where PyTorch sees one"
    )
    output.add_json(result)
    return result


def bit_widths(text: str) -> tuple[int, ...]:
    """Read "4" as (4,) and "8,4,4" as (8, 4, 4); ValueError for anything but numbers."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"bit widths {text!r}: give a number or numbers with commas") from None


def check_options(options: argparse.Namespace) -> None:
    """ValueError for what needs no PyTorch to be refused: that takes seconds to load."""
    own = options.dataset is None and options.data is not None and is_class_folder(options.data)
    if own:
        options.dataset = OWN
        if options.test_share is not None and not 0 < options.test_share < 1:
            raise ValueError(f"--test-share {options.test_share}: between 0 and 1")
    else:
        options.dataset = options.dataset or DATASETS[0]
        for name in ("test_share", "scale"):
            if getattr(options, name) is not None:
                raise ValueError(
                    f"--{name.replace('_', '-')} goes with --data of class folders and no --dataset"
                )
    if options.model in LARGE_MODELS and not (own and options.model not in DETECTORS):
        raise ValueError(
            f"model {options.model}: its images are larger than those of the image sets; "
            f"lsfq export --untrained {options.model} makes it, train it with code of your own"
        )
    models = (*MODELS, *LARGE_MODELS) if own else MODELS
    datasets = (OWN,) if own else DATASETS
    for name, known in (("model", models), ("dataset", datasets), ("quantizer", QUANTIZERS)):
        if getattr(options, name) not in known:
            raise ValueError(f"{name} {getattr(options, name)!r}: choose one of {', '.join(known)}")
    for name in ("weight_bits", "activation_bits"):
        bits = bit_widths(getattr(options, name))
        if not set(bits) <= set(CODE_BITS):
            raise ValueError(f"{name.replace('_', ' ')} {bits}: each must be one of {CODE_BITS}")
    for name, least in (("batch", 2), ("threads", 0), ("limit", 0), ("width", 0), ("shift", 0)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name} {getattr(options, name)}: at least {least}")
    for stage in ("float", "quantised", "integer"):
        epochs, rate = getattr(options, f"{stage}_epochs"), getattr(options, f"{stage}_rate")
        if epochs is not None and epochs < 0:
            raise ValueError(f"--{stage}-epochs {epochs}: must not be negative")
        if rate is not None and not rate > 0:
            raise ValueError(f"--{stage}-rate {rate}: must be positive")
    if options.float_from is not None and not options.float_from.is_file():
        raise ValueError(f"{options.float_from}: no such checkpoint")


def configuration(
    options: argparse.Namespace, pictures: PictureSet | None = None
) -> TrainingConfig:
    """The run that the command line asks for, on own ``pictures`` or a known set; ValueError."""
    from dataclasses import replace

    from ref_model.training.config import STAGES, TrainingConfig

    base = TrainingConfig()
    stages: dict[str, Stage] = {}
    for name in STAGES:
        epochs, rate = getattr(options, f"{name}_epochs"), getattr(options, f"{name}_rate")
        stage = base.stage(name)
        stages[name] = replace(
            stage,
            epochs=stage.epochs if epochs is None else epochs,
            rate=stage.rate if rate is None else rate,
        )
    own: dict[str, Any] = {}
    if pictures is not None:
        apart = (options.data / TEST).is_dir()
        own = {
            "class_names": pictures.names,
            "scaling": options.scale or SCALINGS[0],
            "test_share": 0.0 if apart else options.test_share or TEST_SHARE,
        }
    return TrainingConfig(
        **own,
        model=options.model,
        dataset=options.dataset or DATASETS[0],
        width=options.width,
        weight_bits=bit_widths(options.weight_bits),
        activation_bits=bit_widths(options.activation_bits),
        quantizer=options.quantizer,
        soft_clip=not options.hard_clip,
        learned_clip=not options.fixed_clip,
        weight_clips=options.weight_clips,
        seed=options.seed,
        batch=options.batch,
        shift=options.shift,
        weight_decay=options.weight_decay,
        label_smoothing=options.label_smoothing,
        teacher=options.teacher,
        norm_batches=options.norm_batches,
        bfloat16=options.bfloat16,
        limit=options.limit,
        float_stage=stages["float"],
        quantised_stage=stages["quantised"],
        integer_stage=stages["integer"],
    )


def main(arguments: list[str] | None = None) -> int:
    """Entry point; the exit status: 1 when the loss diverged, 2 for bad options or missing files,
    130 when interrupted.
    """
    command_line = parser()
    options = command_line.parse_args(arguments)
    try:
        check_options(options)
    except ValueError as error:
        print(f"lsfq train: {error}", file=sys.stderr)
        return 2
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Train, alone or as one of the processes that torchrun started.

    The run's record goes into ``content``, of the first process alone.
    """
    try:
        from ref_model.training.distributed import joined
    except ImportError:
        print(f"training needs PyTorch: {pip_install('train')}", file=sys.stderr)
        return 2
    with joined() as ranks:
        return train(options, content, ranks)


def loaders(
    options: argparse.Namespace, config: TrainingConfig, pictures: PictureSet | None
) -> tuple[Callable[[], Images], Callable[[], Images]]:
    """Functions that read the training and the test images."""
    if pictures is None:
        dataset = dataset_by_name(config.dataset)
        return (
            lambda: load_train(dataset, options.data),
            lambda: load_test(dataset, options.data),
        )
    shape = config.build().input_shape
    print(
        f"{len(pictures.names)} classes, {len(pictures.train)} pictures to train on, "
        f"{len(pictures.test)} to test, scaled to {shape[1]}x{shape[2]} ({config.scaling})",
        file=sys.stderr,
    )
    return (
        lambda: read_set(pictures.train, shape, config.scaling),
        lambda: read_set(pictures.test, shape, config.scaling),
    )


def train(options: argparse.Namespace, content: dict[str, Any], ranks: Ranks) -> int:
    """The part of `run` that this one of ``ranks`` has."""
    import torch

    from ref_model.datasets import DatasetError
    from ref_model.integer.requantisation import RangeError
    from ref_model.training.checkpoint import CheckpointError
    from ref_model.training.device import choose_device
    from ref_model.training.loop import Trainer

    try:
        pictures = find_set(options.data, options.test_share) if options.dataset == OWN else None
        config = configuration(options, pictures)
        device = choose_device(options.device, ranks)
        if options.threads:
            torch.set_num_threads(options.threads)
        training, test = loaders(options, config, pictures)
        folder = options.out or Path("runs") / config.name()
        trainer = Trainer(
            config,
            ranks.first_before_others(training),
            ranks.first_before_others(test),
            folder,
            resume=options.resume,
            float_from=options.float_from,
            ranks=ranks,
            device=device,
        )
    except (ValueError, DatasetError, CheckpointError, OSError) as error:
        print(f"lsfq train{ranks.name}: {output.reason(error)}", file=sys.stderr)
        return 2
    try:
        record = trainer.run()
    except (FloatingPointError, RangeError) as error:
        print(f"lsfq train{ranks.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        said = f"\nstopped; --resume continues from {folder}/checkpoint.pt"
        ranks.once(print, said, file=sys.stderr)
        return 130
    ranks.once(
        print,
        f"{record['name']}: float {record['float_accuracy']:.2f} %, "
        f"integer {record['integer_accuracy']:.2f} % of {record['test_images']} test images "
        f"-> {folder}",
    )
    ranks.once(content.update, record, folder=str(folder))
    return 0
