"""A rebuild: the same rows from the first event on, put in place in one instant, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.history import Positioned
from infrastructure.postgres.migrate import migrate
from infrastructure.postgres.store import PostgresEventStore
from projections.audit_timeline import AUDIT_TIMELINE
from projections.projector import PoisonEvent
from projections.rebuild import REBUILD_SCHEMA, rebuild
from projections.tables import advance, all_rows, checkpoints, create
from projections.view import View, fold
from projections.views import VIEWS
from tests.projections.test_projector import (
    FakeFeed,
    ended,
    failure_of,
    fill,
    poisoned,
    position_of,
    projecting,
    until_at,
)
from tests.support.store import append_all, created, everything, execute, open_views

Connection = psycopg.AsyncConnection[Any]
COUNT = "SELECT count(*) FROM audit_timeline"


async def rebuilt(database_url: str, view: View[Any], source: Any) -> int:
    async with open_views(database_url, REBUILD_SCHEMA) as connection:
        return await rebuild(connection, view, source, on_advance=lambda _position: None)


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
    await advance(views, view, name, events)
    execute(database_url, f"DELETE FROM views.{view.table}")
    assert await rebuilt(database_url, view, store) == events[-1].position
    assert await all_rows(views, view) == fold(view, {}, events)
    assert [
        checkpoint.projection for checkpoint in await checkpoints(views) if "rebuild" in checkpoint.projection
    ] == []
    more = await fill(store, "captured")
    await advance(views, view, name, more)
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
    async with projecting(database_url, AUDIT_TIMELINE, store, FakeFeed()) as projector:
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
            await create(views, AUDIT_TIMELINE, "audit_timeline")

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
    await advance(views, AUDIT_TIMELINE, "audit_timeline", events)
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
    async with projecting(database_url, poisoned(AUDIT_TIMELINE, 3), store, FakeFeed()) as projector:
        assert isinstance(await ended(projector), PoisonEvent)
    assert await failure_of(views, "audit_timeline") is not None
    await rebuilt(database_url, AUDIT_TIMELINE, store)
    assert await failure_of(views, "audit_timeline") is None
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_a_store_restored_without_its_views_has_them_filled_from_the_first_event(
    database_url: str, store: PostgresEventStore
) -> None:
    events = await fill(store, "refunded", "authorized")
    async with open_views(database_url) as views:
        await create(views, AUDIT_TIMELINE, AUDIT_TIMELINE.name)
        await advance(views, AUDIT_TIMELINE, AUDIT_TIMELINE.name, events)
    execute(database_url, "DROP SCHEMA views CASCADE")
    execute(database_url, "DELETE FROM schema_migration WHERE name = '0004_read_models.sql'")
    migrate(database_url)
    async with open_views(database_url) as views:
        assert await create(views, AUDIT_TIMELINE, AUDIT_TIMELINE.name) == 0
        await advance(views, AUDIT_TIMELINE, AUDIT_TIMELINE.name, events)
        assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)
