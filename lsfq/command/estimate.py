# SPDX-License-Identifier: Apache-2.0
"""Say what a network on a core costs, before anything is built: does it fit, how fast, how large.

A core is named by --pin and --pout; with --device alone every number of lanes is tried, and the
fastest core that the device holds is shown, with the smallest that would do. Cycles are those of
the schedule with the way of the parameters, and assume streams that never pause. Areas are Yosys'
where the core was synthesised, else computed, interpolated or scaled from such cores, and marked
so; a vendor's tool finds others. No clock is known: --clock is an assumption.

The exit status is 1 when the core cannot run the network, or the device cannot hold the core.

examples:
  lsfq estimate --network networks/vgg7_w32_w4a4                    the default core, 16x16
  lsfq estimate --network ultranet --batch 4 --device xczu3eg       the fastest core that fits
  lsfq estimate --network resnet20 --pin 8 --pout 8 --device xc7z020 --clock 120
  lsfq estimate --network vgg7 --width 64 --weight-bits 3 --activation-bits 3 --json
  lsfq estimate --network mobilenetv2 --depthwise-pixels 2 --picture cost.svg
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lsfq.command import output
from lsfq.command.core_choice import add_depthwise_pixels
from lsfq.command.plan import find_network
from lsfq.command.train import LARGE_MODELS, MODELS
from lsfq.core import DEFAULT_CORE
from lsfq.core_choice import choose_core
from lsfq.estimate.area import FAMILIES, RESOURCES, as_data, family_of, find_device
from lsfq.estimate.estimate import (
    CLOCK_MHZ,
    DEVICE_FAMILY,
    Candidate,
    Estimate,
    candidates,
    estimate,
    fastest,
    judge,
    scheduled_cycles,
    smallest,
)
from lsfq.files import pip_install
from lsfq.reports.area import DEVICES
from ref_model.hardware.core_config import LANE_SIZES, CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.plan import MAX_BATCH, check_network, schedule_network
from ref_model.integer import IntegerNetwork, NetworkError, NetworkFormatError
from ref_model.integer.console import table
from ref_model.integer.ranges import CODE_BITS

MEMORIES = ("feature_depth", "weight_depth")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="lsfq estimate", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    result.add_argument(
        "--network", required=True, metavar="X",
        help=f"folder of an export, or a model: {', '.join((*MODELS, *LARGE_MODELS))}",
    )  # fmt: skip
    result.add_argument(
        "--batch", type=output.number(1, MAX_BATCH), default=1, metavar="N",
        help="images of a pass (1)",
    )  # fmt: skip
    result.add_argument(
        "--clock", type=float, default=CLOCK_MHZ, metavar="MHZ",
        help="clock that images a second and bytes a second are for (%(default)g, an assumption)",
    )  # fmt: skip
    model = result.add_argument_group("a model by its name")
    model.add_argument("--width", type=output.number(1), metavar="C", help="channels of layer 1")
    for what in ("weight", "activation"):
        model.add_argument(
            f"--{what}-bits", type=int, choices=CODE_BITS, help=f"bits of every {what} (4)"
        )
    core = result.add_argument_group("core")
    core.add_argument(
        "--device", metavar="NAME", help=f"{', '.join(name.lower() for name in DEVICES)}"
    )
    core.add_argument(
        "--pin", type=int, choices=LANE_SIZES,
        help="multipliers of a lane (16; with --device: as many as fit)",
    )  # fmt: skip
    core.add_argument("--pout", type=int, choices=LANE_SIZES, help="lanes (the same)")
    for name in MEMORIES:
        size = getattr(DEFAULT_CORE, name)
        core.add_argument(
            f"--{name.replace('_', '-')}", type=int, metavar="WORDS",
            help=f"words of the {name.split('_')[0]} memory ({size}, or as needed)",
        )  # fmt: skip
    add_depthwise_pixels(core, DEFAULT_CORE.depthwise_pixels)
    result.add_argument(
        "--picture", type=Path, metavar="FILE",
        help="draw cycles of the layers and shares of the device (.svg, .png, .pdf)",
    )  # fmt: skip
    output.add_json(result)
    return result


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if (options.pin is None) != (options.pout is None):
        command_line.error("--pin and --pout go together")
    if options.pin is None and options.device is not None:
        output.refuse_ignored(command_line, options, MEMORIES, "--pin and --pout")
    if not 0 < options.clock < float("inf"):
        command_line.error("--clock is a number of MHz above 0")
    if options.device is not None:
        try:
            options.device = find_device(options.device)
        except ValueError as error:
            command_line.error(str(error))
    with output.result(options.json) as content:
        return run(options, content)


def run(options: argparse.Namespace, content: dict[str, Any]) -> int:
    """Estimate and print; all figures go into ``content``."""
    fields = ("width", "weight_bits", "activation_bits")
    shape = {name: getattr(options, name) for name in fields if getattr(options, name) is not None}
    shape |= {name: (bits,) for name, bits in shape.items() if name.endswith("bits")}
    try:
        network = find_network(options.network, **shape)
        found = choose(network, options)
        shown = found[0]
        if shown.area is None:
            raise UnsupportedNetworkError(shown.why[0])
        content.update(describe(network, shown, options))
        content["candidates"] = [of_candidate(network, core) for core in found[1]]
        least = smallest(found[1])
        content["smallest"] = None if least is None else of_candidate(network, least)
        if runs(network, shown):
            cost = estimate(network, shown.config, options.batch, options.clock)
            content.update(rates(cost))
    except UnsupportedNetworkError as error:
        print(f"lsfq estimate: {error}", file=sys.stderr)
        content.update(network=options.network, fits=False, why=[str(error)])
        return 1
    except (NetworkFormatError, NetworkError, ValueError, OSError) as error:
        print(f"lsfq estimate: {output.reason(error)}", file=sys.stderr)
        return 2
    print(text(content))
    if options.picture is not None and "layers" in content:
        status = picture(content, options.picture)
        if status:
            return status
    return 0 if shown.fits else 1


def choose(
    network: IntegerNetwork, options: argparse.Namespace
) -> tuple[Candidate, list[Candidate]]:
    """The core to show, and one for every number of lanes; UnsupportedNetworkError, ValueError."""
    found = list(candidates(network, options.device, options.depthwise_pixels))
    if options.pin is None and options.device is not None:
        return fastest(network, found) or found[0], found
    given = {name: getattr(options, name) for name in MEMORIES if getattr(options, name)}
    pin = DEFAULT_CORE.pin if options.pin is None else options.pin
    pout = DEFAULT_CORE.pout if options.pout is None else options.pout
    start = replace(
        DEFAULT_CORE, pin=pin, pout=pout, depthwise_pixels=options.depthwise_pixels, **given
    )
    if not given:
        lanes = (pin, pout)
        return next(x for x in found if (x.config.pin, x.config.pout) == lanes), found
    try:
        config = choose_core(network, start, frozenset(given))
    except UnsupportedNetworkError as error:
        shown = judge(network, start, options.device)
        return replace(shown, why=(str(error), *shown.why[1:])), found
    return judge(network, config, options.device), found


def runs(network: IntegerNetwork, candidate: Candidate) -> bool:
    """Whether the core runs the network, on the device or not."""
    try:
        check_network(network, candidate.config)
    except UnsupportedNetworkError:
        return False
    return True


def core_data(config: CoreConfig) -> dict[str, int]:
    """The parameters of a core that an estimate depends on."""
    names = ("pin", "pout", *MEMORIES, "max_pool_width", "depthwise_pixels", "param_width")
    return {name: getattr(config, name) for name in names}


def of_candidate(network: IntegerNetwork, found: Candidate) -> dict[str, Any]:
    """A core as plain data; its cycles are those of the schedule alone."""
    return {
        **core_data(found.config),
        "fits": found.fits,
        "why": list(found.why),
        "schedule": scheduled_cycles(network, found.config) if found.fits else None,
        "area": None if found.area is None else asdict(found.area.area),
    }


def describe(
    network: IntegerNetwork, shown: Candidate, options: argparse.Namespace
) -> dict[str, Any]:
    """What is known without a plan."""
    area = shown.area
    assert area is not None
    family = DEVICE_FAMILY if options.device is None else family_of(options.device)
    return {
        "network": network.name,
        "batch": options.batch,
        "clock_mhz": options.clock,
        "device": options.device,
        "family": FAMILIES[family].name,
        "core": core_data(shown.config),
        "fits": shown.fits,
        "why": list(shown.why),
        "macs": network.macs(),
        "area": as_data(area, options.device),
    }


def rates(cost: Estimate) -> dict[str, Any]:
    """Cycles and rates as plain data; cycles of layers are those of an image."""
    plan, time, batch = cost.plan, cost.time, cost.plan.batch
    return {
        "pass_cycles": time.cycles,
        "cycles": round(time.cycles / batch, 1),
        "in_rows": plan.rows is not None,
        "feature_words": plan.feature_words,
        "packet_bytes": plan.packet_bytes,
        "layers": [
            {
                "name": layer.name,
                "macs": work.macs,
                "schedule": work.cycles,
                "cycles": round(layer.cycles / batch, 1),
                "starved": round(layer.starved / batch, 1),
            }
            for layer, work in zip(time.layers, schedule_network(plan), strict=True)
        ],
        "frames_per_second": round(cost.frames_per_second, 3),
        "bytes_per_second": {
            "parameters": round(cost.parameter_rate),
            "images": round(cost.image_rate),
            "results": round(cost.result_rate),
        },
    }


def text(found: dict[str, Any]) -> str:
    """The estimate for people."""
    core = found["core"]
    lines = [
        f"{found['network']} on a core of {core['pin']}x{core['pout']}, feature depth "
        f"{core['feature_depth']:,}, weight depth {core['weight_depth']:,}, {found['batch']} "
        "images a pass",
        "",
    ]
    if "layers" in found:
        lines += [layer_table(found), "", rate_text(found), ""]
    lines += [area_table(found), ""]
    lines += [core_table(found), ""]
    place = "the network" if found["device"] is None else f"the network and a {found['device']}"
    least = found["smallest"]
    if least is None:
        lines.append(f"no core of any size fits {place}")
    else:
        lines.append(f"the smallest core that fits {place}: {_lanes(least)}")
    if found["fits"]:
        unknown = found["device"] is not None and any(
            entry["count"] is None for entry in found["area"].values()
        )
        fits = "it fits, so far as is known" if unknown else "it fits"
        lines.append(f"{fits}: {_lanes(core)} for {place}")
    else:
        lines += [f"IT DOES NOT FIT: {why}" for why in found["why"]]
    return "\n".join(lines)


def layer_table(found: dict[str, Any]) -> str:
    """Cycles an image of every layer."""
    rows = [
        (
            layer["name"], f"{layer['macs']:,}", f"{layer['schedule']:,}",
            f"{layer['cycles']:,.0f}", f"{layer['starved']:,.0f}",
        )
        for layer in found["layers"]
    ]  # fmt: skip
    rows.append(("whole network", f"{found['macs']:,}", "", f"{found['cycles']:,.0f}", ""))
    return table(("layer", "MACs", "schedule", "cycles", "no weights"), rows)


def rate_text(found: dict[str, Any]) -> str:
    """Images and bytes a second."""
    rate = found["bytes_per_second"]
    streams = ", ".join(f"{name} {rate[name] / 1e6:,.1f} MB/s" for name in rate)
    how = "in rows" if found["in_rows"] else "every tensor whole"
    return (
        f"{found['frames_per_second']:,.1f} images/s at {found['clock_mhz']:g} MHz (assumed; "
        f"--clock), {how}\n{streams}"
    )


def area_table(found: dict[str, Any]) -> str:
    """Resources of the core, and how each number was found."""
    family = next(x for x in FAMILIES.values() if x.name == found["family"])
    names = dict(zip(RESOURCES, ("LUT", "FF", family.dsp, family.bram), strict=True))
    rows = []
    for name, entry in found["area"].items():
        count = "?" if entry["count"] is None else f"{entry['count']:,g}"
        of = "" if entry["of"] is None else f"{entry['of']:,g}"
        part = ""
        if entry["of"] and entry["count"] is not None:
            part = f"{100 * entry['count'] / entry['of']:.1f} %"
        rows.append((names[name], count, of, part, entry["how"]))
    place = found["device"] or found["family"]
    return table((f"on {place}", "core", "device", "share", "how found"), rows)


def core_table(found: dict[str, Any]) -> str:
    """A line for every number of lanes."""
    rows = []
    for core in found["candidates"]:
        why = "fits" if core["fits"] else core["why"][0]
        cycles = "" if core["schedule"] is None else f"{core['schedule']:,}"
        area = core["area"]
        have = ("", "", "") if area is None else (area["lut"], area["dsp"], area["bram"])
        rows.append((
            _lanes(core), f"{core['feature_depth']:,}", f"{core['weight_depth']:,}", cycles,
            *(f"{number:,g}" if number else "" for number in have),
            why if len(why) < _WIDEST else why[: _WIDEST - 3] + "...",
        ))  # fmt: skip
    head = ("core", "feature depth", "weight depth", "schedule", "LUT", "multipliers", "RAM")
    return table((*head, "for this network"), rows)


_WIDEST = 90
"""Characters of a reason in the table; the JSON has all of it."""


def _lanes(core: dict[str, Any]) -> str:
    return f"{core['pin']}x{core['pout']}"


def picture(found: dict[str, Any], path: Path) -> int:
    """Draw it; the exit status: 2 without matplotlib, or for an unknown format."""
    try:
        from lsfq.reports.estimate_picture import draw
    except ImportError as error:
        print(f"lsfq estimate: {error}: {pip_install('train')}", file=sys.stderr)
        return 2
    try:
        draw(found, path)
    except ValueError as error:
        print(f"lsfq estimate: --picture {path}: {error}", file=sys.stderr)
        return 2
    print(f"wrote {path}")
    return 0
