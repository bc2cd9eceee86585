"""A payment as it was at an instant or at a position; never as it will be."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.history import Cause, Positioned, record
from domain.payment.events import PaymentReviewApproved
from interfaces.resources.as_of import cut
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.given import asked, captured
from tests.support.domain import MERCHANT, NOW
from tests.support.running import Merchant


async def test_at_each_position_of_its_history_a_payment_is_what_it_was_then(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    await merchant.act(payment_id, "refunds", amount=300)
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
    statuses = []
    for event in history:
        was = await merchant.get(f"/v1/payments/{payment_id}?as_of={event['position']}")
        assert (was.json["version"], was.headers["Tallystick-Position"]) == (event["version"], str(event["position"]))
        statuses.append(was.json["status"])
    assert statuses == [
        "requires_confirmation",
        "requires_confirmation",
        "processing",
        "authorized",
        "captured",
        "captured",
        "partially_refunded",
    ]


async def test_at_the_instant_of_an_event_it_has_happened_and_just_before_it_has_not(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    await merchant.act(payment_id, "refunds", amount=300)
    history = (await merchant.get(f"/v1/payments/{payment_id}/events")).json["events"]
    refunded_at = datetime.fromisoformat(history[-1]["recorded_at"])
    for moment, status in (
        (refunded_at, "partially_refunded"),
        (refunded_at - timedelta(microseconds=1), "captured"),
    ):
        assert await _status_at(merchant, payment_id, moment.isoformat().replace("+00:00", "Z")) == status


@pytest.mark.parametrize(("hours", "offset"), [(0, "z"), (5, "%2B05:00"), (5, "+05:00"), (-8, "-08:00")])
async def test_an_instant_may_be_given_in_any_offset(merchant: Merchant, hours: int, offset: str) -> None:
    created = await merchant.pay(confirm=False)
    payment_id = created.json["payment_id"]
    await asked(merchant, payment_id, "confirm")
    there = datetime.fromisoformat(created.json["created_at"]) + timedelta(hours=hours)
    moment = there.replace(tzinfo=None).isoformat() + offset
    assert await _status_at(merchant, payment_id, moment) == "requires_confirmation"


@pytest.mark.parametrize("as_of", ["0", "2000-01-01T00:00:00Z"])
async def test_before_its_creation_there_is_no_such_payment(merchant: Merchant, as_of: str) -> None:
    payment_id = await captured(merchant)
    then_refused(await merchant.get(f"/v1/payments/{payment_id}?as_of={as_of}"), 404, "payment_not_found")


@pytest.mark.parametrize("as_of", ["9" * 18, "2999-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
async def test_what_has_not_come_yet_is_refused(merchant: Merchant, as_of: str) -> None:
    payment_id = await captured(merchant)
    then_refused(await merchant.get(f"/v1/payments/{payment_id}?as_of={as_of}"), 400, "as_of_in_future", field="as_of")


@pytest.mark.parametrize(
    "as_of",
    [
        "",
        "now",
        "-1",
        "1.5",
        "9" * 19,
        "%00",
        "2026-01-31",
        "2026-01-31T09:00:00",
        "2026-13-01T00:00:00Z",
        "2026-W05-6T09:00:00Z",
        "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
async def test_what_is_neither_an_instant_nor_a_position_is_refused(merchant: Merchant, as_of: str) -> None:
    payment_id = await captured(merchant)
    reply = await merchant.get(f"/v1/payments/{payment_id}?as_of={as_of}")
    then_refused(reply, 400, "parameter_invalid", field="as_of")


async def _status_at(merchant: Merchant, payment_id: str, as_of: str) -> str:
    reply = await merchant.get(f"/v1/payments/{payment_id}?as_of={as_of}")
    assert reply.status == 200, reply
    status: str = reply.json["status"]
    return status


def test_a_clock_that_runs_behind_never_tears_an_event_out_of_its_history() -> None:
    cause = Cause(actor="key:k", request_id="r", trace_id="t")

    def happened(version: int, *, after_s: int) -> Positioned:
        at = NOW + timedelta(seconds=after_s)
        event = record(UUID(int=1), version, PaymentReviewApproved(), merchant_id=MERCHANT, cause=cause, recorded_at=at)
        return Positioned(version, event)

    history = [happened(1, after_s=0), happened(2, after_s=5), happened(3, after_s=3)]
    moment = (NOW + timedelta(seconds=4)).isoformat()
    assert list(cut(history, moment, now=NOW + timedelta(hours=1), head=3)) == history[:1]
