"""Rows that another version's code made are rebuilt in the background, and no version writes into another's."""

import asyncio
from typing import Any

import msgspec
import psycopg
import pytest

from domain.history import Positioned
from infrastructure.postgres.event_store.store import PostgresEventStore
from interfaces.composition import StoreNewer, refuse_newer
from interfaces.runtime.settings import Settings
from projections.engine.checkpoint import ViewRebuilding, checkpoint_of, positions
from projections.engine.code import code_of
from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.outdated import OutdatedViews
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows
from projections.engine.view import Key, View, fold
from projections.payment.audit_timeline import AUDIT_TIMELINE
from tests.projections.engine.test_projector import fill, projecting, until_at
from tests.support.store import advanced, execute, until

Connection = psycopg.AsyncConnection[Any]


def of_another_version(view: View[Any]) -> View[Any]:
    """The view by code that adds a position to every row."""

    def apply(row: Any, key: Key, event: Positioned) -> Any:
        made = view.apply(row, key, event)
        return msgspec.structs.replace(made, positions=(*made.positions, 0))

    return msgspec.structs.replace(view, apply=apply)


OLD = of_another_version(AUDIT_TIMELINE)


def of_old(database_url: str) -> None:
    """The view, still empty, is one that OLD's version made."""
    execute(database_url, "UPDATE views.checkpoint SET code = %s WHERE projection = %s", code_of(OLD), OLD.name)


def outdated_views(database_url: str, view: View[Any], store: PostgresEventStore) -> OutdatedViews:
    return OutdatedViews({view.name: view}, store, lambda: connect(database_url, REBUILD_SCHEMA))


async def code_in_service(views: Connection) -> str | None:
    return (await checkpoint_of(views, AUDIT_TIMELINE)).code


async def test_a_worker_rebuilds_what_another_version_made(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    of_old(database_url)
    events = await fill(store, "refunded", "authorized")
    await advanced(views, OLD, events)
    workers = [asyncio.create_task(outdated_views(database_url, AUDIT_TIMELINE, store).run()) for _ in range(2)]
    async with projecting(database_url, AUDIT_TIMELINE, store):
        await until(lambda: _is(code_in_service(views), code_of(AUDIT_TIMELINE)), "the view is rebuilt")
        events = await fill(store, "voided")
        await until_at(views, "audit_timeline", events[-1].position)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    checkpoint = await checkpoint_of(views, AUDIT_TIMELINE)
    assert (checkpoint.version, checkpoint.former_codes, checkpoint.rebuilt_to) == (2, [code_of(OLD)], None)
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_an_earlier_versions_worker_stops_writing_and_rebuilds_nothing_back(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    of_old(database_url)
    events = await fill(store, "refunded")
    async with projecting(database_url, OLD, store) as earlier:
        await until_at(views, "audit_timeline", events[-1].position)
        assert list(await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()) == ["audit_timeline"]
        assert list(await outdated_views(database_url, OLD, store).rebuild()) == []
        events = await fill(store, "voided")
        async with projecting(database_url, AUDIT_TIMELINE, store):
            await until_at(views, "audit_timeline", events[-1].position)
        assert not earlier.done()
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events)


async def test_an_earlier_version_takes_a_view_back_by_a_rebuild(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    of_old(database_url)
    events = await fill(store, "refunded")
    await advanced(views, OLD, events)
    await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()
    await rebuild([OLD], store, lambda: connect(database_url, REBUILD_SCHEMA))
    assert await code_in_service(views) == code_of(OLD)
    assert await all_rows(views, OLD) == fold(OLD, {}, events)
    # From then on the other one is the earlier of the two.
    assert list(await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()) == []


@pytest.mark.parametrize("moves", ["position = position + 1", "position = position + 1, moved_to = position + 1"])
async def test_a_worker_from_before_the_shared_checkpoint_is_refused(
    moves: str, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Without a failure of the view: whoever is told so of the connection starts again, and reads where it stands."""
    await advanced(views, AUDIT_TIMELINE, events := await fill(store, "refunded"))
    move = f"UPDATE views.projection_checkpoint SET {moves}, failure = NULL WHERE projection = %s"
    with pytest.raises(psycopg.Error) as refused:
        execute(database_url, move, AUDIT_TIMELINE.name)
    assert isinstance(refused.value, psycopg.OperationalError) or "moved_to" in str(refused.value)
    assert (await checkpoint_of(views, AUDIT_TIMELINE)).position == events[-1].position


async def test_an_event_that_cannot_be_taken_in_leaves_the_old_view_in_service(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    def apply(row: Any, key: Key, event: Positioned) -> Any:
        raise ZeroDivisionError("poison")

    of_old(database_url)
    events = await fill(store, "refunded")
    await advanced(views, OLD, events)
    rebuilding = outdated_views(database_url, msgspec.structs.replace(AUDIT_TIMELINE, apply=apply), store)
    assert list(await rebuilding.rebuild()) == []
    assert "ZeroDivisionError" in rebuilding.failures["audit_timeline"]
    assert (await checkpoint_of(views, AUDIT_TIMELINE)).failure == rebuilding.failures["audit_timeline"]
    assert await code_in_service(views) == code_of(OLD)


async def test_a_view_beyond_the_stores_last_event_is_rebuilt(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded")
    await advanced(views, AUDIT_TIMELINE, events)
    execute(database_url, "UPDATE views.checkpoint SET position = 10^12")
    rebuilt = await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()
    assert "after the store's last event" in rebuilt["audit_timeline"]
    assert (await checkpoint_of(views, AUDIT_TIMELINE)).position == events[-1].position


async def test_rows_of_another_form_are_not_read(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    await advanced(views, AUDIT_TIMELINE, await fill(store, "refunded"))
    execute(database_url, "UPDATE views.checkpoint SET form = 'another', code = 'another'")
    with pytest.raises(ViewRebuilding):
        await positions(views, [AUDIT_TIMELINE])
    await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()
    assert (await positions(views, [AUDIT_TIMELINE]))["audit_timeline"] > 0


async def test_a_later_versions_view_is_refused(database_url: str) -> None:
    settings = Settings(database_url=database_url, nats_url="")
    await refuse_newer(settings)
    execute(database_url, "INSERT INTO views.checkpoint (projection, position) VALUES ('of_later', 0)")
    with pytest.raises(StoreNewer, match="of_later"):
        await refuse_newer(settings)


async def _is(found: Any, wanted: object) -> bool:
    return bool(await found == wanted)
