"""Refunds are read one by one, for a payment, and for all payments: the failed ones, too."""

from typing import Any
from urllib.parse import urlencode

import pytest

from interfaces import ids
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.given import captured
from tests.interfaces.http.reading import behind
from tests.support.running import Merchant, Reply


async def pages_of(merchant: Merchant, since: Reply, **query: object) -> list[list[dict[str, Any]]]:
    """Every page of refunds that sees `since`."""
    pages: list[list[dict[str, Any]]] = []
    cursor: str | None = ""
    while cursor is not None:
        text = urlencode(query | ({"cursor": cursor} if cursor else {}))
        reply = await merchant.get(f"/v1/refunds?{text}", headers=behind(since))
        assert reply.status == 200, reply
        pages.append(reply.json["refunds"])
        cursor = reply.json["next_cursor"]
    return pages


async def test_a_refund_is_read_at_once_under_its_id(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    made = (await merchant.act(payment_id, "refunds", amount=300, reason="damaged")).json
    read = await merchant.get(f"/v1/refunds/{made['refund_id']}")
    assert read.status == 200
    assert {name: read.json[name] for name in made} == made
    assert (read.json["reason"], read.json["failure"]) == ("damaged", None)
    assert read.json["created_at"] <= read.json["updated_at"]
    as_list = await merchant.get(f"/v1/payments/{payment_id}/refunds")
    assert as_list.json == {"refunds": [read.json]}
    assert as_list.headers["Tallystick-Position"] == read.headers["Tallystick-Position"]


async def test_a_refund_says_what_became_of_it(merchant: Merchant) -> None:
    declined = await captured(merchant, token="tok_refund_declined")
    refused = (await merchant.act(declined, "refunds")).json
    pending_at = await captured(merchant, token="tok_refund_timeout")
    pending = await merchant.act(pending_at, "refunds")
    for made, payment_id in ((refused, declined), (pending.json, pending_at)):
        [read] = (await merchant.get(f"/v1/payments/{payment_id}/refunds")).json["refunds"]
        assert read["status"] in {made["status"], "succeeded"}
        assert read["refund_id"] == made["refund_id"]
    assert refused["failure"]["code"] == "refund_declined"
    assert (await merchant.get(f"/v1/refunds/{refused['refund_id']}")).json["failure"] == refused["failure"]
    again = await merchant.act(declined, "refunds", amount=100)
    [first, second] = (await merchant.get(f"/v1/payments/{declined}/refunds")).json["refunds"]
    assert [first["status"], second["refund_id"]] == ["failed", again.json["refund_id"]]


async def test_all_refunds_page_by_page_newest_first_and_by_filter(merchant: Merchant) -> None:
    one, other = await captured(merchant), await captured(merchant, token="tok_refund_declined")
    made = [await merchant.act(one, "refunds", amount=amount) for amount in (100, 200, 300)]
    made.append(await merchant.act(other, "refunds", amount=50))
    newest_first = [reply.json["refund_id"] for reply in made][::-1]
    pages = await pages_of(merchant, made[-1], limit=3)
    assert [[refund["refund_id"] for refund in page] for page in pages] == [newest_first[:3], newest_first[3:]]
    [whole] = await pages_of(merchant, made[-1])
    for refund in whole:
        assert refund == (await merchant.get(f"/v1/refunds/{refund['refund_id']}")).json
    middle = whole[2]["created_at"]
    for query, expected in (
        ({"status": "failed"}, newest_first[:1]),
        ({"status": "succeeded"}, newest_first[1:]),
        ({"status": "pending"}, []),
        ({"payment_id": one}, newest_first[1:]),
        ({"payment_id": one.replace("pay_", "pi_"), "status": "failed"}, []),
        ({"payment_id": ids.new_id("pay")}, []),
        ({"created_after": middle}, newest_first[:2]),
        ({"created_before": middle}, newest_first[3:]),
    ):
        [page] = await pages_of(merchant, made[-1], **query)
        assert [refund["refund_id"] for refund in page] == expected, query


@pytest.mark.parametrize("refund_id", ["x", "re_", "re_zzzzzzzzzzzzzzzzzzzzzzzzzz", "%00", "r" * 4000])
async def test_what_is_no_refund_is_not_found(merchant: Merchant, refund_id: str) -> None:
    then_refused(await merchant.get(f"/v1/refunds/{refund_id}"), 404, "refund_not_found")


async def test_other_operations_and_payments_are_no_refunds(merchant: Merchant) -> None:
    payment_id = await captured(merchant)
    payment = await merchant.payment(payment_id)
    for operation_id in (payment_id, payment["captures"][0]["capture_id"], payment["authorization_id"]):
        as_refund = "re_" + operation_id.partition("_")[2]
        then_refused(await merchant.get(f"/v1/refunds/{as_refund}"), 404, "refund_not_found")
