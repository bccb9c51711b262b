# SPDX-License-Identifier: Apache-2.0
"""Export trained networks as integers, and integer networks as streams, C source or ONNX.

Without options every networks/*/checkpoint.pt is converted again and compared with the export that
is shipped beside it: the exit status is 0 when all are identical, 1 when one differs or its export
cannot be read. It is 1, too, when exporter or core cannot take a network, and 2 for wrong use and
for files that are missing, damaged or cannot be written. Checkpoints need PyTorch; streams from an
exported network need numpy only.

examples:
  lsfq export
      derive every shipped network again: identical?
  lsfq export --checkpoint runs/vgg7_w32_w4a4/checkpoint.pt --output networks/vgg7
      convert a checkpoint, measure its accuracy, write manifest.json and weights.npz
  lsfq export --untrained mobilenetv2 --output build/mobilenetv2
      a network with random weights, calibrated on the sample images: to try hardware with
  lsfq export --network networks/vgg7 --streams build/streams --pin 16 --pout 16
      param.bin, image_*.bin, result_*.bin and program.txt for a 16x16 core
  lsfq export --network networks/vgg7_w32_w4a4 --c build/c --pin 8 --pout 8
      the program as C source, for driver/c
  lsfq export --network networks/vgg7_w32_w4a4 --onnx build/vgg7.onnx
      an ONNX model of integers alone, which onnxruntime runs to the same numbers
  lsfq export --network networks/vgg7_w32_w4a4 --qonnx build/vgg7.onnx
      a model with Quant nodes, for the tools that read these
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.command.core_choice import add_lanes, add_memories, chosen_core
from lsfq.command.own_pictures import is_of_own_pictures, own_test_images
from lsfq.command.train import LARGE_MODELS, MODELS
from lsfq.files import ROOT, SAMPLE, pip_install
from ref_model.datasets import DatasetError, dataset_by_name, load_test, read_records
from ref_model.exchange.errors import ExchangeError
from ref_model.hardware.c_source import c_files
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH, plan_network
from ref_model.hardware.streams import write_streams
from ref_model.integer import (
    Accuracy,
    IntegerNetwork,
    NetworkError,
    NetworkFormatError,
    evaluate,
    load_network,
    network_difference,
    save_network,
)
from ref_model.integer.atomic_folder import FolderError, write_file
from ref_model.integer.console import ProgressBar
from ref_model.integer.requantisation import RangeError

CHECKPOINT = "checkpoint.pt"
BEAT_BYTES = (2, 4, 8, 16, 32, 64, 128)
"""Widths of a stream port."""


class ExportError(Exception):
    """The export cannot be done; the message says why."""


class ConversionError(ExportError):
    """The trained network does not turn into integers."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = result.add_mutually_exclusive_group()
    source.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="trained network to convert"
    )
    source.add_argument(
        "--network", type=Path, metavar="DIR", help="exported network to start from"
    )
    source.add_argument(
        "--untrained",
        metavar="MODEL",
        help=f"random weights: {', '.join((*MODELS, *LARGE_MODELS))}",
    )
    result.add_argument("--output", type=Path, metavar="DIR", help="write the integer network here")
    result.add_argument("--name", help="name of the network (that of the training run)")
    result.add_argument(
        "--data", type=Path, help="folder of the image sets (else $LSFQ_DATA, ./data)"
    )
    result.add_argument(
        "--no-accuracy", action="store_true", help="leave the accuracy out of the manifest"
    )
    result.add_argument(
        "--solve", action="store_true",
        help="constants of the fewest differing accumulators, for a network without integer stage",
    )  # fmt: skip
    untrained = result.add_argument_group("untrained network")
    untrained.add_argument("--width", type=int, default=0, help="channels of the first layer")
    untrained.add_argument(
        "--weight-bits", type=int, default=4, metavar="B", help="2, 3, 4 or 8 (4)"
    )
    untrained.add_argument(
        "--activation-bits", type=int, default=4, metavar="B", help="2, 3, 4 or 8 (4)"
    )
    untrained.add_argument("--seed", type=int, default=0, help="of the random weights (0)")
    result.add_argument(
        "--onnx", type=Path, metavar="FILE", help="write the integer network as an ONNX model"
    )
    result.add_argument(
        "--qonnx", type=Path, metavar="FILE",
        help="write it as a QONNX model, where float32 gives every code",
    )  # fmt: skip
    streams = result.add_argument_group("streams for the core")
    streams.add_argument("--streams", type=Path, metavar="DIR", help="write the stream files here")
    add_lanes(streams)
    add_memories(streams)
    streams.add_argument(
        "--beat-bytes",
        type=int,
        default=8,
        choices=BEAT_BYTES,
        help="width of the ports in bytes (8)",
    )
    streams.add_argument(
        "--count", type=output.number(1), default=8, metavar="N", help="test images (8)"
    )
    streams.add_argument(
        "--c", type=Path, metavar="DIR", help="write NAME.c and NAME.h for the C driver here"
    )
    streams.add_argument(
        "--batch",
        type=output.number(1, MAX_BATCH),
        default=1,
        metavar="N",
        help="images of a pass of the C driver (1)",
    )
    output.add_json(result)
    return result


def derive(checkpoint: Path, name: str | None = None, solve: bool = False) -> IntegerNetwork:
    """The integer network of a checkpoint; ExportError when it cannot be had."""
    try:
        from ref_model.training.checkpoint import CheckpointError
        from ref_model.training.export import NotQuantisedError, to_integer_network
        from ref_model.training.graph import UnsupportedLayerError
    except ImportError as error:
        raise ExportError(
            f"reading checkpoints needs PyTorch ({error}): {pip_install('train')}"
        ) from error
    try:
        return to_integer_network(checkpoint, name, solve)
    except CheckpointError as error:
        raise ExportError(str(error)) from error
    except (RangeError, NetworkError, NotQuantisedError, UnsupportedLayerError) as error:
        raise ConversionError(str(error)) from error


def make_untrained(options: argparse.Namespace) -> IntegerNetwork:
    """The integer network of a model with random weights; ExportError without PyTorch."""
    try:
        import torch

        from ref_model.training.config import TrainingConfig
        from ref_model.training.untrained import untrained_integer_network
    except ImportError as error:
        raise ExportError(
            f"making networks needs PyTorch ({error}): {pip_install('train')}"
        ) from error
    config = TrainingConfig(
        model=options.untrained,
        width=options.width,
        weight_bits=(options.weight_bits,),
        activation_bits=(options.activation_bits,),
        seed=options.seed,
    )
    print(f"making {config.name()} and calibrating it on the sample images ...", file=sys.stderr)
    images = torch.from_numpy(read_records(SAMPLE, dataset_by_name(config.dataset)).pixels)
    return untrained_integer_network(config, images, options.name)


def check_shipped(networks: Path, content: dict[str, Any]) -> int:
    """Derive every shipped network again, print a line each, and return the exit status."""
    checkpoints = sorted(networks.glob(f"*/{CHECKPOINT}"))
    if not checkpoints:
        raise ExportError(
            f"no {networks}/*/{CHECKPOINT} to compare; --help shows what else there is"
        )
    same = True
    for checkpoint in checkpoints:
        folder = checkpoint.parent
        try:
            difference = network_difference(load_network(folder), derive(checkpoint))
        except NetworkFormatError as error:
            difference = str(error)
        print(f"{folder.name}: {'identical' if difference is None else 'differs: ' + difference}")
        content[folder.name] = difference or "identical"
        same &= difference is None
    return 0 if same else 1


def measure(network: IntegerNetwork, data: Path | None) -> Accuracy | None:
    """Accuracy of ``network`` on the test set it was trained for; None when that is not there."""
    origin: dict[str, Any] = dict(network.provenance)
    config = origin.get("config")
    name = str(config.get("dataset", "cifar10")) if isinstance(config, dict) else "cifar10"
    try:
        own = is_of_own_pictures(network)
        images = own_test_images(network, data) if own else load_test(dataset_by_name(name), data)
    except DatasetError as error:
        print(f"accuracy not measured: {error}", file=sys.stderr)
        return None
    found = evaluate(network, images.pixels, images.labels, progress=ProgressBar(network.name))
    baseline = origin.get("float_accuracy")
    return Accuracy(
        name, found.images, found.correct, None if baseline is None else float(baseline)
    )


def export(network: IntegerNetwork, options: argparse.Namespace) -> None:
    """Write the network folder."""
    guess = options.untrained is not None
    accuracy = None if options.no_accuracy or guess else measure(network, options.data)
    save_network(network, options.output, accuracy)
    shown = (
        "no accuracy" if accuracy is None else f"integer accuracy {accuracy.integer_accuracy:.2f} %"
    )
    print(f"{network.name}: {len(network.layers)} layers, {shown} -> {options.output}")
    if options.solve:
        count: Any = network.provenance["thresholds"]
        print(
            f"{count['differing']} of {count['values']} accumulator values get another code than "
            f"the trained network gives them ({count['rounded']} with rounded constants)"
        )


def export_streams(network: IntegerNetwork, options: argparse.Namespace) -> None:
    """Write the stream files for the sample images."""
    config = chosen_core(network, options)
    sample = read_records(SAMPLE, dataset_by_name("cifar10"))
    if options.count > len(sample):
        raise ExportError(f"--count {options.count}: there are {len(sample)} sample images")
    images = sample.first(options.count).pixels
    write_streams(options.streams, network, config, images, options.beat_bytes)
    print(
        f"{network.name}: streams of {len(images)} images for a {config} core -> {options.streams}"
    )


def export_c(network: IntegerNetwork, options: argparse.Namespace) -> None:
    """Write the network as C source."""
    plan = plan_network(network, chosen_core(network, options), options.batch)
    options.c.mkdir(parents=True, exist_ok=True)
    for name, text in c_files(plan).items():
        write_file(options.c / name, text.encode())
        print(f"wrote {options.c / name}")


def export_onnx(network: IntegerNetwork, path: Path, quant_nodes: bool) -> None:
    """Write the network as an ONNX model of integers, or with Quant nodes."""
    try:
        from ref_model.exchange.integer_onnx import to_onnx
        from ref_model.exchange.qonnx import to_qonnx
    except ImportError as error:
        raise ExportError(f"ONNX needs a package ({error}): {pip_install('onnx')}") from error
    if quant_nodes:
        model = to_qonnx(network, ProgressBar(f"{network.name} in float32"))
    else:
        model = to_onnx(network)
    content = model.SerializeToString(deterministic=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{path}: cannot be written ({error.strerror})") from error
    write_file(path, content)
    print(f"{network.name}: {len(content)} bytes -> {path}")


def targets(options: argparse.Namespace) -> tuple[Path | None, ...]:
    """What is to be written."""
    return options.output, options.streams, options.c, options.onnx, options.qonnx


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    given = any((options.checkpoint, options.network, options.untrained))
    if given != any(targets(options)):
        command_line.error(
            "give a source (--checkpoint, --network or --untrained) and --output, --streams, --c, "
            "--onnx or --qonnx"
        )
    known = (*MODELS, *LARGE_MODELS)
    if options.untrained is not None and options.untrained not in known:
        command_line.error(f"--untrained {options.untrained}: choose one of {', '.join(known)}")
    refuse = functools.partial(output.refuse_ignored, command_line, options)
    if options.untrained is None:
        refuse(("width", "weight_bits", "activation_bits", "seed"), "--untrained")
        if options.checkpoint is None:
            refuse(("name",), "--checkpoint or --untrained")
    if options.checkpoint is None:
        refuse(("solve",), "--checkpoint")
    if options.output is None or options.untrained is not None:
        refuse(("data", "no_accuracy"), "--output and a trained network")
    if options.streams is None:
        refuse(("beat_bytes", "count"), "--streams")
        if options.c is None:
            refuse(("pin", "pout", "feature_depth", "weight_depth"), "--streams or --c")
    if options.c is None:
        refuse(("batch",), "--c")
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Do what the options ask; a summary goes into ``content``."""
    try:
        if not any((options.checkpoint, options.network, options.untrained)):
            return check_shipped(ROOT / "networks", content)
        if options.network is not None:
            network = load_network(options.network)
        elif options.untrained is not None:
            network = make_untrained(options)
        else:
            network = derive(options.checkpoint, options.name, options.solve)
        if options.output is not None:
            export(network, options)
        if options.streams is not None:
            export_streams(network, options)
        if options.c is not None:
            export_c(network, options)
        if options.onnx is not None:
            export_onnx(network, options.onnx, quant_nodes=False)
        if options.qonnx is not None:
            export_onnx(network, options.qonnx, quant_nodes=True)
    except (ConversionError, ExchangeError, UnsupportedNetworkError, NetworkError) as error:
        print(f"lsfq export: {error}", file=sys.stderr)
        return 1
    except (
        ExportError, NetworkFormatError, FolderError, DatasetError, ValueError, OSError
    ) as error:  # fmt: skip
        print(f"lsfq export: {output.reason(error)}", file=sys.stderr)
        return 2
    content.update(
        network=network.name,
        layers=len(network.layers),
        written=[str(path) for path in targets(options) if path],
    )
    return 0
