# SPDX-License-Identifier: Apache-2.0
"""Show how a core runs a network: its layers, what is kept in the memory, and what it costs.

A network that fits is kept whole. Of another one the first layers, the region, run some rows at a
time; of their tensors only the rows that are still needed are kept, in rings. Cycles are estimates
by the schedule. The exit status is 1 when the core cannot run the network.

examples:
  lsfq plan networks/vgg7_w128_w4a4
  lsfq plan ultranet --batch 4                   a model by its name, random weights
  lsfq plan resnet18 --feature-depth 16384 --json
  lsfq plan mobilenetv2_224 --picture memory.svg who is where in the memory, block by block
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.command.core_choice import add_depthwise_pixels, add_lanes, add_memories, chosen_core
from lsfq.command.train import LARGE_MODELS, MODELS
from lsfq.core import DEFAULT_CORE
from lsfq.files import pip_install
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH, Plan, plan_network, schedule_network
from ref_model.hardware.plan_report import kept_rows, words_kept
from ref_model.integer import IntegerNetwork, NetworkError, NetworkFormatError, load_network
from ref_model.integer.console import table

HEADER = ("layer", "input", "result", "rows a block", "blocks", "kept rows", "words", "cycles",
          "bytes sent")  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq plan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument(
        "network", help=f"folder of an export, or a model: {', '.join((*MODELS, *LARGE_MODELS))}"
    )
    result.add_argument(
        "--batch", type=output.number(1, MAX_BATCH), default=1, metavar="N",
        help="images of a pass (1)",
    )  # fmt: skip
    add_lanes(result)
    add_memories(result)
    add_depthwise_pixels(result, DEFAULT_CORE.depthwise_pixels)
    result.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the memory over time (.svg, .png, .pdf)"
    )
    output.add_json(result)
    return result


def find_network(name: str, **shape: Any) -> IntegerNetwork:
    """The network in a folder, or a model with random weights; ValueError, NetworkFormatError.

    ``shape`` are fields of `TrainingConfig` for a model: width and bits.
    """
    if name not in (*MODELS, *LARGE_MODELS) or Path(name).is_dir():
        if shape:
            raise ValueError(f"{name}: width and bits are those of the export, and no options")
        return load_network(name)
    try:
        from ref_model.training.config import TrainingConfig
        from ref_model.training.untrained import unquantised_integer_network
    except ImportError as error:
        raise ValueError(
            f"making {name} needs PyTorch ({error}): {pip_install('train')}"
        ) from error
    return unquantised_integer_network(TrainingConfig(model=name, **shape))


def layer_rows(plan: Plan) -> list[dict[str, Any]]:
    """What is shown of each layer, for one image."""
    rows = plan.rows
    region = 0 if rows is None else len(rows.region.layers)
    sent = [0] * len(plan.layers)
    for run in plan.runs:
        sent[run.layer] += plan.layers[run.layer].payload_shape.bytes(plan.config)
    found = []
    for index, (layer, work) in enumerate(zip(plan.layers, schedule_network(plan), strict=True)):
        step = rows.region.steps[index] if rows is not None and index < region else None
        found.append({
            "name": work.name,
            "kernel": layer.kernel.name,
            "input": list(layer.source),
            "result": list(layer.output),
            "step": step,
            "blocks": 1 if step is None else -(-layer.output[1] // step),
            "kept_rows": kept_rows(plan, index),
            "words": words_kept(plan, index),
            "cycles": work.cycles,
            "parameter_bytes": sent[index],
        })  # fmt: skip
    return found


def summary(plan: Plan) -> dict[str, Any]:
    """The plan as plain data."""
    rows = plan.rows
    return {
        "network": plan.network.name,
        "core": str(plan.config),
        "feature_depth": plan.config.feature_depth,
        "batch": plan.batch,
        "row_window": plan.row_window,
        "region": 0 if rows is None else len(rows.region.layers),
        "load_step": None if rows is None else rows.region.load_step,
        "image_rows": kept_rows(plan, -1),
        "image_words": words_kept(plan, -1),
        "feature_words": plan.feature_words,
        "cycles": plan.cycles,
        "packet_bytes": plan.packet_bytes,
        "layers": layer_rows(plan),
    }


def text(found: dict[str, Any]) -> str:
    """The plan for people."""

    def size(shape: list[int]) -> str:
        return "x".join(map(str, shape))

    lines = [
        (
            row["name"], size(row["input"]), size(row["result"]),
            "" if row["step"] is None else str(row["step"]), str(row["blocks"]),
            "" if not row["words"] else str(row["kept_rows"]), f"{row['words']:,}",
            f"{row['cycles']:,}", f"{row['parameter_bytes']:,}",
        )
        for row in found["layers"]
    ]  # fmt: skip
    if found["region"]:
        how = (
            f"{found['region']} layers in rows, {found['load_step']} image rows a LOAD, "
            f"{found['image_rows']} kept ({found['image_words']:,} words)"
        )
    else:
        how = f"every tensor whole, the image takes {found['image_words']:,} words"
    return "\n".join([
        f"{found['network']} on {found['core']}, {found['batch']} images a pass: {how}",
        "",
        table(HEADER, lines),
        "",
        f"{found['feature_words']:,} of {found['feature_depth']:,} words of the feature memory; "
        f"about {found['cycles'] // found['batch']:,} cycles and "
        f"{found['packet_bytes'] // found['batch']:,} bytes of parameters an image",
    ])  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    options = parser().parse_args(arguments)
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Plan and print; the plan goes into ``content``."""
    try:
        network = find_network(options.network)
        config = chosen_core(network, options)
        plan = plan_network(network, config, options.batch)
    except UnsupportedNetworkError as error:
        print(f"lsfq plan: {error}", file=sys.stderr)
        return 1
    except (NetworkFormatError, NetworkError, ValueError, OSError) as error:
        print(f"lsfq plan: {output.reason(error)}", file=sys.stderr)
        return 2
    found = summary(plan)
    print(text(found))
    content.update(found)
    if options.picture is not None:
        try:
            from lsfq.reports.memory_picture import draw
        except ImportError as error:
            print(f"lsfq plan: {error}: {pip_install('train')}", file=sys.stderr)
            return 2
        try:
            draw(plan, options.picture)
        except ValueError as error:
            print(f"lsfq plan: --picture {options.picture}: {error}", file=sys.stderr)
            return 2
        print(f"wrote {options.picture}")
    return 0
