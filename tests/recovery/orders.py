"""Merchants' orders, each with an amount of its own, and what they were told of every request."""

import asyncio
import random
from typing import Any, NamedTuple

import aiohttp

from tests.support.running import Merchant, Reply

SHOPPERS = 6
PAUSE_S = 0.1
ANSWER_WITHIN_S = 6.0


class Asked(NamedTuple):
    path: str
    body: dict[str, Any]
    key: str


class Orders:
    """A shop's requests: each is sent once until the machine is lost, and again, until it is answered, afterwards.

    No two orders have one amount, so that a second charge is seen in the provider's books whatever it is called there.
    """

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self._number = 0
        self.asked: list[list[Asked]] = []
        """By order, in the sequence in which the requests were sent."""
        self.told: dict[str, Reply] = {}
        """The first answer to each key."""

    def begin(self) -> list[Asked]:
        self._number += 1
        token = "tok_declined" if self._choose.random() < 0.1 else self._choose.choice(("tok_visa", "tok_mastercard"))
        body = {
            "customer_id": f"customer-{self._number}",
            "amount": 1_000 + self._number,
            "currency": "EUR",
            "payment_method": {"type": "card", "token": token},
            "capture_method": self._choose.choice(("automatic", "manual")),
            "confirm": True,
        }
        order = [Asked("/v1/payment_intents", body, f"{self._number}-pay")]
        self.asked.append(order)
        return order

    async def run(self, merchant: Merchant) -> None:
        """Place orders until nobody answers."""
        await asyncio.gather(*(self._shop(merchant) for _ in range(SHOPPERS)))

    async def _shop(self, merchant: Merchant) -> None:
        while True:
            order = self.begin()
            reply = await self._once(merchant, order[0])
            if reply is None:
                return
            payment = reply.json
            step = self._next(payment)
            if step is not None:
                verb, body = step
                order.append(Asked(f"/v1/payments/{payment['payment_id']}/{verb}", body, f"{order[0].key}-{verb}"))
                if await self._once(merchant, order[-1]) is None:
                    return

    def _next(self, payment: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        if payment["status"] == "authorized":
            return self._choose.choice([("capture", {}), ("void", {}), None])
        if payment["status"] == "captured":
            return self._choose.choice([("refunds", {"amount": 400}), None])
        return None

    async def _once(self, merchant: Merchant, asked: Asked) -> Reply | None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reply = await merchant.send("POST", asked.path, asked.body, key=asked.key)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
        if "Retry-After" in reply.headers:
            return None
        self.told.setdefault(asked.key, reply)
        return reply

    async def repeat(self, merchant: Merchant, within_s: float) -> list[str]:
        """Send every request again, under its key, until it is answered; what differs from the first answer."""
        differences: list[str] = []
        queue = list(self.asked)

        async def work() -> None:
            while queue:
                for asked in queue.pop():
                    told = self.told.get(asked.key)
                    again = await self._answered(merchant, asked, within_s)
                    if again is None:
                        differences.append(f"{asked.key}: no answer")
                    elif told is not None and _said(again) != _said(told):
                        differences.append(f"{asked.key}: told {_said(told)}, and after the restore {_said(again)}")

        await asyncio.gather(*(work() for _ in range(SHOPPERS)))
        return differences

    async def _answered(self, merchant: Merchant, asked: Asked, within_s: float) -> Reply | None:
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline:
            if (reply := await self._once(merchant, asked)) is not None:
                return reply
            await asyncio.sleep(PAUSE_S)
        return None


def _said(reply: Reply) -> tuple[object, ...]:
    """What a merchant keeps of it. How far the payment is may have changed meanwhile, as the provider knows."""
    return (reply.status, *(reply.json.get(name) for name in ("payment_id", "amount", "refund_id")))
