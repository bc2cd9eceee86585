"""A worker hears at once that an item of a queue is due, and polls while it cannot hear."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from application.payment.timers import DueTimer
from application.webhook_in.inbox import DeliveryState, NewDelivery
from application.work.wakeups import Wakeups
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.payment.timer import TimerKind
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from infrastructure.postgres.inbox.inbox import PostgresInbox
from infrastructure.postgres.leases import Leases
from infrastructure.postgres.operation_queue import PostgresOperationQueue
from infrastructure.postgres.queued import Queue
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from interfaces import ids
from tests.support.severable import wires
from tests.support.store import execute, open_leases, until

AT_ONCE_S = 20.0
"""A bound for a busy machine, below any fallback."""
A_WHILE_S = 0.3


def delivery(state: DeliveryState = DeliveryState.WAITING) -> NewDelivery:
    return NewDelivery(
        id=ids.new_uuid(),
        provider=ProviderName("northbank"),
        received_at=datetime.now(UTC),
        headers={},
        body=b"{}",
        body_sha256=hashlib.sha256(b"{}").digest(),
        state=state,
    )


@pytest.fixture
async def leases(database_url: str) -> AsyncIterator[Leases]:
    async with open_leases(database_url) as opened:
        await until_reliable(opened.queued[Queue.DELIVERIES])
        yield opened


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[DeliveryWriter]:
    """Of another process."""
    made = DeliveryWriter(database_url)
    made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[ReadPool]:
    """Of another process."""
    made = ReadPool(database_url)
    await made.open()
    yield made
    await made.aclose()


async def until_reliable(wakeups: Wakeups) -> None:
    await until(true_of(lambda: wakeups.are_reliable), "wake-ups are relied upon")


async def wakes(wakeups: Wakeups, act: Callable[[], Awaitable[object]]) -> bool:
    """Whether `act` ends a wait that began before."""
    since = wakeups.count
    waiting = asyncio.create_task(wakeups.wait(since=since, within_s=AT_ONCE_S))
    await asyncio.sleep(0)
    await act()
    await waiting
    return wakeups.count > since


async def test_a_delivery_of_another_process_wakes_the_workers(leases: Leases, writer: DeliveryWriter) -> None:
    wakeups = leases.queued[Queue.DELIVERIES]
    for _ in range(3):
        assert await wakes(wakeups, lambda: writer.add(delivery()))


async def test_many_deliveries_of_one_commit_are_one_notification(leases: Leases, writer: DeliveryWriter) -> None:
    wakeups = leases.queued[Queue.DELIVERIES]
    await writer.add(delivery())
    await asyncio.sleep(A_WHILE_S)
    since = wakeups.count
    await asyncio.gather(*(writer.add(delivery()) for _ in range(50)))
    await asyncio.sleep(A_WHILE_S)
    assert 1 <= wakeups.count - since <= 5


async def test_a_delivery_that_waits_for_nobody_wakes_nobody(leases: Leases, writer: DeliveryWriter) -> None:
    since = leases.queued[Queue.DELIVERIES].count
    await writer.add(delivery(DeliveryState.REFUSED))
    await asyncio.sleep(A_WHILE_S)
    assert leases.queued[Queue.DELIVERIES].count == since


async def test_a_delivery_that_an_operator_has_tried_again_wakes_the_workers(
    leases: Leases, writer: DeliveryWriter, pool: ReadPool
) -> None:
    dead = delivery()
    await writer.add(dead)
    inbox = PostgresInbox(pool)
    [_] = await inbox.claim(1)
    assert await wakes(leases.queued[Queue.DELIVERIES], lambda: inbox.wait_again(dead.id))


async def test_an_operation_that_is_made_due_wakes_the_workers(
    leases: Leases, pool: ReadPool, database_url: str
) -> None:
    queue = PostgresOperationQueue(pool)
    [(operation_id,)] = execute(
        database_url,
        "INSERT INTO operation_claim (operation_id, merchant_id, payment_id, verb, fingerprint, unresolved)"
        " VALUES (%s, 'mer', %s, 'capture', '', true) RETURNING operation_id",
        uuid4(),
        uuid4(),
    )
    now = datetime.now(UTC)
    assert await wakes(leases.queued[Queue.OPERATIONS], lambda: queue.make_due(OperationId(operation_id), now=now))


async def test_a_timer_that_is_due_again_wakes_the_workers(leases: Leases, pool: ReadPool, database_url: str) -> None:
    execute(database_url, "INSERT INTO timer_try VALUES (%s, 'authorization', now(), 1, now())", payment_id := uuid4())
    timer = DueTimer(
        payment_id=PaymentId(payment_id),
        kind=TimerKind.AUTHORIZATION,
        due_at=datetime.now(UTC),
        attempts=1,
        alerted=True,
    )
    queue, wakeups = PostgresTimerQueue(pool), leases.queued[Queue.TIMERS]
    since = wakeups.count
    assert await queue.put_back(timer, until=datetime.now(UTC) + timedelta(hours=1))
    await asyncio.sleep(A_WHILE_S)
    assert wakeups.count == since, "it is not due"
    assert await wakes(wakeups, lambda: queue.put_back(timer, until=datetime.now(UTC) - timedelta(seconds=1)))


async def test_what_a_worker_that_is_gone_left_wakes_the_others(leases: Leases, database_url: str) -> None:
    execute(
        database_url,
        "INSERT INTO worker_lease VALUES ('worker gone', 'gone', 0, clock_timestamp() - interval '1 second')",
    )
    for queue in Queue:
        wakeups = leases.queued[queue]
        await until(true_of(lambda wakeups=wakeups: wakeups.count > 1), f"{queue} are looked at")  # type: ignore[misc]


async def test_a_worker_whose_session_is_cut_polls_until_it_has_another(
    writer: DeliveryWriter, database_url: str
) -> None:
    parts = conninfo_to_dict(database_url)
    with wires(int(str(parts["port"]))) as [wire]:
        through = make_conninfo(database_url, host="127.0.0.1", port=wire.port)
        async with open_leases(through) as leases:
            wakeups = leases.queued[Queue.DELIVERIES]
            await until_reliable(wakeups)
            assert await wakes(wakeups, lambda: writer.add(delivery()))
            wire.sever()
            await until(true_of(lambda: not wakeups.are_reliable), "the silence is noticed")
            await wakeups.wait(since=wakeups.count, poll_s=0.01, within_s=AT_ONCE_S)
            await writer.add(delivery())
            since = wakeups.count
            wire.mend()
            await until_reliable(wakeups)
            assert wakeups.count > since, "it looks for what it may have missed"
            assert await wakes(wakeups, lambda: writer.add(delivery()))


async def test_a_worker_whose_session_breaks_polls_until_it_has_another(leases: Leases, database_url: str) -> None:
    wakeups = leases.queued[Queue.DELIVERIES]
    since = wakeups.count

    async def is_broken() -> bool:
        return execute(database_url, "SELECT pg_terminate_backend(session) FROM worker_lease") == [(True,)]

    await until(is_broken, "the session is broken")
    await until(true_of(lambda: wakeups.count > since), "it looks for what it may have missed")
    await until_reliable(wakeups)


def true_of(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return holds()

    return check
