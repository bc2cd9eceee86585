"""Positions appear in the order in which they are drawn: a reader never passes over one that comes later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresDatastore

from application.write.store import Append, StoreUnavailable
from infrastructure.postgres import locks
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.support.recorder import LockingRecorder
from tests.support.store import as_owner, assert_appended, created, execute, hold_entry, open_committer

COMMITTERS = 4
RECORDERS = 2
APPENDS_EACH = 12

SLOW_COMMITS = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The positions are drawn, and not yet committed.
    PERFORM pg_sleep(random() * 0.02);
    RETURN NULL;
END $$;
CREATE TRIGGER dawdle AFTER INSERT ON stored_events FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
"""
SELECT_FUNCTION = "SELECT pg_get_functiondef('append_commands'::regproc)"
SELECT_POSITIONS = "SELECT notification_id FROM stored_events WHERE notification_id > %s ORDER BY notification_id"


@pytest.fixture
def slow_commits(database_url: str) -> str:
    """A store in which a while passes between the drawing of positions and their commit."""
    with psycopg.connect(as_owner(database_url)) as connection:
        connection.execute(SLOW_COMMITS.encode())
    return database_url


class Follower:
    """A reader by position, as every relay and read model is one."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def follow(self, database_url: str) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            while True:
                after = self.seen[-1] if self.seen else 0
                rows = await (await connection.execute(SELECT_POSITIONS, (after,))).fetchall()
                self.seen += [position for (position,) in rows]
                await asyncio.sleep(0.001)

    def passed_over(self, database_url: str) -> set[int]:
        """The positions that were not there yet when the follower came by."""
        return {position for (position,) in execute(database_url, SELECT_POSITIONS, 0)} - set(self.seen)


@asynccontextmanager
async def following(database_url: str) -> AsyncIterator[Follower]:
    follower = Follower()
    task = asyncio.create_task(follower.follow(database_url))
    try:
        yield follower
        await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def committers(database_url: str) -> AsyncIterator[list[Committer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_committer(database_url)) for _ in range(COMMITTERS)]


async def append_in_turn(committer: Committer) -> None:
    for _ in range(APPENDS_EACH):
        assert_appended(await committer.append(Append(events=(created(uuid4()), created(uuid4())))))


def insert_in_turn(datastore: PostgresDatastore) -> None:
    recorder = LockingRecorder(datastore)
    for _ in range(APPENDS_EACH):
        recorder.insert_events([stored_event(uuid4()), stored_event(uuid4())])


def stored_event(stream: UUID) -> StoredEvent:
    return StoredEvent(stream, 1, "topic", b"{}")


async def test_no_reader_passes_over_a_position_that_appears_later(
    slow_commits: str, datastore: PostgresDatastore
) -> None:
    async with following(slow_commits) as follower, committers(slow_commits) as writers:
        await asyncio.gather(
            *(append_in_turn(writer) for writer in writers),
            *(asyncio.to_thread(insert_in_turn, datastore) for _ in range(RECORDERS)),
        )
    assert follower.passed_over(slow_commits) == set()
    assert follower.seen == sorted(follower.seen)
    assert len(follower.seen) == 2 * APPENDS_EACH * (COMMITTERS + RECORDERS)


async def test_without_the_lock_a_reader_does_pass_over_positions(slow_commits: str) -> None:
    """The test above sees what it is there to see."""
    [(function,)] = execute(slow_commits, SELECT_FUNCTION)
    taking_the_lock = f"PERFORM pg_advisory_xact_lock({locks.APPEND});"
    assert function.count(taking_the_lock) == 1
    execute(slow_commits, function.replace(taking_the_lock, ""))
    async with following(slow_commits) as follower, committers(slow_commits) as writers:
        await asyncio.gather(*(append_in_turn(writer) for writer in writers))
    assert follower.passed_over(slow_commits)


async def test_a_rolled_back_append_leaves_a_gap_that_nobody_fills(
    store: PostgresEventStore, committer: Committer, database_url: str, datastore: PostgresDatastore
) -> None:
    first = assert_appended(await committer.append(Append(events=(created(uuid4()),))))
    execute(database_url, "SELECT nextval('stored_events_notification_id_seq')")
    second = assert_appended(await committer.append(Append(events=(created(uuid4()),))))
    assert second == first + 2
    assert [positioned.position for positioned in await store.after(0, events_max=10)] == [first, second]
    assert [positioned.position for positioned in await store.after(first + 1, events_max=10)] == [second]
    assert await store.head() == second


async def test_a_refused_command_draws_no_position(committer: Committer) -> None:
    stream = uuid4()
    first = assert_appended(await committer.append(Append(events=(created(stream),))))
    await committer.append(Append(events=(created(stream),)))
    await committer.append(Append(events=(hold_entry(-1),)))
    assert assert_appended(await committer.append(Append(events=(created(uuid4()),)))) == first + 1


async def test_who_waits_for_the_lock_longer_than_the_time_limit_is_told(
    committer: Committer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.postgres.event_store.committer.STATEMENT_TIMEOUT_MS", 100)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (locks.APPEND,))
        with pytest.raises(StoreUnavailable, match="timeout"):
            await committer.append(Append(events=(created(uuid4()),)))
    assert_appended(await committer.append(Append(events=(created(uuid4()),))))
