"""The view of refunds is what the payments' own events say, page by page."""

from collections.abc import Sequence
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.payment.events import OperationKind
from domain.payment.status import OperationStatus
from projections.engine.view import fold
from projections.payment.refunds import REFUNDS, RefundRow, payment_of, refunds_of, search
from tests.projections.histories import MERCHANTS, positioned, recorded_history
from tests.support.domain import (
    APPROVED,
    DECLINED,
    UNKNOWN,
    History,
    adopts,
    authorized,
    captured,
    eur,
    operation,
    refund_answered,
    refunds,
    reverses,
    then_,
)
from tests.support.store import advanced

Connection = psycopg.AsyncConnection[Any]
ENDS = (None, APPROVED, DECLINED, UNKNOWN)
STATUSES = (OperationStatus.PENDING, OperationStatus.SUCCEEDED, OperationStatus.FAILED, OperationStatus.PENDING)


def refunded(number: int) -> History:
    """A payment with one refund that succeeded, and another that ended as `number` says."""
    first, second = operation(2 * number + 1), operation(2 * number + 2)
    history = then_(then_(captured(), refunds(eur("10.00"), id=first)), refund_answered(APPROVED, id=first))
    started = then_(history, refunds(eur("20.00"), id=second))
    end = ENDS[number % len(ENDS)]
    return started if end is None else then_(started, refund_answered(end, id=second))


@pytest.fixture
async def rows(views: Connection) -> list[RefundRow]:
    events = positioned(
        [
            event
            for number in range(12)
            for event in recorded_history(
                UUID(int=1000 - number), refunded(number), MERCHANTS[number % 3 // 2], started_s=number // 2 * 2
            )
        ]
    )
    await advanced(views, REFUNDS, events)
    return list(fold(REFUNDS, {}, events).values())


@pytest.mark.parametrize("number", range(len(ENDS)))
def test_a_payments_refunds_come_of_its_own_events(number: int) -> None:
    history = positioned(recorded_history(UUID(int=1), refunded(number)))
    first, second = refunds_of(history)
    assert (first.status, first.amount_minor) == (OperationStatus.SUCCEEDED, 1_000)
    assert (second.status, second.amount_minor) == (STATUSES[number], 2_000)
    assert (second.code is not None) == (second.status is OperationStatus.FAILED)
    assert {first.payment_id, second.payment_id} == {UUID(int=1)}


def test_a_refund_that_fails_after_it_succeeded_has_failed() -> None:
    reversed_later = then_(refunded(1), reverses(id=operation(3)))
    first, _ = refunds_of(positioned(recorded_history(UUID(int=1), reversed_later)))
    assert (first.status, first.code, first.message) == (OperationStatus.FAILED, "refund_declined", "account closed")
    assert first.updated_at > first.created_at


@pytest.mark.parametrize(
    ("failed", "status"), [(None, OperationStatus.SUCCEEDED), ("account closed", OperationStatus.FAILED)]
)
def test_a_refund_that_was_made_at_the_provider_is_one_too(failed: str | None, status: OperationStatus) -> None:
    history = then_(captured(), adopts(OperationKind.REFUND, eur("10.00"), known=captured(), failed=failed))
    [found] = refunds_of(positioned(recorded_history(UUID(int=1), history)))
    assert (found.status, found.amount_minor, found.reason) == (status, 1_000, None)


def test_a_capture_that_was_made_at_the_provider_is_no_refund() -> None:
    history = then_(authorized(), adopts(OperationKind.CAPTURE, eur("10.00"), known=authorized()))
    assert refunds_of(positioned(recorded_history(UUID(int=1), history))) == []


ASKED: dict[str, Sequence[Any]] = {
    "status": (None, *OperationStatus),
    "payment_id": (None, UUID(int=1000), UUID(int=998)),
}


@pytest.mark.parametrize(
    "asked", [dict(zip(ASKED, values, strict=True)) for values in product(*ASKED.values())], ids=str
)
async def test_pages_hold_what_was_asked_for_newest_first(
    views: Connection, rows: list[RefundRow], asked: dict[str, Any]
) -> None:
    acme, _ = MERCHANTS
    expected = [
        row
        for row in sorted(rows, key=lambda row: (row.created_at, row.refund_id), reverse=True)
        if row.merchant_id == acme
        and asked["status"] in (None, row.status)
        and asked["payment_id"] in (None, row.payment_id)
    ]
    found: list[RefundRow] = []
    while page := await search(
        views, merchant_id=acme, rows_max=3, before=found[-1].refund_id if found else None, **asked
    ):
        found += page
    assert found == expected


async def test_the_payment_of_a_refund_is_found(views: Connection, rows: list[RefundRow]) -> None:
    for row in rows:
        assert await payment_of(views, row.refund_id) == row.payment_id
    assert await payment_of(views, UUID(int=77)) is None
