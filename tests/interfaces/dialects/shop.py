"""A merchant's payments through one API, whichever provider is behind it."""

from typing import Any
from uuid import uuid4

from tests.interfaces.dialects.fakes import Fake
from tests.support.running import Merchant, Reply, eventually

RETURN_URL = "https://shop.example/thanks"


class Shop:
    """Every refusal that a test does not expect fails it."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant

    async def pay(self, at: Fake, *, token: str | None = None, key: str | None = None, **fields: Any) -> dict[str, Any]:
        """The answer to a payment of 1000 that goes to `at`, unless `fields` say otherwise."""
        body = {"amount": 1000, "currency": at.currency, **fields}
        reply = await self.merchant.pay(token=token or at.approved, key=key, **body)
        assert reply.status == 201, reply
        return reply.json

    async def authorized(self, at: Fake) -> str:
        """A payment that is only reserved."""
        paid = await self.pay(at, capture_method="manual")
        return await self.comes_to(paid["payment_id"], "authorized")

    async def captured(self, at: Fake) -> str:
        return await self.comes_to((await self.pay(at))["payment_id"], "captured")

    async def asked(self, payment_id: str, verb: str, *, key: str | None = None, **body: Any) -> Reply:
        """`capture`, `void` or `refunds`."""
        if verb == "refunds":
            body = {"reason": "returned", **body}
        return await self.merchant.act(payment_id, verb, key=key, **body)

    async def payment(self, payment_id: str) -> dict[str, Any]:
        return await self.merchant.payment(payment_id)

    async def comes_to(self, payment_id: str, status: str) -> str:
        """Wait until the payment is that, with nothing open at the provider; its id."""

        async def is_so() -> bool:
            payment = await self.payment(payment_id)
            return bool(payment["status"] == status and payment["operation"] is None)

        try:
            await eventually(is_so, f"{payment_id} is {status}", within_s=20.0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {await self.history(payment_id)}") from error
        return payment_id

    async def events(self, payment_id: str) -> list[dict[str, Any]]:
        reply = await self.merchant.get(f"/v1/payments/{payment_id}/events")
        assert reply.status == 200, reply
        events: list[dict[str, Any]] = reply.json["events"]
        return events

    async def history(self, payment_id: str) -> list[str]:
        """What happened, without who and when."""
        return [event["event"].removesuffix(".v1").removesuffix(".v2") for event in await self.events(payment_id)]


def new_key() -> str:
    return uuid4().hex
