# SPDX-License-Identifier: Apache-2.0
"""BatchNorm over a batch that is split among processes.

`torch.nn.SyncBatchNorm` does this on GPUs only. Here every process holds the same number of images
of one joint batch, and each normalises its share with the statistics of all shares.

With N elements a channel in the joint batch, xhat = (x - mean) / sqrt(var + eps), and sums over the
joint batch, the gradient of the sum of all processes' losses is::

    dx     = gamma / sqrt(var + eps) * (dy - sum(dy) / N - xhat * sum(dy * xhat) / N)
    dgamma = sum(dy * xhat)        dbeta = sum(dy)        over this process's share alone

so parameters' gradients, averaged over the processes like all others, are those of the mean loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class JointBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d`; while ``joint`` is set, training statistics are those of all processes.

    ``joint`` needs a process group in which every process calls this layer with as many elements.
    Parameters, buffers and their names are those of `nn.BatchNorm2d`.
    """

    joint = False

    def forward(self, x: Tensor) -> Tensor:
        if not (self.joint and self.training):
            return super().forward(x)
        mean, var = joint_statistics(x.detach())
        count = x.numel() // x.shape[1] * dist.get_world_size()
        self._follow(mean, var * (count / (count - 1)))
        return _normalise(x, self.weight, self.bias, mean, var, self.eps, count)

    @torch.no_grad()
    def _follow(self, mean: Tensor, unbiased: Tensor) -> None:
        """Move the running statistics towards those of a batch, as `nn.BatchNorm2d` does."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(unbiased, self.momentum)


@contextmanager
def joint_batches(network: nn.Module) -> Iterator[None]:
    """Within: the BatchNorm layers of ``network`` see the joint batch of all processes."""
    norms = [module for module in network.modules() if isinstance(module, JointBatchNorm2d)]
    for norm in norms:
        norm.joint = True
    try:
        yield
    finally:
        for norm in norms:
            norm.joint = False


@torch.no_grad()
def joint_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """(mean, variance over N) of each channel of all processes' ``x`` (B, C, H, W), both (C,).

    Every process adds the same numbers in the same order, so all get the same bits.
    """
    var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    mine = torch.stack([mean, var])
    shares = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(shares, mine)
    means, variances = torch.stack(shares).unbind(1)
    mean = means.mean(0)
    return mean, variances.mean(0) + (means - mean).square().mean(0)


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        eps: float,
        count: int,
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, var)
        ctx.options = (eps, count)
        return nn.functional.batch_norm(x, mean, var, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, var = ctx.saved_tensors
        eps, count = ctx.options
        # With the statistics given: this share's sums, and dy * gamma / sqrt(var + eps).
        grad_x, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, mean, var, None, None, False, eps, [True, True, True]
        )
        sums = torch.stack([grad_weight, grad_bias])
        dist.all_reduce(sums)
        inverse = torch.rsqrt(var + eps)
        slope = -sums[0] * weight * inverse.square() / count
        offset = -sums[1] * weight * inverse / count - slope * mean
        grad_x.addcmul_(x, slope[:, None, None]).add_(offset[:, None, None])
        return grad_x, grad_weight, grad_bias, None, None, None, None


_normalise: Callable[..., Tensor] = _Normalise.apply
