"""Search gives every page its own payments, newest first, whatever is asked together and whatever the ids say."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.payment.status import Status
from projections.engine.view import fold
from projections.payment.status import PAYMENT_STATUS, AmountFilter, PaymentStatusRow, search
from tests.projections.histories import HISTORIES, MERCHANTS, positioned, recorded_history
from tests.support.domain import NOW
from tests.support.store import advanced

Connection = psycopg.AsyncConnection[Any]
ACME, GLOBEX = MERCHANTS
MIDDLE = NOW + timedelta(seconds=len(HISTORIES))
ASKED: dict[str, Sequence[Any]] = {
    "status": (None, Status.CAPTURED, Status.IN_REVIEW),
    "customer_id": (None, "cus_1", "cus_nobody"),
    "amounts": (
        None,
        AmountFilter(currency="EUR"),
        AmountFilter(currency="USD", amount=1234),
        AmountFilter(currency="EUR", amount_gte=5000, amount_lte=10000),
        AmountFilter(currency="JPY", amount_gte=101),
    ),
    "created_after": (None, MIDDLE),
    "created_before": (None, MIDDLE + timedelta(seconds=3)),
}


def fits(row: PaymentStatusRow, amounts: AmountFilter | None) -> bool:
    return amounts is None or (
        row.currency == amounts.currency
        and amounts.amount in (None, row.amount_minor)
        and (amounts.amount_gte is None or row.amount_minor >= amounts.amount_gte)
        and (amounts.amount_lte is None or row.amount_minor <= amounts.amount_lte)
    )


@pytest.fixture
async def rows(views: Connection) -> list[PaymentStatusRow]:
    """Payments of two merchants in the view: the younger a payment, the smaller its id; two are made at a time."""
    events = positioned(
        [
            event
            for number, name in enumerate([*HISTORIES, *HISTORIES])
            for event in recorded_history(
                UUID(int=1000 - number), HISTORIES[name], MERCHANTS[number % 3 // 2], started_s=number // 2 * 2
            )
        ]
    )
    await advanced(views, PAYMENT_STATUS, events)
    return list(fold(PAYMENT_STATUS, {}, events).values())


@pytest.mark.parametrize(
    "asked", [dict(zip(ASKED, values, strict=True)) for values in product(*ASKED.values())], ids=str
)
async def test_pages_hold_what_was_asked_for_newest_first(
    views: Connection, rows: list[PaymentStatusRow], asked: dict[str, Any]
) -> None:
    expected = [
        row
        for row in sorted(rows, key=lambda row: (row.created_at, row.payment_id), reverse=True)
        if row.merchant_id == ACME
        and asked["status"] in (None, row.status)
        and asked["customer_id"] in (None, row.customer_id)
        and fits(row, asked["amounts"])
        and (asked["created_after"] is None or row.created_at > asked["created_after"])
        and (asked["created_before"] is None or row.created_at < asked["created_before"])
    ]
    found: list[PaymentStatusRow] = []
    while page := await search(
        views, merchant_id=ACME, rows_max=4, before=found[-1].payment_id if found else None, **asked
    ):
        found += page
    assert found == expected


async def test_a_page_before_a_payment_that_is_not_there_is_empty(
    views: Connection, rows: list[PaymentStatusRow]
) -> None:
    assert await search(views, merchant_id=ACME, rows_max=4, before=UUID(int=5000)) == []


async def test_another_merchants_payment_ends_a_page_no_differently_from_one_that_is_not_there(
    views: Connection, rows: list[PaymentStatusRow]
) -> None:
    theirs = next(row for row in rows if row.merchant_id == GLOBEX)
    assert await search(views, merchant_id=ACME, rows_max=4, before=theirs.payment_id) == []
