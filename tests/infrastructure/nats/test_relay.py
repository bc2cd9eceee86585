"""The relay: every stored event is published once, in order, whatever happens to the stream or to the relay."""

import asyncio
from uuid import uuid4

import psycopg
import pytest
from nats.js.api import Header
from nats.js.errors import BadRequestError

from application.store import Append
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import STREAM, Bus
from infrastructure.nats.relay import BATCH_EVENTS_MAX, Relay
from infrastructure.postgres.store import PostgresEventStore
from tests.infrastructure.nats.stream import expected, published, relaying, until_published
from tests.support.store import append_all, created, everything, execute, hold_entry, until


async def append_some(store: PostgresEventStore, count: int = 3) -> None:
    """Payments' events and entries, several in an append."""
    for _ in range(count):
        await store.append(Append(events=(created(uuid4()), hold_entry(100))))


async def test_every_event_is_published_once_in_order_on_its_subject(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    await append_some(store)
    async with relaying(database_url, bus):
        await append_some(store)
        await until_published(bus, store)
    messages = await published(bus)
    assert [message.subject for message in messages[:2]] == [
        "tallystick.events.payment.created",
        "tallystick.events.journal.entry_posted",
    ]
    assert [(message.previous, message.position) for message in messages] == [(n - 1, n) for n in range(1, 13)]


async def test_an_event_is_published_as_soon_as_it_is_stored(
    database_url: str, bus: Bus, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.nats.relay.WAIT_S", 60.0)
    async with relaying(database_url, bus):
        for _ in range(5):
            await append_some(store, 1)
            await until_published(bus, store)


async def test_many_events_are_published_in_batches(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    stream = uuid4()
    await store.append(Append(events=tuple(created(stream, version) for version in range(1, BATCH_EVENTS_MAX + 200))))
    async with relaying(database_url, bus):
        await until_published(bus, store)


async def test_a_gap_between_positions_is_no_hole(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    await append_some(store, 1)
    execute(database_url, "SELECT setval('stored_events_notification_id_seq', 1000)")
    await append_some(store, 1)
    async with relaying(database_url, bus):
        await until_published(bus, store)
    assert [message.position for message in await published(bus)] == [1, 2, 1001, 1002]


async def test_it_goes_on_from_the_last_message(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    for _ in range(3):
        await append_some(store, 2)
        async with relaying(database_url, bus):
            await until_published(bus, store)


async def test_two_relays_at_once_publish_nothing_twice_and_leave_no_hole(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    async with relaying(database_url, bus), relaying(database_url, bus):
        for _ in range(20):
            await append_some(store, 5)
        await until_published(bus, store)
        await append_some(store)
        await until_published(bus, store)


async def test_the_server_refuses_a_hole_and_a_second_beginning(
    database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    await append_some(store)
    async with relaying(database_url, bus):
        await until_published(bus, store)
    relay = Relay(None, bus)  # type: ignore[arg-type]
    jetstream = await bus.jetstream()
    for previous in (3, 0):
        with pytest.raises(BadRequestError, match="wrong last"):
            await relay._publish(jetstream, previous, [(99, "payment.created.v1", b"{}")])
    # A hole anywhere in a batch takes along what follows it, which alone asks for an answer.
    with pytest.raises(BadRequestError, match="wrong last"):
        await relay._publish(jetstream, 3, [(position, "payment.created.v1", b"{}") for position in (99, 100, 101)])
    assert await published(bus) == expected(await everything(store))


@pytest.mark.parametrize("how", ["deleted", "purged", "its last message deleted"])
async def test_a_stream_that_lost_its_messages_heals(
    how: str, database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    await append_some(store)
    async with relaying(database_url, bus):
        await until_published(bus, store)
    jetstream = await bus.jetstream()
    match how:
        case "deleted":
            await jetstream.delete_stream(STREAM)
        case "purged":
            await jetstream.purge_stream(STREAM)
        case _:
            await jetstream.delete_msg(STREAM, 6)
    async with relaying(database_url, bus):
        await until_published(bus, store)
        await append_some(store)
        await until_published(bus, store)


@pytest.mark.parametrize("kept", [0, 4, 20])
async def test_a_stream_of_another_history_heals(
    kept: int, database_url: str, bus: Bus, store: PostgresEventStore
) -> None:
    """The store was emptied, or restored from a backup, and has since gone on: less far than the stream, or farther."""
    await append_some(store)
    async with relaying(database_url, bus):
        await until_published(bus, store)
    execute(database_url, "ALTER TABLE stored_events DISABLE TRIGGER USER")
    execute(database_url, "TRUNCATE stored_events RESTART IDENTITY")
    await append_all(store, [created(uuid4()) for _ in range(kept)])
    async with relaying(database_url, bus):
        await append_some(store, 1)
        await until_published(bus, store)


async def test_a_message_of_somebody_else_does_not_stop_it(
    database_url: str, bus: Bus, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.nats.relay.ACKNOWLEDGED_WITHIN_S", 0.5)
    await append_some(store)
    jetstream = await bus.jetstream()
    async with relaying(database_url, bus):
        await until_published(bus, store)
        await jetstream.publish("tallystick.events.intruder", b"no event", headers={Header.MSG_ID: "nonsense"})
        await append_some(store)
        await until_published(bus, store)


async def test_nats_away_and_back_costs_nothing(
    database_url: str, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with relaying(database_url, bus) as relay:
        await append_some(store)
        await until_published(bus, store)
        await asyncio.to_thread(nats.kill)
        await append_some(store)
        # Started by the thread that runs the test: a server ends with the thread that started it.
        nats.start()
        await append_some(store)
        await until_published(bus, store)
        assert not relay.done()


async def test_a_lost_database_connection_ends_it(database_url: str, bus: Bus, store: PostgresEventStore) -> None:
    """Whoever runs it starts it again, with a new connection."""
    async with relaying(database_url, bus) as relay:
        await append_some(store)
        await until_published(bus, store)
        execute(
            database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tallystick relay'",
        )

        async def ended() -> bool:
            return relay.done()

        await until(ended, "the relay ends")
        assert isinstance(relay.exception(), psycopg.OperationalError)
    await append_some(store)
    async with relaying(database_url, bus):
        await until_published(bus, store)
