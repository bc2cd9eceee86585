"""The providers' side: which tokens make what happen, what their customers do, and what is in their own books."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import aiohttp

from interfaces import ids
from tests.support.localstripe import APPROVED, ASKING_FOR_AUTHENTICATION, DECLINED, SECRET_KEY

CURRENCIES: Final = {"stripe": "EUR", "checkout": "GBP", "aps": "AED"}


class Held(NamedTuple):
    """What a provider has in its books for one payment of ours, in its own minor units, which here are ours."""

    charges: int
    """Those that reserved or took money: more than one, and somebody paid twice."""
    reserved: int
    captured: int
    refunded: int


def uuid_of(payment: Mapping[str, Any]) -> UUID:
    """What providers know a payment by."""
    uuid = ids.parse(payment["payment_id"], ids.PAYMENT)
    assert uuid is not None
    return uuid


class Fake(Protocol):
    name: str
    url: str
    currency: str
    """Payments in it come here."""
    approved: str
    declined: str
    declined_code: str
    keeps_the_rest: bool
    """Whether what a final capture left stays reserved there."""

    async def challenged(self) -> str:
        """A token that asks for 3-D Secure."""
        ...

    async def customer_approves(self, payment: Mapping[str, Any]) -> None: ...

    def silent(self) -> AbstractAsyncContextManager[None]:
        """While this lasts it sends no webhooks; what it had to tell comes afterwards."""
        ...

    async def books(self) -> dict[UUID, Held]:
        """By payment."""
        ...


class Stripe:
    """localstripe: its webhooks leave a second late and once; it knows no key, and no limit of refunds."""

    name = "stripe"
    currency = CURRENCIES["stripe"]
    approved, declined, declined_code = APPROVED, DECLINED, "card_declined"
    keeps_the_rest = False

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._http = http

    async def challenged(self) -> str:
        card = {"number": ASKING_FOR_AUTHENTICATION, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        form = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        return str((await self._call("POST", "/v1/payment_methods", form))["id"])

    async def customer_approves(self, payment: Mapping[str, Any]) -> None:
        [intent] = [one for one in await self._all("payment_intents") if _payment_of(one) == uuid_of(payment)]
        form = {"client_secret": intent["client_secret"], "success": "true"}
        await self._call("POST", f"/v1/payment_intents/{intent['id']}/_authenticate", form)

    def silent(self) -> AbstractAsyncContextManager[None]:
        """It is so for a second anyway."""
        return nullcontext()

    async def books(self) -> dict[UUID, Held]:
        refunds = await self._all("refunds")
        held: dict[UUID, Held] = {}
        for intent in await self._all("payment_intents"):
            payment_id = _payment_of(intent)
            before = held.get(payment_id, Held(0, 0, 0, 0))
            held[payment_id] = Held(*map(sum, zip(before, _held(intent, refunds), strict=True)))
        return held

    async def _all(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._call("GET", f"/v1/{what}?limit=10000"))["data"]
        return found

    async def _call(self, method: str, path: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        async with self._http.request(method, self.url + path, data=form, headers=headers) as reply:
            assert reply.status == 200, await reply.text()
            answer: dict[str, Any] = await reply.json()
            return answer


def _held(intent: Mapping[str, Any], refunds: list[dict[str, Any]]) -> Held:
    """A refund that nobody named is how localstripe releases what a capture left."""
    charge = intent["latest_charge"]
    of_charge = [refund for refund in refunds if charge is not None and refund["charge"] == charge["id"]]
    named = sum(refund["amount"] for refund in of_charge if refund["metadata"])
    released = sum(refund["amount"] for refund in of_charge if not refund["metadata"])
    match intent["status"]:
        case "succeeded":
            return Held(1, 0, intent["amount"] - released, named)
        case "requires_capture":
            return Held(1, intent["amount"], 0, 0)
        case "canceled":
            return Held(int(charge is not None), 0, 0, 0)
        case _:
            return Held(0, 0, 0, 0)


def _payment_of(intent: Mapping[str, Any]) -> UUID:
    return UUID(intent["metadata"]["payment_id"])


class Simulated:
    """The simulator, spoken to in a dialect; its books and its customers are its own."""

    approved, declined, declined_code = "tok_visa", "tok_insufficient_funds", "insufficient_funds"

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str) -> None:
        self.name, self.url = name, url
        self.currency = CURRENCIES[name]
        self.keeps_the_rest = name == "aps"
        self._http = http

    async def challenged(self) -> str:
        return "tok_3ds"

    async def customer_approves(self, payment: Mapping[str, Any]) -> None:
        challenge: str = payment["next_action"]["action"]["url"]
        await self._post(challenge.replace("/challenge", "/customer"), {"approves": True})

    def silent(self) -> AbstractAsyncContextManager[None]:
        return self.faulty(webhooks={"muted": True})

    async def books(self) -> dict[UUID, Held]:
        held: dict[UUID, Held] = {}
        async with self._http.get(f"{self.url}/v1/books", params={"limit": 1000}) as reply:
            page = await reply.json()
        assert page["next_after"] is None, "more charges than a page has"
        for line in page["charges"]:
            reserved = line["authorized"] - line["captured"] - line["voided"] - line["released"]
            charges = line["charges_of_reference"]
            held[UUID(line["reference"])] = Held(charges, reserved, line["captured"], line["refunded"])
        return held

    @asynccontextmanager
    async def faulty(self, **faults: object) -> AsyncIterator[None]:
        """What goes wrong for as long as the block."""
        await self._post(f"{self.url}/_control/faults", faults)
        try:
            yield
        finally:
            await self._post(f"{self.url}/_control/faults", {})

    async def _post(self, url: str, body: object) -> None:
        async with self._http.post(url, json=body) as reply:
            assert reply.status < 300, await reply.text()
