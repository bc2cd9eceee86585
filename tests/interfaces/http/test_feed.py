"""The feed and the timeline: everything that happened, in order, without a gap, as soon as the write is answered."""

from typing import Any

import pytest

from tests.interfaces.http.given import captured, partially_captured
from tests.interfaces.http.reading import behind, entries_of, feed, found
from tests.support.running import Merchant

WRITES = 10
FEE = 33
"""On 100 EUR cents."""


@pytest.mark.parametrize("limit", [1, 7, 500])
async def test_walking_the_feed_shows_every_event_and_every_entry_in_order(merchant: Merchant, limit: int) -> None:
    payments = [await captured(merchant), await partially_captured(merchant)]
    await merchant.pay(token="tok_declined")
    last = await merchant.act(payments[0], "refunds", amount=300)

    expected: list[dict[str, Any]] = []
    for payment in [payment for page in await found(merchant, last) for payment in page]:
        events = (await merchant.get(f"/v1/payments/{payment['payment_id']}/events")).json["events"]
        expected += [event | {"payment_id": payment["payment_id"]} for event in events]
    entries = {entry["position"]: entry for payment_id in payments for entry in await entries_of(merchant, payment_id)}
    walked = await feed(merchant, last, limit=limit)

    assert [event["position"] for event in walked] == sorted({event["position"] for event in expected} | entries.keys())
    by_position = {event["position"]: event for event in walked}
    for event in expected:
        version = {"version": event["version"]}
        assert by_position[event["position"]] | version == event
    for position in entries:
        assert by_position[position]["event"] == "journal.entry_posted.v2"


async def test_the_feed_goes_on_where_a_reader_left_off(merchant: Merchant) -> None:
    first = await merchant.pay()
    seen = await feed(merchant, first)
    second = await merchant.pay()
    later = await feed(merchant, second, after=seen[-1]["position"])
    assert {event["payment_id"] for event in later} == {second.json["payment_id"]}
    assert seen + later == await feed(merchant, second)


async def test_the_timeline_of_a_payment_is_its_part_of_the_feed(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    last = await merchant.pay()
    timeline = (await merchant.get(f"/v1/payments/{payment_id}/timeline", headers=behind(last))).json["timeline"]
    assert timeline == [event for event in await feed(merchant, last) if event["payment_id"] == payment_id]
    assert [event["event"] for event in timeline] == [
        "payment.created.v2",
        "payment.routed.v1",
        "payment.attempt_started.v1",
        "payment.authorized.v1",
        "journal.entry_posted.v2",
        "payment.captured.v2",
        "journal.entry_posted.v2",
    ]


async def test_every_view_asked_with_the_position_of_a_write_has_it(merchant: Merchant) -> None:
    for number in range(1, WRITES + 1):
        paid = await merchant.pay(100)
        [newest, *_], *_ = await found(merchant, paid, limit=1)
        assert (newest["payment_id"], newest["status"]) == (paid.json["payment_id"], "captured")

        paid = await merchant.pay(100)
        [balance] = (await merchant.get("/v1/balances", headers=behind(paid))).json["balances"]
        assert balance["pending"] == (5 * number - 3) * (100 - FEE)

        paid = await merchant.pay(100)
        [unsettled] = (await merchant.get("/v1/reconciliation", headers=behind(paid))).json["unsettled"]
        assert unsettled["captured_minor"] == (5 * number - 2) * 100

        paid = await merchant.pay(100)
        assert (await feed(merchant, paid))[-2]["event"] == "payment.captured.v2"

        paid = await merchant.pay(100)
        path = f"/v1/payments/{paid.json['payment_id']}/timeline"
        timeline = (await merchant.get(path, headers=behind(paid))).json["timeline"]
        assert timeline[-2]["event"] == "payment.captured.v2"
