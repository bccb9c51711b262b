# SPDX-License-Identifier: Apache-2.0
"""Batches of augmented images, the same for every run with the same seed.

The order, the shifts and the flips of an epoch are a function of (seed, epoch) alone, so a run that
was cut off continues with exactly the batches it would have seen.
Flips alternate: each image is mirrored in every second epoch, starting with a random half of them
(K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv:2404.00498, section 3.6).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ref_model.datasets import Images
from ref_model.training.device import CPU


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 pixels (N, C, H, W) -> float32 in [0, 1] (x / 255), channels-last in memory.

    There is no mean subtraction, so zero padding means black in the float and the integer network.
    """
    return pixels.to(torch.float32).div_(255.0).contiguous(memory_format=torch.channels_last)


class Batches:
    """Training batches: random order, shift by up to ``shift`` pixels, alternating flip.

    ``share`` selects the images of each batch that are wanted, where processes share them. Images
    and labels lie on ``device``, and so do the batches; chance comes from the processor, so that
    they are the same on every device.
    """

    def __init__(
        self,
        images: Images,
        batch: int,
        shift: int,
        seed: int,
        share: slice = slice(None),
        device: torch.device = CPU,
    ) -> None:
        self._device = device
        self._labels = torch.from_numpy(images.labels).to(device)
        self._batch = batch
        self._share = share
        self._seed = seed
        self._span = 2 * shift + 1
        height, width = images.pixels.shape[2:]
        border = ((0, 0), (0, 0), (shift, shift), (shift, shift))
        padded = torch.from_numpy(np.pad(images.pixels, border, mode="reflect")).to(device)
        # A view (N, C, dy, dx, H, W): every shifted window of every image, nothing copied.
        self._windows = padded.unfold(2, height, 1).unfold(3, width, 1)
        start = torch.Generator().manual_seed(seed)
        self._mirror = torch.randint(0, 2, (len(images),), generator=start).to(device)

    def __len__(self) -> int:
        """Steps of an epoch; images left over by whole batches are left out of this epoch."""
        return len(self._labels) // self._batch

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (images uint8 (B, C, H, W), labels int64 (B,)) from step ``first_step`` on."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + epoch + 1)
        count = len(self._labels)
        order = torch.randperm(count, generator=generator).to(self._device)
        down = torch.randint(0, self._span, (count,), generator=generator).to(self._device)
        right = torch.randint(0, self._span, (count,), generator=generator).to(self._device)
        for step in range(first_step, len(self)):
            index = order[step * self._batch : (step + 1) * self._batch][self._share]
            images = self._windows[index, :, down[index], right[index]]
            mirror = (self._mirror[index] + epoch) % 2 == 1
            images = torch.where(mirror[:, None, None, None], images.flip(-1), images)
            yield images, self._labels[index]
