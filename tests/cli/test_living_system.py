"""The checks of a system that goes on working: what comes in meanwhile is no difference."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from domain.history import Positioned
from infrastructure.postgres.event_store.journal import FoldedPart, fold_journal
from interfaces.cli.progress import all_events
from interfaces.composition import Core
from projections import verification
from projections.engine.connection import REBUILD_SCHEMA, connect
from projections.engine.rebuild import rebuild
from projections.engine.tables import all_rows
from projections.engine.view import Key, View
from projections.payment.status import PAYMENT_STATUS
from projections.views import VIEWS
from tests.cli.conftest import Run
from tests.projections.histories import HISTORIES, recorded_history
from tests.support.store import advanced, append_all, everything, open_store, open_views

SWAPPED_WITHIN_S = 0.5


async def pay(database_url: str) -> None:
    """One more authorised payment, which changes a kept balance; every view takes it in."""
    async with open_store(database_url) as store, open_views(database_url) as views:
        await append_all(store, recorded_history(uuid4(), HISTORIES["authorized"]))
        for view in VIEWS.values():
            await advanced(views, view, await everything(store))


@pytest.fixture
def goes_on(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments come in between what the checks read and what they fold, and after it."""

    async def meanwhile_events(core: Core, doing: str, *, up_to: int) -> AsyncIterator[Sequence[Positioned]]:
        await pay(database_url)
        async for batch in all_events(core, doing, up_to=up_to):
            yield batch
        await pay(database_url)

    async def meanwhile_entries(url: str, *, up_to: int) -> AsyncIterator[FoldedPart]:
        await pay(database_url)
        async for part in fold_journal(url, up_to=up_to):
            yield part
        await pay(database_url)

    monkeypatch.setattr("interfaces.cli.replay.all_events", meanwhile_events)
    monkeypatch.setattr("interfaces.cli.ledger.fold_journal", meanwhile_entries)


@pytest.mark.usefixtures("goes_on")
def test_books_are_verified_as_of_the_instant_they_were_read(run: Run, payments: list[str]) -> None:
    result = run("ledger", "verify")
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("goes_on")
async def test_views_are_compared_at_the_position_where_they_stood(run: Run, database_url: str) -> None:
    await pay(database_url)
    result = await asyncio.to_thread(run, "replay")
    assert result.exit_code == 0, result.output
    assert result.output.count("equals the replay") == len(VIEWS)
    assert "behind" not in result.output


async def test_a_view_that_is_behind_is_compared_with_what_it_has_taken_in(run: Run, database_url: str) -> None:
    await pay(database_url)
    async with open_store(database_url) as store:
        await append_all(store, recorded_history(uuid4(), HISTORIES["refunded"]))
    result = await asyncio.to_thread(run, "replay")
    assert result.exit_code == 0, result.output
    assert result.output.count("equals the replay, ") == result.output.count("positions behind the store") == len(VIEWS)


async def test_the_balances_and_their_position_are_of_one_instant(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(database_url)
    read_head = verification._head

    async def head_then_a_payment(connection: verification.Connection) -> int:
        head = await read_head(connection)
        await pay(database_url)
        return head

    monkeypatch.setattr(verification, "_head", head_then_a_payment)
    replayed = verification.Replay()
    async with open_store(database_url) as store, open_views(database_url) as connection:
        kept = await verification.kept_balances(connection)
        replayed.take_in(await store.after(0, events_max=1_000, up_to=kept.head))
    assert verification.balance_difference(kept.minor, replayed.balances) is None


async def test_the_views_and_their_positions_are_of_one_instant(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(database_url)
    read_rows = all_rows

    async def a_payment_then_rows(connection: verification.Connection, view: View[Any]) -> Mapping[Key, Any]:
        await pay(database_url)
        return await read_rows(connection, view)

    monkeypatch.setattr(verification, "all_rows", a_payment_then_rows)
    async with open_store(database_url) as store, open_views(database_url) as connection:
        kept = await verification.kept_views(connection)
        replayed = verification.Replay(views_up_to=kept.positions)
        replayed.take_in(await everything(store))
    for name, view in VIEWS.items():
        assert verification.view_difference(view, kept.rows[name], replayed.rows[name]) is None


async def test_a_rebuild_waits_with_its_swap_until_the_views_are_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(database_url)
    read_head = verification._head
    rebuilding: set[asyncio.Task[Any]] = set()
    async with (
        open_store(database_url) as store,
        open_views(database_url) as connection,
    ):

        async def beside() -> verification.Connection:
            return await connect(database_url, REBUILD_SCHEMA)

        async def head_while_a_view_is_rebuilt(connection: verification.Connection) -> int:
            rebuilding.add(asyncio.create_task(rebuild([PAYMENT_STATUS], store, beside)))
            await asyncio.wait(rebuilding, timeout=SWAPPED_WITHIN_S)
            return await read_head(connection)

        monkeypatch.setattr(verification, "_head", head_while_a_view_is_rebuilt)
        kept = await verification.kept_views(connection)
        await asyncio.gather(*rebuilding)
    assert len(kept.rows[PAYMENT_STATUS.name]) == 1
