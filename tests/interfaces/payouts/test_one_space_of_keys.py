"""A merchant's idempotency key names one request, of whatever kind: another request under it has no effect."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from interfaces.http.server.documented import IDEMPOTENCY_KEY
from tests.interfaces.http.expect import then_refused
from tests.interfaces.payouts.conftest import IBAN, Treasurer
from tests.support.openapi import document
from tests.support.running import Reply

Request = Callable[[str], Awaitable[Reply]]
INTENT = {
    "customer_id": "customer-1",
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"type": "card", "token": "tok_visa"},
}
ACCOUNT = {
    "holder_name": "Acme GmbH",
    "currency": "EUR",
    "country": "DE",
    "details": {"type": "iban", "iban": IBAN},
}


async def requests_of(treasurer: Treasurer) -> dict[str, Request]:
    """One request of every kind that takes a key, each of which would succeed under a new one."""
    merchant = treasurer.merchant
    await treasurer.earns(5000)
    account = await treasurer.account()
    reserved = [(await merchant.pay(capture_method="manual")).json["payment_id"] for _ in range(2)]
    taken = (await merchant.pay()).json["payment_id"]
    created, canceled = [(await merchant.pay(confirm=False)).json["payment_intent_id"] for _ in range(2)]

    def sending(path: str, body: dict[str, Any]) -> Request:
        return lambda key: merchant.send("POST", path, body, key=key)

    return {
        "create_payment_intent": sending("/v1/payment_intents", INTENT),
        "confirm_payment_intent": sending(f"/v1/payment_intents/{created}/confirm", {}),
        "capture_payment": sending(f"/v1/payments/{reserved[0]}/capture", {}),
        "void_payment": sending(f"/v1/payments/{reserved[1]}/void", {}),
        "cancel_payment_intent": sending(f"/v1/payment_intents/{canceled}/cancel", {}),
        "refund_payment": sending(f"/v1/payments/{taken}/refunds", {}),
        "create_payout": sending("/v1/payouts", {"amount": 100, "currency": "EUR", "bank_account_id": account}),
        "add_bank_account": sending("/v1/bank_accounts", ACCOUNT),
    }


async def test_a_key_of_one_kind_of_request_is_refused_to_every_other_kind(treasurer: Treasurer) -> None:
    waiting = await requests_of(treasurer)
    taking_keys = {
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
        if any(each["name"] == IDEMPOTENCY_KEY for each in operation.get("parameters", ()))
    }
    assert taking_keys == set(waiting)
    for used, first in (await requests_of(treasurer)).items():
        key = uuid4().hex
        done = await first(key)
        assert done.status in (200, 201), (used, done)
        for asked, second in waiting.items():
            if asked != used:
                refused = await second(key)
                assert refused.status == 422, (used, asked, refused)
                then_refused(refused, 422, "idempotency_key_reused", field="idempotency_key")
        assert (await first(key)).body == done.body, used
    for asked, request in waiting.items():
        assert (await request(uuid4().hex)).status in (200, 201), f"{asked} had an effect under another's key"
