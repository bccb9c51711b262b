# SPDX-License-Identifier: Apache-2.0
"""Coroutines of the credits' bench: expected is a plain sum of puts and reservations."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.support import Dut, is_high, reset, start


class Account:
    """Puts and reservations as the user of the module may make them, counted in Python."""

    def __init__(self, dut: Dut) -> None:
        self.dut = dut
        self.most = (1 << int(dut.WIDTH.value)) - 1
        self.amount = 1
        self.credits = 0

    async def open(self, amount: int) -> None:
        """Reset for reservations of so many credits."""
        self.dut.put.value = self.dut.take.value = 0
        self.dut.two.value = int(amount == 2)
        self.amount, self.credits = amount, 0
        await reset(self.dut)

    async def cycle(self, put: bool, take: bool) -> None:
        """One cycle, without a put past the most credits or a reservation that is not covered."""
        dut = self.dut
        take = take and self.credits >= self.amount
        left = self.credits - (self.amount if take else 0)
        put = put and left < self.most
        dut.put.value, dut.take.value = int(put), int(take)
        await RisingEdge(dut.aclk)
        self.credits = left + put
        enough = self.credits >= self.amount
        assert is_high(dut.next_enough) == enough, f"{self.credits} credits: not {enough}"


async def _open(dut: Dut) -> Account:
    dut.put.value = dut.take.value = dut.two.value = 0
    await start(dut)
    return Account(dut)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_users(dut: Dut) -> None:
    """Producers and consumers of every speed, and resets that change the amount."""
    account = await _open(dut)
    for _ in range(30):
        await account.open(random.choice([1, 2]))
        for _ in range(4):
            often_put, often_take = random.choice([0.1, 0.5, 0.9]), random.choice([0.1, 0.5, 0.9])
            for _ in range(25):
                await account.cycle(random.random() < often_put, random.random() < often_take)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def extremes(dut: Dut) -> None:
    """As many credits as fit, none, and a put with a reservation in every cycle."""
    account = await _open(dut)
    for amount in (1, 2):
        await account.open(amount)
        for put, take in ((True, False), (True, True), (False, True), (True, True)):
            for _ in range(account.most + 3):
                await account.cycle(put, take)
            if put and not take:
                assert account.credits == account.most
            if take and not put:
                assert account.credits < amount
