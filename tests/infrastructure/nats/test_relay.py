"""The relay: tells how far its store has come, as soon as it has grown and every second, whatever NATS does."""

import asyncio
import os
import signal
from uuid import uuid4

import psycopg

from application.write.store import Append
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.nats.bus import Bus
from infrastructure.postgres.event_store.store import PostgresEventStore
from tests.infrastructure.nats.wiring import connected, listening, relaying, true_of, until_heard
from tests.support.store import created, execute, until


async def append_some(store: PostgresEventStore, count: int = 3) -> int:
    """Append events; the store's head."""
    for _ in range(count):
        await store.append(Append(events=(created(uuid4()),)))
    return await store.head()


async def test_it_tells_of_what_it_finds_and_of_what_comes(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    head = await append_some(store)
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await until_heard(listener, head)
        for _ in range(5):
            await until_heard(listener, await append_some(store))


async def test_it_is_heard_of_an_empty_store(database_url: str, relays_bus: Bus, bus: Bus) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await until_heard(listener, 0)


async def test_a_relay_that_ended_is_not_heard_any_more(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener:
        async with relaying(database_url, relays_bus):
            await until_heard(listener, await append_some(store))

        async def is_silent() -> bool:
            return listener.position is None

        await until(is_silent, "the listener notices")


async def test_two_relays_at_once_do_no_harm(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    """As when the lease of one that hung was taken over, and it comes back."""
    async with (
        listening(database_url, bus) as listener,
        relaying(database_url, relays_bus),
        relaying(database_url, relays_bus),
    ):
        for _ in range(3):
            await until_heard(listener, await append_some(store))
        assert not listener.take_refused()


async def test_two_stores_on_one_nats_do_not_hear_each_other(
    database_url: str, relays_bus: Bus, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus):
        await until_heard(listener, await append_some(store))
        execute(database_url, "UPDATE store_identity SET store_id = gen_random_uuid()")
        async with connected(nats.reader_url) as others_bus, listening(database_url, others_bus) as other:
            await until_heard(listener, await append_some(store))
            assert other.position is None
            assert not other.take_refused()


async def test_nats_away_and_back_costs_nothing(
    database_url: str, relays_bus: Bus, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus) as relay:
        await until_heard(listener, await append_some(store))
        await asyncio.to_thread(nats.kill)
        head = await append_some(store)
        # Started by the thread that runs the test: a server ends with the thread that started it.
        nats.start()
        await until_heard(listener, head)
        await until_heard(listener, await append_some(store))
        assert not relay.done()


async def test_nats_that_hung_is_told_again(
    database_url: str, relays_bus: Bus, bus: Bus, nats: EmbeddedNats, store: PostgresEventStore
) -> None:
    async with listening(database_url, bus) as listener, relaying(database_url, relays_bus) as relay:
        await until_heard(listener, await append_some(store))
        os.kill(nats.pid, signal.SIGSTOP)
        try:

            async def is_missed() -> bool:
                await append_some(store, 1)
                return not bus.is_connected and not relays_bus.is_connected

            await until(is_missed, "both notice that NATS hangs")
        finally:
            os.kill(nats.pid, signal.SIGCONT)
        await until_heard(listener, await append_some(store))
        assert not relay.done()


async def test_a_lost_database_connection_ends_it(
    database_url: str, relays_bus: Bus, bus: Bus, store: PostgresEventStore
) -> None:
    """Whoever runs it starts it again, with a new connection."""
    async with listening(database_url, bus) as listener:
        async with relaying(database_url, relays_bus) as relay:
            await until_heard(listener, await append_some(store))
            execute(
                database_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tallystick relay'",
            )
            await until(true_of(relay.done), "the relay ends")
            assert isinstance(relay.exception(), psycopg.OperationalError)
        async with relaying(database_url, relays_bus):
            await until_heard(listener, await append_some(store))
