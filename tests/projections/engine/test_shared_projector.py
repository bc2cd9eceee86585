"""One pass for all views: those that stand together move together, and one that cannot go on leaves the others."""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from application.write.store import Append
from domain.history import Positioned
from infrastructure.postgres.event_store.store import PostgresEventStore
from projections.engine.checkpoint import SHARED, checkpoints, hold, join, leave, standing_of
from projections.engine.code import code_of
from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows
from projections.engine.view import Key, View, fold, types_taken
from projections.ledger.merchant_balances import MERCHANT_BALANCES
from projections.payment.audit_timeline import AUDIT_TIMELINE
from projections.payment.status import PAYMENT_STATUS
from projections.provider.operations import PROVIDER_OPERATIONS
from projections.views import VIEWS
from tests.domain.test_golden_events import EXPECTED
from tests.projections.engine.test_outdated import OLD, of_old, outdated_views
from tests.projections.engine.test_projector import (
    failure_of,
    fill,
    poisoned,
    position_of,
    projecting,
    until_at,
    until_failed,
)
from tests.support.store import advanced, created, everything, execute, open_store, until

Connection = psycopg.AsyncConnection[Any]
Views = list[View[Any]]
ALL: Views = list(VIEWS.values())


async def shared(connection: Connection) -> set[str]:
    return {checkpoint.projection for checkpoint in await checkpoints(connection) if checkpoint.is_shared}


async def until_shared(connection: Connection, views: Iterable[View[Any]]) -> None:
    names = {view.name for view in views}

    async def all_are() -> bool:
        return names <= await shared(connection)

    await until(all_are, f"{names} stand together")


async def assert_whole(connection: Connection, views: Iterable[View[Any]], events: Sequence[Positioned]) -> None:
    """Each view has come to the last of `events`, and its rows are theirs."""
    for view in views:
        await until_at(connection, view.name, events[-1].position)
        assert await all_rows(connection, view) == fold(view, {}, events), view.name
        assert await failure_of(connection, view.name) is None


# what a view takes


@pytest.mark.parametrize("name", VIEWS)
def test_an_event_that_a_view_does_not_take_changes_no_row(name: str) -> None:
    taken = types_taken(VIEWS[name])
    for event in EXPECTED.values():
        assert type(event.data) in taken or not list(VIEWS[name].keys_of(Positioned(1, event))), event.data


# together


async def test_all_views_of_a_new_store_move_together(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    async with projecting(database_url, ALL, store):
        await until_shared(views, ALL)
        events = await fill(store, "refunded", "dispute lost", "authorized", "partially captured")
        await assert_whole(views, ALL, events)
    assert await shared(views) == set(VIEWS)


async def test_views_that_an_earlier_version_left_at_different_positions_come_together(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Also where no more events come."""
    events = await fill(store, "refunded", "dispute lost", "authorized")
    for number, view in enumerate(ALL):
        await advanced(views, view, events[: number % 3])
    async with projecting(database_url, ALL, store):
        await until_shared(views, ALL)
        await assert_whole(views, ALL, events)


# a view that cannot go on


async def test_a_poison_event_in_the_middle_of_a_batch_stops_its_own_view_alone(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    events = await fill(store, "refunded", "captured")
    last_operation = [event.position for event in events if list(PROVIDER_OPERATIONS.keys_of(event))][-1]
    known: Views = [
        poisoned(AUDIT_TIMELINE, 5),
        poisoned(PROVIDER_OPERATIONS, last_operation),
        PAYMENT_STATUS,
        MERCHANT_BALANCES,
    ]
    async with projecting(database_url, known, store) as projectors:
        await until_failed(views, "audit_timeline")
        await until_failed(views, "provider_operations")
        await assert_whole(views, known[2:], events)
        assert await position_of(views, "audit_timeline") == 4
        assert await position_of(views, "provider_operations") == last_operation - 1
        assert "position 5 cannot be applied: ZeroDivisionError" in str(await failure_of(views, "audit_timeline"))
        assert await shared(views) == {"payment_status", "merchant_balances"}
        events = await fill(store, "voided")
        await assert_whole(views, known[2:], events)
        assert not projectors.done()
    assert await all_rows(views, AUDIT_TIMELINE) == fold(AUDIT_TIMELINE, {}, events[:4])


@pytest.mark.parametrize(
    "customer", ["\0", "".join(str(uuid4()) for _ in range(200))], ids=["no text", "too long for an index"]
)
async def test_a_value_that_one_table_cannot_hold_stops_its_own_view_alone(
    customer: str, database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """The one statement for all views fails as a whole, and names no view."""
    known: Views = [PAYMENT_STATUS, MERCHANT_BALANCES, PROVIDER_OPERATIONS]
    events = await fill(store, "captured")
    await store.append(Append(events=(created(uuid4()), created(uuid4(), customer=customer))))
    async with projecting(database_url, known, store):
        await until_failed(views, "payment_status")
        await fill(store, "voided")
        events = await everything(store)
        await assert_whole(views, known[1:], events)
    bad = next(event.position for event in events if getattr(event.event.data, "customer_id", None) == customer)
    assert await position_of(views, "payment_status") == bad - 1
    assert f"the event at position {bad} cannot be applied" in str(await failure_of(views, "payment_status"))
    assert await shared(views) == {"merchant_balances", "provider_operations"}


async def test_a_key_that_cannot_be_looked_up_stops_its_own_view_alone(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    @wraps(MERCHANT_BALANCES.keys_of)
    def keys_of(event: Positioned) -> Iterable[Key]:
        return [("\0" if event.position > 3 else merchant, currency) for merchant, currency in of_balances(event)]

    of_balances = MERCHANT_BALANCES.keys_of
    events = await fill(store, "captured")
    async with projecting(
        database_url,
        [msgspec.structs.replace(MERCHANT_BALANCES, keys_of=keys_of), PAYMENT_STATUS, PROVIDER_OPERATIONS],
        store,
    ):
        await until_failed(views, "merchant_balances")
        await assert_whole(views, [PAYMENT_STATUS, PROVIDER_OPERATIONS], events)
    assert await shared(views) == {"payment_status", "provider_operations"}


async def test_a_view_that_is_cured_catches_up_by_itself_and_joins_the_others(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    execute(database_url, "ALTER TABLE views.merchant_balances ADD CONSTRAINT poison CHECK (pending < 0)")
    known: Views = [MERCHANT_BALANCES, PAYMENT_STATUS, PROVIDER_OPERATIONS]
    async with projecting(database_url, known, store):
        events = await fill(store, "captured", "refunded")
        await until_failed(views, "merchant_balances")
        await assert_whole(views, known[1:], events)
    execute(database_url, "ALTER TABLE views.merchant_balances DROP CONSTRAINT poison")
    async with projecting(database_url, known, store):
        await until_shared(views, known)
        events = await fill(store, "voided")
        await assert_whole(views, known, events)


async def test_an_event_that_cannot_be_read_stops_all_and_none_leaves(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    async with projecting(database_url, ALL, store):
        await until_shared(views, ALL)
        events = await fill(store, "captured")
        execute(database_url, "INSERT INTO stored_events VALUES (%s, 1, 'payment.teleported.v1', %s)", uuid4(), b"{")
        for view in ALL:
            await until_failed(views, view.name)
            assert "cannot be read" in str(await failure_of(views, view.name))
            assert await position_of(views, view.name) == events[-1].position
    assert await shared(views) == set(VIEWS)


# rebuilds


async def test_rebuilds_beside_the_pass_lose_nothing_and_every_view_joins_again(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    done = asyncio.Event()
    rounds: list[Views] = [[AUDIT_TIMELINE], ALL, [PAYMENT_STATUS, MERCHANT_BALANCES]]

    async def keep_paying() -> None:
        while not done.is_set():
            await fill(store, "captured")

    async with projecting(database_url, ALL, store) as projectors:
        await until_shared(views, ALL)
        paying = asyncio.create_task(keep_paying())
        try:
            for some in rounds:
                outcome = await rebuild(some, store, lambda: connect(database_url, REBUILD_SCHEMA))
                for name, each in outcome.items():
                    assert each.comparison is not None
                    assert each.comparison.is_equal, (name, each.comparison)
            await until_shared(views, ALL)
        finally:
            done.set()
            await paying
        await assert_whole(views, ALL, await everything(store))
        assert not projectors.done()


async def test_a_swap_between_a_batch_and_its_write_is_noticed(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """Rows in memory that were made before a table was replaced must not be written into the next one."""
    swapped = False

    def swap() -> None:
        asyncio.run(_rebuilt(database_url))

    async def _rebuilt(url: str) -> None:
        async with open_store(url) as elsewhere:
            await rebuild([PAYMENT_STATUS], elsewhere, lambda: connect(url, REBUILD_SCHEMA))

    @wraps(PROVIDER_OPERATIONS.keys_of)
    def keys_of(event: Positioned) -> Iterable[Key]:
        nonlocal swapped
        if event.position > 3 and not swapped:
            swapped = True
            with ThreadPoolExecutor(1) as thread:
                thread.submit(swap).result()
        return PROVIDER_OPERATIONS.keys_of(event)

    known: Views = [msgspec.structs.replace(PROVIDER_OPERATIONS, keys_of=keys_of), PAYMENT_STATUS, MERCHANT_BALANCES]
    events = await fill(store, "refunded")
    async with projecting(database_url, known, store) as projectors:
        await assert_whole(views, known, events)
        events = await fill(store, "captured")
        await assert_whole(views, known, events)
        assert not projectors.done()
    assert swapped
    versions = {each.projection: each.version for each in await checkpoints(views)}
    assert (versions["payment_status"], versions["provider_operations"]) == (2, 1)


# several workers, several versions


async def test_a_view_of_other_code_leaves_and_the_others_go_on(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    of_old(database_url)
    known: Views = [AUDIT_TIMELINE, PAYMENT_STATUS, PROVIDER_OPERATIONS]
    async with projecting(database_url, [OLD, PAYMENT_STATUS, PROVIDER_OPERATIONS], store):
        await until_shared(views, known)
        before = await fill(store, "captured")
        await assert_whole(views, [OLD, PAYMENT_STATUS, PROVIDER_OPERATIONS], before)
    async with projecting(database_url, known, store):
        events = await fill(store, "voided")
        await assert_whole(views, known[1:], events)
        assert await position_of(views, "audit_timeline") == before[-1].position
        assert await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()
        await until_shared(views, known)
        await assert_whole(views, known, await fill(store, "captured"))


async def test_a_worker_of_the_next_version_moves_its_views_beside_an_earlier_ones_pass(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    """The earlier version goes on with the views whose code is the same, and takes no other in."""
    of_old(database_url)
    later: Views = [AUDIT_TIMELINE, PAYMENT_STATUS, PROVIDER_OPERATIONS]
    async with projecting(database_url, [OLD, PAYMENT_STATUS, PROVIDER_OPERATIONS], store) as earlier:
        await until_shared(views, later)
        await fill(store, "captured")
        async with projecting(database_url, later, store):
            assert await outdated_views(database_url, AUDIT_TIMELINE, store).rebuild()
            await assert_whole(views, later, await fill(store, "voided"))
            assert await shared(views) == {"payment_status", "provider_operations"}
            assert not earlier.done()
            earlier.cancel()
            await until_shared(views, later)
            await assert_whole(views, later, await fill(store, "refunded"))


async def test_whoever_does_not_know_who_has_left_or_joined_moves_nobody(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    async with projecting(database_url, [PAYMENT_STATUS, PROVIDER_OPERATIONS], store):
        await until_shared(views, [PAYMENT_STATUS, PROVIDER_OPERATIONS])
        events = await fill(store, "captured")
        await until_at(views, "provider_operations", events[-1].position)
    known = (await standing_of(views, SHARED)).place
    await leave(views, known, {"provider_operations": "a reason"})
    await leave(views, known, {"payment_status": "another reason"})
    await join(views, known, known.position, {"provider_operations": 1})
    assert await shared(views) == {"payment_status"}
    assert await failure_of(views, "provider_operations") == "a reason"
    assert await position_of(views, "provider_operations") == known.position
    # Neither is one taken in with a failure, or with another table than was meant.
    await join(views, (await standing_of(views, SHARED)).place, known.position, {"provider_operations": 1})
    execute(database_url, "UPDATE views.checkpoint SET failure = NULL")
    await join(views, (await standing_of(views, SHARED)).place, known.position, {"provider_operations": 2})
    assert await shared(views) == {"payment_status"}
    await join(views, (await standing_of(views, SHARED)).place, known.position, {"provider_operations": 1})
    assert await shared(views) == {"payment_status", "provider_operations"}


async def test_those_that_are_held_are_told_by_position(
    database_url: str, store: PostgresEventStore, views: Connection
) -> None:
    async with projecting(database_url, [PAYMENT_STATUS, PROVIDER_OPERATIONS], store):
        await until_shared(views, [PAYMENT_STATUS, PROVIDER_OPERATIONS])
        events = await fill(store, "captured")
        await until_at(views, "provider_operations", events[-1].position)
    async with views.transaction():
        held = await hold(views, ["payment_status", "provider_operations", "disputes"])
    assert held == {0: ["disputes"], events[-1].position: ["payment_status", "provider_operations"]}


def test_code_says_what_a_view_takes() -> None:
    assert code_of(msgspec.structs.replace(PROVIDER_OPERATIONS, takes=PAYMENT_STATUS.takes)) != code_of(
        PROVIDER_OPERATIONS
    )
