# SPDX-License-Identifier: Apache-2.0
"""The two differentiable operations that the quantisers are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ref_model.training.quantizers.compiled import in_one_pass

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
    """One saved tensor, and one pass over memory each way."""

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
        return in_one_pass(_values, x, alpha, low, high)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, alpha = ctx.saved_tensors
        low, high, knee, clip_gradient, gradient_scale = ctx.options
        if grad.stride() != x.stride():
            grad = torch.empty_like(x).copy_(grad)
        learns = clip_gradient if ctx.needs_input_grad[1] else "none"
        grad_x, slope = in_one_pass(_gradients, x, grad, alpha, low, high, knee, learns)
        grad_alpha = None if slope is None else slope * gradient_scale
        return grad_x, grad_alpha, None, None, None, None, None


def _values(x: Tensor, alpha: Tensor, low: int, high: int) -> Tensor:
    """The forward formula."""
    step = alpha / high
    return torch.floor(x / step + 0.5).clamp(low, high) * step


def _gradients(
    x: Tensor,
    grad: Tensor,
    alpha: Tensor,
    low: int,
    high: int,
    knee: float,
    clip_gradient: ClipGradient,
) -> tuple[Tensor, Tensor | None]:
    """The backward formulas: grad * dy/dx, and the sum of grad * dy/dalpha."""
    v = x / (alpha / high)
    if knee > 0:
        gate = (torch.minimum(v - low, high - v) / knee + 0.5).clamp(0, 1)
    else:
        gate = ((v > low) & (v < high)).to(v.dtype)
    if clip_gradient == "none":
        return grad * gate, None
    if clip_gradient == "step":
        slope = (torch.floor(v + 0.5).clamp(low, high) - v * gate) / high
    else:
        slope = (x >= alpha).to(v.dtype)
        if low:
            slope = slope + (v <= low).to(v.dtype) * (low / high)
    return grad * gate, (grad * slope).sum()


_quantize_activation: Callable[..., Tensor] = _QuantizeActivation.apply


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
