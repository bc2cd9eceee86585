"""The eventsourcing library is at home in our store: its own published cases pass, and it reads what we write."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.tests import persistence as published
from hypothesis import given
from hypothesis import strategies as st

from application.write.store import Append
from domain.event import name_of
from domain.history import Recorded
from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.postgres import locks
from infrastructure.postgres.event_store.mapper import EventMapper
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.conftest import in_database
from tests.domain.recorded import EVENT_TYPES, recorded
from tests.infrastructure.postgres.conftest import datastore_of
from tests.support.recorder import LockingRecorder
from tests.support.store import append_all, created, everything, execute, hold_entry


class OnOurStore:
    """Gives the library's cases our recorder on a migrated database of the test's own."""

    _datastore: PostgresDatastore

    @pytest.fixture(autouse=True)
    def _give_datastore(self, datastore: PostgresDatastore) -> None:
        self._datastore = datastore

    def create_recorder(self) -> LockingRecorder:
        return LockingRecorder(self._datastore)


class TestApplicationRecorder(OnOurStore, published.ApplicationRecorderTestCase[ApplicationRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OnOurStore, published.NonInterleavingNotificationIDsBaseCase):
    pass


SHAPE = {
    "columns": """
        SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = 'stored_events'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
    """,
    "table": """
        SELECT relkind, relpersistence, reloptions, relreplident, relrowsecurity
        FROM pg_class WHERE oid = 'stored_events'::regclass
    """,
    "indexes": """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisunique, indisprimary
        FROM pg_index WHERE indrelid = 'stored_events'::regclass ORDER BY 1
    """,
    "constraints": """
        SELECT conname, contype, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid = 'stored_events'::regclass ORDER BY 1
    """,
    "sequence": """
        SELECT data_type, start_value, increment, minimum_value, maximum_value, cycle_option
        FROM information_schema.sequences WHERE sequence_name = 'stored_events_notification_id_seq'
    """,
    "sequence's owner": "SELECT pg_get_serial_sequence('stored_events', 'notification_id')",
    "type": """
        SELECT attname, format_type(atttypid, atttypmod), attnotnull
        FROM pg_attribute WHERE attrelid = 'stored_event_uuid'::regclass AND attnum > 0 ORDER BY attnum
    """,
}


EMPTY_APPEND = "SELECT * FROM append_commands({})".format(", ".join(["'{}'"] * 5))
AWKWARD = ("", "\0", "\\u0000", "𝛑", "🧾", '"', "'; DROP TABLE stored_events; --", "\u2028", "x" * 500_000)


@pytest.fixture
def library_url(postgres: EmbeddedPostgres) -> str:
    """A database in which the library itself has made its table."""
    name = f"library_{uuid4().hex}"
    execute(postgres.superuser_url, f"CREATE DATABASE {name}")
    url = in_database(postgres.superuser_url, name)
    with datastore_of(url) as datastore:
        PostgresApplicationRecorder(datastore).create_table()
    return url


@pytest.mark.parametrize("part", SHAPE)
def test_our_migration_makes_exactly_what_the_library_makes(part: str, database_url: str, library_url: str) -> None:
    ours, theirs = execute(database_url, SHAPE[part]), execute(library_url, SHAPE[part])
    assert ours == theirs
    assert ours


def test_the_library_finds_its_table_made_already(datastore: PostgresDatastore) -> None:
    recorder = LockingRecorder(datastore)
    recorder.create_table()
    assert recorder.insert_events([StoredEvent(uuid4(), 1, "topic", b"state")]) == [1]


async def test_the_stock_recorder_reads_what_the_append_function_wrote(
    store: PostgresEventStore, datastore: PostgresDatastore
) -> None:
    stream = uuid4()
    events = (created(stream, 1), hold_entry(100), created(stream, 2), created(uuid4()))
    await store.append(Append(events=events))
    stock, mapper = PostgresApplicationRecorder(datastore), EventMapper()
    notifications = stock.select_notifications(start=None, limit=10)
    assert [(n.id, mapper.to_domain_event(n)) for n in notifications] == list(enumerate(events, start=1))
    assert [n.topic for n in notifications] == [name_of(event.data) for event in events]
    of_stream = stock.select_events(stream)
    assert [mapper.to_domain_event(event) for event in of_stream] == [events[0], events[2]]
    assert stock.max_notification_id() == 4


async def test_we_read_what_the_library_wrote(store: PostgresEventStore, datastore: PostgresDatastore) -> None:
    mapper, event = EventMapper(), created(uuid4())
    LockingRecorder(datastore).insert_events([mapper.to_stored_event(event)])
    [positioned] = await everything(store)
    assert positioned.event == event


def test_an_event_is_what_the_library_calls_a_domain_event() -> None:
    assert isinstance(created(uuid4()), DomainEventProtocol)


@given(st.sampled_from(EVENT_TYPES).flatmap(recorded))
def test_every_event_comes_back_as_it_was_through_the_mapper(event: Recorded) -> None:
    mapper = EventMapper()
    stored = mapper.to_stored_event(event)
    assert mapper.to_domain_event(stored) == event
    assert (stored.originator_id, stored.originator_version) == (event.originator_id, event.originator_version)
    assert stored.topic == name_of(event.data)


async def test_every_event_comes_back_as_it_was_from_the_store(store: PostgresEventStore) -> None:
    events = [created(uuid4(), customer=customer) for customer in AWKWARD]
    await append_all(store, events)
    assert [positioned.event for positioned in await everything(store)] == events


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stored_events SET state = 'forged'",
        "UPDATE stored_events SET notification_id = 99",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
        "MERGE INTO stored_events USING (VALUES (1)) AS v (n) ON true WHEN MATCHED THEN DELETE",
    ],
)
async def test_nobody_changes_what_is_stored(change: str, store: PostgresEventStore, owner_url: str) -> None:
    event = created(uuid4())
    await append_all(store, [event])
    with pytest.raises(psycopg.errors.RestrictViolation, match="immutable"):
        execute(owner_url, change)
    assert [positioned.event for positioned in await everything(store)] == [event]


def test_the_append_function_and_the_recorder_take_the_same_lock(
    datastore: PostgresDatastore, database_url: str
) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    calls: dict[str, Callable[[], Any]] = {
        "the recorder": lambda: LockingRecorder(datastore).insert_events([StoredEvent(uuid4(), 1, "topic", b"")]),
        "the function": lambda: execute(database_url, EMPTY_APPEND),
    }
    for name, call in calls.items():
        with psycopg.connect(database_url) as holder, ThreadPoolExecutor(1) as threads:
            holder.execute("SELECT pg_advisory_xact_lock(%s)", (locks.APPEND,))
            running = threads.submit(call)
            deadline = time.monotonic() + 10
            while execute(database_url, waiting) != [(1,)]:
                assert time.monotonic() < deadline, f"{name} does not wait"
                assert not running.done(), f"{name} does not wait"
            holder.commit()
            running.result(10)
