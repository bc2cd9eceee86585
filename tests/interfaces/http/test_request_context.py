"""A request can be found again: its ids are in its reply and in every event that it caused; and the health routes."""

import re

import pytest

from interfaces.http.server.context import PATH_LOGGED_MAX, logged_path
from tests.interfaces.http.given import captured
from tests.interfaces.http.reading import feed
from tests.support.running import Merchant

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"X-Request-Id": "order-7:try.1", "traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}


async def test_a_callers_own_ids_are_in_every_event_and_entry_of_its_request(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    refunded = await merchant.send("POST", f"/v1/payments/{payment_id}/refunds", {}, key="the-key", headers=TRACED)
    assert refunded.headers["X-Request-Id"] == "order-7:try.1"

    events = [event for event in await feed(merchant, refunded) if event["request_id"] == "order-7:try.1"]
    assert [event["event"] for event in events] == [
        "payment.refund_started.v2",
        "journal.entry_posted.v2",
        "payment.refunded.v3",
        "journal.entry_posted.v2",
    ]
    assert {event["trace_id"] for event in events} == {TRACE_ID}
    assert {event["actor"] for event in events} == {f"key:{merchant.key_id}"}


async def test_each_event_names_the_one_that_led_to_it(merchant: Merchant) -> None:
    paid = await merchant.pay()
    history = (await merchant.get(f"/v1/payments/{paid.json['payment_id']}/events")).json["events"]
    causes = [event["causation_id"] for event in history]
    assert causes[:3] == [None, None, None]
    assert all(re.fullmatch(r"[0-9a-f-]{36}:3", cause) for cause in causes[3:])


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "é", "<script>"])
async def test_an_unusable_request_id_is_replaced(merchant: Merchant, request_id: str) -> None:
    reply = await merchant.get("/v1/payments", headers={"X-Request-Id": request_id})
    assert re.fullmatch(r"req_[0-9a-z]{26}", reply.headers["X-Request-Id"])


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "garbage",
        f"00-{TRACE_ID}",
        f"00-{TRACE_ID.upper()}-00f067aa0ba902b7-01",
        f"ff-{TRACE_ID}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
    ],
)
async def test_an_unusable_traceparent_is_replaced(merchant: Merchant, traceparent: str) -> None:
    payment_id = await captured(merchant)
    refunded = await merchant.send(
        "POST", f"/v1/payments/{payment_id}/refunds", {}, key="the-key", headers={"traceparent": traceparent}
    )
    trace_id = (await feed(merchant, refunded))[-1]["trace_id"]
    assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
    assert trace_id not in (TRACE_ID, "0" * 32)


async def test_every_reply_has_an_id_of_its_own(merchant: Merchant) -> None:
    replies = [await merchant.get(path) for path in ("/v1/payments", "/v1/nothing", "/v1/payments", "/health/live")]
    assert len({reply.headers["X-Request-Id"] for reply in replies}) == 4


async def test_health_needs_no_key(merchant: Merchant) -> None:
    no_key = {"Authorization": ""}
    live, ready = (
        await merchant.get("/health/live", headers=no_key),
        await merchant.get("/health/ready", headers=no_key),
    )
    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json) == (200, {"status": "ready", "database": True, "bus": True})


def test_a_long_path_is_cut_before_it_is_logged() -> None:
    assert logged_path("/v1/payments") == "/v1/payments"
    assert logged_path("/" + "a" * 8_000) == "/" + "a" * (PATH_LOGGED_MAX - 1) + "…"


@pytest.mark.parametrize("before", range(PATH_LOGGED_MAX - 25, PATH_LOGGED_MAX))
@pytest.mark.parametrize("number", ["4242424242424242", "4242-4242-4242-4242"])
def test_no_part_of_a_card_number_is_left_where_a_path_is_cut(before: int, number: str) -> None:
    shown = logged_path("/" + "a" * (before - 1) + number + "b" * 300)
    assert number in shown or not re.search(r"\d", shown)
