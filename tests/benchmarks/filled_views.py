"""The views of a filled store, filled in bulk with what the projectors would have left: a sample shows that."""

import gc
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from domain.event import name_of
from domain.history import Positioned
from domain.ledger.accounts import authorized
from domain.ledger.entry import JournalEntryPosted
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from projections.engine.view import Key, View, fold
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES
from projections.ledger.merchant_balances import MERCHANT_BALANCES, MerchantBalancesRow
from projections.payment.audit_timeline import AUDIT_TIMELINE
from projections.payment.status import PAYMENT_STATUS
from projections.provider.reconciliation import RECONCILIATION
from projections.provider.unsettled import UNSETTLED
from projections.views import VIEWS

SUMS: tuple[View[Any], ...] = (MERCHANT_BALANCES, UNSETTLED, ACCOUNT_BLOCKS, JOURNAL_CLOCK)
FOLDED: tuple[View[Any], ...] = (PAYMENT_STATUS, RECONCILIATION, JOURNAL_LINES, *SUMS)
"""The views whose rows are folded here; the timeline has a row an event, which Postgres itself can make."""
BATCH_EVENTS = 20_000
SAMPLE_PAYMENTS = 100

_SECONDARY_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'views' AND tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'
"""
_SELECT_EVENTS = "SELECT notification_id, state FROM stored_events ORDER BY notification_id"
_INSERT_TIMELINE = """
INSERT INTO views.audit_timeline (
    position, payment_id, merchant_id, event, recorded_at, actor, request_id, trace_id, causation_id, data
)
SELECT
    notification_id,
    CASE topic WHEN %s THEN (stored -> 'data' ->> 'payment_id')::uuid ELSE originator_id END,
    stored ->> 'merchant_id', topic, (stored ->> 'recorded_at')::timestamptz, stored ->> 'actor',
    stored ->> 'request_id', stored ->> 'trace_id', stored ->> 'causation_id', stored -> 'data'
FROM (SELECT *, convert_from(state, 'UTF8')::jsonb AS stored FROM stored_events OFFSET 0) AS events
"""
_INSERT_ROWS = "INSERT INTO views.{table} SELECT * FROM jsonb_populate_recordset(NULL::views.{table}, %s::jsonb)"
_CHECKPOINTS = """
UPDATE views.checkpoint SET position = (SELECT max(notification_id) FROM stored_events)
"""
_SELECT_PAYMENTS = "SELECT DISTINCT payment_id FROM operation_claim WHERE position = ANY(%s)"
_SELECT_POSITION_MAX = "SELECT max(notification_id) FROM stored_events"
_SELECT_OF_PAYMENTS = """
SELECT notification_id, state FROM stored_events WHERE originator_id = ANY(%s)
UNION ALL
SELECT notification_id, state FROM stored_events
WHERE notification_id IN (SELECT position FROM views.audit_timeline WHERE payment_id = ANY(%s) AND event = %s)
ORDER BY notification_id
"""
_SELECT_ROWS = "SELECT to_jsonb(t)::text FROM views.{table} AS t WHERE payment_id = ANY(%s)"
_SELECT_BALANCES = "SELECT account, currency, balance_minor::bigint FROM account_balance"

Connection = psycopg.Connection[Any]


def fill_views(database_url: str) -> None:
    """Give every view of a store made by `stores.fill` its rows, its indexes and its position."""
    gc.disable()  # Nothing here is garbage: to look for it among all these rows would take longer than to make them.
    try:
        _fill_views(database_url)
    finally:
        gc.enable()


def _fill_views(database_url: str) -> None:
    with psycopg.connect(database_url) as connection, ThreadPoolExecutor(1) as beside:
        tables = [view.table for view in VIEWS.values()]
        indexes = connection.execute(_SECONDARY_INDEXES, (tables,)).fetchall()
        for name, _ in indexes:
            connection.execute(SQL("DROP INDEX {}").format(Identifier("views", name)))
        connection.commit()
        timeline = beside.submit(_fill_timeline, database_url)
        _fill_folded(database_url, connection)
        timeline.result()
        connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute(_CHECKPOINTS)
        connection.commit()
        connection.autocommit = True
        for table in tables:
            connection.execute(SQL("VACUUM (ANALYZE) {}").format(Identifier("views", table)))


def assert_filled_like_projected(database_url: str) -> None:
    """Fold the events of a sample of payments, and find the rows that it gives, and the merchants' balances."""
    decode = MsgspecTranscoder().decode
    with psycopg.connect(database_url) as connection:
        payments = _sample(connection)
        entry = name_of(JournalEntryPosted)
        stored = connection.execute(_SELECT_OF_PAYMENTS, (payments, payments, entry)).fetchall()
        events = [Positioned(position, decode(state)) for position, state in stored]
        of_payments: tuple[View[Any], ...] = (PAYMENT_STATUS, RECONCILIATION, AUDIT_TIMELINE, JOURNAL_LINES)
        for view in of_payments:
            statement = SQL(_SELECT_ROWS).format(table=Identifier(view.table))
            rows = [msgspec.json.decode(text, type=view.row) for (text,) in connection.execute(statement, (payments,))]
            assert {view.key_of(row): row for row in rows} == fold(view, {}, events), view.name
        kept = {(account, currency): minor for account, currency, minor in connection.execute(_SELECT_BALANCES)}
        statement = SQL("SELECT to_jsonb(t)::text FROM views.{} AS t").format(Identifier(MERCHANT_BALANCES.table))
        for (text,) in connection.execute(statement):
            row = msgspec.json.decode(text, type=MerchantBalancesRow)
            assert row.authorized == kept[authorized(row.merchant_id), row.currency], row  # type: ignore[arg-type]


def _sample(connection: Connection) -> list[UUID]:
    [(position_max,)] = connection.execute(_SELECT_POSITION_MAX).fetchall()
    positions = random.Random(1).sample(range(1, position_max + 1), min(position_max, 20 * SAMPLE_PAYMENTS))
    return [payment for (payment,) in connection.execute(_SELECT_PAYMENTS, (positions,))][:SAMPLE_PAYMENTS]


def _fill_timeline(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(_INSERT_TIMELINE, (name_of(JournalEntryPosted),))


def _fill_folded(database_url: str, connection: Connection) -> None:
    """A payment's events are never further apart than BATCH_EVENTS: what a batch leaves untouched is complete."""
    rows: dict[str, dict[Key, Any]] = {view.name: {} for view in FOLDED}
    for events in _batches(database_url):
        for view in FOLDED:
            before, changed = rows[view.name], fold(view, rows[view.name], events)
            if view in SUMS:
                before.update(changed)
            else:
                _insert(connection, view, [row for key, row in before.items() if key not in changed])
                rows[view.name] = changed
    for view in FOLDED:
        _insert(connection, view, list(rows[view.name].values()))
    connection.commit()


def _batches(database_url: str) -> Iterator[Sequence[Positioned]]:
    decode = MsgspecTranscoder().decode
    with psycopg.connect(database_url) as connection, connection.cursor(name="events", binary=True) as cursor:
        cursor.execute(_SELECT_EVENTS)
        while rows := cursor.fetchmany(BATCH_EVENTS):
            yield [Positioned(position, decode(state)) for position, state in rows]


def _insert(connection: Connection, view: View[Any], rows: Sequence[Any]) -> None:
    if rows:
        statement = SQL(_INSERT_ROWS).format(table=Identifier(view.table))
        connection.execute(statement, (msgspec.json.encode(rows).decode(),))
