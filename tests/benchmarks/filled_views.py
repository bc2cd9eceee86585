"""The views of a filled store, filled in bulk with what the projectors would have left: a sample shows that."""

import gc
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from domain.history import Positioned
from domain.ledger.accounts import authorized
from infrastructure.postgres.event_store.mapper import MsgspecTranscoder
from projections.engine.view import Key, View, fold
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES, LINES_BLOCK_POSITIONS
from projections.ledger.merchant_balances import MERCHANT_BALANCES, MerchantBalancesRow
from projections.payment.audit_timeline import AUDIT_TIMELINE, FEED_BLOCK_POSITIONS
from projections.payment.status import PAYMENT_STATUS
from projections.provider.reconciliation import RECONCILIATION
from projections.provider.unsettled import UNSETTLED
from projections.views import VIEWS

SUMS: tuple[View[Any], ...] = (MERCHANT_BALANCES, UNSETTLED, ACCOUNT_BLOCKS, JOURNAL_CLOCK)
BLOCKS: Mapping[View[Any], int] = {
    AUDIT_TIMELINE: FEED_BLOCK_POSITIONS,
    JOURNAL_LINES: LINES_BLOCK_POSITIONS,
}
FOLDED: tuple[View[Any], ...] = (PAYMENT_STATUS, RECONCILIATION, *BLOCKS, *SUMS)
BATCH_EVENTS = 20_000
SAMPLE_PAYMENTS, SAMPLE_BLOCKS = 100, 20

_SECONDARY_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'views' AND tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'
"""
_SELECT_EVENTS = "SELECT notification_id, state FROM stored_events ORDER BY notification_id"
_INSERT_ROWS = "INSERT INTO views.{table} SELECT * FROM jsonb_populate_recordset(NULL::views.{table}, %s::jsonb)"
_CHECKPOINTS = """
UPDATE views.checkpoint SET position = (SELECT max(notification_id) FROM stored_events)
"""
_SELECT_PAYMENTS = "SELECT DISTINCT payment_id FROM operation_claim WHERE position = ANY(%s)"
_SELECT_POSITION_MAX = "SELECT max(notification_id) FROM stored_events"
_SELECT_OF_PAYMENTS = """
SELECT notification_id, state FROM stored_events WHERE originator_id = ANY(%s) ORDER BY notification_id
"""
_SELECT_OF_BLOCK = """
SELECT notification_id, state FROM stored_events WHERE notification_id BETWEEN %s AND %s ORDER BY notification_id
"""
_SELECT_BLOCK = "SELECT to_jsonb(t)::text FROM views.{table} AS t WHERE block = %s"
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
    with psycopg.connect(database_url) as connection:
        tables = [view.table for view in VIEWS.values()]
        indexes = connection.execute(_SECONDARY_INDEXES, (tables,)).fetchall()
        for name, _ in indexes:
            connection.execute(SQL("DROP INDEX {}").format(Identifier("views", name)))
        connection.commit()
        _fill_folded(database_url, connection)
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
    with psycopg.connect(database_url) as connection:
        payments = _sample(connection)
        events = _decoded(connection.execute(_SELECT_OF_PAYMENTS, (payments,)))
        of_payments: tuple[View[Any], ...] = (PAYMENT_STATUS, RECONCILIATION)
        for view in of_payments:
            statement = SQL(_SELECT_ROWS).format(table=Identifier(view.table))
            assert _rows(view, connection.execute(statement, (payments,))) == fold(view, {}, events), view.name
        for view, block_positions in BLOCKS.items():
            statement = SQL(_SELECT_BLOCK).format(table=Identifier(view.table))
            for block in _sample_blocks(connection, block_positions):
                begin = block * block_positions
                events = _decoded(connection.execute(_SELECT_OF_BLOCK, (begin, begin + block_positions - 1)))
                assert _rows(view, connection.execute(statement, (block,))) == fold(view, {}, events), view.name
        kept = {(account, currency): minor for account, currency, minor in connection.execute(_SELECT_BALANCES)}
        statement = SQL("SELECT to_jsonb(t)::text FROM views.{} AS t").format(Identifier(MERCHANT_BALANCES.table))
        for (text,) in connection.execute(statement):
            row = msgspec.json.decode(text, type=MerchantBalancesRow)
            assert row.authorized == kept[authorized(row.merchant_id), row.currency], row  # type: ignore[arg-type]


def _sample(connection: Connection) -> list[UUID]:
    [(position_max,)] = connection.execute(_SELECT_POSITION_MAX).fetchall()
    positions = random.Random(1).sample(range(1, position_max + 1), min(position_max, 20 * SAMPLE_PAYMENTS))
    return [payment for (payment,) in connection.execute(_SELECT_PAYMENTS, (positions,))][:SAMPLE_PAYMENTS]


def _sample_blocks(connection: Connection, block_positions: int) -> list[int]:
    [(position_max,)] = connection.execute(_SELECT_POSITION_MAX).fetchall()
    blocks = position_max // block_positions + 1
    return random.Random(2).sample(range(blocks), min(blocks, SAMPLE_BLOCKS))


def _decoded(stored: Iterable[tuple[int, bytes]]) -> list[Positioned]:
    decode = MsgspecTranscoder().decode
    return [Positioned(position, decode(state)) for position, state in stored]


def _rows(view: View[Any], found: Iterable[tuple[str]]) -> dict[Key, Any]:
    rows = [msgspec.json.decode(text, type=view.row) for (text,) in found]
    return {view.key_of(row): row for row in rows}


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
    with psycopg.connect(database_url) as connection, connection.cursor(name="events", binary=True) as cursor:
        cursor.execute(_SELECT_EVENTS)
        while rows := cursor.fetchmany(BATCH_EVENTS):
            yield _decoded(rows)


def _insert(connection: Connection, view: View[Any], rows: Sequence[Any]) -> None:
    if rows:
        statement = SQL(_INSERT_ROWS).format(table=Identifier(view.table))
        connection.execute(statement, (msgspec.json.encode(rows).decode(),))
