# SPDX-License-Identifier: Apache-2.0
"""Run an integer network on images and return every tensor; classify; evaluate a test set."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from ref_model.integer.arithmetic import (
    convolve_int64,
    max_pool,
    scale_and_add,
    shift_and_clamp,
)
from ref_model.integer.bounds import accumulator_range
from ref_model.integer.convolution import Convolution
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork, NetworkError
from ref_model.integer.ranges import largest_activation
from ref_model.integer.stem import stem_channels

Tensor = npt.NDArray[Any]
"""uint8 codes (N, C, H, W); int64 for the result of the raw layer."""

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""

BATCH = 8
"""Images that one worker runs at a time: few enough for a layer's numbers to stay in the cache."""

T = TypeVar("T")


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: ``predictions`` int64 (N,), the classes; ``correct`` of ``images``."""

    predictions: npt.NDArray[np.int64]
    correct: int
    images: int

    @property
    def accuracy(self) -> float:
        """Correct predictions in percent."""
        return 100.0 * self.correct / self.images


def run_network(
    network: IntegerNetwork,
    images: npt.ArrayLike,
    judge: bool = False,
    workers: int | None = None,
) -> dict[str, Tensor]:
    """Run ``images`` through ``network``; every tensor by name, in order, each (N, C, H, W).

    ``images`` are codes (N, C, H, W), or (C, H, W) for one image (N = 1). The result starts with
    "input" and has one entry a layer: uint8 codes after pooling, int64 for the raw last layer.
    ``judge`` computes every convolution by plain int64 sums. Batches run on ``workers`` threads, as
    in `evaluate`. Raises NetworkError when the images have another shape or codes outside the
    input's grid.
    """
    checked = check_images(network, images)
    parts = list(_in_batches(lambda batch: _tensors(network, batch, judge), checked, workers))
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _tensors(network: IntegerNetwork, images: Tensor, judge: bool) -> dict[str, Tensor]:
    """`run_network` for checked images, all at a time."""
    tensors = {INPUT: images}
    for layer, source in zip(network.layers, network.sources(), strict=True):
        skip = None if layer.skip is None else tensors[layer.skip]
        tensors[layer.name] = run_layer(layer, tensors[source], skip, judge)
    return tensors


def run_layer(
    layer: IntegerLayer, codes: Tensor, skip: Tensor | None = None, judge: bool = False
) -> Tensor:
    """Output of one layer for input ``codes`` (N, C, H, W); see `run_network`."""
    scaled = scale_and_add(
        accumulate(layer, codes, judge), layer.multiplier, layer.bias, skip, layer.skip_multiplier
    )
    if layer.output_bits is None:
        return scaled
    result = shift_and_clamp(scaled, layer.shift, layer.output_bits)
    return max_pool(result, layer.pool)


def accumulate(layer: IntegerLayer, codes: Tensor, judge: bool = False) -> Tensor:
    """Exact accumulators (N, O, Ho, Wo) of a layer: whole numbers, int64 when ``judge`` is set."""
    geometry = (layer.stride, layer.padding, layer.groups)
    if judge:
        return convolve_int64(codes, layer.weight, *geometry)
    convolution = _CONVOLUTIONS.get(layer)
    if convolution is None:
        bound = accumulator_range(layer).magnitude
        convolution = _CONVOLUTIONS[layer] = Convolution(layer.weight, bound, *geometry)
    return convolution(codes)


_CONVOLUTIONS: WeakKeyDictionary[IntegerLayer, Convolution] = WeakKeyDictionary()
"""Prepared weights of every layer in use; a layer never changes."""


def predict(network: IntegerNetwork, images: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Class of every image, int64 (N,): the largest result, the lowest index on a tie."""
    if network.output_shapes()[-1][1:] != (1, 1):
        raise NetworkError(f"network {network.name}: its result is a map, not one number a class")
    kept: dict[str, Tensor] = {INPUT: check_images(network, images)}
    sources = network.sources()
    for index, (layer, source) in enumerate(zip(network.layers, sources, strict=True)):
        skip = None if layer.skip is None else kept[layer.skip]
        kept[layer.name] = run_layer(layer, kept[source], skip)
        needed = {*sources[index + 1 :], *(later.skip for later in network.layers[index + 1 :])}
        kept = {name: x for name, x in kept.items() if name in needed or name == layer.name}
    result = kept[network.layers[-1].name]
    classes: npt.NDArray[np.int64] = result.reshape(len(result), -1).argmax(axis=1)
    return classes


def evaluate(
    network: IntegerNetwork,
    images: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    progress: Progress | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Classify ``images`` (N, C, H, W) and count how many classes equal ``labels`` (N,).

    Batches run on ``workers`` threads (one a processor by default); how many changes nothing else.
    """
    if len(images) != len(labels) or len(images) == 0:
        raise NetworkError(f"{len(images)} images and {len(labels)} labels to evaluate")
    predictions = np.empty(len(images), np.int64)
    done = 0
    for part in _in_batches(lambda batch: predict(network, batch), images, workers):
        predictions[done : done + len(part)] = part
        done += len(part)
        if progress is not None:
            progress(done, len(images))
    return Evaluation(predictions, int((predictions == labels).sum()), len(images))


def check_images(network: IntegerNetwork, images: npt.ArrayLike) -> Tensor:
    """``images`` as the first layer reads them, uint8 (N, C, H, W).

    For a network with a ``stem`` that is what `stem_channels` makes of them; what is made already
    is taken, too. Raises NetworkError when they do not fit the network's input.
    """
    array = np.asarray(images)
    if array.ndim == 3:
        array = array[None]
    if network.stem and array.ndim == 4 and array.shape[1:] == network.image_shape:
        array = stem_channels(array)
    if array.dtype.kind == "f" and array.size:
        most = largest_activation(network.input_bits)
        raise NetworkError(
            f"network {network.name} takes integer images, codes from 0 to {most}, not "
            f"{array.dtype} from {array.min():.3g} to {array.max():.3g}: "
            + advice_for_floats(network, array)
        )
    if array.dtype.kind not in "iu" or array.ndim != 4 or array.shape[1:] != network.input_shape:
        raise NetworkError(
            f"network {network.name} takes integer images of shape (N, "
            f"{', '.join(map(str, network.image_shape))}), not {array.dtype} {array.shape}"
        )
    largest = largest_activation(network.input_bits)
    if array.size and (array.min() < 0 or array.max() > largest):
        raise NetworkError(
            f"network {network.name}: codes {array.min()}..{array.max()} in the images, "
            f"but its input has {network.input_bits} bits"
        )
    return array.astype(np.uint8, copy=False)


def advice_for_floats(network: IntegerNetwork, images: Tensor) -> str:
    """What to do with images of floats, by what they are."""
    largest = largest_activation(network.input_bits)
    if not np.isfinite(images).all():
        return "some are not finite"
    if images.min() >= 0 and images.max() <= 1:
        return f"of pictures in [0, 1] give numpy.floor(images * {largest} + 0.5).astype('uint8')"
    if images.min() >= 0 and images.max() <= largest:
        return "of codes give images.astype('uint8')"
    return f"undo what was done to the pictures (x * std + mean) and give codes, 0 to {largest}"


def _in_batches(
    function: Callable[[Tensor], T], images: Tensor, workers: int | None
) -> Iterator[T]:
    """``function`` of every batch of ``images``, in order; one call for no images.

    Matrix products run on one thread each: threads of their own would wait for each other, and on a
    busy machine for long.
    """
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)] or [images]
    workers = min(workers or os.cpu_count() or 1, len(batches))
    with _thread_pools().limit(limits=1, user_api="blas"):
        if workers == 1:
            yield from map(function, batches)
            return
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(function, batches)


@functools.cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()
