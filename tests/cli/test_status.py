"""`tallystick status` without a worker: what is behind, since when, and that nobody moves it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from application.write.store import Append
from infrastructure.observability.condition import RELAY
from infrastructure.postgres.bus_refusals import note_refusals
from infrastructure.postgres.connection.pool import ReadPool
from interfaces.composition.clock import CLOCK
from projections.engine.checkpoint import checkpoint_of, note_failure
from projections.payment.status import PAYMENT_STATUS
from projections.views import VIEWS
from tests.cli.conftest import Run
from tests.support.store import (
    advanced,
    append_all,
    claim,
    created,
    everything,
    execute,
    open_leases,
    open_store,
    open_views,
)

pytestmark = pytest.mark.usefixtures("status_at_once")

FAILURE = "the event at position 7 cannot be applied"
UNRESOLVED = "UPDATE operation_claim SET claimed_at = clock_timestamp() - interval '1 hour'"


async def status(run: Run) -> dict[str, Any]:
    """What it says as JSON, with an exit code to match."""
    result = await asyncio.to_thread(run, "status", "--json")
    told: dict[str, Any] = msgspec.json.decode(result.stdout.splitlines()[0])
    assert result.exit_code == (0 if told["well"] else 1)
    return told


async def test_an_empty_store_that_nobody_follows_is_not_well(run: Run) -> None:
    told = await status(run)
    assert (told["head"], told["unresolved"], told["oldest_unresolved_s"], told["well"]) == (0, 0, None, False)
    assert [follower["name"] for follower in told["followers"]] == ["relay", *VIEWS]
    for follower in told["followers"][1:]:
        assert follower["trouble"] == "nobody moves it"
        assert (follower["position"], follower["lag_events"], follower["lag_s"]) == (0, 0, 0)


async def test_a_relay_that_is_at_work_and_not_heard_stands_still(run: Run, database_url: str) -> None:
    assert (await status(run))["followers"][0]["trouble"] == "nobody moves it"
    async with open_leases(database_url) as leases, leases.held(RELAY):
        told = (await status(run))["followers"][0]
    assert told["trouble"] == "stands still"
    assert told["failure"].startswith("nothing is heard of it: NATS does not answer")
    assert (told["position"], told["lag_events"], told["lag_s"], told["events_per_s"]) == (None, None, None, None)


async def test_a_view_that_is_ahead_of_the_store_stands_still(run: Run, database_url: str) -> None:
    execute(
        database_url,
        "UPDATE views.checkpoint SET position = 10^12 WHERE projection = 'payment_status'",
    )
    told = await status(run)
    [ahead] = [each for each in told["followers"] if each["failure"]]
    assert (ahead["name"], ahead["trouble"]) == (PAYMENT_STATUS.name, "stands still")
    assert "after the store's last event" in ahead["failure"]


async def test_messages_that_were_refused_are_an_alarm_for_an_hour(run: Run, database_url: str) -> None:
    assert (await status(run))["alarms"] == {}
    pool = ReadPool(database_url)
    await pool.open()
    await note_refusals(pool, {"beyond_head": 2})
    await note_refusals(pool, {"beyond_head": 1, "unreadable": 1})
    await pool.aclose()
    told = await status(run)
    assert {name: alarm.split(",")[0] for name, alarm in told["alarms"].items()} == {
        "messages on NATS (beyond_head)": "3 messages on NATS were refused as beyond_head",
        "messages on NATS (unreadable)": "1 messages on NATS were refused as unreadable",
    }
    result = await asyncio.to_thread(run, "status")
    assert "Alarm: 3 messages on NATS were refused as beyond_head" in result.output
    assert "messages on NATS (beyond_head)" in result.output.partition("in trouble: ")[2]
    execute(database_url, "UPDATE bus_refusal SET last_at = clock_timestamp() - interval '61 minutes'")
    assert (await status(run))["alarms"] == {}


async def test_a_view_is_behind_by_events_and_by_the_age_of_the_oldest_of_them(run: Run, database_url: str) -> None:
    async with open_store(database_url) as store, open_views(database_url) as views:
        await append_all(store, [created(uuid4()) for _ in range(3)])
        first, *_, last = await everything(store)
        await advanced(views, PAYMENT_STATUS, [first])
    told = await status(run)
    behind = next(follower for follower in told["followers"] if follower["name"] == PAYMENT_STATUS.name)
    assert (behind["position"], behind["lag_events"]) == (first.position, last.position - first.position)
    assert behind["lag_s"] > 0
    assert told["head"] == last.position


async def test_a_view_that_stands_still_says_why(run: Run, database_url: str) -> None:
    async with open_views(database_url) as views:
        await note_failure(views, PAYMENT_STATUS.name, (await checkpoint_of(views, PAYMENT_STATUS)).place, FAILURE)
    told = await status(run)
    why = {follower["name"]: follower["failure"] for follower in told["followers"] if follower["failure"]}
    assert why == {PAYMENT_STATUS.name: FAILURE}
    result = await asyncio.to_thread(run, "status")
    assert f"{PAYMENT_STATUS.name}: {FAILURE}\n" in result.output


async def test_operations_without_an_outcome_are_counted_with_the_age_of_the_oldest(
    run: Run, database_url: str
) -> None:
    async with open_store(database_url) as store:
        for _ in range(2):
            await store.append(Append(events=(created(uuid4()),), claim=claim()))
    execute(database_url, UNRESOLVED)
    told = await status(run)
    assert told["unresolved"] == 2
    assert 3600 <= told["oldest_unresolved_s"] < 3700
    result = await asyncio.to_thread(run, "status")
    assert "2 operations have no outcome yet, the oldest for 3,60" in result.output


async def test_a_machine_whose_clock_is_wrong_is_an_alarm(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLOCK, "_machines_time", lambda: datetime.now(UTC) + timedelta(days=1))
    told = await status(run)
    assert 86_000 < told["machine_ahead_s"] < 87_000
    assert "s ahead of the database's, which everything goes by" in told["alarms"]["clock"]
    assert (await asyncio.to_thread(run, "status")).output.rstrip().endswith("clock.")
