# SPDX-License-Identifier: Apache-2.0
"""The two differentiable operations that the quantisers are made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor

ClipGradient = Literal["step", "saturated", "none"]
"""How the clip of an activation learns: see `quantize_activation`."""


def quantize_activation(
    x: Tensor,
    alpha: Tensor,
    levels: int,
    *,
    zero: int = 0,
    knee: float = 0.0,
    clip_gradient: ClipGradient = "step",
    gradient_scale: float = 1.0,
) -> Tensor:
    """Clip to the grid of ``levels`` steps and round; returns values, not codes.

    The grid runs from -z to n = levels - z steps of alpha / n each, z = ``zero``; without ReLU's
    clip at 0, z is not 0. Forward, with step = alpha / n, v = x / step (all quantisers alike)::

        q = min(max(floor(v + 1/2), -z), n)            y = q * step

    Backward, with the gate  g(v) = min(max(min(v + z, n - v) / knee + 1/2, 0), 1)::

        dy/dx     = g(v)
        dy/dalpha = gradient_scale * (q - v * g(v)) / n           clip_gradient "step"      (LSQ)
                  = gradient_scale * ([v >= n] - [v <= -z] z/n)   clip_gradient "saturated" (PACT)
                  = 0                                             clip_gradient "none"

    ``knee`` is the width of the gate's two ramps in steps. The gate is the derivative of the hard
    clip smoothed by a box ``knee`` steps wide; ``knee`` 0 is the hard clip, g = [-z < v < n].

    ``x`` and the result are float32 of any shape, ``alpha`` is a positive scalar.
    """
    return _quantize_activation(x, alpha, -zero, levels - zero, knee, clip_gradient, gradient_scale)


class _QuantizeActivation(torch.autograd.Function):
    """Fused so that a step saves one tensor, and makes its passes over pieces that stay in cache.

    Elements meet the same operations in the same order whatever the pieces are.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        alpha: Tensor,
        low: int,
        high: int,
        knee: float,
        clip_gradient: ClipGradient,
        gradient_scale: float,
    ) -> Tensor:
        ctx.save_for_backward(x, alpha)
        ctx.options = (low, high, knee, clip_gradient, gradient_scale)
        step = alpha / high
        y: Tensor
        if x.is_cuda:
            y = _fused(_values)(x, step, low, high)
            return y
        y = torch.empty_like(x)
        for values, results in _pieces(x, y):
            torch.div(values, step, out=results)
            results.add_(0.5).floor_().clamp_(low, high).mul_(step)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, alpha = ctx.saved_tensors
        low, high, knee, clip_gradient, gradient_scale = ctx.options
        if grad.stride() != x.stride():
            grad = torch.empty_like(x).copy_(grad)
        step = alpha / high
        learns = clip_gradient == "step" and ctx.needs_input_grad[1]
        if x.is_cuda and learns:
            grad_x, slope_sum = _fused(_gradients)(x, grad, step, low, high, knee)
            return grad_x, slope_sum * (gradient_scale / high), None, None, None, None, None
        grad_x = torch.empty_like(x)
        slope = torch.empty_like(x) if learns else grad_x
        for values, grads, gate, slopes in _pieces(x, grad, grad_x, slope):
            v = values.div(step)
            if knee > 0:
                # min(v - low, high - v) is half the width less the distance from the middle.
                middle, half = (low + high) / 2, (high - low) / 2
                torch.sub(v, middle, out=gate)
                gate.abs_().neg_().add_(half + knee / 2).div_(knee).clamp_(0, 1)
            else:
                gate.copy_((v > low) & (v < high))
            if learns:
                torch.add(v, 0.5, out=slopes)
                slopes.floor_().clamp_(low, high).sub_(v.mul_(gate))
            gate.mul_(grads)
        grad_alpha = None
        if clip_gradient == "saturated":
            slope = (x >= alpha).to(grad.dtype)
            if low:
                slope.add_((x.div(step) <= low).to(grad.dtype), alpha=low / high)
            grad_alpha = _inner_product(grad, slope) * gradient_scale
        elif learns:
            grad_alpha = _inner_product(grad, slope) * (gradient_scale / high)
        return grad_x, grad_alpha, None, None, None, None, None


def _values(x: Tensor, step: Tensor, low: int, high: int) -> Tensor:
    """The forward formula, for a compiler."""
    return torch.floor(x / step + 0.5).clamp(low, high) * step


def _gradients(
    x: Tensor, grad: Tensor, step: Tensor, low: int, high: int, knee: float
) -> tuple[Tensor, Tensor]:
    """The backward formulas, for a compiler: (grad * dy/dx, sum of grad * (q - v * g(v)))."""
    v = x / step
    if knee > 0:
        gate = ((torch.minimum(v - low, high - v) / knee) + 0.5).clamp(0, 1)
    else:
        gate = ((v > low) & (v < high)).to(v.dtype)
    q = torch.floor(v + 0.5).clamp(low, high)
    return grad * gate, (grad * (q - v * gate)).sum()


@functools.cache
def _fused(formula: Callable[..., Any]) -> Callable[..., Any]:
    """``formula`` as one kernel, or two where it has a sum: on a GPU, passes over memory count."""
    compiled: Callable[..., Any] = torch.compile(formula, dynamic=True)
    return compiled


PIECE = 1 << 18
"""Elements of a piece for each thread: few enough for its cache, enough to be worth sharing out."""


def _pieces(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Views of tensors of one shape that together are all of each, in the same order of elements.

    Where the tensors lie apart in memory, or differently, there is one piece.
    """
    first = tensors[0]
    if any(x.stride() != first.stride() for x in tensors):
        yield tensors
    elif first.is_contiguous():
        yield from _split([x.view(-1) for x in tensors])
    elif first.dim() == 4 and first.is_contiguous(memory_format=torch.channels_last):
        yield from _split([x.permute(0, 2, 3, 1).view(-1) for x in tensors])
    else:
        yield tensors


def _split(flat: list[Tensor]) -> Iterator[tuple[Tensor, ...]]:
    size = PIECE * torch.get_num_threads()
    for start in range(0, flat[0].numel(), size):
        yield tuple(x[start : start + size] for x in flat)


_quantize_activation: Callable[..., Tensor] = _QuantizeActivation.apply


def _inner_product(x: Tensor, y: Tensor) -> Tensor:
    """Sum of x * y; without an intermediate tensor where both lie alike in memory."""
    if x.stride() != y.stride():
        return torch.sum(x * y)
    if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
        x, y = x.permute(0, 2, 3, 1), y.permute(0, 2, 3, 1)
    return torch.dot(x.reshape(-1), y.reshape(-1))


def scale_gradient(x: Tensor, factor: float) -> Tensor:
    """``x`` forward, bit for bit; its gradient is multiplied by ``factor`` on the way back."""
    return _scale_gradient(x, factor)


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad * ctx.factor, None


_scale_gradient: Callable[[Tensor, float], Tensor] = _ScaleGradient.apply


def step_gradient_scale(count: int, levels: int) -> float:
    """LSQ's gradient scale, restated for the clip alpha = levels * step.

    LSQ (Esser et al., arXiv:1902.08153, section 2.2) multiplies the gradient of the *step* by
    g = 1 / sqrt(count * levels), where ``count`` is the number of weights of the layer or of
    features of one image. Gradient descent on alpha moves the step just as LSQ would when the
    gradient of alpha is multiplied by levels^2 * g = levels^1.5 / sqrt(count).
    """
    return float(levels**1.5 / count**0.5)
