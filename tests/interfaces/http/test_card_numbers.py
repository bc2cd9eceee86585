"""A card number is refused wherever a merchant could put one, and is repeated to nobody."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.http.expect import then_nothing_was_created, then_refused, unchanged
from tests.interfaces.http.given import captured
from tests.support.running import Merchant

CARD_NUMBERS = [
    "4242424242424242",
    "4242-4242-4242-4242",
    "378282246310005",
    "4242_4242_4242_4242",
    "74242424242424242",
]
INTO: dict[str, Callable[[str], dict[str, Any]]] = {
    "customer_id": lambda number: {"customer_id": number},
    "payment_method.token": lambda number: {"token": "tok_" + number.replace("-", "")},
    "idempotency_key": lambda number: {"key": number},
    "return_url": lambda number: {"return_url": f"https://shop.example/back?order=%20{number}"},
}


@pytest.mark.parametrize("number", CARD_NUMBERS)
@pytest.mark.parametrize("field", INTO)
async def test_a_card_number_is_refused_by_the_field_that_holds_it(merchant: Merchant, field: str, number: str) -> None:
    fields: dict[str, Any] = {"key": "the-key"} | INTO[field](number)
    reply = await merchant.pay(**fields)
    then_refused(reply, 400, "card_data_refused", field=field)
    assert number not in reply.body.decode()
    await then_nothing_was_created(merchant, under="the-key")


async def test_a_card_number_instead_of_a_token_is_refused(merchant: Merchant) -> None:
    reply = await merchant.pay(token="4242424242424242", key="the-key")
    then_refused(reply, 400, "body_invalid", field="payment_method.token")
    assert "4242" not in reply.body.decode()
    await then_nothing_was_created(merchant, under="the-key")


async def test_a_card_number_as_the_key_in_the_body_is_refused(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    async with unchanged(merchant, payment_id):
        reply = await merchant.send(
            "POST", f"/v1/payments/{payment_id}/refunds", {"idempotency_key": "4242424242424242"}
        )
        then_refused(reply, 400, "card_data_refused", field="idempotency_key")


async def test_a_card_number_in_the_reason_of_a_refund_is_refused(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    async with unchanged(merchant, payment_id):
        reply = await merchant.act(payment_id, "refunds", reason="paid by 4242 4242 4242 4242")
        then_refused(reply, 400, "card_data_refused", field="reason")


async def test_a_card_number_as_the_request_id_is_not_taken_up(merchant: Merchant) -> None:
    reply = await merchant.get("/v1/payments", headers={"X-Request-Id": "4242424242424242"})
    assert reply.headers["X-Request-Id"].startswith("req_")
