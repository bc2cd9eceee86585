"""Merchants who keep paying while the system is being killed: each request is sent, under its key, until answered."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from interfaces.stack import Stack
from tests.support.running import Merchant, Reply, eventually, merchant_of

SHOPPERS = 12
STEPS_MAX = 4
PAUSE_S = 0.1
ATTEMPT_WITHIN_S = 6.0
"""Longer than the system may take to say no; past it the shopper hangs up and asks again."""
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


class Told(NamedTuple):
    """A request and what the merchant was told: from then on the system is bound to it."""

    path: str
    body: dict[str, Any]
    key: str
    reply: Reply


class Load:
    """Shoppers of one merchant, each with payments of its own, chosen by a seeded generator."""

    def __init__(self, merchant: Merchant, seed: int) -> None:
        self._merchant = merchant
        self._seed = seed
        self._numbers = itertools.count(1)
        self._open = True
        self.told: list[Told] = []

    async def until(self, payments: int) -> None:
        """Until so many requests more have been answered: the load has come (back) to speed."""
        goal = len(self.told) + payments

        async def answered() -> bool:
            return len(self.told) >= goal

        await eventually(answered, f"{payments} more answers")

    def close(self) -> None:
        """Nothing new is asked for; what was asked for is asked again until it is answered."""
        self._open = False

    async def shop(self, shopper: int) -> None:
        choose = random.Random(f"{self._seed}/{shopper}")
        while self._open:
            await self._buy(choose)

    async def ask(self, path: str, body: dict[str, Any], key: str) -> Reply:
        """Send until there is an answer, through outages and requests to come back."""
        while True:
            try:
                async with asyncio.timeout(ATTEMPT_WITHIN_S):
                    reply = await self._merchant.send("POST", path, body, key=key)
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(PAUSE_S)
                continue
            if "Retry-After" in reply.headers:
                assert reply.status in (409, 503), reply
                await asyncio.sleep(PAUSE_S)
                continue
            assert reply.status in (200, 201), reply
            self.told.append(Told(path, body, key, reply))
            return reply

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
        reply = await self.ask("/v1/payment_intents", body, f"{number}-pay")
        payment = await self._settled(reply.json["payment_id"])
        for step in range(1, STEPS_MAX + 1):
            chosen = _next_step(payment, choose)
            if chosen is None or not self._open:
                return
            verb, asked = chosen
            await self.ask(f"/v1/payments/{payment['payment_id']}/{verb}", asked, f"{number}-{step}")
            payment = await self._settled(payment["payment_id"])

    async def _settled(self, payment_id: str) -> dict[str, Any]:
        """The payment once nothing of it is in flight."""
        settled: dict[str, Any] = {}

        async def has_outcome() -> bool:
            reply = await self._merchant.get(f"/v1/payments/{payment_id}")
            assert reply.status in (200, 503), reply
            settled.update(reply.json)
            return reply.status == 200 and reply.json["operation"] is None

        await eventually(has_outcome, f"the outcome of {payment_id}")
        return settled


@asynccontextmanager
async def shopping(stack: Stack, seed: int) -> AsyncIterator[Load]:
    """Shoppers at work for as long as the block; at its end each has the outcome of what it last asked for."""
    print(f"load seed {seed}")
    async with merchant_of(stack) as merchant:
        load = Load(merchant, seed)
        shoppers = [asyncio.create_task(load.shop(shopper)) for shopper in range(SHOPPERS)]
        try:
            yield load
            load.close()
            await asyncio.gather(*shoppers)
        finally:
            for shopper in shoppers:
                shopper.cancel()
            await asyncio.gather(*shoppers, return_exceptions=True)
        await _told_the_same(merchant, load.told)


async def _told_the_same(merchant: Merchant, told: list[Told]) -> None:
    """Every answer that anybody got is still the answer, byte for byte."""

    async def ask_again(some: list[Told]) -> None:
        for path, body, key, reply in some:
            again = await merchant.send("POST", path, body, key=key)
            assert (again.status, again.body) == (reply.status, reply.body), (path, body, key)
            assert again.headers["Idempotency-Replayed"] == "true"

    await asyncio.gather(*(ask_again(told[shopper::SHOPPERS]) for shopper in range(SHOPPERS)))


def _next_step(payment: dict[str, Any], choose: random.Random) -> tuple[str, dict[str, Any]] | None:
    """What a merchant could do next with the payment, and the body of that request."""
    steps: list[Callable[[], tuple[str, dict[str, Any]]]] = []
    if capturable := payment["amount_capturable"]:
        steps += [
            lambda: ("capture", {}),
            lambda: ("capture", {"amount": choose.randint(1, capturable)}),
            lambda: ("capture", {"amount": choose.randint(1, capturable), "final": False}),
            lambda: ("void", {}),
        ]
    elif refundable := payment["amount_refundable"]:
        steps += [
            lambda: ("refunds", {}),
            lambda: ("refunds", {"amount": choose.randint(1, refundable)}),
        ]
    if not steps or choose.random() < 0.2:
        return None
    return choose.choice(steps)()
