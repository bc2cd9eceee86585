"""The projector: every event of the store applied once and in order; a poison event stops its own view."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from application.write.store import Append
from domain.history import Positioned
from domain.money.money import AMOUNT_MINOR_MAX
from infrastructure.postgres.event_store.store import PostgresEventStore
from infrastructure.postgres.leases import LEASE_S, LeaseLost
from projections.engine.checkpoint import SHARED, checkpoints
from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.leader_lock import turn_of
from projections.engine.projector import Feed
from projections.engine.projectors import Task, projector_tasks
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows
from projections.engine.view import Key, View, fold
from projections.ledger.merchant_balances import MERCHANT_BALANCES
from projections.payment.audit_timeline import AUDIT_TIMELINE
from projections.payment.status import PAYMENT_STATUS
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
LOOK_EVERY_S = 0.02
TAKEN_BY_A_THIRD = """
UPDATE worker_lease SET holder = 'a third', expires_at = clock_timestamp() + %s * interval '1 second' WHERE name = %s
"""


class Following:
    """The feed, without a bus: looks at the store again and again."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.asked = 0

    async def head(self) -> int:
        return await self._store.head()

    async def after(self, position: int, *, events_max: int, within_s: float | None = None) -> Sequence[Positioned]:
        self.asked += 1
        loop = asyncio.get_running_loop()
        until = None if within_s is None else loop.time() + within_s
        while True:
            events = await self._store.after(position, events_max=events_max)
            if events or (until is not None and loop.time() >= until):
                return events
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def projecting(
    database_url: str, views: View[Any] | Sequence[View[Any]], store: PostgresEventStore, feed: Feed | None = None
) -> AsyncIterator[asyncio.Future[Any]]:
    """The projectors of a worker that knows `views`, for as long as the block; ended by the first error."""
    known = [views] if isinstance(views, View) else views

    async def again_and_again(task: Task) -> None:
        while True:
            await task()
            await asyncio.sleep(LOOK_EVERY_S)

    async with open_leases(database_url) as leases:
        tasks = projector_tasks(
            {view.name: view for view in known},
            connect=lambda _: connect(database_url),
            reader=lambda: open_views(database_url),
            feed=feed or Following(store),
            turns=leases,
        )
        running = asyncio.gather(*map(again_and_again, tasks.values()))
        try:
            yield running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def position_of(connection: Connection, name: str) -> int:
    return {checkpoint.projection: checkpoint.position for checkpoint in await checkpoints(connection)}.get(name, 0)


async def failure_of(connection: Connection, name: str) -> str | None:
    return {checkpoint.projection: checkpoint.failure for checkpoint in await checkpoints(connection)}.get(name)


async def until_at(connection: Connection, name: str, position: int) -> None:
    async def there() -> bool:
        return await position_of(connection, name) >= position

    await until(there, f"{name} is at position {position}")


async def until_failed(connection: Connection, name: str) -> None:
    """Wait until the view's own projector has found what is the matter, after the view has left the others."""

    async def there() -> bool:
        failure = await failure_of(connection, name)
        return failure is not None and not failure.startswith("an event from position")

    await until(there, f"{name} stands still")


async def ended(task: asyncio.Future[Any]) -> BaseException | None:
    await asyncio.wait([task], timeout=10)
    assert task.done(), "the projector goes on"
    return task.exception()


async def fill(store: PostgresEventStore, *names: str) -> list[Positioned]:
    """Store whole payments, one behind the other."""
    for name in names:
        await append_all(store, recorded_history(uuid4(), HISTORIES[name]))
    return await everything(store)


# one projector at a time


async def test_two_projectors_of_one_view_apply_each_event_once(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    async with (
        projecting(database_url, MERCHANT_BALANCES, store),
        projecting(database_url, MERCHANT_BALANCES, store),
    ):
        for _ in range(5):
            events = await fill(store, "captured", "refunded")
        await until_at(views, "merchant_balances", events[-1].position)
    assert await all_rows(views, MERCHANT_BALANCES) == fold(MERCHANT_BALANCES, {}, events)


async def test_another_projector_takes_over_when_the_active_one_is_gone(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    one, two = Following(store), Following(store)
    async with (
        projecting(database_url, PAYMENT_STATUS, store, one) as first,
        projecting(database_url, PAYMENT_STATUS, store, two) as second,
    ):
        events = await fill(store, "captured", "authorized")
        await until_at(views, "payment_status", events[-1].position)
        assert sorted((one.asked > 0, two.asked > 0)) == [False, True], "one is active, the other does not listen"
        active, other = (first, second) if one.asked else (second, first)
        execute(database_url, TAKEN_BY_A_THIRD, LEASE_S, turn_of(SHARED))
        assert isinstance(await ended(active), LeaseLost)
        events = await fill(store, "refunded")
        await until_at(views, "payment_status", events[-1].position)
        assert not other.done()
        assert one.asked > 0
        assert two.asked > 0
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


async def test_whoever_was_moved_past_goes_on_from_there(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """The checkpoint is the last line of defence: nothing is written from rows that were read before."""
    events = await fill(store, "captured")
    async with projecting(database_url, PAYMENT_STATUS, store):
        await until_at(views, "payment_status", events[-1].position)
        events = await fill(store, "refunded")
        await advanced(views, PAYMENT_STATUS, events)
        events = await fill(store, "voided")
        await until_at(views, "payment_status", events[-1].position)
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


async def test_a_worker_that_can_take_the_event_in_lets_the_others_go_on(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded")
    async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store) as old:
        await until_failed(views, "audit_timeline")
        async with projecting(database_url, AUDIT_TIMELINE, store):
            await until_at(views, "audit_timeline", events[-1].position)
        events = await fill(store, "captured")
        await until_at(views, "audit_timeline", events[-1].position)
        assert not old.done()
    assert await failure_of(views, "audit_timeline") is None
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_it_goes_on_where_it_stood(database_url: str, store: PostgresEventStore, views: Connection) -> None:
    for _ in range(3):
        events = await fill(store, "captured", "voided")
        async with projecting(database_url, MERCHANT_BALANCES, store):
            await until_at(views, "merchant_balances", events[-1].position)
    assert await all_rows(views, MERCHANT_BALANCES) == fold(MERCHANT_BALANCES, {}, events)


async def test_a_lost_database_connection_ends_it_without_blame(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Whoever runs it starts it again; the view has no failure noted."""
    await fill(store, "captured")
    async with projecting(database_url, AUDIT_TIMELINE, store) as projector:
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


async def test_a_poison_event_stops_its_own_view_just_before_it(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded", "captured")
    async with (
        projecting(database_url, poisoned(AUDIT_TIMELINE, 5), store) as projector,
        projecting(database_url, MERCHANT_BALANCES, store) as other,
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
        async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store):
            await until_failed(views, "audit_timeline")
        assert await position_of(views, "audit_timeline") == 2
    async with projecting(database_url, AUDIT_TIMELINE, store):
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
        async with projecting(database_url, view, store):
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
    async with projecting(database_url, PAYMENT_STATUS, store):
        await until_failed(views, "payment_status")
    assert await position_of(views, "payment_status") == 1


async def test_money_past_any_fixed_size_is_not_poison(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:

    await store.append(Append(events=(hold_entry(AMOUNT_MINOR_MAX),)))
    for _ in range(5):
        await store.append(Append(events=tuple(hold_entry(AMOUNT_MINOR_MAX) for _ in range(300))))
    async with projecting(database_url, MERCHANT_BALANCES, store):
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
    async with projecting(database_url, late, store) as projector:
        await until_at(views, "payment_status", events[-1].position)
        events += (more := await fill(store, "voided"))[len(events) :]
        await until_at(views, "payment_status", more[-1].position)
        assert not projector.done()
    assert await failure_of(views, "payment_status") is None
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)


# a view that is ahead of the store


async def test_a_view_ahead_of_the_store_stands_still_until_it_is_rebuilt(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """As a forged message left it, which earlier versions believed."""
    events = await fill(store, "captured")
    await advanced(views, PAYMENT_STATUS, events)
    execute(
        database_url,
        "UPDATE views.checkpoint SET position = 10^12 WHERE projection = 'payment_status'",
    )
    async with projecting(database_url, PAYMENT_STATUS, store) as projector:
        await until_failed(views, "payment_status")
        assert "after the store's last event" in (await failure_of(views, "payment_status") or "")
        await rebuild([PAYMENT_STATUS], store, lambda: connect(database_url, REBUILD_SCHEMA))
        events = await fill(store, "voided")
        await until_at(views, "payment_status", events[-1].position)
        assert not projector.done()
    assert await failure_of(views, "payment_status") is None
    assert await position_of(views, "payment_status") == events[-1].position
    assert await all_rows(views, PAYMENT_STATUS) == fold(PAYMENT_STATUS, {}, events)
