"""Merchants who keep paying while the system is being killed: each request is sent, under its key, until answered."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, eventually, merchant_of
from tests.support.shopper import Shopper, next_step

SHOPPERS = 12
STEPS_MAX = 4
APPROVED_CARDS = ("tok_visa", "tok_mastercard", "tok_amex")
TROUBLED_CARDS = (
    "tok_declined",
    "tok_insufficient_funds",
    "tok_error_5xx",
    "tok_timeout",
    "tok_slow",
    "tok_capture_timeout",
    "tok_capture_declined",
    "tok_refund_timeout",
    "tok_refund_declined",
)
CURRENCIES = ("EUR", "USD", "JPY", "KWD", "INR")


class Load:
    """Shoppers of one merchant, each with payments of its own, chosen by a seeded generator."""

    def __init__(self, merchant: Merchant, seed: int) -> None:
        self._seed = seed
        self._numbers = itertools.count(1)
        self._open = True
        self.shopper = Shopper(merchant)

    async def until(self, payments: int) -> None:
        """Until so many requests more have been answered: the load has come (back) to speed."""
        goal = len(self.shopper.told) + payments

        async def answered() -> bool:
            return len(self.shopper.told) >= goal

        await eventually(answered, f"{payments} more answers")

    def close(self) -> None:
        """Nothing new is asked for; what was asked for is asked again until it is answered."""
        self._open = False

    async def shop(self, number: int) -> None:
        choose = random.Random(f"{self._seed}/{number}")
        while self._open:
            await self._buy(choose)

    async def _buy(self, choose: random.Random) -> None:
        number = next(self._numbers)
        manual = choose.random() < 0.6
        body = {
            "customer_id": f"customer-{number}",
            "amount": choose.randint(100, 100_000),
            "currency": choose.choice(CURRENCIES),
            "payment_method": {"type": "card", "token": choose.choice((*APPROVED_CARDS * 3, *TROUBLED_CARDS))},
            "capture_method": "manual" if manual else "automatic",
            "confirm": True,
        }
        reply = await self.shopper.ask("/v1/payment_intents", body, f"{number}-pay")
        payment = await self.shopper.settled(reply.json["payment_id"])
        for step in range(1, STEPS_MAX + 1):
            chosen = next_step(payment, choose)
            if chosen is None or not self._open:
                return
            verb, asked = chosen
            await self.shopper.ask(f"/v1/payments/{payment['payment_id']}/{verb}", asked, f"{number}-{step}")
            payment = await self.shopper.settled(payment["payment_id"])


@asynccontextmanager
async def shopping(stack: Stack, seed: int) -> AsyncIterator[Load]:
    """Shoppers at work for as long as the block; at its end each has the outcome of what it last asked for."""
    print(f"load seed {seed}")
    async with merchant_of(stack) as merchant:
        load = Load(merchant, seed)
        shoppers = [asyncio.create_task(load.shop(number)) for number in range(SHOPPERS)]
        try:
            yield load
            load.close()
            await asyncio.gather(*shoppers)
        finally:
            for shopper in shoppers:
                shopper.cancel()
            await asyncio.gather(*shoppers, return_exceptions=True)
        assert await load.shopper.answers_that_changed() == []
