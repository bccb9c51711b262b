# SPDX-License-Identifier: Apache-2.0
"""What a plan keeps in the feature memory, tensor by tensor and block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ref_model.hardware.memory_plan import StoredTensor, stored_tensors
from ref_model.hardware.plan import Plan
from ref_model.hardware.row_shapes import IMAGE
from ref_model.hardware.steps import Load, Run
from ref_model.integer.network import INPUT


@dataclass(frozen=True)
class Stay:
    """Words ``base`` to ``base + words`` - 1 hold a tensor of an image from step to step."""

    name: str
    image: int
    base: int
    words: int
    first: int
    last: int


def kept_rows(plan: Plan, tensor: int) -> int:
    """Rows that are kept of the image (-1) or of a layer's result; 0 of the raw one."""
    stored = _by_maker(plan).get(tensor)
    if stored is None:
        return 0
    if plan.rows is not None and tensor < len(plan.rows.region.layers):
        return plan.rows.ring(tensor)
    return stored.shape[1]


def words_kept(plan: Plan, tensor: int) -> int:
    """Words of what is kept of the image (-1) or of a layer's result, for one image."""
    stored = _by_maker(plan).get(tensor)
    return 0 if stored is None else stored.words(plan.config.pin, kept_rows(plan, tensor))


def _by_maker(plan: Plan) -> dict[int, StoredTensor]:
    return {x.made: x for x in stored_tensors(plan.network, plan.layers)}


def stays(plan: Plan) -> list[Stay]:
    """When which words hold what, from the first step that writes a tensor to the last to read."""
    open_stays: dict[tuple[str, int], Stay] = {}
    for number, step in enumerate(plan.steps):
        for name, image, base in _touched(plan, step):
            known = open_stays.get((name, image))
            words = words_kept(plan, _maker(plan, name))
            first = number if known is None else known.first
            open_stays[name, image] = Stay(name, image, base, words, first, number)
    return sorted(open_stays.values(), key=lambda stay: (stay.first, stay.base))


def _maker(plan: Plan, name: str) -> int:
    names = [layer.last.name for layer in plan.layers]
    return IMAGE if name == INPUT else names.index(name)


def _touched(plan: Plan, step: Load | Run) -> Iterator[tuple[str, int, int]]:
    """Tensors that a step writes or reads: name, image, base."""
    if isinstance(step, Load):
        yield INPUT, step.image, step.base
        return
    layer = plan.layers[step.layer]
    for k in range(step.images):
        image = step.image + k
        yield layer.fused.reads, image, step.input_base + k * step.input_pitch
        if layer.layer.skip is not None:
            yield layer.layer.skip, image, step.skip_base + k * step.skip_pitch
        if not layer.last.raw:
            yield layer.last.name, image, step.output_base + k * step.output_pitch
