"""Search: every payment once, newest first, however the pages are cut and whatever is filtered."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.interfaces.http.reading import behind, found
from tests.support.running import Merchant, Reply


async def _payments(merchant: Merchant, number: int, **fields: Any) -> list[Reply]:
    """One after the other, oldest first."""
    return [await merchant.pay(confirm=False, **fields) for _ in range(number)]


def _ids(replies: list[Reply]) -> list[str]:
    return [reply.json["payment_id"] for reply in replies]


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 100])
async def test_walking_the_pages_shows_every_payment_once_newest_first(merchant: Merchant, limit: int) -> None:
    made = await _payments(merchant, 6)
    pages = await found(merchant, made[-1], limit=limit)
    assert [payment["payment_id"] for page in pages for payment in page] == _ids(made)[::-1]
    assert [len(page) for page in pages] == [len(page) for page in pages if page]
    assert all(len(page) == limit for page in pages[:-1])


async def test_a_payment_made_meanwhile_does_not_disturb_the_walk(merchant: Merchant) -> None:
    made = await _payments(merchant, 5)
    first = await merchant.get("/v1/payments?limit=2", headers=behind(made[-1]))
    [newcomer] = await _payments(merchant, 1)
    rest = await found(merchant, newcomer, limit=2, cursor=first.json["next_cursor"])
    walked = [payment["payment_id"] for page in (first.json["payments"], *rest) for payment in page]
    assert walked == _ids(made)[::-1]


async def test_a_payment_found_is_the_payment_as_it_is(merchant: Merchant) -> None:
    paid = await merchant.pay()
    refunded = await merchant.act(paid.json["payment_id"], "refunds", amount=300)
    [[payment]] = await found(merchant, refunded)
    assert payment == await merchant.payment(paid.json["payment_id"])


async def test_payments_are_found_by_their_status(merchant: Merchant) -> None:
    created = await merchant.pay(confirm=False)
    failed = await merchant.pay(token="tok_declined")
    paid = await merchant.pay()
    for status, expected in {
        "requires_confirmation": [created],
        "failed": [failed],
        "captured": [paid],
        "disputed": [],
    }.items():
        [page] = await found(merchant, paid, status=status)
        assert [payment["payment_id"] for payment in page] == _ids(expected)


async def test_payments_are_found_by_their_customer(merchant: Merchant) -> None:
    ada, last = await _payments(merchant, 3, customer_id="ada@example.org"), await _payments(merchant, 1)
    pages = await found(merchant, last[0], customer_id="ada@example.org", limit=2)
    assert [[payment["payment_id"] for payment in page] for page in pages] == [_ids(ada)[:0:-1], _ids(ada)[:1]]


@pytest.mark.parametrize(
    "customer_id", ["shop/7", "a/../b", "//", "a%2Fb?c=d&e#f", "[x](y);'z'\"!$*,=~|\\^`{}", "+49", "@"]
)
async def test_a_customer_is_found_by_whatever_the_shop_calls_it(merchant: Merchant, customer_id: str) -> None:
    wanted = await merchant.pay(confirm=False, customer_id=customer_id)
    assert (wanted.status, wanted.json["customer_id"]) == (201, customer_id)
    last = await merchant.pay(confirm=False, customer_id=customer_id[:-1] + "x")
    [page] = await found(merchant, last, customer_id=customer_id)
    assert [payment["payment_id"] for payment in page] == _ids([wanted])


async def test_payments_are_found_by_currency_and_amount(merchant: Merchant) -> None:
    small, large = await merchant.pay(500, confirm=False), await merchant.pay(2_000, confirm=False)
    dollars = await merchant.pay(500, "USD", confirm=False)
    for query, expected in (
        ({"currency": "EUR"}, [large, small]),
        ({"currency": "JPY"}, []),
        ({"currency": "EUR", "amount": 500}, [small]),
        ({"currency": "EUR", "amount": 501}, []),
        ({"currency": "EUR", "amount_gte": 501}, [large]),
        ({"currency": "EUR", "amount_gte": 500, "amount_lte": 2_000}, [large, small]),
        ({"currency": "USD", "amount_lte": 500}, [dollars]),
    ):
        [page] = await found(merchant, dollars, **query)
        assert [payment["payment_id"] for payment in page] == _ids(expected), query


async def test_payments_are_found_by_when_they_were_made(merchant: Merchant) -> None:
    made = await _payments(merchant, 3)
    moments = [datetime.fromisoformat(reply.json["created_at"]) for reply in made]
    between = (moments[0] + (moments[1] - moments[0]) / 2).isoformat()
    for query, expected in (
        ({"created_after": between}, made[:0:-1]),
        ({"created_before": between}, made[:1]),
        ({"created_after": between, "created_before": moments[2].isoformat()}, made[1:2]),
        ({"created_after": (moments[2] + timedelta(days=1)).isoformat()}, []),
    ):
        [page] = await found(merchant, made[-1], **query)
        assert [payment["payment_id"] for payment in page] == _ids(expected)


async def test_filters_hold_together(merchant: Merchant) -> None:
    await merchant.pay(customer_id="ada")
    wanted = await merchant.pay(customer_id="ada", token="tok_declined")
    last = await merchant.pay(token="tok_declined")
    [page] = await found(merchant, last, customer_id="ada", status="failed")
    assert [payment["payment_id"] for payment in page] == _ids([wanted])
