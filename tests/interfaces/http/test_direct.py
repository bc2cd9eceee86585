"""A route that is called without Litestar's own layers answers like one that is not, byte for byte.

A path with a slash at its end means the same route, and is left to Litestar.
"""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from litestar.routes import HTTPRoute

from interfaces.http.server.app import create_app
from interfaces.http.server.direct import direct_routes
from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.given import captured
from tests.support.running import Merchant

INTENTS = "/v1/payment_intents"
PAYMENT: dict[str, Any] = {
    "customer_id": "customer-1",
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"type": "card", "token": "tok_visa"},
    "confirm": True,
}
HOT = {
    "create_payment_intent",
    "confirm_payment_intent",
    "capture_payment",
    "refund_payment",
    "void_payment",
    "get_payment",
    "receive_provider_webhook",
}
OF_THE_REQUEST = {"x-request-id", "date"}


def test_the_routes_of_a_payments_way_are_direct() -> None:
    app = create_app(lambda: None)  # type: ignore[arg-type,return-value]
    handlers = [handler for route in app.routes if isinstance(route, HTTPRoute) for handler in route.route_handlers]
    direct = {getattr(handler, "operation_id", None) for handler in direct_routes(handlers)}
    assert direct >= HOT


@pytest.fixture
async def payment_id(merchant: Merchant) -> str:
    return await captured(merchant)


REQUESTS: list[tuple[str, str, dict[str, str], bytes | None]] = [
    ("POST", INTENTS, {}, b"{}"),
    ("POST", INTENTS, {"Idempotency-Key": "a b"}, b"{"),
    ("POST", INTENTS, {"Idempotency-Key": "a", "Content-Type": "text/plain"}, b"{}"),
    ("POST", INTENTS, {"Authorization": "Bearer tsk_nobody"}, b"{}"),
    ("POST", INTENTS, {"Authorization": "Basic x"}, b"{}"),
    ("POST", INTENTS, {}, b" " * 70_000),
    ("POST", "/v1/payments/{id}/capture", {"Idempotency-Key": "k"}, b"{}"),
    ("POST", "/v1/payments/pay_nothing/capture", {"Idempotency-Key": "k"}, b"{}"),
    ("POST", "/v1/payments/{id}/void", {}, b'{"reason":1}'),
    ("POST", "/v1/payments/{id}/refunds", {"Idempotency-Key": "k"}, b'{"amount":null}'),
    ("GET", "/v1/payments/{id}", {}, None),
    ("GET", "/v1/payments/pay_nothing", {}, None),
    ("GET", "/v1/payments/%F0%9F%92%B6", {}, None),
    ("POST", "/v1/provider_webhooks/simulator", {"Authorization": ""}, b"{}"),
    ("POST", "/v1/provider_webhooks/nobody", {"Authorization": ""}, b"{}"),
    ("POST", "/v1/operator/nothing", {}, b"{}"),
    ("DELETE", "/v1/payments/{id}", {}, None),
    ("OPTIONS", "/v1/payments/{id}", {"Authorization": ""}, None),
    ("GET", "/health/live", {"Authorization": ""}, None),
]


@pytest.mark.parametrize(("method", "path", "headers", "body"), REQUESTS)
async def test_a_direct_answer_is_litestars(
    stack: Stack,
    merchant: Merchant,
    payment_id: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
) -> None:
    url = stack.url + path.replace("{id}", payment_id)
    sent = {"Authorization": f"Bearer {merchant.secret}", "Content-Type": "application/json", **headers}
    sent |= {"X-Request-Id": "the-same"}
    async with aiohttp.ClientSession() as http:
        answers = []
        for target in (url, url + "/"):
            async with http.request(method, target, headers=sent, data=body) as answer:
                kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in OF_THE_REQUEST]
                answers.append((answer.status, kept, await answer.read()))
    assert answers[0] == answers[1]


async def test_a_payment_repeated_through_litestar_is_the_same_request(merchant: Merchant) -> None:
    key = uuid4().hex
    direct = await merchant.send("POST", INTENTS, PAYMENT, key=key)
    repeated = await merchant.send("POST", INTENTS + "/", PAYMENT, key=key)
    assert (direct.status, repeated.status, repeated.body) == (201, 201, direct.body)
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert repeated.headers["Tallystick-Position"] == direct.headers["Tallystick-Position"]
