"""Three incidents, each caused at a provider, and the payment that each of them must not harm.

1. The preferred provider declines, and another provider approves: the payment is routed to the second.
2. The preferred provider takes the money and its answer is lost: its webhook resolves the payment once it gets through.
3. The same, and no webhook comes: the payment is in doubt, and an operator retries the dead letter about it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from msgspec import Struct

from application.access.merchant import NewKey
from interfaces.demo.shop import Shop

HAPPENS_WITHIN_S = 40.0
_POLL_S = 0.05
_TRY_AGAIN_S = 0.5

NOTHING_HEARD = {"lost_answer_percent": 100, "webhooks": {"muted": True}}
"""Everything takes effect, and every answer and webhook is lost."""
ONLY_WEBHOOKS = {"lost_answer_percent": 100}
ONLY_ANSWERS: Mapping[str, Any] = {"webhooks": {"muted": True}}
SOFT_DECLINES = {"decline_percent": 100}


class Incident(Struct, frozen=True, kw_only=True):
    """One incident: its payment, the payment's events, and whether it ended as it has to."""

    name: str
    payment_id: str
    event_names: tuple[str, ...]
    holds: bool


class Incidents:
    """Causes the incidents at the preferred provider, a simulator at `provider_url`, for a merchant's `shop`."""

    def __init__(
        self, http: aiohttp.ClientSession, *, api_url: str, provider_url: str, shop: Shop, operator: NewKey
    ) -> None:
        self._http = http
        self._api_url = api_url
        self._provider_url = provider_url
        self._shop = shop
        self._operator = {"Authorization": f"Bearer {operator.secret}"}

    async def all(self) -> list[Incident]:
        try:
            return [await self.fallback(), await self.resolved_by_webhook(), await self.retried_by_operator()]
        finally:
            await self._faults({})

    async def fallback(self) -> Incident:
        await self._faults(SOFT_DECLINES)
        payment = await self._shop.pay("incident-fallback")
        await self._faults({})
        event_names = await self._event_names(payment)
        return Incident(
            name="fallback",
            payment_id=payment["payment_id"],
            event_names=event_names,
            holds=payment["status"] == "captured" and event_names.count("payment.attempt_started") == 2,
        )

    async def resolved_by_webhook(self) -> Incident:
        await self._faults(NOTHING_HEARD)
        payment = await self._pay_without_answer("incident-webhook")
        unknown = payment["status"] == "processing"
        await self._faults(ONLY_WEBHOOKS)
        payment = await self._eventually(payment, lambda shown: shown["status"] == "captured")
        await self._faults({})
        timeline = await self._timeline(payment)
        resolved_by = [row["actor"] for row in timeline if row["event"].startswith("payment.captured")]
        return Incident(
            name="unknown_told_by_webhook",
            payment_id=payment["payment_id"],
            event_names=await self._event_names(payment),
            holds=unknown and resolved_by != [] and resolved_by[0].startswith("psp:"),
        )

    async def retried_by_operator(self) -> Incident:
        await self._faults(NOTHING_HEARD)
        payment = await self._pay_without_answer("incident-doubt")
        letter = await self._letter_of(payment["payment_id"], "open")
        # Lookups are answered again, but the next one is far away unless an operator retries.
        await self._faults(ONLY_ANSWERS)
        async with self._http.post(
            f"{self._api_url}/v1/operator/dead_letters/{letter['dead_letter_id']}/retry", headers=self._operator
        ) as answer:
            answer.raise_for_status()
        payment = await self._eventually(payment, lambda shown: shown["status"] == "captured")
        letter = await self._letter_of(payment["payment_id"], "resolved")
        await self._faults({})
        return Incident(
            name="dead_letter_retried",
            payment_id=payment["payment_id"],
            event_names=await self._event_names(payment),
            holds=letter["retries"] == 1,
        )

    async def _pay_without_answer(self, order: str) -> dict[str, Any]:
        """A payment at the preferred provider whose answer is lost. While that provider's circuit is open, payments are
        routed elsewhere, and another one is made."""
        deadline, tries = time.monotonic() + HAPPENS_WITHIN_S, 1
        payment = await self._shop.pay(order)
        while payment["status"] != "processing" and time.monotonic() < deadline:
            await asyncio.sleep(_TRY_AGAIN_S)
            tries += 1
            payment = await self._shop.pay(f"{order}-{tries}")
        return payment

    async def _faults(self, faults: Mapping[str, Any]) -> None:
        async with self._http.post(f"{self._provider_url}/_control/faults", json=faults) as answer:
            answer.raise_for_status()

    async def _letter_of(self, payment_id: str, state: str) -> dict[str, Any]:
        """The dead letter about the payment, once it is in `state`. Raises TimeoutError."""
        deadline = time.monotonic() + HAPPENS_WITHIN_S
        while True:
            async with self._http.get(
                f"{self._api_url}/v1/operator/dead_letters", params={"state": state}, headers=self._operator
            ) as answer:
                answer.raise_for_status()
                letters = (await answer.json())["dead_letters"]
            for letter in letters:
                if letter["payment_id"] == payment_id:
                    found: dict[str, Any] = letter
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"no dead letter about {payment_id} is {state} after {HAPPENS_WITHIN_S:.0f} s")
            await asyncio.sleep(_POLL_S)

    async def _eventually(self, payment: dict[str, Any], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The payment once it satisfies `holds`; after HAPPENS_WITHIN_S as it is."""
        deadline = time.monotonic() + HAPPENS_WITHIN_S
        while not holds(payment) and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)
            payment = await self._shop.get(f"/v1/payments/{payment['payment_id']}")
        return payment

    async def _event_names(self, payment: Mapping[str, Any]) -> tuple[str, ...]:
        events = (await self._shop.get(f"/v1/payments/{payment['payment_id']}/events"))["events"]
        return tuple(event["event"].rpartition(".v")[0] for event in events)

    async def _timeline(self, payment: Mapping[str, Any]) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = (await self._shop.get(f"/v1/payments/{payment['payment_id']}/events"))["events"]
        return events
