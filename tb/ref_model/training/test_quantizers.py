# SPDX-License-Identifier: Apache-2.0
"""Grids, gradients and starting points of the quantisers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the quantisers are PyTorch modules")

import torch

from ref_model.integer.requantisation import round_half_up
from ref_model.training.quantizers import (
    BITS,
    QUANTIZERS,
    Scheme,
    activation_levels,
    compiled,
    functional,
    weight_levels,
)
from ref_model.training.quantizers.base import best_clip
from ref_model.training.quantizers.functional import (
    quantize_activation,
    scale_gradient,
    step_gradient_scale,
)
from ref_model.training.quantizers.lsfq import LsfqActivation, LsfqWeight
from ref_model.training.rounding import round_half_up_tensor, round_straight_through

SCHEMES = [Scheme(name) for name in QUANTIZERS] + [Scheme("lsfq", soft=False)]
BY_SCHEME = pytest.mark.parametrize(
    "scheme", SCHEMES, ids=lambda s: s.name + ("" if s.soft else " hard")
)


def test_ties_go_up_where_library_rounding_goes_to_even() -> None:
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    expected = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    assert round_half_up(ties).tolist() == expected
    assert round_half_up_tensor(torch.tensor(ties)).tolist() == expected
    assert round_straight_through(torch.tensor(ties)).tolist() == expected


def test_levels() -> None:
    assert [weight_levels(b) for b in BITS] == [1, 3, 7, 127]
    assert [activation_levels(b) for b in BITS] == [3, 7, 15, 255]
    for bits in (0, 1, 5, 16):
        with pytest.raises(ValueError, match="not supported"):
            weight_levels(bits)


def test_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="lsfq"):
        Scheme("lsfk")


@BY_SCHEME
@pytest.mark.parametrize("bits", BITS)
def test_weights_lie_on_the_narrow_grid_and_export_agrees(scheme: Scheme, bits: int) -> None:
    torch.manual_seed(bits)
    quantizer = scheme.weight(bits)
    weight = quantizer.initialise(torch.randn(16, 8, 3, 3) * 0.1)
    values = quantizer(weight)
    codes, step = quantizer.integer(weight.double().numpy())
    assert codes.min() >= -quantizer.levels
    assert codes.max() <= quantizer.levels
    assert len(np.unique(codes)) > (2 if bits == 2 else quantizer.levels // 2)
    np.testing.assert_allclose(values.detach().numpy(), codes * step, rtol=2e-6, atol=1e-7)
    assert float(quantizer.step(weight).detach()) == pytest.approx(step, rel=1e-6)


@BY_SCHEME
@given(seed=st.integers(0, 10**6), bits=st.sampled_from(BITS), scale=st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_weight_codes_are_odd_and_monotone(
    scheme: Scheme, seed: int, bits: int, scale: float
) -> None:
    """Codes grow with the weight; a weight and its negative get opposite codes (ties aside)."""
    torch.manual_seed(seed)
    quantizer = scheme.weight(bits)
    weight = quantizer.initialise(torch.randn(4, 4, 3, 3) * scale)
    ordered = np.sort(weight.double().numpy().ravel())
    codes, _ = quantizer.integer(ordered)
    mirrored, _ = quantizer.integer(-ordered)
    assert (np.diff(codes) >= 0).all()
    assert (codes == -mirrored).all()


@BY_SCHEME
@given(
    bits=st.sampled_from(BITS),
    alpha=st.floats(0.05, 50),
    x=st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30),
)
@settings(max_examples=40, deadline=None)
def test_activations_are_the_nearest_value_of_the_grid(
    scheme: Scheme, bits: int, alpha: float, x: list[float]
) -> None:
    quantizer = scheme.activation(bits)
    with torch.no_grad():
        quantizer.alpha.fill_(alpha)
    values = quantizer(torch.tensor([x]))[0].detach().double().numpy()
    step = quantizer.integer_step()
    codes = values / step
    np.testing.assert_allclose(codes, np.floor(codes + 0.5), atol=1e-4)
    clipped = np.clip(np.array(x), 0, step * quantizer.levels)
    assert (np.abs(values - clipped) <= step * 0.5001).all()
    assert float(quantizer.step().detach()) == pytest.approx(step, rel=1e-6)


@pytest.mark.parametrize("soft", [True, False])
def test_weight_gradients_have_the_documented_form(soft: bool) -> None:
    quantizer = LsfqWeight(4, soft=soft)
    with torch.no_grad():
        quantizer.alpha.fill_(0.7)
    weight = torch.linspace(-2, 2, 80, requires_grad=True)
    upstream = torch.randn(80, generator=torch.Generator().manual_seed(1))
    torch.autograd.backward(quantizer(weight), upstream)
    u = weight.detach().double() / 0.7
    clipped = torch.tanh(u) if soft else u.clamp(-1, 1)
    slope = 1 - clipped**2 if soft else (u.abs() <= 1).double()
    code = torch.floor(7 * clipped + 0.5)
    expected = (upstream * (code / 7 - u * slope)).sum() * step_gradient_scale(80, 7)
    assert weight.grad is not None
    assert quantizer.alpha.grad is not None
    torch.testing.assert_close(
        weight.grad.double(), upstream.double() * slope, atol=1e-5, rtol=1e-4
    )
    assert float(quantizer.alpha.grad) == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("soft", [True, False])
def test_channel_clips_learn_from_their_own_channel(soft: bool) -> None:
    """The documented gradient, channel by channel; N is the number of weights of one."""
    quantizer = LsfqWeight(4, soft=soft, channels=3)
    alpha = torch.tensor([0.2, 0.7, 3.0])
    with torch.no_grad():
        quantizer.alpha.copy_(alpha)
    weight = torch.linspace(-2, 2, 72).reshape(3, 4, 3, 2).requires_grad_()
    upstream = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    torch.autograd.backward(quantizer(weight), upstream)
    assert weight.grad is not None
    assert quantizer.alpha.grad is not None
    for channel, clip in enumerate(alpha.double()):
        u = weight.detach()[channel].double() / clip
        clipped = torch.tanh(u) if soft else u.clamp(-1, 1)
        slope = 1 - clipped**2 if soft else (u.abs() <= 1).double()
        terms = upstream[channel] * (torch.floor(7 * clipped + 0.5) / 7 - u * slope)
        expected = float(terms.sum()) * 7**1.5 / math.sqrt(24)
        assert float(quantizer.alpha.grad[channel]) == pytest.approx(expected, rel=1e-4)
        torch.testing.assert_close(
            weight.grad[channel].double(), upstream[channel].double() * slope, atol=1e-5, rtol=1e-4
        )


@BY_SCHEME
@pytest.mark.parametrize("bits", BITS)
def test_every_channel_is_a_layer_of_its_own(scheme: Scheme, bits: int) -> None:
    """Start, values, codes, steps and gradients of a channel are those of a layer that holds it."""
    torch.manual_seed(bits)
    start = torch.randn(6, 5, 3, 3) * torch.logspace(-3, 1, 6)[:, None, None, None]
    upstream = torch.randn(start.shape)
    together = replace(scheme, weight_clips="channel").weight(bits, 6)
    weight = together.initialise(start).requires_grad_()
    values = together(weight)
    torch.autograd.backward(values, upstream)
    codes, steps = together.integer(weight.detach().double().numpy())
    assert [len(x) for x in (together.alpha, together.step(weight), steps)] == [6, 6, 6]
    assert weight.grad is not None
    for channel in range(6):
        alone = scheme.weight(bits)
        own = alone.initialise(start[channel : channel + 1]).requires_grad_()
        torch.testing.assert_close(own[0], weight[channel])
        torch.testing.assert_close(alone(own)[0], values[channel])
        torch.autograd.backward(alone(own), upstream[channel : channel + 1])
        own_codes, own_step = alone.integer(own.detach().double().numpy())
        assert (own_codes[0] == codes[channel]).all()
        assert own_step == steps[channel]
        assert float(alone.step(own).detach()) == float(together.step(weight).detach()[channel])
        assert own.grad is not None
        torch.testing.assert_close(weight.grad[channel], own.grad[0])
        if alone.alpha.requires_grad:
            assert together.alpha.grad is not None
            torch.testing.assert_close(together.alpha.grad[channel], alone.alpha.grad)


@BY_SCHEME
def test_a_channel_without_weights_stays_without_them(scheme: Scheme) -> None:
    quantizer = replace(scheme, weight_clips="channel").weight(4, 2)
    weight = quantizer.initialise(torch.stack([torch.zeros(3, 3, 3), torch.randn(3, 3, 3)]))
    values = quantizer(weight.requires_grad_())
    values.sum().backward()
    codes, _ = quantizer.integer(weight.detach().double().numpy())
    assert not values[0].any()
    assert not codes[0].any()
    assert values[1].any()
    assert weight.grad is not None
    assert torch.isfinite(weight.grad).all()


def test_layers_that_do_not_name_their_channels_share_one_clip() -> None:
    scheme = Scheme(weight_clips="channel")
    assert scheme.weight(4, 5).alpha.shape == (5,)
    assert scheme.weight(4).alpha.shape == Scheme().weight(4, 5).alpha.shape == ()
    with pytest.raises(ValueError, match="choose one of"):
        Scheme(weight_clips="group")


@pytest.mark.parametrize("soft", [True, False])
def test_weight_gradient_is_that_of_the_unrounded_clip(soft: bool) -> None:
    """Finite differences of alpha * softclip(w / alpha) in float64, away from the corners."""
    quantizer = LsfqWeight(4, soft=soft).double()
    with torch.no_grad():
        quantizer.alpha.fill_(0.7)
    weight = torch.tensor([-1.9, -0.4, 0.03, 0.31, 0.69, 1.2], dtype=torch.float64)
    weight.requires_grad_(True)
    torch.autograd.backward(quantizer(weight).sum())

    def smooth(w: torch.Tensor) -> torch.Tensor:
        return 0.7 * (torch.tanh(w / 0.7) if soft else (w / 0.7).clamp(-1, 1))

    point = weight.detach()
    numeric = (smooth(point + 1e-6) - smooth(point - 1e-6)) / 2e-6
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, numeric, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("zero", [0, 8])
@pytest.mark.parametrize("knee", [0.0, 1.0, 3.0])
def test_activation_gradients_have_the_documented_form(knee: float, zero: int) -> None:
    high = 15 - zero
    alpha = torch.tensor(0.1 * high, requires_grad=True)
    x = torch.linspace(-1.013, 3.017, 301, requires_grad=True)
    upstream = torch.randn(301, generator=torch.Generator().manual_seed(2))
    y = quantize_activation(x, alpha, 15, zero=zero, knee=knee, gradient_scale=0.25)
    torch.autograd.backward(y, upstream)
    v = x.detach().double() / 0.1
    if knee:
        gate = (torch.minimum(v + zero, high - v) / knee + 0.5).clamp(0, 1)
    else:
        gate = ((v > -zero) & (v < high)).double()
    q = torch.floor(v + 0.5).clamp(-zero, high)
    assert x.grad is not None
    assert alpha.grad is not None
    torch.testing.assert_close(x.grad.double(), upstream.double() * gate, atol=2e-4, rtol=1e-3)
    expected = float((upstream * (q - v * gate)).sum()) * 0.25 / high
    assert float(alpha.grad) == pytest.approx(expected, rel=2e-3)


def test_soft_gate_is_the_derivative_of_the_box_smoothed_clip() -> None:
    """Finite differences of the hard clip averaged over a window of one step."""
    alpha = torch.tensor(1.5)
    x = torch.linspace(-0.4, 1.9, 47, dtype=torch.float64, requires_grad=True)
    torch.autograd.backward(quantize_activation(x, alpha, 15, knee=1.0).sum())

    window = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000 * 0.1 - 0.05

    def smoothed(at: torch.Tensor) -> torch.Tensor:
        return (at[:, None] + window).clamp(0, 1.5).mean(1)

    point = x.detach()
    numeric = (smoothed(point + 1e-4) - smoothed(point - 1e-4)) / 2e-4
    assert x.grad is not None
    torch.testing.assert_close(x.grad, numeric, atol=2e-3, rtol=0)


def test_pact_clip_learns_from_saturated_inputs_alone() -> None:
    quantizer = Scheme("pact").activation(4)
    x = torch.tensor([[-1.0, 0.3, 0.99, 1.0, 1.7, 5.0]])
    quantizer(x).backward(torch.tensor([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]]))
    assert quantizer.alpha.grad is not None
    assert float(quantizer.alpha.grad) == 8 + 16 + 32
    assert quantizer.decays


def test_pact_clip_of_a_signed_tensor_learns_from_both_ends() -> None:
    quantizer = Scheme("pact").activation(4, signed=True)
    x = torch.tensor([[-5.0, -1.2, -1.1, 0.3, 0.99, 1.0, 5.0]])
    upstream = torch.tensor([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]])
    quantizer(x).backward(upstream)
    assert quantizer.alpha.grad is not None
    assert float(quantizer.alpha.grad) == pytest.approx(32 + 64 - (1 + 2) * 8 / 7)


@BY_SCHEME
def test_signed_grids_hold_every_code_and_an_exact_zero(scheme: Scheme) -> None:
    for bits in BITS:
        quantizer = scheme.activation(bits, signed=True)
        x = torch.linspace(-11, 9, 4001)[None]
        quantizer.calibrate(x[x > -9][None])
        with torch.no_grad():
            codes = quantizer(x) / quantizer.step() + quantizer.zero
        assert quantizer.zero == 2 ** (bits - 1)
        assert sorted({round(c, 3) for c in codes.flatten().tolist()}) == list(range(2**bits))
        assert not quantizer(torch.zeros(1, 1)).any()


def test_best_clip_of_signed_values_finds_the_grid_they_lie_on() -> None:
    codes = torch.arange(-8, 8).repeat(5)
    assert best_clip(codes * 0.3, 15, 8) == pytest.approx(0.3 * 7)
    assert best_clip(-codes.abs() * 0.3, 15, 8) == pytest.approx(0.3 * 7)
    assert best_clip(torch.zeros(9), 15, 8) == 1.0


def test_dorefa_and_fixed_clips_learn_nothing() -> None:
    for quantizer in (
        Scheme("dorefa").activation(4),
        Scheme("lsfq", learned=False).activation(4),
        Scheme("pact", learned=False).activation(4),
    ):
        x = torch.randn(2, 5, requires_grad=True)
        quantizer(x).sum().backward()
        assert quantizer.alpha.grad is None
        assert x.grad is not None


def test_gradient_layout_does_not_matter() -> None:
    """Channels-last and contiguous tensors give the same clip gradient."""
    x = torch.randn(2, 3, 4, 5)
    upstream = torch.randn(2, 3, 4, 5)
    grads = []
    for layout in (torch.contiguous_format, torch.channels_last):
        for other in (torch.contiguous_format, torch.channels_last):
            quantizer = LsfqActivation(4)
            quantizer(x.contiguous(memory_format=layout)).backward(
                upstream.contiguous(memory_format=other)
            )
            assert quantizer.alpha.grad is not None
            grads.append(float(quantizer.alpha.grad))
    assert grads == pytest.approx([grads[0]] * 4, rel=1e-5)


Results = tuple[torch.Tensor | None, ...]


def quantised(clip_gradient: functional.ClipGradient, zero: int, knee: float) -> Results:
    """Values and gradients of one large tensor, channels-last in memory."""
    torch.manual_seed(0)
    shape = (2, 65, 63, 64)
    x, grad = (2 * torch.randn(shape).to(memory_format=torch.channels_last) for _ in "xy")
    x.requires_grad_()
    alpha = torch.tensor(1.7, requires_grad=True)
    y = quantize_activation(x, alpha, 15, zero=zero, knee=knee, clip_gradient=clip_gradient)
    torch.autograd.backward(y, grad)
    return y.detach(), x.grad, alpha.grad


@pytest.mark.parametrize("knee", [0.0, 1.0])
@pytest.mark.parametrize("zero", [0, 8])
@pytest.mark.parametrize("clip_gradient", ["step", "saturated", "none"])
def test_compiled_formulas_give_what_is_written(
    clip_gradient: functional.ClipGradient,
    zero: int,
    knee: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = quantised(clip_gradient, zero, knee)
    assert ours[0] is not None
    assert ours[0].numel() >= compiled.LARGE
    assert not compiled._missing, "no compiler here: nothing was compared"
    monkeypatch.setattr(compiled, "LARGE", 1 << 30)
    for found, wanted in zip(ours, quantised(clip_gradient, zero, knee), strict=True):
        if wanted is None:
            assert found is None
            assert clip_gradient == "none"
        else:
            # A sum of half a million terms of both signs, in another order.
            torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-5)
    assert ours[0].is_contiguous(memory_format=torch.channels_last)


def test_without_a_compiler_the_formulas_run_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = quantised("step", 0, 1.0)
    asked = []

    def absent(formula: object) -> object:
        asked.append(formula)
        raise RuntimeError("no g++\nand more")

    monkeypatch.setattr(compiled, "_compiled", absent)
    monkeypatch.setattr(compiled, "_missing", [])
    with pytest.warns(UserWarning, match="could not compile its formulas \\(no g\\+\\+\\)"):
        found = quantised("step", 0, 1.0)
    assert len(asked) == 1, "a compiler that failed is not asked again"
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_scale_gradient_keeps_the_value() -> None:
    x = torch.tensor(0.1, requires_grad=True)
    y = scale_gradient(x, 0.25)
    torch.autograd.backward(y)
    assert float(y.detach()) == float(x.detach())
    assert x.grad is not None
    assert float(x.grad) == 0.25


def test_gradient_scale_moves_the_step_as_lsq_does() -> None:
    """One step of gradient descent on alpha = n * step, against LSQ's on the step itself."""
    count, levels, rate, slope = 1000, 7, 0.1, 3.0
    lsq_move = rate * slope / math.sqrt(count * levels)
    alpha_move = rate * step_gradient_scale(count, levels) * slope / levels
    assert alpha_move / levels == pytest.approx(lsq_move)


def test_best_clip_beats_its_neighbours() -> None:
    values = torch.randn(5000, generator=torch.Generator().manual_seed(3)).abs()
    best = best_clip(values, 7)

    def error(clip: float) -> float:
        step = clip / 7
        quantised = (values / step + 0.5).floor().clamp_max(7) * step
        return float((quantised - values).square().sum())

    assert error(best) <= min(error(best * 0.9), error(best * 1.1), error(float(values.max())))
    assert best_clip(torch.zeros(10), 7) == 1.0


def test_soft_clip_start_reproduces_the_hard_clipped_weights() -> None:
    torch.manual_seed(0)
    weight = torch.randn(32, 16, 3, 3) * 0.05
    soft, hard = LsfqWeight(4), LsfqWeight(4, soft=False)
    soft_codes, _ = soft.integer(soft.initialise(weight).double().numpy())
    hard_codes, _ = hard.integer(hard.initialise(weight).double().numpy())
    assert (soft_codes != hard_codes).mean() < 1e-3
