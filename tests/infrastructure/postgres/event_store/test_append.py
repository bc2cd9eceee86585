"""The append protocol: every command is appended whole or refused by itself, whatever else is in its batch."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from application.write.store import (
    Answer,
    Append,
    Appended,
    AppendResult,
    KeyUsed,
    LimitBroken,
    StoreUnavailable,
    VersionConflict,
    WriterBusy,
)
from domain.ledger.accounts import authorized, available, lot_of, pending
from domain.ledger.balances import BalanceKey
from domain.money.money import AMOUNT_MINOR_MAX
from infrastructure.postgres import locks
from infrastructure.postgres.event_store import committer as committer_module
from infrastructure.postgres.event_store.append_sql import (
    APPEND_COMMANDS,
    SELECT_TYPES,
    Types,
    arguments,
    results,
    stored_claim,
    take_packed_arrays,
)
from infrastructure.postgres.event_store.batching import next_batch
from infrastructure.postgres.event_store.command_encoding import EncodedCommand, encode
from infrastructure.postgres.event_store.committer import BATCH_COMMANDS_MAX, Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.infrastructure.postgres.event_store.append_model import Command, Model, World, batches
from tests.infrastructure.postgres.event_store.queueing import queue_of
from tests.support.domain import DUE, MERCHANT
from tests.support.store import (
    append_all,
    as_owner,
    assert_appended,
    claim,
    created,
    everything,
    execute,
    hold_entry,
    open_committer,
    operation_queue,
    settlement,
    until,
)

OWN_BACKENDS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tallystick committer'
"""
COMMITTER_PID = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tallystick committer'
"""
STUCK_CLAIMS = """
INSERT INTO operation_claim (operation_id, merchant_id, payment_id, verb, fingerprint, unresolved, claimed_at)
SELECT gen_random_uuid(), 'mer_1', gen_random_uuid(), 'capture', '', true, now() - interval '1 day'
FROM generate_series(1, 1000)
"""
MANY_CLAIMS = """
WITH claims AS (
    INSERT INTO operation_claim (operation_id, merchant_id, payment_id, verb, fingerprint, unresolved)
    SELECT gen_random_uuid(), 'mer_1', gen_random_uuid(), 'capture', '', false FROM generate_series(1, 5000)
)
SELECT
"""
MANY_BALANCES = """
WITH balances AS (
    INSERT INTO account_balance SELECT 'merchant:' || n || ':held', 'EUR', 0 FROM generate_series(1, 5000) AS n
)
SELECT
"""
SELECT_ROWS_READ = """
SELECT sum(seq_tup_read + idx_tup_read)::bigint
FROM (
    SELECT seq_tup_read, 0 AS idx_tup_read FROM pg_stat_user_tables
    UNION ALL
    SELECT 0, idx_tup_read FROM pg_stat_user_indexes
) AS read
"""
SELECT_BALANCES = "SELECT account, currency, balance_minor FROM account_balance WHERE account = ANY(%s)"
SELECT_EVENTS = """
SELECT originator_id, originator_version FROM stored_events WHERE notification_id > %s ORDER BY notification_id
"""
SELECT_CLAIMS = """
SELECT operation_id, payment_id, verb, fingerprint, status, body, position, unresolved
FROM operation_claim WHERE merchant_id = ANY(%s)
"""


class Database:
    """The append function called directly, one batch after another as the committer puts them together."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._mapper = EventMapper()
        self._numbers = count(1)
        take_packed_arrays(connection)
        [types] = connection.execute(SELECT_TYPES).fetchall()
        self._types = Types(*types)

    def append(self, appends: Sequence[Append]) -> list[AppendResult]:
        """What each is told in the end."""
        return self.append_in_batches(appends)[0]

    def append_in_batches(
        self, appends: Sequence[Append]
    ) -> tuple[list[AppendResult], list[tuple[list[Append], list[AppendResult]]]]:
        """What each is told, and the batches with their answers."""
        append_of = {next(self._numbers): append for append in appends}
        queue = queue_of(encode(number, append, self._mapper) for number, append in append_of.items())
        answers: dict[int, AppendResult] = {}
        batches = []
        while queue:
            commands = [waiting.entry for waiting in next_batch(queue, commands_max=BATCH_COMMANDS_MAX)]
            numbers, told = [command.number for command in commands], self._call(commands)
            assert answers.keys().isdisjoint(numbers)
            answers.update(zip(numbers, told, strict=True))
            batches.append(([append_of[number] for number in numbers], told))
        return [answers[number] for number in append_of], batches

    def _call(self, commands: Sequence[EncodedCommand]) -> list[AppendResult]:
        cursor = self._connection.cursor(binary=True)
        cursor.execute(APPEND_COMMANDS, arguments(commands, self._types, epoch=None), prepare=True)
        return results(commands, cursor.fetchall())

    def head(self) -> int:
        [(head,)] = self.rows("SELECT coalesce(max(notification_id), 0) FROM stored_events")
        return int(head)

    def rows_read(self) -> int:
        """How many entries of tables and indexes have been looked at so far."""
        self.rows("SELECT pg_stat_force_next_flush()")
        [(read,)] = self.rows(SELECT_ROWS_READ)
        return int(read)

    def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode(), arguments).fetchall()


@pytest.fixture
def database(database_url: str) -> Any:
    with psycopg.connect(as_owner(database_url), autocommit=True) as connection:
        yield Database(connection)


# what each command is told


@given(batches)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_batches_end_as_one_command_after_another_would(database: Database, batches: list[list[Command]]) -> None:
    world, model, before = World(), Model(), database.head()
    for commands in batches:
        appends = [world.append(command) for command in commands]
        for batch, told in database.append_in_batches(appends)[1]:
            model.take_in(batch, told)
    stored = database.rows(SELECT_EVENTS, before)
    assert stored == [(event.originator_id, event.originator_version) for event in model.events]
    accounts = [
        account
        for merchant in world.merchants
        for account in (authorized(merchant), available(merchant), pending(merchant), lot_of(pending(merchant), DUE))
    ]
    kept = {(code, currency): int(minor) for code, currency, minor in database.rows(SELECT_BALANCES, accounts)}
    assert kept == dict(model.balances)
    claims = {row[0]: (row[-1], stored_claim(row[:-1]).answer) for row in database.rows(SELECT_CLAIMS, world.merchants)}
    assert claims == {id_: (kept.unresolved, kept.answer) for id_, kept in model.claims.items()}


def test_positions_follow_the_order_of_commands_and_of_their_events(database: Database) -> None:
    batch = [Append(events=tuple(created(uuid4()) for _ in range(count))) for count in (1, 3, 2)]
    assert database.append(batch) == [Appended(1), Appended(4), Appended(6)]
    events = [(event.originator_id, 1) for append in batch for event in append.events]
    assert database.rows(SELECT_EVENTS, 0) == events


def test_a_stream_that_somebody_else_continued_is_a_version_conflict(database: Database) -> None:
    stream = uuid4()
    first, other = Append(events=(created(stream, customer="a"),)), Append(events=(created(stream, customer="b"),))
    assert database.append([first]) == [Appended(1)]
    assert database.append([other]) == [VersionConflict()]
    assert database.append([Append(events=(created(uuid4()), created(stream)))]) == [VersionConflict()]
    assert database.append([Append(events=(created(stream, 3),))]) == [VersionConflict()]
    assert database.append([Append(events=(created(uuid4(), 2),))]) == [VersionConflict()]
    assert database.rows(SELECT_EVENTS, 0) == [(stream, 1)]


def test_a_stream_is_continued_where_it_ends(database: Database) -> None:
    stream, other = uuid4(), uuid4()
    begun = Append(events=(created(stream), created(other), created(stream, 2)))
    continued = Append(events=(created(other, 2), created(stream, 3), created(stream, 4)))
    assert database.append([begun, continued]) == [Appended(3), Appended(6)]


def test_a_used_key_is_told_with_what_is_stored_under_it(database: Database) -> None:
    first = claim("key", fingerprint=b"first", answer=Answer(201, b"\x00\xff{}"))
    database.append([Append(events=(created(uuid4()),), claim=first)])
    second = claim("key", fingerprint=b"second")
    [answer] = database.append([Append(events=(created(uuid4()),), claim=second)])
    assert isinstance(answer, KeyUsed)
    assert answer.claim.operation_id == first.operation_id
    assert answer.claim.subject_id == first.subject_id
    assert (answer.claim.fingerprint, answer.claim.answer) == (b"first", Answer(201, b"\x00\xff{}"))
    assert answer.claim.position == 1


def test_a_key_is_the_merchants_own(database: Database) -> None:
    commands = [
        Append(events=(created(uuid4()),), claim=claim("key", merchant_id=merchant))
        for merchant in (MERCHANT, replace(claim(), merchant_id="mer_other").merchant_id)
    ]
    assert database.append(commands) == [Appended(1), Appended(2)]


def test_commands_without_a_key_never_meet(database: Database) -> None:
    commands = [Append(events=(created(uuid4()),), claim=claim()) for _ in range(3)]
    assert database.append(commands) == [Appended(1), Appended(2), Appended(3)]


def test_an_operation_is_claimed_once(database: Database) -> None:
    operation = uuid4()
    first, repeat = (Append(events=(created(uuid4()),), claim=claim(operation_id=operation)) for _ in range(2))
    neighbour = Append(events=(created(uuid4()),))
    appended, again, beside = database.append([first, repeat, neighbour])
    assert (appended, beside) == (Appended(1), Appended(2))
    assert isinstance(again, KeyUsed)
    assert again.claim.operation_id == operation


def test_a_broken_limit_names_the_account_and_leaves_nothing(database: Database) -> None:
    assert database.append([Append(events=(hold_entry(100),))]) == [Appended(1)]
    over = Append(events=(created(uuid4()), hold_entry(-101)), claim=claim("key"))
    assert database.append([over]) == [LimitBroken(account=authorized(MERCHANT), currency="EUR")]
    assert database.head() == 1
    assert database.rows("SELECT count(*) FROM operation_claim") == [(0,)]
    exactly = Append(events=(hold_entry(-100),), claim=claim("key"))
    assert isinstance(database.append([exactly])[0], Appended)
    assert database.rows("SELECT balance_minor FROM account_balance") == [(0,)]


def test_only_those_that_break_a_limit_are_refused(database: Database) -> None:
    changes = (50, -80, -50, -1, 30, -30)
    answers = database.append([Append(events=(hold_entry(change),)) for change in changes])
    broken = LimitBroken(account=authorized(MERCHANT), currency="EUR")
    assert answers == [Appended(1), broken, Appended(2), broken, Appended(3), Appended(4)]


def test_a_change_that_only_adds_is_never_refused(database: Database) -> None:
    database.append([Append(events=(hold_entry(10),))])
    database.rows("UPDATE account_balance SET balance_minor = -50 RETURNING 1")
    assert isinstance(database.append([Append(events=(hold_entry(5),))])[0], Appended)


# floors of a command's own, and lots

AVAILABLE, LOT = available(MERCHANT), lot_of(pending(MERCHANT), DUE)


def of_available(change: int, limit: int | None = None) -> Append:
    floors = {} if limit is None else {BalanceKey(AVAILABLE, "EUR"): -limit}
    return Append(events=(hold_entry(change, account=AVAILABLE),), floors=floors)


def of_lot(change: int) -> Append:
    return Append(events=(hold_entry(change, account=pending(MERCHANT), due=DUE),))


def test_a_command_takes_a_balance_as_far_as_its_own_floor_and_the_next_one_as_far_as_the_charts(
    database: Database,
) -> None:
    broken = LimitBroken(account=AVAILABLE, currency="EUR")
    answers = database.append(
        [of_available(10), of_available(-11), of_available(-31, 20), of_available(-30, 20), of_available(-1)]
    )
    assert answers == [Appended(1), broken, broken, Appended(2), broken]
    assert database.append([of_available(-1, 20), of_available(5), of_available(-1), of_available(-5, 20)]) == [
        broken,
        Appended(3),
        broken,
        Appended(4),
    ]
    assert database.rows("SELECT balance_minor FROM account_balance WHERE account = %s", AVAILABLE) == [(-20,)]


def test_the_strictest_floor_of_a_batch_refuses_only_whom_it_is_for(database: Database) -> None:
    """A refund may go below zero, and a payout beside it in the same batch may not."""
    broken = LimitBroken(account=AVAILABLE, currency="EUR")
    assert database.append([of_available(-5, 20), of_available(-1), of_available(-15, 20)]) == [
        Appended(1),
        broken,
        Appended(2),
    ]


def test_no_more_is_taken_of_a_lot_than_it_has_though_its_account_has_no_floor(database: Database) -> None:
    undated = Append(events=(hold_entry(100, account=pending(MERCHANT)),))
    assert database.append([undated, of_lot(10), of_lot(-11), of_lot(-10), of_lot(-1)]) == [
        Appended(1),
        Appended(2),
        LimitBroken(account=LOT, currency="EUR"),
        Appended(3),
        LimitBroken(account=LOT, currency="EUR"),
    ]
    assert database.rows("SELECT account, balance_minor FROM account_balance") == [(LOT, 0)]


def test_what_one_command_puts_into_a_lot_and_takes_from_it_is_counted_together(database: Database) -> None:
    """A capture and its fee."""
    entries = [hold_entry(change, account=pending(MERCHANT), due=DUE) for change in (-3, 100)]
    assert database.append([Append(events=tuple(entries)), of_lot(-97), of_lot(-1)]) == [
        Appended(2),
        Appended(3),
        LimitBroken(account=LOT, currency="EUR"),
    ]


def test_a_lot_that_is_broken_leaves_what_else_its_command_would_change(database: Database) -> None:
    """Debits of a lot and of what is available are all or nothing."""
    database.append([of_lot(10), of_available(10)])
    both = Append(
        events=(hold_entry(-5, account=AVAILABLE), hold_entry(-11, account=pending(MERCHANT), due=DUE)),
    )
    assert database.append([both]) == [LimitBroken(account=LOT, currency="EUR")]
    kept = dict(database.rows("SELECT account, balance_minor FROM account_balance"))
    assert kept == {LOT: 10, AVAILABLE: 10}


def test_a_balance_may_grow_past_any_fixed_size(database: Database) -> None:
    database.append([Append(events=(hold_entry(AMOUNT_MINOR_MAX),)) for _ in range(2000)])
    database.append([Append(events=(hold_entry(AMOUNT_MINOR_MAX),))])
    [(balance,)] = database.rows("SELECT balance_minor FROM account_balance")
    assert balance == 2001 * AMOUNT_MINOR_MAX > 2**63


def test_plans_made_for_small_tables_do_for_large_ones(database: Database, database_url: str) -> None:
    """A store keeps the plans of its first hour until somebody analyses the tables again."""

    def append_some() -> None:
        operation = uuid4()
        database.append([Append(events=(created(uuid4()), hold_entry(2)), claim=claim("key", operation_id=operation))])
        settled = settlement(operation)
        database.append([Append(events=(created(uuid4()), hold_entry(-1)), settlement=settled)])
        database.append([Append(events=(created(uuid4()),), claim=claim("key"))])
        database.append([Append(events=(hold_entry(-(10**9)),))])

    append_some()
    execute(database_url, "VACUUM ANALYZE")
    append_some()
    database.rows(MANY_CLAIMS)
    database.rows(MANY_BALANCES)
    before = database.rows_read()
    append_some()
    assert database.rows_read() - before < 500


# claims and their answers


def test_the_first_answer_stays(database: Database) -> None:
    operation = uuid4()
    database.append([Append(events=(created(uuid4()),), claim=claim(operation_id=operation))])
    for body, unresolved in ((b"processing", True), (b"captured", False)):
        settled = settlement(operation, body, unresolved=unresolved)
        database.append([Append(events=(created(uuid4()),), settlement=settled)])
    [(*row, unresolved)] = database.rows(SELECT_CLAIMS, [MERCHANT])
    assert stored_claim(row).answer == Answer(200, b"processing")
    assert stored_claim(row).position == 2
    assert unresolved is False


def test_an_operation_may_be_claimed_and_settled_in_one_batch(database: Database) -> None:
    one, two = uuid4(), uuid4()
    database.append(
        [
            Append(events=(created(uuid4()),), claim=claim(operation_id=one)),
            Append(events=(created(uuid4()),), settlement=settlement(one)),
            Append(events=(created(uuid4()),), claim=claim(operation_id=two), settlement=settlement(two)),
        ]
    )
    rows = database.rows(SELECT_CLAIMS, [MERCHANT])
    assert {row[0]: (row[4], row[-1]) for row in rows} == {one: (200, False), two: (200, False)}


def test_of_two_settlements_of_one_operation_the_second_waits_for_the_first(database: Database) -> None:
    operation = uuid4()
    database.append([Append(events=(created(uuid4()),), claim=claim(operation_id=operation))])
    first = Append(events=(created(uuid4()),), settlement=settlement(operation, b"first", unresolved=True))
    second = Append(events=(created(uuid4()),), settlement=settlement(operation, b"second", unresolved=False))
    assert database.append([first, second]) == [Appended(2), Appended(3)]
    [(*row, unresolved)] = database.rows(SELECT_CLAIMS, [MERCHANT])
    assert (stored_claim(row).answer, unresolved) == (Answer(200, b"first"), False)


def test_a_refused_settlement_changes_nothing(database: Database) -> None:
    operation, stream = uuid4(), uuid4()
    database.append([Append(events=(created(stream),), claim=claim(operation_id=operation))])
    late = Append(events=(created(stream),), settlement=settlement(operation))
    assert database.append([late]) == [VersionConflict()]
    [(*row, unresolved)] = database.rows(SELECT_CLAIMS, [MERCHANT])
    assert (stored_claim(row).answer, unresolved) == (None, True)


async def test_claims_are_found_by_key_by_operation_and_while_unresolved(store: PostgresEventStore) -> None:
    mine = claim("key")
    await store.append(Append(events=(created(uuid4()),), claim=mine))
    by_key = await store.claim_by_key(MERCHANT, "key")
    assert by_key is not None
    assert by_key == await store.claim_by_operation(mine.operation_id)
    assert (by_key.operation_id, by_key.subject_id, by_key.verb) == (mine.operation_id, mine.subject_id, mine.verb)
    assert (by_key.answer, by_key.position) == (None, None)
    assert await store.claim_by_key(MERCHANT, "other") is None
    assert await store.claim_by_operation(claim().operation_id) is None
    far = created(uuid4()).recorded_at.replace(year=2100)
    queue = operation_queue(store)
    assert [found.operation_id for found in await queue.unresolved(claimed_before=far)] == [mine.operation_id]
    assert await queue.unresolved(claimed_before=far.replace(year=2000)) == []
    await store.append(Append(events=(created(uuid4()),), settlement=settlement(mine.operation_id)))
    assert await queue.unresolved(claimed_before=far) == []


async def test_histories_are_read_by_stream_and_by_position(store: PostgresEventStore) -> None:
    one, two = uuid4(), uuid4()
    events = [created(one, 1), created(two, 1), created(one, 2), created(uuid4(), 1)]
    await append_all(store, events)
    assert [positioned.event for positioned in await store.history(one)] == [events[0], events[2]]
    assert [positioned.position for positioned in await store.histories([two, one])] == [1, 2, 3]
    assert await store.history(uuid4()) == []
    assert await store.histories([]) == []
    assert [positioned.position for positioned in await store.after(1, events_max=2)] == [2, 3]
    assert [positioned.position for positioned in await store.after(1, events_max=9, up_to=2)] == [2]


# the committer


async def test_what_is_deferred_is_sent_again_until_it_is_answered(committer: Committer) -> None:
    streams = uuid4()
    same_key = [
        Append(events=(created(uuid4()),), claim=claim("key", fingerprint=bytes([number]))) for number in range(5)
    ]
    same_version = [Append(events=(created(streams, customer=str(number)),)) for number in range(5)]
    answers = await asyncio.gather(*map(committer.append, [*same_key, *same_version]))
    assert [type(answer) for answer in answers] == [Appended, *[KeyUsed] * 4, Appended, *[VersionConflict] * 4]
    assert all(answer.claim.fingerprint == b"\0" for answer in answers if isinstance(answer, KeyUsed))


async def test_a_crowd_is_answered_one_by_one(committer: Committer, store: PostgresEventStore) -> None:
    crowd = [Append(events=(created(uuid4()), created(uuid4())), claim=claim(str(number))) for number in range(2000)]
    answers = await asyncio.gather(*map(committer.append, crowd))
    assert [assert_appended(answer) for answer in answers] == list(range(2, 4002, 2))
    assert await store.head() == 4000


async def test_one_append_may_have_many_events(committer: Committer, store: PostgresEventStore) -> None:
    stream = uuid4()
    many = tuple(created(stream, version) for version in range(1, 5001))
    assert assert_appended(await committer.append(Append(events=many))) == 5000
    assert [positioned.event for positioned in await store.history(stream)] == list(many)


UNSTORABLE: dict[str, Append] = {
    "a key that holds NUL": Append(events=(created(uuid4()),), claim=claim("\0")),
    "a merchant that holds NUL": Append(
        events=(hold_entry(1, merchant_id=replace(claim(), merchant_id="\0").merchant_id),)
    ),
    "half a character": Append(events=(created(uuid4(), customer="\ud800"),)),
    "the same version twice": Append(events=(created(UUID(int=1)), created(UUID(int=1)))),
    "a stream with a gap": Append(events=(created(UUID(int=1)), created(UUID(int=1), 3))),
    "a stream backwards": Append(events=(created(UUID(int=1), 2), created(UUID(int=1), 1))),
    "a version past bigint": Append(events=(created(uuid4(), 2**63),)),
    "a status past smallint": Append(events=(created(uuid4()),), claim=claim(answer=Answer(2**20, b""))),
}


@pytest.mark.parametrize("reason", UNSTORABLE)
async def test_what_cannot_be_stored_fails_alone(reason: str, committer: Committer, store: PostgresEventStore) -> None:
    good = [Append(events=(created(uuid4()),)) for _ in range(20)]
    crowd = [*good[:7], UNSTORABLE[reason], *good[7:]]
    answers = await asyncio.gather(*map(committer.append, crowd), return_exceptions=True)
    failures = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(failures) == 1
    assert isinstance(failures[0], committer_module.UNSTORABLE)
    assert answers.index(failures[0]) == 7
    assert {positioned.event for positioned in await everything(store)} == {append.events[0] for append in good}


async def test_past_its_bound_the_queue_refuses_at_once_and_loses_nothing(
    committer: Committer, store: PostgresEventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "QUEUE_COMMANDS_MAX", 300)
    monkeypatch.setattr(committer_module, "QUEUE_SETTLEMENTS_MAX", 310)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (locks.APPEND,))
        accepted = [asyncio.create_task(committer.append(Append(events=(created(uuid4()),))))]
        await until(partial(somebody_waits, database_url), "the first is in the database")
        accepted += [asyncio.create_task(committer.append(Append(events=(created(uuid4()),)))) for _ in range(300)]
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(WriterBusy):
                await committer.append(Append(events=(created(uuid4()),)))
        settling = [Append(events=(created(uuid4()),), settlement=settlement(uuid4())) for _ in range(10)]
        accepted += [asyncio.create_task(committer.append(append)) for append in settling]
        await asyncio.sleep(0)
        with pytest.raises(WriterBusy):
            await committer.append(settling[0])
    answers = await asyncio.gather(*accepted)
    assert [assert_appended(answer) for answer in answers] == list(range(1, 312))
    assert await store.head() == 311
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))


async def somebody_waits(database_url: str) -> bool:
    """Whether a batch is in the database and waits for a lock there."""
    return execute(database_url, "SELECT 1 FROM pg_locks WHERE NOT granted") != []


async def test_a_lost_connection_is_unavailable_and_the_next_append_has_a_new_one(
    committer: Committer, store: PostgresEventStore, database_url: str
) -> None:
    """What was answered is stored; what was not answered may be."""
    stream_of: dict[UUID, AppendResult | BaseException] = {}
    stop = False

    async def keep_appending() -> None:
        while not stop:
            stream = uuid4()
            try:
                stream_of[stream] = await committer.append(Append(events=(created(stream),)))
            except StoreUnavailable as error:
                stream_of[stream] = error

    crowd = [asyncio.create_task(keep_appending()) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0.03)
        await asyncio.to_thread(execute, database_url, OWN_BACKENDS)
    stop = True
    await asyncio.gather(*crowd)
    with contextlib.suppress(StoreUnavailable):  # the connection may have been lost between two batches
        await committer.append(Append(events=(created(uuid4()),)))
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))
    failed = {stream for stream, answer in stream_of.items() if isinstance(answer, StoreUnavailable)}
    answered = stream_of.keys() - failed
    kept = {positioned.event.originator_id for positioned in await everything(store)}
    assert failed
    assert answered
    assert answered <= kept


async def test_a_batch_killed_in_the_database_is_unavailable_and_leaves_nothing(
    committer: Committer, store: PostgresEventStore, database_url: str
) -> None:
    with psycopg.connect(as_owner(database_url)) as holder:
        holder.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        appends = [asyncio.create_task(committer.append(Append(events=(created(uuid4()),)))) for _ in range(10)]

        await until(partial(somebody_waits, database_url), "the batch is in the database")
        execute(database_url, OWN_BACKENDS)
        answers = await asyncio.gather(*appends, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert await store.head() == 0
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))


async def test_a_database_that_is_away_is_unavailable() -> None:
    async with open_committer("postgresql://nobody@127.0.0.1:1/nothing") as committer:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await committer.append(Append(events=(created(uuid4()),)))


async def test_who_gives_up_before_its_turn_leaves_nothing(committer: Committer, store: PostgresEventStore) -> None:
    given_up = asyncio.create_task(committer.append(Append(events=(created(uuid4(), customer="gone"),))))
    stays = asyncio.create_task(committer.append(Append(events=(created(uuid4(), customer="stays"),))))
    await asyncio.sleep(0)
    given_up.cancel()
    assert_appended(await stays)
    [positioned] = await everything(store)
    assert b"stays" in EventMapper().to_stored_event(positioned.event).state


async def test_who_gives_up_in_the_middle_disturbs_nobody(committer: Committer, database_url: str) -> None:
    with psycopg.connect(as_owner(database_url)) as holder:
        holder.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        appends = [asyncio.create_task(committer.append(Append(events=(created(uuid4()),)))) for _ in range(3)]

        await until(partial(somebody_waits, database_url), "the batch is in the database")
        appends[1].cancel()
        await asyncio.sleep(0)
    assert await appends[0] == Appended(1)
    assert await appends[2] == Appended(3)


async def test_closing_tells_all_that_wait(database_url: str) -> None:
    with psycopg.connect(as_owner(database_url)) as holder:
        holder.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        async with open_committer(database_url) as committer:
            first = [asyncio.create_task(committer.append(Append(events=(created(uuid4()),)))) for _ in range(3)]

            await until(partial(somebody_waits, database_url), "the batch is in the database")
            queued = asyncio.create_task(committer.append(Append(events=(created(uuid4()),))))
            await asyncio.sleep(0)
        answers = await asyncio.wait_for(asyncio.gather(*first, queued, return_exceptions=True), 5)
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    with pytest.raises(StoreUnavailable, match="closed"):
        await committer.append(Append(events=(created(uuid4()),)))


async def test_a_database_that_does_not_answer_is_unavailable_within_the_bound(
    committer: Committer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "CALL_WITHIN_S", 0.2)
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))
    with stopped(database_url):
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="did not answer within"):
            await committer.append(Append(events=(created(uuid4()),)))
        assert time.monotonic() - begun < 2.0
    monkeypatch.setattr(committer_module, "CALL_WITHIN_S", 5.0)
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))


@contextlib.contextmanager
def stopped(database_url: str) -> Iterator[None]:
    """The committer's backend takes in what it is sent and does nothing, not even cancel."""
    [(pid,)] = execute(database_url, COMMITTER_PID)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_who_waits_for_a_lock_longer_than_the_bound_is_told(
    committer: Committer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "CALL_WITHIN_S", 0.2)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (locks.APPEND,))
        with pytest.raises(StoreUnavailable, match="did not answer within"):
            await committer.append(Append(events=(created(uuid4()),)))
    monkeypatch.setattr(committer_module, "CALL_WITHIN_S", 5.0)
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))


async def test_a_committed_batch_whose_rows_cannot_be_read_is_not_sent_again(
    committer: Committer, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> list[AppendResult]:
        raise ValueError("unreadable")

    appends = [Append(events=(created(uuid4()),)) for _ in range(4)]
    with monkeypatch.context() as patched:
        patched.setattr(committer_module, "results", unreadable)
        answers = await asyncio.gather(*map(committer.append, appends), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 4
    assert [positioned.event for positioned in await everything(store)] == [append.events[0] for append in appends]
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))


async def test_a_thousand_operations_that_never_resolve_do_not_hide_a_younger_one(
    database_url: str, store: PostgresEventStore
) -> None:
    execute(database_url, STUCK_CLAIMS)
    young = claim()
    assert_appended(await store.append(Append(events=(created(uuid4()),), claim=young)))
    now, lease = datetime.now(UTC) + timedelta(minutes=1), timedelta(minutes=1)
    taken = [
        operation.operation_id
        for _ in range(3)
        for operation in await operation_queue(store).claim(
            claimed_before=now, now=now, lease=lease, operations_max=1000
        )
    ]
    assert young.operation_id in taken
    assert len(taken) == len(set(taken))


async def test_a_watcher_that_fails_does_not_take_the_writer_with_it(database_url: str) -> None:
    watched = 0

    def fail_once(*, commands: int, waiting: int) -> None:
        nonlocal watched
        watched += 1
        if watched == 1:
            raise OSError("no space left on device")

    committer = Committer(database_url, EventMapper(), fail_once)
    committer.start()
    try:
        with pytest.raises(StoreUnavailable, match="no space"):
            await committer.append(Append(events=(created(uuid4()),)))
        assert_appended(await committer.append(Append(events=(created(uuid4()),))))
    finally:
        await committer.aclose()
