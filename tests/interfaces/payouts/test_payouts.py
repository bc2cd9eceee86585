"""Payouts over HTTP, through the worker and the simulator's bank and back."""

import asyncio
from typing import Any

from interfaces.resources.position import POSITION_HEADER
from tests.interfaces.http.expect import then_refused
from tests.interfaces.http.test_openapi import check_reply
from tests.interfaces.payouts.conftest import Treasurer
from tests.support.running import Merchant, Reply


async def test_a_payout_is_paid_within_seconds(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    created = await treasurer.asks(available, await treasurer.account(), description="November sales")
    check_reply("create_payout", created, 201)
    assert created.json["status"] == "pending"
    assert await treasurer.available() == 0
    paid = await treasurer.comes_to(created.json["payout_id"], "paid")
    assert paid["execution_date"] is not None
    assert paid["failure"] is None
    assert await treasurer.available() == 0


async def test_a_repeat_is_the_same_payout_byte_for_byte(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    account = await treasurer.account()
    first = await treasurer.asks(available, account, key="payout-1")
    await treasurer.comes_to(first.json["payout_id"], "paid")
    again = await treasurer.asks(available, account, key="payout-1")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    then_refused(
        await treasurer.asks(1, account, key="payout-1"), 422, "idempotency_key_reused", field="idempotency_key"
    )


async def test_two_at_once_never_spend_the_same_money(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    account = await treasurer.account()
    replies = await asyncio.gather(*(treasurer.asks(available, account) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 422, 422, 422]
    refused = next(reply for reply in replies if reply.status == 422)
    then_refused(refused, 422, "insufficient_available", field="amount")
    check_reply("create_payout", refused, 422)
    made = next(reply for reply in replies if reply.status == 201)
    listed = await treasurer.merchant.get("/v1/payouts", headers=_seen(made))
    assert [payout["payout_id"] for payout in listed.json["payouts"]] == [made.json["payout_id"]]
    assert await treasurer.available() == 0


async def test_a_rejected_payout_gives_the_money_back_and_says_why(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    created = await treasurer.asks(available, await treasurer.account("Closed Account GmbH"))
    failed = await treasurer.comes_to(created.json["payout_id"], "failed")
    assert failed["failure"] == {"code": "AC04", "message": "the account is closed"}
    assert await treasurer.available() == available


async def test_a_returned_payout_gives_the_money_back_after_it_was_paid(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    created = await treasurer.asks(available, await treasurer.account("Returned Payment GmbH"))
    returned = await treasurer.comes_to(created.json["payout_id"], "returned")
    assert returned["failure"]["code"] == "MS03"
    assert await treasurer.available() == available


async def test_the_list_shows_ones_own_by_status(treasurer: Treasurer) -> None:
    available = await treasurer.earns(10_000)
    account = await treasurer.account()
    made = [await treasurer.asks(100, account) for _ in range(3)]
    names = [reply.json["payout_id"] for reply in made]
    assert available > 300
    seen = _seen(made[-1])
    first = await treasurer.merchant.get("/v1/payouts?limit=2", headers=seen)
    check_reply("list_payouts", first, 200)
    rest = await treasurer.merchant.get(f"/v1/payouts?limit=2&cursor={first.json['next_cursor']}", headers=seen)
    shown = [payout["payout_id"] for payout in (*first.json["payouts"], *rest.json["payouts"])]
    assert shown == names[::-1]
    assert rest.json["next_cursor"] is None
    for name in names:
        await treasurer.comes_to(name, "paid")
    canceled = await treasurer.merchant.get("/v1/payouts?status=canceled")
    assert canceled.json["payouts"] == []
    then_refused(await treasurer.merchant.get("/v1/payouts?status=gone"), 400, "parameter_invalid", field="status")


async def test_what_is_in_a_file_cannot_be_canceled(treasurer: Treasurer, merchant: Merchant) -> None:
    await treasurer.earns(10_000)
    created = await treasurer.asks(100, await treasurer.account())
    await treasurer.comes_to(created.json["payout_id"], "paid")
    reply = await merchant.send("POST", f"/v1/payouts/{created.json['payout_id']}/cancel")
    check_reply("cancel_payout", reply, 409)
    then_refused(reply, 409, "payout_not_cancelable", current_status="paid")
    then_refused(await merchant.get("/v1/payouts/po_00000000000000000000000000"), 404, "payout_not_found")


async def test_what_no_bank_would_take_is_refused_at_once(treasurer: Treasurer) -> None:
    await treasurer.earns(10_000)
    account = await treasurer.account()
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"amount": 0}, 400, "body_invalid"),
        ({"currency": "USD"}, 400, "currency_mismatch"),
        ({"bank_account_id": "ba_00000000000000000000000000"}, 404, "bank_account_not_found"),
        ({"description": "for 4242 4242 4242 4242"}, 400, "card_data_refused"),
        ({"merchant_id": "mer_other"}, 403, "other_merchant"),
        ({"amount": 100_000}, 422, "insufficient_available"),
    ]
    for fields, status, slug in refusals:
        reply = await treasurer.asks(**{"amount": 100, "account": account, **fields})
        assert reply.status == status, reply
        assert str(reply.json["type"]).endswith(slug)
        check_reply("create_payout", reply, status)


async def test_an_operator_sees_where_a_payout_is(treasurer: Treasurer, operator: Merchant) -> None:
    await treasurer.earns(10_000)
    created = await treasurer.asks(100, await treasurer.account())
    payout_id = created.json["payout_id"]
    await treasurer.comes_to(payout_id, "paid")
    shown = await operator.get(f"/v1/operator/payouts/{payout_id}")
    check_reply("get_any_payout", shown, 200)
    assert shown.json["merchant_id"] == treasurer.merchant.merchant_id
    assert shown.json["batch_id"].startswith("pb_")
    check_reply("list_all_payouts", await operator.get("/v1/operator/payouts?status=held"), 200)
    refused = await operator.send("POST", f"/v1/operator/payouts/{payout_id}/approve")
    check_reply("approve_payout", refused, 409)
    then_refused(refused, 409, "payout_not_held", current_status="paid")
    body = {"reason": "asked for by phone"}
    refused = await operator.send("POST", f"/v1/operator/payouts/{payout_id}/cancel", body)
    check_reply("cancel_any_payout", refused, 409)


def _seen(reply: Reply) -> dict[str, str]:
    """For a query that has to see what `reply` did."""
    return {POSITION_HEADER: reply.headers[POSITION_HEADER]}
