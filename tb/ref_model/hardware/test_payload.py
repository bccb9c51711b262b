# SPDX-License-Identifier: Apache-2.0
"""Payloads: every weight at the nibble that the format names, sizes, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ref_model.hardware.blocks import Kernel
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.payload import Payload, PayloadShape, pack_payload, unpack_payload
from ref_model.integer.ranges import CODE_BITS, largest_weight, smallest_weight


@st.composite
def payloads(draw: st.DrawFn) -> tuple[Payload, PayloadShape, CoreConfig]:
    """A payload of any kernel, with channel counts that divide nothing."""
    config = CoreConfig(draw(st.sampled_from([4, 8, 16])), draw(st.sampled_from([4, 8, 16])))
    bits = draw(st.sampled_from(CODE_BITS))
    shape = PayloadShape(
        draw(st.sampled_from(Kernel)), draw(st.integers(1, 20)), draw(st.integers(1, 4)),
        draw(st.integers(1, 5)), draw(st.integers(1, 35)), bits,
    )  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    payload = Payload(
        rng.integers(smallest_weight(bits), largest_weight(bits) + 1, shape.weight_shape()),
        rng.integers(-(2**17), 2**17, shape.outputs),
        rng.integers(-(2**45), 2**45, shape.outputs),
    )
    return payload, shape, config


@settings(max_examples=120, deadline=None)
@given(payloads())
def test_payload_comes_back(case: tuple[Payload, PayloadShape, CoreConfig]) -> None:
    payload, shape, config = case
    data = pack_payload(payload, shape, config)
    assert len(data) == shape.bytes(config)
    assert len(data) % 4 == 0
    back = unpack_payload(data, shape, config)
    np.testing.assert_array_equal(back.weight, payload.weight)
    np.testing.assert_array_equal(back.multiplier, payload.multiplier)
    np.testing.assert_array_equal(back.bias, payload.bias)
    with pytest.raises(ValueError, match="bytes for a payload"):
        unpack_payload(data[:-4], shape, config)


@settings(max_examples=60, deadline=None)
@given(payloads(), st.integers(0, 2**32))
def test_weights_lie_where_the_format_says(
    case: tuple[Payload, PayloadShape, CoreConfig], seed: int
) -> None:
    payload, shape, config = case
    pin, pout, kernel = config.pin, config.pout, shape.kernel
    data = pack_payload(payload, shape, config)
    rng = np.random.default_rng(seed)
    groups_in, pairs = -(-shape.channels // pin), -(-shape.width // 2)
    digits = 2 if shape.weight_bits == 8 else 1
    lanes = 2 * pout if kernel is Kernel.K1X1 else pout
    per_digit = {
        Kernel.K1X1: groups_in, Kernel.K1X3: groups_in, Kernel.K3X3: 3 * groups_in,
        Kernel.FULL: groups_in * shape.height * pairs,
    }[kernel]  # fmt: skip
    planes = 3 if kernel in (Kernel.K1X3, Kernel.K3X3) else 2
    word_bytes = planes * pin * pout // 2
    group_bytes = 8 * lanes + digits * per_digit * word_bytes
    for _ in range(40):
        o, c, y, x = (int(rng.integers(0, size)) for size in payload.weight.shape)
        group, inside = divmod(o, lanes)
        if kernel is Kernel.K1X1:
            plane, word = inside // pout, c // pin
        elif kernel is Kernel.FULL:
            plane, word = 1 - x % 2, (c // pin * shape.height + y) * pairs + x // 2
        else:
            plane, word = 2 - x, y * groups_in + c // pin
        nibble = (plane * pout + inside % pout) * pin + c % pin
        code = 0
        for d in range(digits):
            at = group * group_bytes + 8 * lanes + (d * per_digit + word) * word_bytes + nibble // 2
            code = code * 16 + (data[at] >> 4 * (nibble % 2) & 15)
        assert code - (128 if digits == 2 else 8) == payload.weight[o, c, y, x]
        constant = int.from_bytes(
            data[group * group_bytes + 8 * inside :][:8], "little", signed=True
        )
        assert constant >> 18 == payload.bias[o]
        assert ((constant + 2**17) % 2**18) - 2**17 == (constant & 0x3FFFF ^ 2**17) - 2**17
        assert (constant & 0x3FFFF ^ 2**17) - 2**17 == payload.multiplier[o]


def test_weights_that_do_not_exist_are_the_code_zero() -> None:
    config = CoreConfig(4, 4)
    for bits, byte in ((4, 0x88), (8, None)):
        shape = PayloadShape(Kernel.K3X3, 1, 3, 3, 1, bits)
        zero = Payload(np.zeros((1, 1, 3, 3), int), np.zeros(1, int), np.zeros(1, int))
        words = pack_payload(zero, shape, config)[32:]
        if byte is not None:
            assert set(words) == {byte}
        else:  # 128 = digits 8 and 0
            assert set(words[: len(words) // 2]) == {0x88}
            assert set(words[len(words) // 2 :]) == {0}
