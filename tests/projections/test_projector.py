"""The projector: every event applied once and in order, whatever the feed does; a poison event stops its own view."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.store import Append
from domain.history import Positioned
from domain.money import AMOUNT_MINOR_MAX
from infrastructure.postgres.leases import LeaseLost
from infrastructure.postgres.store import PostgresEventStore
from projections.audit_timeline import AUDIT_TIMELINE
from projections.merchant_balances import MERCHANT_BALANCES
from projections.payment_status import PAYMENT_STATUS
from projections.projector import Delivery, Projector, is_whole
from projections.tables import all_rows, checkpoints
from projections.view import Key, View, fold
from projections.views import VIEWS
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.store import (
    advanced,
    append_all,
    created,
    everything,
    execute,
    hold_entry,
    open_leases,
    open_views,
    until,
)

Connection = psycopg.AsyncConnection[Any]
SILENCE_S = 0.02


class FakeFeed:
    """Gives what it is told to, in batches as they are put in; then, for a while each, nothing."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Sequence[Delivery]] = asyncio.Queue()
        self.begun = 0

    def put(self, *deliveries: Delivery) -> None:
        self._queue.put_nowait(deliveries)

    async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
        self.begun += 1
        while True:
            batch: Sequence[Delivery] = ()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_S):
                    batch = await self._queue.get()
            yield batch


def deliveries_of(events: Sequence[Positioned]) -> list[Delivery]:
    """The events as a relay publishes them."""
    before = [0, *(event.position for event in events)]
    return [Delivery(previous, event) for previous, event in zip(before, events, strict=False)]


@asynccontextmanager
async def projecting(
    database_url: str, view: View[Any], store: PostgresEventStore, feed: FakeFeed
) -> AsyncIterator[asyncio.Task[None]]:
    """A projector that runs for as long as the block."""
    async with open_views(database_url) as connection, open_leases(database_url) as leases:
        projector = Projector(view, connection=connection, source=store, feed=feed, turns=leases)
        task = asyncio.create_task(projector.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def position_of(connection: Connection, name: str) -> int:
    return {checkpoint.projection: checkpoint.position for checkpoint in await checkpoints(connection)}.get(name, 0)


async def failure_of(connection: Connection, name: str) -> str | None:
    return {checkpoint.projection: checkpoint.failure for checkpoint in await checkpoints(connection)}.get(name)


async def until_at(connection: Connection, name: str, position: int) -> None:
    async def there() -> bool:
        return await position_of(connection, name) >= position

    await until(there, f"{name} is at position {position}")


async def until_failed(connection: Connection, name: str) -> None:
    async def there() -> bool:
        return await failure_of(connection, name) is not None

    await until(there, f"{name} stands still")


async def ended(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait([task], timeout=10)
    assert task.done(), "the projector goes on"
    return task.exception()


async def fill(store: PostgresEventStore, *names: str) -> list[Positioned]:
    """Store whole payments, one behind the other."""
    for name in names:
        await append_all(store, recorded_history(uuid4(), HISTORIES[name]))
    return await everything(store)


# what the feed delivers


@given(st.lists(st.integers(1, 9), max_size=8), st.integers(0, 4), st.data())
def test_deliveries_are_whole_when_applying_them_skips_nothing(
    numbers: list[int], position: int, data: st.DataObject
) -> None:
    """Against the plain reading: what is applied of them is every stored event up to the last of them."""
    stored = list(range(1, 10))
    deliveries = [Delivery(number - 1, Positioned(number, created(UUID(int=number)))) for number in numbers]
    applied, at = set(range(1, position + 1)), position
    for number in numbers:
        if number > at:
            applied.add(number)
            at = number
    assert is_whole(position, deliveries) == (applied == {number for number in stored if number <= at})


async def test_a_whole_feed_is_applied_without_asking_the_store(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "captured")
    feed = FakeFeed()
    feed.put(*deliveries_of(events)[:3])
    feed.put(*deliveries_of(events)[3:])
    async with projecting(database_url, AUDIT_TIMELINE, NoStore(), feed):  # type: ignore[arg-type]
        await until_at(views, "audit_timeline", events[-1].position)
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_old_news_without_end_does_not_keep_it_from_what_is_new(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """A consumer that NATS made anew begins at the stream's beginning, and there may be much of it."""
    old = await fill(store, "captured")
    await advanced(views, AUDIT_TIMELINE, old)

    class Repeating(FakeFeed):
        async def batches(self, *, events_max: int) -> AsyncGenerator[Sequence[Delivery], None]:
            while True:
                await asyncio.sleep(SILENCE_S)
                yield deliveries_of(old)

    async with projecting(database_url, AUDIT_TIMELINE, store, Repeating()):
        await fill(store, "voided")
        events = await everything(store)
        await until_at(views, "audit_timeline", events[-1].position)
    assert len(await all_rows(views, AUDIT_TIMELINE)) == len(events)


class NoStore:
    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
        if position < 5:
            raise AssertionError("asked the store although the feed was whole")
        return []


@pytest.mark.parametrize("seed", range(6))
async def test_a_feed_that_drops_repeats_and_reorders_costs_nothing(
    seed: int, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    chance = random.Random(seed)
    feed = FakeFeed()
    async with projecting(database_url, MERCHANT_BALANCES, store, feed):
        for _ in range(6):
            before = len(await everything(store))
            events = await fill(store, *chance.sample(sorted(HISTORIES), 2))
            news = deliveries_of(events)[max(0, before - 3) :]
            mangled = [delivery for delivery in news for _ in range(chance.choice([0, 1, 1, 1, 2]))]
            if chance.random() < 0.5:
                chance.shuffle(mangled)
            while mangled:
                size = chance.randint(1, 8)
                feed.put(*mangled[:size])
                mangled = mangled[size:]
        events = await everything(store)
        await until_at(views, "merchant_balances", events[-1].position)
    assert await all_rows(views, MERCHANT_BALANCES) == fold(MERCHANT_BALANCES, {}, events), f"seed {seed}"


async def test_a_silent_feed_is_begun_anew_once_there_were_events(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    feed = FakeFeed()
    async with projecting(database_url, PAYMENT_STATUS, store, feed):
        for begun in (1, 2, 3):
            events = await fill(store, "refunded")
            await until_at(views, "payment_status", events[-1].position)
            assert feed.begun >= begun
        await asyncio.sleep(5 * SILENCE_S)
        settled = feed.begun
        await asyncio.sleep(5 * SILENCE_S)
        assert feed.begun == settled
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


async def test_two_projectors_of_one_view_apply_each_event_once(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    one, two = FakeFeed(), FakeFeed()
    async with (
        projecting(database_url, MERCHANT_BALANCES, store, one),
        projecting(database_url, MERCHANT_BALANCES, store, two),
    ):
        events: list[Positioned] = []
        for _ in range(5):
            before = len(events)
            events = await fill(store, "captured", "refunded")
            for feed in (one, two):
                feed.put(*deliveries_of(events)[before:])
        await until_at(views, "merchant_balances", events[-1].position)
    assert await all_rows(views, MERCHANT_BALANCES) == fold(MERCHANT_BALANCES, {}, events)


async def test_another_projector_takes_over_when_the_active_one_is_gone(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    one, two = FakeFeed(), FakeFeed()
    async with (
        projecting(database_url, PAYMENT_STATUS, store, one) as first,
        projecting(database_url, PAYMENT_STATUS, store, two) as second,
    ):
        events = await fill(store, "captured", "authorized")
        await until_at(views, "payment_status", events[-1].position)
        assert sorted((one.begun > 0, two.begun > 0)) == [False, True], "one is active, the other does not listen"
        active, other = (first, second) if one.begun else (second, first)
        execute(database_url, "SELECT pg_terminate_backend(session) FROM worker_lease")
        events = await fill(store, "refunded")
        await until_at(views, "payment_status", events[-1].position)
        assert isinstance(await ended(active), LeaseLost)
        assert not other.done()
        assert one.begun > 0
        assert two.begun > 0
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


async def test_whoever_was_moved_past_goes_on_from_there(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """The checkpoint is the last line of defence: nothing is written from rows that were read before."""
    events = await fill(store, "captured")
    feed = FakeFeed()
    async with projecting(database_url, PAYMENT_STATUS, store, feed):
        await until_at(views, "payment_status", events[-1].position)
        events = await fill(store, "refunded")
        await advanced(views, PAYMENT_STATUS, events)
        feed.put(*deliveries_of(events))
        events = await fill(store, "voided")
        feed.put(*deliveries_of(events))
        await until_at(views, "payment_status", events[-1].position)
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


async def test_a_worker_that_can_take_the_event_in_lets_the_others_go_on(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded")
    async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store, FakeFeed()) as old:
        await until_failed(views, "audit_timeline")
        async with projecting(database_url, AUDIT_TIMELINE, store, FakeFeed()):
            await until_at(views, "audit_timeline", events[-1].position)
        events = await fill(store, "captured")
        await until_at(views, "audit_timeline", events[-1].position)
        assert not old.done()
    assert await failure_of(views, "audit_timeline") is None
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_it_goes_on_where_it_stood(database_url: str, store: PostgresEventStore, views: Connection) -> None:
    for _ in range(3):
        events = await fill(store, "captured", "voided")
        async with projecting(database_url, MERCHANT_BALANCES, store, FakeFeed()):
            await until_at(views, "merchant_balances", events[-1].position)
    assert await all_rows(views, MERCHANT_BALANCES) == fold(MERCHANT_BALANCES, {}, events)


async def test_a_lost_database_connection_ends_it_without_blame(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Whoever runs it starts it again; the view has no failure noted."""
    await fill(store, "captured")
    async with projecting(database_url, AUDIT_TIMELINE, store, FakeFeed()) as projector:
        await until_at(views, "audit_timeline", 1)
        await until_at(views, "audit_timeline", len(await everything(store)))
        execute(
            database_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() AND application_name = '' AND pid <> %s",
            views.info.backend_pid,
        )
        await fill(store, "voided")
        assert isinstance(await ended(projector), psycopg.OperationalError)
    assert await failure_of(views, "audit_timeline") is None


# poison


def poisoned(view: View[Any], at: int) -> View[Any]:
    """The same view, by its code, whose `apply` cannot take in the event at position `at`."""

    @wraps(view.apply)
    def apply(row: Any, key: Key, event: Positioned) -> Any:
        if event.position == at:
            raise ZeroDivisionError("poison")
        return view.apply(row, key, event)

    return msgspec.structs.replace(view, apply=apply)


@pytest.mark.parametrize("fed", [True, False])
async def test_a_poison_event_stops_its_own_view_just_before_it(
    fed: bool, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded", "captured")
    sick, healthy = FakeFeed(), FakeFeed()
    for feed in (sick, healthy):
        if fed:
            feed.put(*deliveries_of(events))
    async with (
        projecting(database_url, poisoned(AUDIT_TIMELINE, 5), store, sick) as projector,
        projecting(database_url, MERCHANT_BALANCES, store, healthy) as other,
    ):
        await until_failed(views, "audit_timeline")
        await until_at(views, "merchant_balances", events[-1].position)
        assert not projector.done()
        assert not other.done()
    assert await position_of(views, "audit_timeline") == 4
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events[:4])
    failure = await failure_of(views, "audit_timeline")
    assert failure is not None
    assert "position 5" in failure
    assert "ZeroDivisionError at test_projector.py" in failure
    assert await failure_of(views, "merchant_balances") is None


async def test_a_poison_event_is_met_again_at_every_start_and_never_skipped(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded")
    for _ in range(2):
        async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store, FakeFeed()):
            await until_failed(views, "audit_timeline")
        assert await position_of(views, "audit_timeline") == 2
    async with projecting(database_url, AUDIT_TIMELINE, store, FakeFeed()):
        await until_at(views, "audit_timeline", events[-1].position)
    assert await failure_of(views, "audit_timeline") is None
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


UNREADABLE = {
    "no JSON": b"{",
    "no text": b'{"originator_id": "\xff"}',
    "an unknown name": b'{"data": {"type": "payment.teleported.v1"}}',
}


@pytest.mark.parametrize("reason", UNREADABLE)
async def test_an_event_that_cannot_be_read_stops_every_view_just_before_it(
    reason: str, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "captured")
    insert = "INSERT INTO stored_events VALUES (%s, 1, 'payment.teleported.v1', %s)"
    execute(database_url, insert, uuid4(), UNREADABLE[reason])
    await append_all(store, [created(uuid4())])
    for view in VIEWS.values():
        async with projecting(database_url, view, store, FakeFeed()):
            await until_failed(views, view.name)
        assert await position_of(views, view.name) == events[-1].position
        failure = await failure_of(views, view.name)
        assert failure is not None
        assert f"after position {events[-1].position} cannot be read" in failure
        assert await all_rows(views, view) == fold(view, {}, events)


async def test_text_that_postgres_cannot_hold_is_poison_too(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    await store.append(Append(events=(created(uuid4()), created(uuid4(), customer="\0"))))
    async with projecting(database_url, PAYMENT_STATUS, store, FakeFeed()):
        await until_failed(views, "payment_status")
    assert await position_of(views, "payment_status") == 1


async def test_money_past_any_fixed_size_is_not_poison(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:

    await store.append(Append(events=(hold_entry(AMOUNT_MINOR_MAX),)))
    for _ in range(5):
        await store.append(Append(events=tuple(hold_entry(AMOUNT_MINOR_MAX) for _ in range(300))))
    async with projecting(database_url, MERCHANT_BALANCES, store, FakeFeed()):
        await until_at(views, "merchant_balances", 1501)
    [row] = (await all_rows(views, MERCHANT_BALANCES)).values()
    assert row.authorized == 1501 * AMOUNT_MINOR_MAX


async def test_rows_that_are_ahead_of_the_events_are_no_poison(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Another table, further on, is put in place between a projector's batch and its look at the rows."""
    events = await fill(store, "captured")
    moved = False

    @wraps(PAYMENT_STATUS.keys_of)
    def keys_of(event: Positioned) -> Iterable[Key]:
        nonlocal moved
        if not moved:
            moved = True
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(asyncio.run, take_in_all()).result()
        return PAYMENT_STATUS.keys_of(event)

    async def take_in_all() -> None:
        async with open_views(database_url) as connection:
            await advanced(connection, PAYMENT_STATUS, events)

    late = msgspec.structs.replace(PAYMENT_STATUS, keys_of=keys_of)
    async with projecting(database_url, late, store, FakeFeed()) as projector:
        await until_at(views, "payment_status", events[-1].position)
        events += (more := await fill(store, "voided"))[len(events) :]
        await until_at(views, "payment_status", more[-1].position)
        assert not projector.done()
    assert await failure_of(views, "payment_status") is None
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)
