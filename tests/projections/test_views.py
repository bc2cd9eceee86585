"""What each read model makes of events: pure functions first, then the same rows in its table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.history import Positioned
from domain.ledger.accounts import authorized as authorized_account
from domain.ledger.accounts import held as held_account
from domain.ledger.accounts import pending as pending_account
from domain.ledger.balances import fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.payment.evolve import fold as fold_payment
from domain.payment.state import Payment, Rerouting
from domain.payment.status import Status, status_of
from domain.payment.timer import TimerKind
from projections.engine.tables import all_rows
from projections.engine.view import Key, View, fold, touches
from projections.ledger.merchant_balances import MERCHANT_BALANCES, MerchantBalancesRow, of_merchant
from projections.payment.audit_timeline import (
    AUDIT_TIMELINE,
    FEED_BLOCK_POSITIONS,
    AuditTimelineRow,
    of_merchant_after,
)
from projections.payment.status import PAYMENT_STATUS, PaymentStatusRow, search
from projections.provider.reconciliation import RECONCILIATION, Movement, ReconciliationRow
from projections.provider.unsettled import UnsettledRow, unsettled
from projections.views import VIEWS
from tests.projections.histories import HISTORIES, MERCHANTS, batched, positioned, recorded_history, stores
from tests.support.domain import ACQUIRER, NOW
from tests.support.store import advanced

ACME, GLOBEX = MERCHANTS
Connection = psycopg.AsyncConnection[Any]


def rows_of(view: View[Any], events: Sequence[Positioned]) -> dict[Key, Any]:
    return fold(view, {}, events)


def history(name: str, number: int = 1) -> list[Positioned]:
    return positioned(recorded_history(UUID(int=number), HISTORIES[name], ACME))


# the fold


@given(st.data())
def test_folding_in_any_batches_gives_the_same_rows(data: st.DataObject) -> None:
    events = data.draw(stores())
    for view in VIEWS.values():
        rows: dict[Key, Any] = {}
        for batch in data.draw(batched(events)):
            known = {key: rows[key] for key, _ in touches(view, batch) if key in rows}
            rows |= fold(view, known, batch)
        assert rows == rows_of(view, events)


@given(stores())
def test_a_payments_row_is_the_payment_that_its_own_stream_makes(events: list[Positioned]) -> None:
    rows = rows_of(PAYMENT_STATUS, events)
    streams: dict[UUID, list[Positioned]] = {}
    for event in events:
        if not isinstance(event.event.data, JournalEntryPosted):
            streams.setdefault(event.event.originator_id, []).append(event)
    assert rows.keys() == {(stream,) for stream in streams}
    for stream, own in streams.items():
        row: PaymentStatusRow = rows[stream,]
        payment = fold_payment(event.event.data for event in own)  # type: ignore[misc]
        assert payment is not None
        assert (row.payment, row.status) == (payment, status_of(payment))
        assert (row.version, row.position) == (len(own), own[-1].position)
        assert (row.created_at, row.updated_at) == (own[0].event.recorded_at, own[-1].event.recorded_at)


@given(stores())
def test_a_merchants_balances_are_those_of_its_accounts(events: list[Positioned]) -> None:
    entries = [event.event.data for event in events if isinstance(event.event.data, JournalEntryPosted)]
    balances = fold_balances(entries)
    rows: dict[Key, MerchantBalancesRow] = rows_of(MERCHANT_BALANCES, events)
    for merchant in MERCHANTS:
        for bucket, account in (
            ("authorized", authorized_account),
            ("pending", pending_account),
            ("held", held_account),
        ):
            of_books = {key.currency: minor for key, minor in balances.items() if key.account == account(merchant)}
            of_rows = {row.currency: getattr(row, bucket) for row in rows.values() if row.merchant_id == merchant}
            assert {currency: minor for currency, minor in of_rows.items() if minor or currency in of_books} == of_books


@given(stores())
def test_the_timeline_has_every_event_once(events: list[Positioned]) -> None:
    rows: dict[Key, AuditTimelineRow] = rows_of(AUDIT_TIMELINE, events)
    for merchant in MERCHANTS:
        named = [position for row in rows.values() if row.merchant_id == merchant for position in row.positions]
        assert named == [event.position for event in events if event.event.merchant_id == merchant]
    for row in rows.values():
        assert {position // FEED_BLOCK_POSITIONS for position in row.positions} == {row.block}


@pytest.mark.parametrize(
    ("name", "movements"),
    [
        ("authorized", []),
        ("partially captured", [(Movement.CAPTURE, 4000)]),
        ("captured", [(Movement.CAPTURE, 9999)]),
        ("refunding", [(Movement.CAPTURE, 10000)]),
        ("refunded", [(Movement.CAPTURE, 10000), (Movement.REFUND, 3000)]),
        ("disputed", [(Movement.CAPTURE, 10000)]),
        ("dispute won", [(Movement.CAPTURE, 10000)]),
        ("dispute lost", [(Movement.CAPTURE, 10000), (Movement.CHARGEBACK, 4000)]),
    ],
)
def test_reconciliation_has_what_moved_at_the_provider(name: str, movements: list[tuple[Movement, int]]) -> None:
    rows: dict[Key, ReconciliationRow] = rows_of(RECONCILIATION, history(name))
    assert [(row.movement, row.amount_minor) for row in rows.values()] == movements
    assert {row.provider for row in rows.values()} <= {ACQUIRER}


def test_the_histories_of_these_tests_reach_every_stage() -> None:
    stages = {type(row.payment) for name in HISTORIES for row in rows_of(PAYMENT_STATUS, history(name)).values()}
    # Nobody finds a payment between two attempts: the next follows in the same append.
    assert stages == set(Payment.__args__) - {Rerouting}


@pytest.mark.parametrize("name", HISTORIES)
def test_every_row_comes_back_as_it_was_from_json(name: str) -> None:
    for view in VIEWS.values():
        for key, row in rows_of(view, history(name)).items():
            assert msgspec.json.decode(msgspec.json.encode(row), type=view.row) == row
            assert view.key_of(row) == key


# the tables


async def fill(connection: Connection, events: Sequence[Positioned]) -> None:
    for view in VIEWS.values():
        await advanced(connection, view, events)


async def assert_tables_equal_the_fold(connection: Connection, events: Sequence[Positioned]) -> None:
    for view in VIEWS.values():
        assert await all_rows(connection, view) == rows_of(view, events)


def everything_there_is() -> list[Positioned]:
    """Every history, of two merchants in turn."""
    return positioned(
        [
            event
            for number, name in enumerate(HISTORIES, start=1)
            for event in recorded_history(UUID(int=number), HISTORIES[name], MERCHANTS[number % 2], started_s=number)
        ]
    )


async def test_each_table_equals_its_fold_however_events_come(views: Connection) -> None:
    """In batches of any size, some of them repeated, overlapping, or with an event twice in one."""
    events = everything_there_is()
    done = 0
    for size in (1, 2, 3, 0, 7, 5, 40, 500):
        upcoming = events[max(0, done - size) : done + size]
        for batch in (upcoming, [event for event in upcoming for _ in range(2)], upcoming[:size], events[:done]):
            await fill(views, batch)
        done = min(len(events), done + size)
        await assert_tables_equal_the_fold(views, events[:done])
    assert done == len(events)


async def test_a_repeat_inside_a_batch_is_applied_once(views: Connection) -> None:
    events = history("captured")
    await fill(views, [*events, *events[-3:]])
    await assert_tables_equal_the_fold(views, events)
    for view in VIEWS.values():
        assert await advanced(views, view, []) == events[-1].position


async def test_an_interrupted_advance_leaves_rows_and_position_as_they_were(views: Connection) -> None:
    events = history("captured")
    await fill(views, events[:2])
    async with views.transaction(force_rollback=True):
        await fill(views, events)
    await assert_tables_equal_the_fold(views, events[:2])
    await fill(views, events)
    await assert_tables_equal_the_fold(views, events)


# the queries


async def test_a_search_gives_the_merchants_payments_newest_first_page_by_page(views: Connection) -> None:
    events = everything_there_is()
    await fill(views, events)
    all_of: dict[Key, PaymentStatusRow] = rows_of(PAYMENT_STATUS, events)
    mine = sorted((row for row in all_of.values() if row.merchant_id == ACME), key=lambda row: row.payment_id)[::-1]
    pages: list[PaymentStatusRow] = []
    while page := await search(views, merchant_id=ACME, rows_max=3, before=pages[-1].payment_id if pages else None):
        assert len(page) <= 3
        pages += page
    assert pages == mine
    assert await search(views, merchant_id="mer_nobody", rows_max=9) == []


async def test_a_search_narrows_by_status_customer_and_time(views: Connection) -> None:
    events = everything_there_is()
    await fill(views, events)
    all_of: dict[Key, PaymentStatusRow] = rows_of(PAYMENT_STATUS, events)

    async def found(**wanted: Any) -> set[UUID]:
        rows = [
            row for merchant in MERCHANTS for row in await search(views, merchant_id=merchant, rows_max=99, **wanted)
        ]
        return {row.payment_id for row in rows}

    for status in Status:
        assert await found(status=status) == {row.payment_id for row in all_of.values() if row.status is status}
    assert len(await found(customer_id="cus_1")) == len(HISTORIES)
    assert await found(customer_id="cus_2") == set()
    middle = NOW + timedelta(seconds=len(HISTORIES) // 2)
    early = {row.payment_id for row in all_of.values() if row.created_at < middle}
    late = {row.payment_id for row in all_of.values() if row.created_at > middle}
    assert await found(created_before=middle) == early
    assert await found(created_after=middle) == late
    assert await found(created_after=middle, created_before=middle) == set()


async def test_timers_are_of_those_who_wait_for_their_customer_or_whose_authorisation_is_open() -> None:
    events = everything_there_is()
    rows: dict[Key, PaymentStatusRow] = rows_of(PAYMENT_STATUS, events)
    waiting = {
        name: rows[(UUID(int=number),)].timer
        for number, name in enumerate(HISTORIES, start=1)
        if rows[(UUID(int=number),)].due_at is not None
    }
    assert waiting == {
        "requires action": TimerKind.CUSTOMER_ACTION,
        "requires action in yen": TimerKind.CUSTOMER_ACTION,
        **dict.fromkeys(("authorized", "capturing", "partially captured", "voiding"), TimerKind.AUTHORIZATION),
    }


async def test_a_merchants_feed_is_its_events_in_order_from_any_position(views: Connection) -> None:
    events = everything_there_is()
    await fill(views, events)
    wanted = [event.position for event in events if event.event.merchant_id == GLOBEX]
    got: list[int] = []
    while positions := await of_merchant_after(views, GLOBEX, got[-1] if got else 0, positions_max=4):
        got += positions
    assert got == wanted
    for after in range(len(events) + 2):
        found = await of_merchant_after(views, GLOBEX, after, positions_max=100)
        assert found == [position for position in wanted if position > after][:100]
    assert await of_merchant_after(views, "mer_nobody", 0, positions_max=100) == []


async def test_unsettled_sums_by_provider_and_currency(views: Connection) -> None:
    events = everything_there_is()
    await fill(views, events)
    moved: dict[Key, ReconciliationRow] = rows_of(RECONCILIATION, events)

    def total(rows: Sequence[ReconciliationRow], movement: Movement) -> int:
        return sum(row.amount_minor for row in rows if row.movement is movement)

    for merchant in MERCHANTS:
        sums = []
        for currency in ("EUR", "USD"):
            rows = [row for row in moved.values() if (row.currency, row.merchant_id) == (currency, merchant)]
            if rows:
                taken, back, lost, won, failed = (total(rows, movement) for movement in Movement)
                sums.append(
                    UnsettledRow(
                        merchant_id=merchant,
                        provider=ACQUIRER,
                        currency=currency,
                        captured_minor=taken,
                        refunded_minor=back - failed,
                        charged_back_minor=lost - won,
                        movements=len(rows),
                        position=max(row.position for row in rows),
                    )
                )
                assert sums[-1].net_minor == taken - back + failed - lost + won
        assert list(await unsettled(views, merchant)) == sums


async def test_a_merchant_has_one_row_a_currency(views: Connection) -> None:
    events = everything_there_is()
    await fill(views, events)
    of_acme = [row for row in rows_of(MERCHANT_BALANCES, events).values() if row.merchant_id == ACME]
    assert list(await of_merchant(views, ACME)) == sorted(of_acme, key=lambda row: str(row.currency))
    assert await of_merchant(views, "mer_nobody") == []
