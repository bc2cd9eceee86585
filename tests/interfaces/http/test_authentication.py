"""Only a key that is in force opens the API, and it opens one merchant's door alone."""

import pytest

from application.access.merchant import Directory
from tests.interfaces.http.expect import then_nothing_was_created, then_refused
from tests.interfaces.http.given import INTENT, captured
from tests.support.running import Merchant, eventually

ROUTES = [
    ("POST", "/v1/payment_intents"),
    ("POST", "/v1/payment_intents/pi_1/confirm"),
    ("POST", "/v1/payments/pay_1/capture"),
    ("POST", "/v1/payments/pay_1/void"),
    ("POST", "/v1/payments/pay_1/refunds"),
    ("GET", "/v1/payments"),
    ("GET", "/v1/payments/pay_1"),
    ("GET", "/v1/payments/pay_1/events"),
    ("GET", "/v1/payments/pay_1/ledger"),
    ("GET", "/v1/payments/pay_1/timeline"),
    ("GET", "/v1/balances"),
    ("GET", "/v1/reconciliation"),
    ("GET", "/v1/events"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_needs_a_key(merchant: Merchant, method: str, path: str) -> None:
    reply = await merchant.send(method, path, headers={"Authorization": ""})
    then_refused(reply, 401, "api_key_missing")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "tsk_key"])
async def test_a_header_without_a_bearer_token_is_no_key(merchant: Merchant, authorization: str) -> None:
    reply = await merchant.get("/v1/payments", headers={"Authorization": authorization})
    then_refused(reply, 401, "api_key_missing")


@pytest.mark.parametrize("secret", ["tsk_unknown", "x", "tsk_é", "t" * 4000])
async def test_an_unknown_key_is_refused(merchant: Merchant, secret: str) -> None:
    reply = await merchant.get("/v1/payments", headers={"Authorization": f"Bearer {secret}"})
    then_refused(reply, 401, "api_key_unknown")
    assert reply.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_payment_sent_without_a_key_is_not_made(merchant: Merchant) -> None:
    reply = await merchant.send(
        "POST", "/v1/payment_intents", INTENT, key="the-key", headers={"Authorization": "Bearer tsk_unknown"}
    )
    then_refused(reply, 401, "api_key_unknown")
    await then_nothing_was_created(merchant, under="the-key")


async def test_the_scheme_is_read_in_any_case(merchant: Merchant) -> None:
    reply = await merchant.get("/v1/payments", headers={"Authorization": f"bEaReR {merchant.secret}"})
    assert reply.status == 200


async def test_a_revoked_key_is_refused_soon_and_from_then_on(merchant: Merchant, directory: Directory) -> None:
    await captured(merchant)
    await directory.revoke_key(merchant.key_id)

    async def refused() -> bool:
        return (await merchant.get("/v1/payments")).status == 401

    await eventually(refused, "the key is refused")
    then_refused(await merchant.get("/v1/payments"), 401, "api_key_unknown")
    then_refused(await merchant.pay(), 401, "api_key_unknown")
