"""Events and commands for the store, as small as the domain allows, and a store opened on a test's own database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg

from application.write.recording import record_all
from application.write.store import Answer, Append, Appended, AppendResult, Claim, Settlement, StoreUnavailable, Verb
from domain.history import AnyEvent, Cause, Positioned, Recorded, record
from domain.identifiers import CustomerId, MerchantId, OperationId, PaymentId
from domain.ledger.accounts import AccountCode, Side, authorized, holds
from domain.ledger.entry import JournalEntryPosted, Posting
from domain.money.money import Money
from domain.payment.events import CaptureMethod, PaymentCreated
from infrastructure.postgres.connection import pool as pool_module
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.leases import Leases
from infrastructure.postgres.operation_queue import PostgresOperationQueue
from interfaces.runtime.worker import supervise
from projections.engine.checkpoint import SHARED, standing_of
from projections.engine.connection import LIVE_SCHEMA, connect
from projections.engine.group import Group, NotApplied, after
from projections.engine.tables import create
from projections.engine.view import View
from tests.support.domain import ACQUIRER, ATTEMPT, CARD, MERCHANT, History

RECORDED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CAUSE = Cause(actor="key:test", request_id="req_test", trace_id="0" * 32)
POLL_S = 0.01
_OWNERS: dict[str, str] = {}
"""By the beginning of a URL, up to the database: the application's, and the owner's."""


def created(
    stream_id: UUID,
    version: int = 1,
    *,
    merchant_id: MerchantId = MERCHANT,
    customer: str = "cus_1",
    recorded_at: datetime = RECORDED_AT,
) -> Recorded:
    """A payment's first event, at any place of any stream: the store does not care."""
    event = PaymentCreated(
        merchant_id=merchant_id,
        customer_id=CustomerId(customer),
        amount=Money(1000, "EUR"),
        method=CARD,
        capture_method=CaptureMethod.MANUAL,
        return_url=None,
    )
    return stored(stream_id, version, event, merchant_id=merchant_id, recorded_at=recorded_at)


def stored(
    stream_id: UUID,
    version: int,
    event: AnyEvent,
    *,
    merchant_id: MerchantId = MERCHANT,
    recorded_at: datetime = RECORDED_AT,
) -> Recorded:
    return record(stream_id, version, event, merchant_id=merchant_id, cause=CAUSE, recorded_at=recorded_at)


def hold_entry(
    change_minor: int,
    *,
    merchant_id: MerchantId = MERCHANT,
    currency: str = "EUR",
    account: AccountCode | None = None,
    due: datetime | None = None,
) -> Recorded:
    """A journal entry that moves `account`, and its lot of `due`: where none is named the merchant's `authorized`, an
    account that may not fall below zero."""
    amount = Money(abs(change_minor), currency)
    up, down = (Side.CREDIT, Side.DEBIT) if change_minor > 0 else (Side.DEBIT, Side.CREDIT)
    payment_id = PaymentId(uuid4())
    entry = JournalEntryPosted(
        cause_id=payment_id,
        payment_id=payment_id,
        merchant_id=merchant_id,
        cause="payment.authorized.v1",
        cause_version=1,
        postings=(
            Posting(account or authorized(merchant_id), up, amount, due),
            Posting(holds(ACQUIRER), down, amount),
        ),
    )
    return stored(uuid4(), 1, entry, merchant_id=merchant_id)


def claim(
    key: str | None = None,
    *,
    operation_id: UUID | None = None,
    merchant_id: MerchantId = MERCHANT,
    fingerprint: bytes = b"fingerprint",
    unresolved: bool = True,
    answer: Answer | None = None,
) -> Claim:
    return Claim(
        operation_id=OperationId(operation_id or uuid4()),
        merchant_id=merchant_id,
        subject_id=PaymentId(uuid4()),
        verb=Verb.CAPTURE,
        key=key,
        fingerprint=fingerprint,
        unresolved=unresolved,
        answer=answer,
    )


def settlement(operation_id: UUID, body: bytes = b"{}", *, unresolved: bool = False, status: int = 200) -> Settlement:
    return Settlement(operation_id=OperationId(operation_id), answer=Answer(status, body), unresolved=unresolved)


@asynccontextmanager
async def open_committer(database_url: str) -> AsyncIterator[Committer]:
    committer = Committer(database_url, EventMapper())
    committer.start()
    try:
        yield committer
    finally:
        await committer.aclose()


@asynccontextmanager
async def open_store(database_url: str, *, connects: bool = True) -> AsyncIterator[PostgresEventStore]:
    """The store as composition wires it, and connected, however busy the machine is, unless it is not to connect.

    Its pool begins with one connection: a second for each of a thousand tests is ten seconds of work.
    """
    with patch.object(pool_module, "POOL_SIZE_MIN", 1):
        pool = ReadPool(database_url)
    await pool.open()

    async def connected() -> bool:
        with suppress(StoreUnavailable):
            async with pool.connection():
                return True
        return False

    try:
        if connects:
            await until(connected, "a connection of the pool")
        async with open_committer(database_url) as committer:
            yield PostgresEventStore(committer, pool, EventMapper())
    finally:
        await pool.aclose()


def operation_queue(store: PostgresEventStore) -> PostgresOperationQueue:
    """The operations without an outcome of the same database."""
    return PostgresOperationQueue(store._pool)


@asynccontextmanager
async def open_leases(database_url: str, kind: type[Leases] = Leases) -> AsyncIterator[Leases]:
    """Those of a worker that renews them for as long as the block."""
    leases = kind(database_url)
    renewing = asyncio.create_task(supervise({"leases": leases.renew}))
    try:
        yield leases
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


@asynccontextmanager
async def open_views(database_url: str, schema: str = LIVE_SCHEMA) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection in which the views' SQL means the tables of `schema`."""
    async with await connect(database_url, schema) as connection:
        yield connection


async def advanced(connection: psycopg.AsyncConnection[Any], view: View[Any], events: Sequence[Positioned]) -> int:
    """Apply those of `events` that the live view, alone at its checkpoint, has not seen; the position it stands at."""
    await create(connection, view)
    while True:
        is_shared = (await standing_of(connection, view.name)).is_shared
        checkpoint = SHARED if is_shared else view.name
        place = (await standing_of(connection, checkpoint)).place
        if not (fresh := after(place.position, events)):
            return place.position
        with suppress(NotApplied):  # Where a projector has taken them in at the same time.
            await Group(connection, [view]).advance(checkpoint, place, fresh)
        assert (await standing_of(connection, checkpoint)).place != place


async def append_all(store: PostgresEventStore, events: Sequence[Recorded]) -> None:
    """Each event by a command of its own, in their order."""
    for event in events:
        assert_appended(await store.append(Append(events=(event,))))


async def store_in_flight(store: PostgresEventStore, history: History) -> PaymentId:
    """A payment whose ATTEMPT has no outcome yet, as its process left it: with a claim on a merchant's key."""
    payment_id = PaymentId(uuid4())
    events = record_all(payment_id, 0, history, merchant_id=MERCHANT, cause=CAUSE, now=RECORDED_AT)
    claim = Claim(
        operation_id=ATTEMPT,
        merchant_id=MERCHANT,
        subject_id=payment_id,
        verb=Verb.CREATE,
        key="key",
        fingerprint=b"fingerprint",
        unresolved=True,
    )
    assert_appended(await store.append(Append(events=events, claim=claim)))
    return payment_id


async def everything(store: PostgresEventStore) -> list[Positioned]:
    return list(await store.after(0, events_max=100_000))


def assert_appended(result: AppendResult) -> int:
    """The position of an append that took effect."""
    assert isinstance(result, Appended), result
    assert result.position is not None, "an append without events"
    return result.position


async def until(holds_: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 60.0) -> None:
    """Wait until `holds_()`, polling."""
    deadline = time.monotonic() + within_s
    while not await holds_():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        await asyncio.sleep(POLL_S)


def own_server(*, app_url: str, owner_url: str) -> None:
    """Let `as_owner` know a server of the tests' own."""
    _OWNERS[_log_in(app_url)] = _log_in(owner_url)


def as_owner(database_url: str) -> str:
    """The same database as the schema's owner, where the URL is the application's on a server of the tests' own."""
    log_in = _log_in(database_url)
    return database_url.replace(log_in, _OWNERS.get(log_in, log_in), 1)


def _log_in(url: str) -> str:
    return url.rpartition("/")[0]


def execute(database_url: str, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Run one statement, and the rows that it gives, if it gives any: on the tests' own server as the schema's owner,
    since a test may do by hand what the application may not."""
    with psycopg.connect(as_owner(database_url), autocommit=True) as connection:
        cursor = connection.execute(sql.encode(), arguments or None)
        return cursor.fetchall() if cursor.description else []
