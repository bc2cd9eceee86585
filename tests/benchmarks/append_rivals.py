"""What a user would pick instead of our writer, each on the same table and with the same bytes."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from application.write.store import Append
from infrastructure.postgres.event_store.mapper import EventMapper

THREADS = 8
BATCH_EVENTS = 500
_INSERT = """
INSERT INTO stored_events (originator_id, originator_version, topic, state)
SELECT unnest(%b::uuid[]), unnest(%b::bigint[]), unnest(%b::text[]), unnest(%b::bytea[])
"""
_COPY = "COPY stored_events (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
_COLUMN_TYPES = ("uuid", "int8", "text", "bytea")
_WARM_UP_COMMANDS = 100

Command = Sequence[StoredEvent]
Write = Callable[[psycopg.Connection[Any], list[StoredEvent]], None]


def encoded(appends: Sequence[Append]) -> list[Command]:
    """The events of each command, ready to be stored."""
    mapper = EventMapper()
    return [[mapper.to_stored_event(event) for event in append.events] for append in appends]


def by_the_stock_recorder(commands: Sequence[Command], database_url: str) -> float:
    """Commands a second, each inserted by itself; the pool is as large as the library makes it by default."""
    parts = conninfo_to_dict(database_url)
    host, port, dbname, user, password = (str(parts[name]) for name in ("host", "port", "dbname", "user", "password"))
    with PostgresDatastore(
        dbname=dbname, host=host, port=port, user=user, password=password, pool_size=5, max_overflow=10
    ) as datastore:
        recorder = PostgresApplicationRecorder(datastore)

        def insert_in_turn(waiting: Iterator[Command]) -> None:
            for command in waiting:
                recorder.insert_events(command)

        def insert_all(commands: Sequence[Command]) -> None:
            waiting = iter(commands)
            with ThreadPoolExecutor(THREADS) as threads:
                for done in [threads.submit(insert_in_turn, waiting) for _ in range(THREADS)]:
                    done.result()

        insert_all(commands[:_WARM_UP_COMMANDS])
        measured = commands[_WARM_UP_COMMANDS:]
        started = time.perf_counter()
        insert_all(measured)
        return len(measured) / (time.perf_counter() - started)


def by_array_insert(commands: Sequence[Command], database_url: str) -> float:
    """Commands a second, inserted BATCH_EVENTS events at a time over one connection."""

    def insert(connection: psycopg.Connection[Any], rows: list[StoredEvent]) -> None:
        columns = [
            [event.originator_id for event in rows],
            [event.originator_version for event in rows],
            [event.topic for event in rows],
            [event.state for event in rows],
        ]
        connection.execute(_INSERT, columns, prepare=True)

    return _in_batches(commands, database_url, insert)


def by_copy(commands: Sequence[Command], database_url: str) -> float:
    """Commands a second, copied BATCH_EVENTS events at a time over one connection."""

    def copy(connection: psycopg.Connection[Any], rows: list[StoredEvent]) -> None:
        with connection.cursor().copy(_COPY) as copying:
            copying.set_types(_COLUMN_TYPES)
            for event in rows:
                copying.write_row((event.originator_id, event.originator_version, event.topic, event.state))

    return _in_batches(commands, database_url, copy)


def _in_batches(commands: Sequence[Command], database_url: str, write: Write) -> float:
    events = [event for command in commands for event in command]
    with psycopg.connect(database_url, autocommit=True) as connection:
        write(connection, events[:BATCH_EVENTS])
        waiting = iter(events[BATCH_EVENTS:])
        started = time.perf_counter()
        while rows := list(islice(waiting, BATCH_EVENTS)):
            write(connection, rows)
        elapsed = time.perf_counter() - started
    return (len(events) - BATCH_EVENTS) / 2 / elapsed
