# SPDX-License-Identifier: Apache-2.0
"""Import a quantised ONNX model as an integer network, exactly or not at all.

Reads QONNX and QCDQ graphs (Brevitas, QKeras with qonnx's converter) and what lsfq export --onnx
wrote. For every layer the integers are derived from the graph's constants as exact fractions, and
the report says how many accumulator values would get another code: the import fails when there are
any, unless --allow-inexact says how many may. The exit status is 0 when the network was written, 1
when it cannot be imported exactly or --check finds other classes, 2 for wrong use, files that
cannot be read and operators that the core does not run.

examples:
  lsfq import model.onnx --output networks/model
      pixels are divided by 255 before the graph, as most training code does
  lsfq import model.onnx --output networks/model --mean 0.49,0.48,0.45 --deviation 0.25
      so is a mean taken off, and its result divided; the graph must quantise that to 8 bits
  lsfq import model.onnx --output networks/model --check images.npy
      run both on uint8 images (N, C, H, W) and compare all codes
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsfq.command import output
from lsfq.command.run import read_array
from lsfq.files import pip_install
from ref_model.exchange.errors import ExchangeError, InexactImportError
from ref_model.integer import NetworkError, save_network
from ref_model.integer.atomic_folder import FolderError
from ref_model.integer.console import ProgressBar

if TYPE_CHECKING:
    from ref_model.exchange.importer import Imported, Pixels


def fraction(text: str) -> Fraction:
    """A number such as 1/255 or 0.4914."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is no number such as 1/255 or 0.5") from None


def fractions(text: str) -> tuple[Fraction, ...]:
    """Numbers with commas between them."""
    return tuple(fraction(part) for part in text.split(","))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq import",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("model", type=Path, metavar="MODEL.onnx", help="the ONNX file")
    result.add_argument("--output", type=Path, metavar="DIR", help="write the integer network here")
    result.add_argument("--name", help="name of the network (that of the file)")
    result.add_argument(
        "--allow-inexact", type=output.number(0), default=0, metavar="N",
        help="accept up to N accumulator values with another code (0)",
    )  # fmt: skip
    result.add_argument(
        "--ties-up", action="store_true",
        help="read round half to even as round half up, which is what the core does",
    )  # fmt: skip
    result.add_argument(
        "--pixel", type=fraction, default=Fraction(1, 255), metavar="X",
        help="what the graph is fed with for one step of a pixel (1/255)",
    )  # fmt: skip
    result.add_argument(
        "--mean", type=fractions, default=(Fraction(0),), metavar="M,...",
        help="taken off after that, one number or one a channel (0)",
    )  # fmt: skip
    result.add_argument(
        "--deviation", type=fractions, default=(Fraction(1),), metavar="D,...",
        help="what the rest is divided by, one number or one a channel (1)",
    )  # fmt: skip
    result.add_argument(
        "--check", type=Path, metavar="IMAGES.npy", help="run both on these images and compare"
    )
    output.add_json(result)
    return result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if options.output is None and options.check is None:
        command_line.error("give --output, --check or both")
    with output.result(options.json) as content:
        try:
            return run(options, content)
        except InexactImportError as error:
            print(f"lsfq import: {options.model}: {error}", file=sys.stderr)
            return 1
        except ExchangeError as error:
            said = str(error).removeprefix(f"{options.model}: ")
            print(f"lsfq import: {options.model}: {said}", file=sys.stderr)
            return 2
        except (FolderError, NetworkError, ValueError, OSError) as error:
            print(f"lsfq import: {output.reason(error)}", file=sys.stderr)
            return 2


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Do what the options ask; a summary goes into ``content``."""
    try:
        from ref_model.exchange.importer import Pixels, import_file
    except ImportError as error:
        raise ExchangeError(f"ONNX needs a package ({error}): {pip_install('onnx')}") from error
    pixels = Pixels(options.pixel, options.mean, options.deviation)
    images = None if options.check is None else read_array(options.check)
    found = import_file(
        options.model, options.name, pixels, options.allow_inexact, options.ties_up,
        ProgressBar(options.model.name),
    )  # fmt: skip
    show(found)
    content.update(
        network=found.network.name,
        layers=[asdict(report) for report in found.reports],
        differing=found.differing,
        written=None,
    )
    status = 0
    if images is not None:
        status = check(options.model, found, images, pixels, content)
    if options.output is not None:
        save_network(found.network, options.output)
        content["written"] = str(options.output)
        print(f"{found.network.name}: {len(found.network.layers)} layers -> {options.output}")
    return status


def show(found: Imported) -> None:
    """Print the report."""
    for line in (*found.reports, *found.notes):
        print(line)


def check(path: Path, found: Imported, images: Any, pixels: Pixels, content: dict[str, Any]) -> int:
    """Compare with the graph itself; 1 when a class differs."""
    from ref_model.exchange.check import compare

    compared = compare(path, found, images, pixels)
    print(compared)
    content["check"] = asdict(compared)
    return 1 if compared.classes else 0
