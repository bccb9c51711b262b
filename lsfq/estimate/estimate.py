# SPDX-License-Identifier: Apache-2.0
"""A network on cores of any size: whether it runs, how fast, and which devices hold the core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lsfq.core import DEFAULT_CORE
from lsfq.core_choice import LARGEST, choose_core
from lsfq.estimate.area import RESOURCES, CoreArea, core_area, family_of
from lsfq.reports.area import DEVICES
from ref_model.hardware.core_config import LANE_SIZES, RANGES, CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.layer_plan import plan_layers
from ref_model.hardware.pass_time import PassTime, pass_time
from ref_model.hardware.plan import Plan, check_network, plan_network
from ref_model.hardware.schedule import words_and_cycles
from ref_model.integer.network import IntegerNetwork

CLOCK_MHZ = 100.0
"""Assumed where no clock is named. No core was placed and routed by a vendor's tool."""
DEVICE_FAMILY = "xcup"
"""The family whose area is shown where no device is named."""
WORDS = {"lut": "LUTs", "ff": "flip-flops", "dsp": "multipliers", "bram": "block RAMs"}


@dataclass(frozen=True)
class Candidate:
    """A core for a network, or why there is none.

    ``config`` is the core as far as one was found; ``area`` its area; ``why`` the sentences that
    say what does not fit, none where it runs the network and the device holds it.
    """

    config: CoreConfig
    area: CoreArea | None
    why: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether it runs the network, on the device if one is named."""
        return not self.why

    @property
    def multipliers(self) -> int:
        """PIN*POUT."""
        return self.config.pin * self.config.pout


@dataclass(frozen=True)
class Estimate:
    """A network on one core: the plan of a pass, when its layers run, and the rates at a clock."""

    plan: Plan
    time: PassTime
    clock_mhz: float

    @property
    def frames_per_second(self) -> float:
        """Images a second, passes one after another."""
        return self.plan.batch * self._passes

    @property
    def parameter_rate(self) -> float:
        """Bytes a second of the parameter stream."""
        return self.plan.packet_bytes * self._passes

    @property
    def image_rate(self) -> float:
        """Bytes a second of the image stream."""
        channels, height, width = self.plan.network.input_shape
        return channels * height * width * self.frames_per_second

    @property
    def result_rate(self) -> float:
        """Bytes a second of the result stream, eight a number."""
        channels, height, width = self.plan.network.output_shapes()[-1]
        return 8 * channels * height * width * self.frames_per_second

    @property
    def _passes(self) -> float:
        return self.clock_mhz * 1e6 / self.time.cycles


def estimate(network: IntegerNetwork, config: CoreConfig, batch: int, clock_mhz: float) -> Estimate:
    """What a pass over ``batch`` images costs; UnsupportedNetworkError as `plan_network`."""
    plan = plan_network(network, config, batch)
    return Estimate(plan, pass_time(plan), clock_mhz)


def judge(network: IntegerNetwork, config: CoreConfig, device: str | None) -> Candidate:
    """Whether one core runs ``network``, and whether ``device`` (a key of `DEVICES`) holds it."""
    family = DEVICE_FAMILY if device is None else family_of(device)
    area, why = core_area(config, family), []
    try:
        check_network(network, config)
    except UnsupportedNetworkError as error:
        why.append(str(error))
    if device is not None:
        have = DEVICES[device]
        for name in area.lacking(have):
            why.append(
                f"{WORDS[name]}: the core takes {getattr(area.area, name):,g} "
                f"({area.how[name]}), a {device} has {getattr(have, name):,g}"
            )
    return Candidate(config, area, tuple(why))


def smallest_memories(network: IntegerNetwork, config: CoreConfig) -> CoreConfig:
    """``config`` with the smallest memories, powers of two, with which ``network`` runs.

    Raises UnsupportedNetworkError where the largest do not suffice.
    """
    largest = replace(config, **LARGEST)
    check_network(network, largest)
    found = largest
    for name in ("max_pool_width", "weight_depth", "feature_depth"):
        low, high = RANGES[name][0].bit_length() - 1, LARGEST[name].bit_length() - 1
        while low < high:
            middle = (low + high) // 2
            if _runs(network, replace(found, **{name: 1 << middle})):
                high = middle
            else:
                low = middle + 1
        found = replace(found, **{name: 1 << high})
    return found


def _runs(network: IntegerNetwork, config: CoreConfig) -> bool:
    try:
        check_network(network, config)
    except UnsupportedNetworkError:
        return False
    return True


def candidates(
    network: IntegerNetwork, device: str | None, depthwise_pixels: int = 1
) -> Iterator[Candidate]:
    """A core for every number of lanes, from the smallest on.

    Its memories are those of the default core, larger where the network needs it, or smaller where
    the device has too few block RAMs and the network runs with less.
    """
    shapes = sorted(
        ((pin, pout) for pin in LANE_SIZES for pout in LANE_SIZES),
        key=lambda x: (x[0] * x[1], x[1]),
    )
    for pin, pout in shapes:
        start = replace(DEFAULT_CORE, pin=pin, pout=pout, depthwise_pixels=depthwise_pixels)
        yield candidate(network, start, device)


def candidate(network: IntegerNetwork, start: CoreConfig, device: str | None) -> Candidate:
    """The core with the lanes of ``start`` and memories that suit ``network`` and ``device``."""
    try:
        found = judge(network, choose_core(network, start), device)
    except UnsupportedNetworkError as error:
        return Candidate(start, None, (str(error),))
    if found.fits or device is None or found.area is None:
        return found
    if found.area.lacking(DEVICES[device]) != ["bram"]:
        return found
    least = smallest_memories(network, start)
    smaller = [found.config]
    for name in ("feature_depth", "weight_depth", "max_pool_width"):
        while getattr(smaller[-1], name) > max(getattr(least, name), _LEAST[name]):
            smaller.append(replace(smaller[-1], **{name: getattr(smaller[-1], name) // 2}))
    for config in smaller[1:]:
        judged = judge(network, config, device)
        if judged.fits:
            return judged
    return found


_LEAST = {"feature_depth": 512, "weight_depth": 64, "max_pool_width": 32}
"""Memories are not made smaller than these to fit a device: nothing is won."""


def smallest(found: Sequence[Candidate]) -> Candidate | None:
    """Of cores that fit the one of the fewest multipliers, then of the smallest area."""
    fitting = [core for core in found if core.fits]
    return min(fitting, key=lambda core: (core.multipliers, _size(core)), default=None)


def _size(core: Candidate) -> tuple[float, ...]:
    if core.area is None:
        return ()
    return tuple(getattr(core.area.area, name) for name in RESOURCES)


def scheduled_cycles(network: IntegerNetwork, config: CoreConfig) -> int:
    """Cycles that the array needs for an image, whatever the memories: to compare cores by."""
    _, layers = plan_layers(network, config)
    return sum(words_and_cycles(layer.work, config)[1] for layer in layers)


def fastest(network: IntegerNetwork, found: Sequence[Candidate]) -> Candidate | None:
    """Of cores that fit the one of the fewest scheduled cycles, the smallest of equals."""
    return min(
        (core for core in found if core.fits),
        key=lambda core: (scheduled_cycles(network, core.config), core.multipliers),
        default=None,
    )
