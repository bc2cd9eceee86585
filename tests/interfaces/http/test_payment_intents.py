"""Creating and confirming a payment: what the merchant sends, what it is told, and what the provider then has."""

from uuid import uuid4

import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.given import INTENT
from tests.interfaces.http.provider_books import charges_of, the_charge_of
from tests.support.running import Merchant


async def test_a_new_payment_waits_for_its_confirmation(merchant: Merchant) -> None:
    created = await merchant.send("POST", "/v1/payment_intents", INTENT, key=uuid4().hex)

    assert created.status == 201
    assert created.headers["Content-Type"] == "application/json"
    payment_id = created.json["payment_id"]
    assert created.json == {
        "payment_id": payment_id,
        "payment_intent_id": "pi_" + payment_id.removeprefix("pay_"),
        "merchant_id": merchant.merchant_id,
        "customer_id": "customer-1",
        "status": "requires_confirmation",
        "amount": 1000,
        "currency": "EUR",
        "amount_capturable": 0,
        "amount_captured": 0,
        "amount_refunded": 0,
        "amount_refundable": 0,
        "amount_charged_back": 0,
        "payment_method": {"type": "card", "token": "tok_visa"},
        "capture_method": "automatic",
        "authorization_id": None,
        "authorization": None,
        "captures": [],
        "refunds": [],
        "operation": None,
        "failure": None,
        "cancellation_reason": None,
        "next_action": None,
        "created_at": created.json["created_at"],
        "version": 1,
    }
    assert await merchant.payment(payment_id) == created.json


async def test_nobody_is_charged_for_a_payment_that_is_only_created(stack: Stack, merchant: Merchant) -> None:
    created = await merchant.pay(confirm=False)
    assert await charges_of(stack, created.json["payment_id"]) == []


async def test_confirming_takes_the_money_at_once(stack: Stack, merchant: Merchant) -> None:
    created = await merchant.pay(confirm=False)
    confirmed = await merchant.send("POST", f"/v1/payment_intents/{created.json['payment_intent_id']}/confirm")

    assert confirmed.status == 200
    payment_id = created.json["payment_id"]
    charge = await the_charge_of(stack, payment_id)
    authorization = confirmed.json["authorization"]
    assert confirmed.json == created.json | {
        "status": "captured",
        "amount_captured": 1000,
        "amount_refundable": 1000,
        "authorization_id": authorization["authorization_id"],
        "authorization": {
            "authorization_id": authorization["authorization_id"],
            "provider": "simulator",
            "provider_reference": charge["id"],
            "amount": 1000,
            "expires_at": authorization["expires_at"],
        },
        "captures": [
            {
                "capture_id": confirmed.json["captures"][0]["capture_id"],
                "amount": 1000,
                "fee": 59,
                "fee_currency": "EUR",
            }
        ],
        "operation": {
            "id": authorization["authorization_id"],
            "type": "authorize",
            "status": "succeeded",
            "failure": None,
        },
        "version": confirmed.json["version"],
    }
    assert authorization["authorization_id"].startswith("auth_")
    assert confirmed.json["captures"][0]["capture_id"].startswith("cap_")
    assert (charge["currency"], charge["authorized"], charge["captured"]) == ("EUR", 1000, 1000)


async def test_a_payment_is_created_and_confirmed_in_one_request(stack: Stack, merchant: Merchant) -> None:
    paid = await merchant.pay(1250)
    assert (paid.status, paid.json["status"], paid.json["amount_captured"]) == (201, "captured", 1250)
    assert (await the_charge_of(stack, paid.json["payment_id"]))["captured"] == 1250


async def test_manual_capture_only_reserves_the_money(stack: Stack, merchant: Merchant) -> None:
    paid = await merchant.pay(capture_method="manual")
    assert paid.json["status"] == "authorized"
    assert (paid.json["amount_capturable"], paid.json["amount_captured"], paid.json["captures"]) == (1000, 0, [])
    charge = await the_charge_of(stack, paid.json["payment_id"])
    assert (charge["authorized"], charge["captured"]) == (1000, 0)


@pytest.mark.parametrize(("currency", "amount", "fee"), [("JPY", 500, 44), ("KWD", 12_345, 388), ("CLF", 1, 1)])
async def test_amounts_are_minor_units_whatever_the_currencys_decimals(
    stack: Stack, merchant: Merchant, currency: str, amount: int, fee: int
) -> None:
    paid = await merchant.pay(amount, currency)
    assert (paid.json["amount"], paid.json["currency"]) == (amount, currency)
    assert (paid.json["amount_captured"], paid.json["captures"][0]["fee"]) == (amount, fee)
    charge = await the_charge_of(stack, paid.json["payment_id"])
    assert (charge["captured"], charge["currency"]) == (amount, currency)


async def test_the_largest_amount_is_taken_exactly(stack: Stack, merchant: Merchant) -> None:
    paid = await merchant.pay(2**53)
    assert (paid.json["status"], paid.json["amount_captured"]) == ("captured", 2**53)
    assert (await the_charge_of(stack, paid.json["payment_id"]))["captured"] == 2**53


async def test_a_payment_is_the_same_under_both_its_ids(merchant: Merchant) -> None:
    paid = await merchant.pay()
    by_intent = await merchant.get(f"/v1/payments/{paid.json['payment_intent_id']}")
    assert by_intent.json == await merchant.payment(paid.json["payment_id"])


async def test_the_merchants_own_id_may_be_named(merchant: Merchant) -> None:
    assert (await merchant.pay(merchant_id=merchant.merchant_id)).status == 201


async def test_the_idempotency_key_may_come_in_the_body_or_in_both_places(merchant: Merchant) -> None:
    key = uuid4().hex
    first = await merchant.send("POST", "/v1/payment_intents", INTENT | {"idempotency_key": key})
    again = await merchant.send("POST", "/v1/payment_intents", INTENT | {"idempotency_key": key}, key=key)
    assert (first.status, again.body) == (201, first.body)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_nobody", "invalid_token"),
    ],
)
async def test_a_declined_payment_has_failed_with_the_providers_reason(
    stack: Stack, merchant: Merchant, token: str, code: str
) -> None:
    paid = await merchant.pay(token=token)
    assert (paid.status, paid.json["status"]) == (201, "failed")
    assert paid.json["failure"]["code"] == code
    assert paid.json["operation"] | {"id": ""} == {
        "id": "",
        "type": "authorize",
        "status": "failed",
        "failure": paid.json["failure"],
    }
    assert (paid.json["authorization"], paid.json["captures"], paid.json["amount_captured"]) == (None, [], 0)
    assert await charges_of(stack, paid.json["payment_id"]) == []
