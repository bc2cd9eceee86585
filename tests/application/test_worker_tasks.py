"""What a worker runs fires the timers that the view shows, and ends the letters of what is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from application.payment.loaded import load
from application.restore.commands import ListedEntries
from application.write.recording import record_all
from application.write.store import Append
from domain.derivation import derived_id
from domain.identifiers import OperationId, PaymentId
from domain.payment.events import PaymentAuthorized
from domain.payment.state import Expired
from infrastructure.embedded.nats import EmbeddedNats
from interfaces.composition import Core, utc_now, worker_tasks
from interfaces.runtime.settings import Settings
from projections.payment.status import PAYMENT_STATUS
from tests.support.domain import MERCHANT, NOW, authorized
from tests.support.store import (
    CAUSE,
    advanced,
    assert_appended,
    claim,
    created,
    everything,
    execute,
    open_views,
    until,
)


@pytest.fixture
async def core(database_url: str, nats: EmbeddedNats) -> AsyncIterator[Core]:
    async with Core(Settings(database_url=database_url, nats_url=nats.url)) as opened:
        yield opened


async def test_an_authorisation_that_ran_out_is_released(core: Core, database_url: str) -> None:
    payment_id = PaymentId(uuid4())
    a_minute_ago = utc_now() - timedelta(minutes=1)
    history = [
        replace(event, expires_at=a_minute_ago) if isinstance(event, PaymentAuthorized) else event
        for event in authorized()
    ]
    events = record_all(payment_id, 0, history, merchant_id=MERCHANT, cause=CAUSE, now=NOW)
    assert_appended(await core.store.append(Append(events=events)))
    async with open_views(database_url) as views:
        await advanced(views, PAYMENT_STATUS, await everything(core.store))

    async def expired() -> bool:
        return isinstance((await load(core.store, payment_id)).payment, Expired)

    async def done() -> bool:
        return execute(database_url, "SELECT tries, next_try_at FROM timer_try") == [(1, None)]

    timers = asyncio.ensure_future(worker_tasks(core)["timers"]())
    try:
        await until(expired, "the authorisation is released")
        await until(done, "the timer is done with, after one try")
    finally:
        timers.cancel()
        with suppress(asyncio.CancelledError):
            await timers


async def test_an_operator_is_told_of_ends_whatever_recovery_waits_for(core: Core, database_url: str) -> None:
    assert_appended(await core.store.append(Append(events=(created(uuid4()),), claim=claim(unresolved=False))))
    execute(database_url, "UPDATE operation_claim SET told = true, tries = 1, next_try_at = now()")

    async def told() -> bool:
        return execute(database_url, "SELECT told FROM operation_claim") == [(False,)]

    telling = asyncio.ensure_future(worker_tasks(core)["recovery's letters"]())
    try:
        await until(told, "they are told of it")
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


class HeldGate:
    """Implements application.write.gate.Gate, as far as a worker asks it: closed until it is set."""

    def __init__(self) -> None:
        self.waiting = 0
        self.set = asyncio.Event()

    async def opened(self) -> None:
        self.waiting += 1
        await self.set.wait()


async def test_nothing_that_acts_runs_before_the_store_is_open(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldGate()
    monkeypatch.setattr(core.gate, "opened", held.opened)
    following = {"leases", "relay", "listener", "caught up", "feed", "refusals", "outdated views", "standings"}
    names = [name for name in worker_tasks(core) if name not in following and not name.startswith("projector")]
    assert len(names) == 10
    acting = [asyncio.ensure_future(worker_tasks(core)[name]()) for name in names]

    async def all_wait() -> bool:
        return held.waiting == len(names)

    try:
        await until(all_wait, "every one of them asks the gate first")
    finally:
        for task in acting:
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)


async def test_a_worker_notices_the_opening_by_itself(core: Core, database_url: str) -> None:
    execute(database_url, "UPDATE store_identity SET closed_at = now(), closed_because = 'the store was restored'")
    await core.gate.refresh()
    assert core.gate.closed is not None
    opened = asyncio.ensure_future(core.gate.opened())
    execute(database_url, "UPDATE store_identity SET closed_at = NULL, closed_because = NULL")
    async with asyncio.timeout(60):
        await opened
    assert core.gate.closed is None


async def test_a_gate_knows_when_its_store_was_reopened(core: Core, database_url: str) -> None:
    attempt_id = OperationId(derived_id(uuid4(), "attempt"))
    assert core.gate.reopened_at is None
    execute(database_url, "UPDATE store_identity SET closed_at = now(), closed_because = 'the store was restored'")
    await core.gate.refresh()
    closed = core.gate.closed
    assert closed is not None
    told = ListedEntries(since=NOW, until=NOW, entries=[], verdicts={})
    await core.restore.commands.record_reopening(told, closed, core.gate.store_id, None, CAUSE)
    await core.gate.open()
    [reopened] = await core.store.history(core.gate.store_id)
    assert core.gate.reopened_at == reopened.event.recorded_at
    assert not core.payment.lost_charges.look_up(attempt_id), "every provider here has a list"
    execute(database_url, "UPDATE store_identity SET store_id = gen_random_uuid()")
    await core.gate.refresh()
    assert core.gate.reopened_at is None, "another copy, which was not reopened"
