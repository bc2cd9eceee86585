"""A merchant who asks under one key until it is answered, and holds the system to every answer it got."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import aiohttp

from tests.support.running import Merchant, Reply, eventually

PAUSE_S = 0.1
ATTEMPT_WITHIN_S = 6.0
"""Longer than the system may take to say no; past it the shopper hangs up and asks again."""
LOOK_EVERY_S = 0.1
AT_ONCE = 12


class Told(NamedTuple):
    """A request and what the merchant was told: from then on the system is bound to it."""

    path: str
    body: dict[str, Any]
    key: str
    reply: Reply


class Shopper:
    """Sends each request until there is an answer, through outages and requests to come back."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant
        self.told: list[Told] = []

    async def ask(
        self,
        path: str,
        body: dict[str, Any],
        key: str,
        *,
        patience_s: float = ATTEMPT_WITHIN_S,
        may_refuse: bool = False,
    ) -> Reply:
        """The answer. After `patience_s` without one it hangs up for the first time. `may_refuse` is for what others
        may have made impossible meanwhile."""
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    reply = await self._merchant.send("POST", path, body, key=key)
            except (aiohttp.ClientError, OSError, TimeoutError):
                patience_s = ATTEMPT_WITHIN_S
                await asyncio.sleep(PAUSE_S)
                continue
            if "Retry-After" in reply.headers:
                assert reply.status in (409, 503), reply
                await asyncio.sleep(PAUSE_S)
                continue
            if may_refuse and reply.status in (409, 422):
                return reply
            assert reply.status in (200, 201), reply
            self.told.append(Told(path, body, key, reply))
            return reply

    async def settled(self, payment_id: str, *, within_s: float = 90.0) -> dict[str, Any]:
        """The payment once nothing of it is in flight."""
        settled: dict[str, Any] = {}

        async def has_outcome() -> bool:
            reply = await self._merchant.get(f"/v1/payments/{payment_id}")
            assert reply.status in (200, 503), reply
            settled.update(reply.json)
            return reply.status == 200 and reply.json["operation"] is None

        await eventually(has_outcome, f"the outcome of {payment_id}", within_s=within_s, every_s=LOOK_EVERY_S)
        return settled

    async def answers_that_changed(self) -> list[str]:
        """Every request sent again: those that are not answered as before, byte for byte."""
        changed: list[str] = []

        async def ask_again(some: list[Told]) -> None:
            for path, body, key, reply in some:
                again = await self._merchant.send("POST", path, body, key=key)
                same = (again.status, again.body) == (reply.status, reply.body)
                if not same or again.headers.get("Idempotency-Replayed") != "true":
                    changed.append(f"{path} under {key}: told {reply.body!r}, and again {again.status} {again.body!r}")

        await asyncio.gather(*(ask_again(self.told[share::AT_ONCE]) for share in range(AT_ONCE)))
        return changed


def next_step(payment: dict[str, Any], choose: random.Random) -> tuple[str, dict[str, Any]] | None:
    """What a merchant could do next with the payment, and the body of that request; None when it leaves it at that."""
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
