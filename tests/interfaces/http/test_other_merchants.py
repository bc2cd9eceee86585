"""Another merchant's payment looks just like one that does not exist."""

from typing import Any

import pytest

from interfaces import ids
from tests.interfaces.http.expect import then_refused, unchanged
from tests.interfaces.http.given import authorized, captured
from tests.support.running import Merchant, Reply

ROUTES = {
    "get": ("GET", "/v1/payments/{}"),
    "as of a position": ("GET", "/v1/payments/{}?as_of=1"),
    "events": ("GET", "/v1/payments/{}/events"),
    "ledger": ("GET", "/v1/payments/{}/ledger"),
    "timeline": ("GET", "/v1/payments/{}/timeline"),
    "its refunds": ("GET", "/v1/payments/{}/refunds"),
    "capture": ("POST", "/v1/payments/{}/capture"),
    "void": ("POST", "/v1/payments/{}/void"),
    "refunds": ("POST", "/v1/payments/{}/refunds"),
    "get intent": ("GET", "/v1/payment_intents/{}"),
    "get intent as of a position": ("GET", "/v1/payment_intents/{}?as_of=1"),
    "cancel": ("POST", "/v1/payment_intents/{}/cancel"),
    "confirm": ("POST", "/v1/payment_intents/{}/confirm"),
}
NO_IDS = [
    "x",
    "pay_",
    "pay_zzzzzzzzzzzzzzzzzzzzzzzzzz",
    "mer_01h455vb4pex5vsknk084sn02q",
    "%00",
    "%F0%9F%98%80",
    "p" * 4000,
]


@pytest.mark.parametrize(("method", "path"), ROUTES.values(), ids=ROUTES)
async def test_a_strangers_payment_looks_like_none_at_all(
    merchant: Merchant, stranger: Merchant, method: str, path: str
) -> None:
    theirs = await authorized(stranger)
    async with unchanged(stranger, theirs):
        of_another = await _ask(merchant, method, path, theirs)
        of_nobody = await _ask(merchant, method, path, ids.new_id("pay"))
    then_refused(of_another, 404, "payment_not_found")
    assert _shape(of_another) == _shape(of_nobody)


@pytest.mark.parametrize("payment_id", NO_IDS, ids=lambda text: text[:12])
async def test_what_is_no_id_is_not_found_either(merchant: Merchant, payment_id: str) -> None:
    for method, path in ROUTES.values():
        then_refused(await _ask(merchant, method, path, payment_id), 404, "payment_not_found")


async def test_no_list_shows_what_is_anothers(merchant: Merchant, stranger: Merchant) -> None:
    theirs = await captured(stranger)
    refund_id = (await stranger.act(theirs, "refunds", amount=1)).json["refund_id"]
    of_another = await merchant.get(f"/v1/refunds/{refund_id}")
    then_refused(of_another, 404, "refund_not_found")
    assert _shape(of_another) == _shape(await merchant.get(f"/v1/refunds/{ids.new_id('re')}"))
    last = await stranger.pay(customer_id="theirs")
    behind_it = {"Tallystick-Position": last.headers["Tallystick-Position"]}
    for path, empty in {
        "/v1/payments": {"payments": [], "next_cursor": None},
        "/v1/payments?customer_id=theirs": {"payments": [], "next_cursor": None},
        "/v1/payments?currency=EUR&amount=1000": {"payments": [], "next_cursor": None},
        "/v1/refunds": {"refunds": [], "next_cursor": None},
        f"/v1/refunds?payment_id={theirs}": {"refunds": [], "next_cursor": None},
        "/v1/balances": {"balances": []},
        "/v1/reconciliation": {"unsettled": []},
        "/v1/events": {"events": [], "next": 0, "has_more": False},
    }.items():
        assert (await merchant.get(path, headers=behind_it)).json == empty


async def test_a_strangers_key_is_not_taken_up(merchant: Merchant, stranger: Merchant) -> None:
    mine, theirs = await merchant.pay(key="order-1"), await stranger.pay(key="order-1")
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["payment_id"] != theirs.json["payment_id"]


async def _ask(merchant: Merchant, method: str, path: str, payment_id: str) -> Reply:
    return await merchant.send(method, path.format(payment_id), key="the-key" if method == "POST" else None)


def _shape(reply: Reply) -> Any:
    """All that can be seen of a reply, but for the request's own id and the time."""
    own = {"X-Request-Id", "X-Request-ID", "Date", "Content-Length"}
    headers = {name: value for name, value in reply.headers.items() if name not in own}
    return reply.status, headers, {**reply.json, "request_id": ""}
