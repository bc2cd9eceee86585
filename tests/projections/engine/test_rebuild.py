"""A rebuild: the same rows from the first event on, put in place in one instant, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from domain.history import Positioned
from domain.payment.dispute_events import DisputeLost
from infrastructure.postgres.event_store.store import PostgresEventStore
from interfaces.composition import migrate_all
from interfaces.runtime.settings import Settings
from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.projector import PoisonEvent
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows, create
from projections.engine.view import Key, View, fold
from projections.payment.audit_timeline import AUDIT_TIMELINE
from projections.payment.status import PAYMENT_STATUS
from projections.provider.reconciliation import RECONCILIATION
from projections.views import VIEWS
from tests.projections.engine.test_projector import (
    failure_of,
    fill,
    poisoned,
    position_of,
    projecting,
    until_at,
    until_failed,
)
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.store import advanced, append_all, created, everything, execute, open_views, until

Connection = psycopg.AsyncConnection[Any]
COUNT = "SELECT coalesce(sum(cardinality(positions)), 0) FROM audit_timeline"


async def rebuilt(database_url: str, view: View[Any], source: Any) -> int:
    """The position that the rebuilt view has come to."""
    outcome = await rebuild([view], source, lambda: connect(database_url, REBUILD_SCHEMA))
    return outcome[view.name].position


def left_behind(database_url: str) -> list[tuple[Any, ...]]:
    """Tables of rebuilds that have ended."""
    return execute(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = %s", REBUILD_SCHEMA)


@asynccontextmanager
async def appending(store: PostgresEventStore) -> AsyncIterator[None]:
    """Somebody appends for as long as the block."""

    stop = asyncio.Event()

    async def keep_appending() -> None:
        while not stop.is_set():
            await append_all(store, [created(uuid4())])

    task = asyncio.create_task(keep_appending())
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.mark.parametrize("name", VIEWS)
async def test_a_damaged_view_is_made_whole(
    name: str, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    view, events = VIEWS[name], await fill(store, "refunded", "dispute lost", "authorized")
    await advanced(views, view, events)
    execute(database_url, f"DELETE FROM views.{view.table}")
    assert await rebuilt(database_url, view, store) == events[-1].position
    assert await all_rows(views, view) == fold(view, {}, events)
    assert left_behind(database_url) == []
    more = await fill(store, "captured")
    await advanced(views, view, more)
    assert await all_rows(views, view) == fold(view, {}, more)


async def test_a_rebuilt_table_is_the_same_table(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    shape = """
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'views' AND tablename = 'audit_timeline'
        UNION ALL SELECT column_name || data_type || is_nullable FROM information_schema.columns
        WHERE table_schema = 'views' AND table_name = 'audit_timeline' ORDER BY 1
    """
    before = execute(database_url, shape)
    for _ in range(2):
        await rebuilt(database_url, AUDIT_TIMELINE, store)
    assert execute(database_url, shape) == before


async def test_while_events_come_readers_see_every_row_at_every_moment(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    seen: list[int] = []

    async def keep_reading() -> None:
        async with open_views(database_url) as reader:
            while True:
                at_least = await position_of(views, "audit_timeline")
                [(rows,)] = await (await reader.execute(COUNT)).fetchall()
                assert rows >= at_least
                seen.append(rows)

    await fill(store, *["captured"] * 30)
    async with projecting(database_url, AUDIT_TIMELINE, store) as projector:
        await until_at(views, "audit_timeline", len(await everything(store)))
        reader = asyncio.create_task(keep_reading())
        async with appending(store):
            for _ in range(3):
                await rebuilt(database_url, AUDIT_TIMELINE, store)
        events = await everything(store)
        await until_at(views, "audit_timeline", events[-1].position)
        assert not projector.done()
        assert not reader.done(), reader.exception()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    assert seen == sorted(seen)
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_while_a_long_reader_holds_the_swap_up_others_are_answered(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Whoever waits for a table's last reader has everybody behind it: so the swap gives way, and tries again."""
    events = await fill(store, "captured", "voided")
    await advanced(views, AUDIT_TIMELINE, events)
    async with open_views(database_url) as reader, open_views(database_url) as other:
        async with reader.transaction():
            await reader.execute(COUNT)
            rebuilding = asyncio.create_task(rebuilt(database_url, AUDIT_TIMELINE, store))

            async def swap_waits() -> bool:
                return bool(execute(database_url, WAITING))

            await other.execute("SET statement_timeout = '10s'")
            for _ in range(2):
                await until(swap_waits, "the swap waits for the reader")
                [(rows,)] = await (await other.execute(COUNT)).fetchall()
                assert rows == len(events)
                await advanced(views, AUDIT_TIMELINE, events := await fill(store, "authorized"))
            assert not rebuilding.done()
        assert await rebuilding == events[-1].position
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


WAITING = """
SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
AND relation = 'views.audit_timeline'::regclass
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def test_it_ends_although_events_never_stop_coming(database_url: str, views: Connection) -> None:
    """Whenever it asks, there is one more."""

    class Endless:
        async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
            return [Positioned(position + 1, created(uuid4()))]

    assert await asyncio.wait_for(rebuilt(database_url, AUDIT_TIMELINE, Endless()), 10) >= 1


async def test_a_start_in_the_middle_of_the_swap_waits_for_it(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Every command and worker makes sure of the views' tables first; that must not meet a swap in a deadlock."""
    events = await fill(store, "captured")

    async def keep_starting() -> None:
        while True:
            await create(views, AUDIT_TIMELINE)

    starting = asyncio.create_task(keep_starting())
    for _ in range(10):
        assert await rebuilt(database_url, AUDIT_TIMELINE, store) == events[-1].position
    assert not starting.done(), starting.exception()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


async def test_two_rebuilds_at_once_take_turns(database_url: str, store: PostgresEventStore, views: Connection) -> None:
    events = await fill(store, *["captured"] * 150)
    assert len(events) > 2 * 500
    await asyncio.gather(*(rebuilt(database_url, AUDIT_TIMELINE, store) for _ in range(3)))
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


class Failing:
    """A source that ends in the middle."""

    def __init__(self, events: Sequence[Positioned]) -> None:
        self._events = events

    async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
        if position:
            raise ZeroDivisionError
        return self._events[:3]


async def test_an_interrupted_rebuild_leaves_the_old_view_in_service(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "captured", "voided")
    await advanced(views, AUDIT_TIMELINE, events)
    with pytest.raises(ZeroDivisionError):
        await rebuilt(database_url, AUDIT_TIMELINE, Failing(events))
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)
    assert await position_of(views, "audit_timeline") == events[-1].position
    assert await rebuilt(database_url, AUDIT_TIMELINE, store) == events[-1].position
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_a_poisoned_view_is_well_again_after_its_rebuild(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "captured")
    async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store) as projector:
        await until_failed(views, "audit_timeline")
        await rebuilt(database_url, AUDIT_TIMELINE, store)
        assert await failure_of(views, "audit_timeline") is None
        assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)
        events = await fill(store, "voided")
        await until_at(views, "audit_timeline", events[-1].position)
        assert not projector.done(), "it goes on without being started again"
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_a_rebuild_by_code_that_cannot_apply_an_event_says_so_and_changes_nothing(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "captured")
    await advanced(views, AUDIT_TIMELINE, events)
    with pytest.raises(PoisonEvent, match=r"audit_timeline cannot be rebuilt.*ZeroDivisionError"):
        await rebuilt(database_url, poisoned(AUDIT_TIMELINE, 3), store)
    assert left_behind(database_url) == []
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_a_rebuild_that_is_broken_off_leaves_no_table_behind(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    class Stuck:
        def __init__(self) -> None:
            self.asked = asyncio.Event()

        async def after(self, position: int, *, events_max: int) -> Sequence[Positioned]:
            self.asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    events = await fill(store, "captured", "voided")
    await advanced(views, AUDIT_TIMELINE, events)
    source = Stuck()
    rebuilding = asyncio.create_task(rebuilt(database_url, AUDIT_TIMELINE, source))
    await source.asked.wait()
    assert left_behind(database_url) == [("audit_timeline",)]
    rebuilding.cancel()
    await asyncio.gather(rebuilding, return_exceptions=True)
    assert left_behind(database_url) == []
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)
    assert await rebuilt(database_url, AUDIT_TIMELINE, store) == events[-1].position


async def test_all_views_are_rebuilt_in_one_pass_and_each_row_is_compared(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded", "dispute lost", "authorized", "partially captured")
    for view in VIEWS.values():
        await advanced(views, view, events)
    first, second, third, _ = sorted(row.payment_id for row in fold(PAYMENT_STATUS, {}, events).values())
    another = UUID(int=2**128 - 1)
    execute(database_url, "DELETE FROM views.payment_status WHERE payment_id = %s", first)
    execute(database_url, "UPDATE views.payment_status SET currency = 'XXX' WHERE payment_id = %s", second)
    execute(database_url, "UPDATE views.payment_status SET payment_id = %s WHERE payment_id = %s", another, third)
    outcome = await rebuild(list(VIEWS.values()), store, lambda: connect(database_url, REBUILD_SCHEMA))
    for view in VIEWS.values():
        assert await all_rows(views, view) == fold(view, {}, events)
        compared = outcome[view.name].comparison
        assert compared is not None
        assert compared.is_equal == (view is not PAYMENT_STATUS)
        assert outcome[view.name].version == 2
    comparison = outcome["payment_status"].comparison
    assert comparison is not None
    assert (comparison.only_in_live, comparison.only_in_rebuilt, comparison.differing) == (1, 2, 1)
    assert [(example.key, example.only_in) for example in comparison.examples] == [
        ((str(first),), "new"),
        ((str(second),), None),
        ((str(third),), "new"),
        ((str(another),), "old"),
    ]
    assert comparison.examples[1].fields == {"currency": ("XXX", "EUR")}


async def test_the_live_projector_forgets_what_it_knew_of_the_old_table(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """At the same position too: a damaged row must not come back from its memory."""
    history = recorded_history(uuid4(), HISTORIES["refunded"])
    await append_all(store, history[:4])
    async with projecting(database_url, poorly(PAYMENT_STATUS), store):
        await until_at(views, "payment_status", 4)
        await rebuilt(database_url, PAYMENT_STATUS, store)
        await append_all(store, history[4:])
        await until_at(views, "payment_status", len(history))
    events = await everything(store)
    rows = await all_rows(views, PAYMENT_STATUS)
    assert [row.customer_id for row in rows.values()] == ["cus_1"]
    assert rows.keys() == fold(PAYMENT_STATUS, {}, events).keys()


def poorly(view: View[Any]) -> View[Any]:
    """The same view, by code that gets every new row wrong and passes for the right one."""

    @wraps(view.apply)
    def apply(row: Any, key: Key, event: Positioned) -> Any:
        applied = view.apply(row, key, event)
        return (
            msgspec.structs.replace(applied, customer_id="wrong")
            if row is None
            else msgspec.structs.replace(applied, customer_id=row.customer_id)
        )

    return msgspec.structs.replace(view, apply=apply)


async def test_a_name_that_a_provider_uses_twice_is_one_row(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    one, other = (recorded_history(uuid4(), HISTORIES["dispute lost"]) for _ in range(2))
    [named] = [event.data.dispute_id for event in one if isinstance(event.data, DisputeLost)]
    twice = [
        msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, dispute_id=named))
        if isinstance(event.data, DisputeLost)
        else event
        for event in other
    ]
    await append_all(store, [*one, *twice])
    events = await everything(store)
    await advanced(views, RECONCILIATION, events[: len(one)])
    await advanced(views, RECONCILIATION, events)
    assert await all_rows(views, RECONCILIATION) == fold(RECONCILIATION, {}, events)
    await rebuilt(database_url, RECONCILIATION, store)
    assert await all_rows(views, RECONCILIATION) == fold(RECONCILIATION, {}, events)


async def test_a_store_restored_without_its_views_has_them_filled_from_the_first_event(
    database_url: str, owner_url: str, store: PostgresEventStore
) -> None:
    events = await fill(store, "refunded", "authorized")
    async with open_views(database_url) as views:
        await advanced(views, AUDIT_TIMELINE, events)
    execute(database_url, "DROP SCHEMA views CASCADE")
    migrations = "('0004_read_models.sql', '0018_view_code.sql', '0024_shared_checkpoint.sql')"
    execute(database_url, f"DELETE FROM schema_migration WHERE name IN {migrations}")
    settings = Settings(database_url=database_url, owner_database_url=owner_url, nats_url="")
    await asyncio.to_thread(migrate_all, settings)
    async with open_views(database_url) as views:
        assert (await create(views, AUDIT_TIMELINE)).position == 0
        await advanced(views, AUDIT_TIMELINE, events)
        assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)
