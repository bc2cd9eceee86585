"""Payments that have come as far as a test needs them, made through the API like any merchant's."""

from typing import Any

from tests.support.running import Merchant, Reply

INTENT: dict[str, Any] = {
    "customer_id": "customer-1",
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"type": "card", "token": "tok_visa"},
}
"""The body of a payment that is only created."""


async def authorized(merchant: Merchant, amount: int = 1000, **fields: Any) -> str:
    return _id(await merchant.pay(amount, capture_method="manual", **fields))


async def captured(merchant: Merchant, amount: int = 1000, **fields: Any) -> str:
    return _id(await merchant.pay(amount, **fields))


async def partially_captured(merchant: Merchant, amount: int = 1000, *, taken: int = 400, **fields: Any) -> str:
    payment_id = await authorized(merchant, amount, **fields)
    return _id(await merchant.act(payment_id, "capture", amount=taken, final=False))


async def payment_that_is(merchant: Merchant, status: str) -> str:
    """A payment of 1000 EUR cents in `status`: one that a merchant's requests alone can lead to."""
    match status:
        case "requires_confirmation":
            payment_id = _id(await merchant.pay(confirm=False))
        case "failed":
            payment_id = _id(await merchant.pay(token="tok_declined"))
        case "requires_action":
            payment_id = _id(await merchant.pay(token="tok_3ds"))
        case "canceled":
            payment_id = _id(await merchant.pay(confirm=False))
            await asked(merchant, payment_id, "cancel", key=f"cancel-{payment_id}")
        case "authorized":
            payment_id = await authorized(merchant)
        case "voided":
            payment_id = await authorized(merchant)
            await merchant.act(payment_id, "void")
        case "partially_captured":
            payment_id = await partially_captured(merchant)
        case "captured":
            payment_id = await captured(merchant)
        case "partially_refunded":
            payment_id = await captured(merchant)
            await merchant.act(payment_id, "refunds", amount=300)
        case "refunded":
            payment_id = await captured(merchant)
            await merchant.act(payment_id, "refunds")
        case _:
            raise AssertionError(f"no request leads to {status}")
    assert (await merchant.payment(payment_id))["status"] == status
    return payment_id


async def asked(merchant: Merchant, payment_id: str, verb: str, *, key: str | None = None, **body: Any) -> Reply:
    """`confirm`, `cancel`, `capture`, `void` or `refunds`."""
    if verb in ("confirm", "cancel"):
        return await merchant.send("POST", f"/v1/payment_intents/{payment_id}/{verb}", body, key=key)
    return await merchant.act(payment_id, verb, key=key, **body)


def _id(reply: Reply) -> str:
    assert reply.status in (200, 201), reply
    payment_id: str = reply.json["payment_id"]
    return payment_id
