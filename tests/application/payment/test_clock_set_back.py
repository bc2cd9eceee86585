"""A clock that is set back takes no stream back in time, and strands nothing that waits for its time."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from application.payment import recovery as recovery_module
from application.payment.recovery import LEASE_S
from application.write.recording import record_all
from domain.history import AnyEvent, Cause, Positioned
from domain.identifiers import PLATFORM
from infrastructure.postgres.connection.database_clock import DatabaseClock
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.inbox.inbox import PostgresInbox
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from tests.application.shop import Shop, a_caller
from tests.support.domain import NOW
from tests.support.provider import TIMING_OUT
from tests.support.store import everything, execute


class JumpingClock:
    """Up to a day ahead or behind, another time whenever it is asked."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.told: list[datetime] = []

    def __call__(self) -> datetime:
        self.told.append(NOW + timedelta(seconds=self._random.uniform(-86_400, 86_400)))
        return self.told[-1]


def of_streams(stored: Sequence[Positioned]) -> dict[UUID, list[datetime]]:
    """When the events of each stream were recorded, in the stream's order."""
    streams: dict[UUID, list[datetime]] = defaultdict(list)
    for each in stored:
        streams[each.event.originator_id].append(each.event.recorded_at)
    return streams


@pytest.mark.parametrize("seed", range(5))
async def test_no_stream_goes_back_in_time_however_the_clock_jumps(
    shop: Shop, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = JumpingClock(seed)
    for part in (shop.payments, shop.operations):
        monkeypatch.setattr(part, "_now", clock)
    for _ in range(4):
        payment_id = await shop.authorized()
        for amount_minor in (1_000, 2_000):
            await shop.payments.capture(payment_id, a_caller(), amount_minor=amount_minor, final=False)
            await shop.payments.refund(payment_id, a_caller(), amount_minor=500, reason="")
    await shop.create(token=TIMING_OUT)
    await shop.settle_down()
    assert any(later < earlier for earlier, later in zip(clock.told, clock.told[1:], strict=False))
    for stream_id, moments in of_streams(await everything(shop.store)).items():
        assert moments == sorted(moments), f"the stream {stream_id} goes back in time"


def test_what_is_appended_has_to_say_when_its_stream_was_appended_to_last() -> None:
    cause = Cause(actor="worker:test", request_id="req", trace_id="0" * 32)
    events: Sequence[AnyEvent] = ()
    with pytest.raises(AssertionError, match="time of its last event"):
        record_all(uuid4(), 3, events, merchant_id=PLATFORM, cause=cause, now=NOW)


A_DAY_AHEAD = timedelta(days=1)


async def test_an_operation_put_off_by_a_clock_that_was_a_day_ahead_is_tried_now(
    shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)
    await shop.create(token=TIMING_OUT)
    now = datetime.now(UTC)
    ahead = now + A_DAY_AHEAD
    execute(
        database_url,
        "UPDATE operation_claim SET claimed_at = %s, next_try_at = %s, asked_until = %s WHERE unresolved",
        ahead,
        ahead,
        ahead,
    )
    lease = timedelta(seconds=LEASE_S)
    [taken] = await shop.queue.claim(claimed_before=now, now=now, lease=lease, operations_max=9)
    assert taken.claimed_at == ahead
    again = await shop.queue.claim(claimed_before=now, now=now, lease=lease, operations_max=9)
    assert not again, "it is leased, as by a clock that is right"
    execute(database_url, "UPDATE operation_claim SET asked_until = %s", ahead)
    assert await shop.queue.claim_one(taken.operation_id, now=now, lease=lease) is None
    assert await shop.queue.claim_one(taken.operation_id, now=now, lease=lease) is not None


async def test_a_refusal_noted_by_a_clock_that_was_a_day_ahead_is_noted_anew(shop: Shop, database_url: str) -> None:
    await shop.create()
    [claim] = execute(database_url, "SELECT operation_id FROM operation_claim")
    now = datetime.now(UTC)
    assert await shop.queue.said_since(claim[0], "refused", now=now + A_DAY_AHEAD) == now + A_DAY_AHEAD
    assert await shop.queue.said_since(claim[0], "refused", now=now) == now
    assert await shop.queue.said_since(claim[0], "refused", now=now + timedelta(seconds=5)) == now


async def test_a_timer_put_off_by_a_clock_that_was_a_day_ahead_is_fired_now(database_url: str) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    try:
        queue = PostgresTimerQueue(pool)
        now = datetime.now(UTC)
        execute(
            database_url,
            "INSERT INTO timer_try (payment_id, kind, due_at, next_try_at) VALUES (%s, 'authorization', %s, %s)",
            uuid4(),
            now,
            now + A_DAY_AHEAD,
        )
        lease = timedelta(seconds=LEASE_S)
        assert len(await queue.claim(now=now, lease=lease, timers_max=9)) == 1
        assert not await queue.claim(now=now, lease=lease, timers_max=9), "it is leased, as by a clock that is right"
    finally:
        await pool.aclose()


async def test_a_delivery_put_off_by_a_clock_that_was_a_day_ahead_is_worked_on_now(database_url: str) -> None:
    pool = ReadPool(database_url)
    await pool.open()
    try:
        inbox = PostgresInbox(pool)
        execute(
            database_url,
            "INSERT INTO webhook_delivery (delivery_id, provider, received_at, headers, body, body_sha256, state, head,"
            " next_try_at) VALUES (%s, 'northbank', clock_timestamp(), '{}', '', sha256(''), 'waiting', 0,"
            " clock_timestamp() + interval '1 day')",
            uuid4(),
        )
        assert len(await inbox.claim(9)) == 1
        assert not await inbox.claim(9), "it is leased, as by a clock that is right"
    finally:
        await pool.aclose()


async def test_machines_whose_clocks_are_wrong_agree_on_the_databases(database_url: str) -> None:
    right = datetime.now(UTC)
    clocks = [
        DatabaseClock(machines_time=lambda ahead=ahead: datetime.now(UTC) + ahead)  # type: ignore[misc]
        for ahead in (-A_DAY_AHEAD, timedelta(0), A_DAY_AHEAD)
    ]
    assert clocks[2].now() - clocks[0].now() > A_DAY_AHEAD, "before it is read, each goes by its machine's"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for clock in clocks:
            await clock.read(connection)
    for clock in clocks:
        assert timedelta(0) <= clock.now() - right < timedelta(minutes=1)
    ahead_s = [round(clock.machine_ahead_s / 60) for clock in clocks]
    assert ahead_s == [-24 * 60, 0, 24 * 60]


async def test_a_clock_that_is_set_while_we_run_moves_nothing(database_url: str) -> None:
    machines = [datetime.now(UTC)]
    clock = DatabaseClock(machines_time=lambda: machines[-1])
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await clock.read(connection)
    before = clock.now()
    machines.append(machines[0] - A_DAY_AHEAD)
    assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)
    assert clock.machine_ahead_s < -86_000


def test_the_answer_that_says_best_what_time_it_is_counts_until_the_databases_clock_is_set() -> None:
    counted_s = 100.0
    clock = DatabaseClock(counted_s=lambda: counted_s)
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    clock.take(noon, asked_s=99.999, answered_s=100.001)
    assert clock.now() == noon
    # Late on its way back: by itself it would set us back by a tenth of a second.
    clock.take(noon + timedelta(seconds=1), asked_s=101.0, answered_s=101.2)
    counted_s = 110.0
    assert clock.now() == noon + timedelta(seconds=10)
    clock.take(noon + timedelta(seconds=10, milliseconds=1), asked_s=109.9995, answered_s=110.0005)
    assert clock.now() == noon + timedelta(seconds=10, milliseconds=1)
    # Set back by an hour: a slow answer is enough to know.
    clock.take(noon - timedelta(hours=1), asked_s=110.0, answered_s=110.2)
    assert clock.now() < noon - timedelta(minutes=59)
