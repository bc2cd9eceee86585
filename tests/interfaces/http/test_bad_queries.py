"""Query parameters that cannot be read, paths that lead nowhere, methods that a path does not take."""

import os
import signal

import pytest

from interfaces.runtime.supervisor import Stack
from tests.interfaces.http.expect import then_refused
from tests.support.running import Merchant

SEARCH, FEED, REFUNDS = "/v1/payments", "/v1/events", "/v1/refunds"
UNREADABLE = [
    (f"{SEARCH}?status=paid", "status"),
    (f"{SEARCH}?status=", "status"),
    (f"{SEARCH}?cursor=x", "cursor"),
    (f"{SEARCH}?cursor=", "cursor"),
    (f"{SEARCH}?cursor=pay_zzzzzzzzzzzzzzzzzzzzzzzzzz", "cursor"),
    (f"{SEARCH}?cursor=pi_01kah2q6c8f3v9w1x5y7z0b4d6", "cursor"),
    (f"{SEARCH}?limit=0", "limit"),
    (f"{SEARCH}?limit=-1", "limit"),
    (f"{SEARCH}?limit=101", "limit"),
    (f"{SEARCH}?limit=x", "limit"),
    (f"{SEARCH}?customer_id=%00", "customer_id"),
    (f"{SEARCH}?customer_id=a%20b", "customer_id"),
    (f"{SEARCH}?customer_id=a%0A", "customer_id"),
    (f"{SEARCH}?amount=100", "currency"),
    (f"{SEARCH}?amount_gte=100&amount_lte=200", "currency"),
    (f"{SEARCH}?currency=EUR&amount=1.5", "amount"),
    (f"{SEARCH}?currency=EUR&amount=0", "amount"),
    (f"{SEARCH}?currency=EUR&amount_lte={2**53 + 1}", "amount_lte"),
    (f"{SEARCH}?currency=eur", "currency"),
    (f"{SEARCH}?currency=XXX", "currency"),
    (f"{REFUNDS}?status=refunded", "status"),
    (f"{REFUNDS}?payment_id=x", "payment_id"),
    (f"{REFUNDS}?payment_id=", "payment_id"),
    (f"{REFUNDS}?cursor=pay_01kah2q6c8f3v9w1x5y7z0b4d6", "cursor"),
    (f"{REFUNDS}?created_before=today", "created_before"),
    (f"{REFUNDS}?limit=101", "limit"),
    (f"{SEARCH}?created_after=yesterday", "created_after"),
    (f"{SEARCH}?created_after=2026-01-31", "created_after"),
    (f"{SEARCH}?created_after=2026-01-31T09:00:00", "created_after"),
    (f"{SEARCH}?created_after=2026-02-30T09:00:00Z", "created_after"),
    (f"{SEARCH}?created_before=0001-01-01T00:00:00%2B23:59", "created_before"),
    (f"{SEARCH}?created_before=9999-12-31T23:59:59-23:59", "created_before"),
    (f"{FEED}?after=-1", "after"),
    (f"{FEED}?after=x", "after"),
    (f"{FEED}?after={10**20}", "after"),
    (f"{FEED}?limit=0", "limit"),
    (f"{FEED}?limit=501", "limit"),
]
VIEWS = [SEARCH, FEED, REFUNDS, "/v1/balances", "/v1/reconciliation"]


@pytest.mark.parametrize(("path", "field"), UNREADABLE)
async def test_a_parameter_that_cannot_be_read_is_refused_by_its_name(
    merchant: Merchant, path: str, field: str
) -> None:
    then_refused(await merchant.get(path), 400, "parameter_invalid", field=field)


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "", "9" * 19])
async def test_a_position_that_is_none_is_refused_by_every_view(merchant: Merchant, position: str) -> None:
    for path in VIEWS:
        reply = await merchant.get(path, headers={"Tallystick-Position": position})
        then_refused(reply, 400, "parameter_invalid", field="Tallystick-Position")


async def test_a_position_that_no_event_has_yet_is_refused(merchant: Merchant) -> None:
    reply = await merchant.get("/v1/balances", headers={"Tallystick-Position": "9" * 18})
    then_refused(reply, 400, "parameter_invalid", field="Tallystick-Position")


async def test_a_view_that_does_not_come_to_a_position_in_time_says_to_ask_again(
    stack: Stack, merchant: Merchant
) -> None:
    os.kill(stack.worker.pid, signal.SIGSTOP)
    try:
        paid = await merchant.pay()
        position = {"Tallystick-Position": paid.headers["Tallystick-Position"]}
        reply = await merchant.get("/v1/balances", headers=position)
    finally:
        os.kill(stack.worker.pid, signal.SIGCONT)
    then_refused(reply, 503, "view_behind")
    assert reply.headers["Retry-After"] == "1"
    assert (await merchant.get("/v1/balances", headers=position)).status == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/payments/x/y", "/health", "/v2/payments"])
async def test_there_is_nothing_at_another_path(merchant: Merchant, path: str) -> None:
    then_refused(await merchant.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/payment_intents", "OPTIONS, POST"),
        ("PUT", "/v1/payment_intents", "OPTIONS, POST"),
        ("POST", "/v1/payments", "GET, OPTIONS"),
        ("DELETE", "/v1/payments/pay_1", "GET, OPTIONS"),
        ("PATCH", "/v1/payments/pay_1/", "GET, OPTIONS"),
        ("GET", "/v1/payments/pay_1/capture", "OPTIONS, POST"),
        ("GET", "/v1/payment_intents/pi_1/confirm", "OPTIONS, POST"),
        ("POST", "/v1/balances", "GET, OPTIONS"),
        ("POST", "/health/live", "GET, OPTIONS"),
    ],
)
async def test_another_method_is_refused_with_those_that_the_path_takes(
    merchant: Merchant, method: str, path: str, allowed: str
) -> None:
    reply = await merchant.send(method, path)
    then_refused(reply, 405, "method_not_allowed")
    assert reply.headers["Allow"] == allowed
    assert allowed in reply.json["detail"]
