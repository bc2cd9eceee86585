"""No letter outlives its matter: whoever settles it, whenever, and wherever a worker dies, the letter is resolved."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.dead_letter.commands import DeadLetters
from application.payment import recovery as recovery_module
from application.payment.loaded import load
from application.payment.recovery import BACKOFF, LEASE_S, OperationRetrier, Recovery
from application.payment.timers import ALERT_AFTER, TimerRetrier, Timers
from application.payment.timers import LEASE_S as TIMER_LEASE_S
from domain.dead_letter.events import DeadLetterEvent, DeadLetterKind
from domain.dead_letter.state import DeadLetterState, fold, letter_id_for, state_of
from domain.history import Cause
from domain.identifiers import DeadLetterId, MerchantId, OperationId, PaymentId, ProviderName
from domain.payment.operation import operation_id_of
from domain.payment.outcome import Approved
from domain.payment.state import InFlight
from domain.payment.timer import TimerKind
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from projections.payment.status import PAYMENT_STATUS
from tests.application.shop import Shop, far_future, payment_id_of
from tests.support.provider import ACTING, TIMING_OUT
from tests.support.store import CAUSE, advanced, everything, execute, open_views

DOUBT_AFTER = timedelta(minutes=31)
THE_ACTION_WINDOW = timedelta(minutes=30)


class Died(BaseException):
    """A worker's end, which nothing in it can catch."""


async def nothing() -> None:
    pass


class InterruptedLetters:
    """The real letters; `before` and `after` happen around the next recording, and then no more."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters
        self.before: Callable[[], Awaitable[object]] = nothing
        self.after: Callable[[], Awaitable[object]] = nothing

    async def record(
        self,
        *,
        kind: DeadLetterKind,
        subject: str,
        merchant_id: MerchantId,
        payment_id: PaymentId | None,
        provider: ProviderName | None,
        reason: str,
        cause: Cause,
    ) -> None:
        before, self.before = self.before, nothing
        await before()
        await self._letters.record(
            kind=kind,
            subject=subject,
            merchant_id=merchant_id,
            payment_id=payment_id,
            provider=provider,
            reason=reason,
            cause=cause,
        )
        after, self.after = self.after, nothing
        await after()

    async def resolved(self, *, kind: DeadLetterKind, subject: str, outcome: str, cause: Cause) -> None:
        await self._letters.resolved(kind=kind, subject=subject, outcome=outcome, cause=cause)


async def dies() -> None:
    raise Died


class Desk:
    """An operator's letters, and a worker that writes them by a clock that the test moves."""

    def __init__(self, shop: Shop, queue: PostgresTimerQueue, database_url: str) -> None:
        self.now = far_future()
        self.shop = shop
        self.queue = queue
        self.database_url = database_url
        self.dead_letters = DeadLetters(
            store=shop.store,
            retriers={
                DeadLetterKind.COMMAND: OperationRetrier(shop.queue, lambda: self.now),
                DeadLetterKind.TIMER: TimerRetrier(queue, shop.clock),
            },
            now=lambda: self.now,
        )
        self.letters = InterruptedLetters(self.dead_letters)
        self.recovery = Recovery(
            store=shop.store,
            queue=shop.queue,
            operations=shop.operations,
            letters=self.letters,
            now=lambda: self.now,
            new_id=uuid4,
            spread=lambda: 0.0,
        )
        self.timers = Timers(
            store=shop.store,
            queue=queue,
            operations=shop.operations,
            letters=self.letters,
            now=shop.clock,
            new_id=uuid4,
            spread=lambda: 0.0,
        )

    async def sweep(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        await self.recovery.sweep(older_than_s=0)
        await self.recovery.end_alerts()

    async def tick(self, after: timedelta = timedelta(0)) -> None:
        self.shop.now += after
        async with open_views(self.database_url) as views:
            await advanced(views, PAYMENT_STATUS, await everything(self.shop.store))
        await self.timers.sweep()

    async def about_to_be_told(self) -> PaymentId:
        """A payment whose attempt is in doubt with the next sweep."""
        payment_id = payment_id_of(await self.shop.create(token=TIMING_OUT))
        self.shop.provider.loses_answers = True
        await self.sweep()
        self.shop.now = datetime.now(UTC) + DOUBT_AFTER
        self.now += DOUBT_AFTER
        return payment_id

    async def settle(self, payment_id: PaymentId) -> None:
        """A webhook brings the outcome."""
        loaded = await load(self.shop.store, payment_id)
        assert isinstance(loaded.payment, InFlight)
        await self.shop.operations.record(loaded, operation_id_of(loaded.payment), Approved("ch_found"), CAUSE)

    async def timer_about_to_be_told(self) -> PaymentId:
        """A payment whose timer is tried in vain for the last time with the next tick."""
        payment_id = payment_id_of(await self.shop.create(token=ACTING))
        self.shop.provider.holds_on = True
        await self.tick(THE_ACTION_WINDOW)
        execute(self.database_url, "UPDATE timer_try SET tries = %s, next_try_at = due_at", ALERT_AFTER - 1)
        return payment_id

    async def state(self, kind: DeadLetterKind, subject: str) -> DeadLetterState | None:
        history = await self.shop.store.history(letter_id_for(kind, subject))
        letter = fold(stored.event.data for stored in history if isinstance(stored.event.data, DeadLetterEvent))
        return None if letter is None else state_of(letter)

    async def command_state(self) -> DeadLetterState | None:
        """Of the letter about the one operation there is."""
        [(operation_id,)] = execute(self.database_url, "SELECT operation_id FROM operation_claim")
        return await self.state(DeadLetterKind.COMMAND, str(operation_id))

    async def timer_state(self, payment_id: PaymentId) -> DeadLetterState | None:
        return await self.state(DeadLetterKind.TIMER, f"{TimerKind.CUSTOMER_ACTION}:{payment_id}")


@pytest.fixture
async def desk(shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)
    pool = ReadPool(database_url)
    await pool.open()
    opened = Desk(shop, PostgresTimerQueue(pool), database_url)
    yield opened
    await opened.recovery.aclose()
    await pool.aclose()


# operations


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_letter_is_resolved_of_what_is_settled_while_it_is_written(desk: Desk, when: str) -> None:
    payment_id = await desk.about_to_be_told()
    setattr(desk.letters, when, lambda: desk.settle(payment_id))
    await desk.sweep()
    await desk.sweep()
    assert await desk.command_state() is DeadLetterState.RESOLVED


async def test_a_letter_is_resolved_although_another_worker_looked_for_ended_ones_before_it_was_there(
    desk: Desk,
) -> None:
    payment_id = await desk.about_to_be_told()

    async def settled_and_looked_for() -> None:
        await desk.settle(payment_id)
        await desk.recovery.end_alerts()

    desk.letters.before = settled_and_looked_for
    desk.letters.after = dies
    with pytest.raises(Died):
        await desk.sweep()
    assert await desk.command_state() is DeadLetterState.OPEN
    await desk.sweep(timedelta(seconds=LEASE_S))
    assert await desk.command_state() is DeadLetterState.RESOLVED


async def test_a_letter_is_resolved_when_its_writer_dies_and_a_webhook_settles_the_matter(desk: Desk) -> None:
    payment_id = await desk.about_to_be_told()
    desk.letters.after = dies
    with pytest.raises(Died):
        await desk.sweep()
    await desk.settle(payment_id)
    await desk.sweep(timedelta(seconds=LEASE_S))
    assert await desk.command_state() is DeadLetterState.RESOLVED


async def test_a_worker_that_dies_before_it_has_written_has_another_write_the_letter(desk: Desk) -> None:
    await desk.about_to_be_told()
    desk.letters.before = dies
    with pytest.raises(Died):
        await desk.sweep()
    assert await desk.command_state() is None
    await desk.sweep(timedelta(seconds=LEASE_S))
    assert await desk.command_state() is DeadLetterState.OPEN


async def test_no_letter_is_written_of_what_was_settled_before_anybody_was_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = await desk.about_to_be_told()
    put_back = desk.shop.queue.put_back

    async def settled_first(operation_id: OperationId, **how: Any) -> bool:
        await desk.settle(payment_id)
        return await put_back(operation_id, **how)

    monkeypatch.setattr(desk.shop.queue, "put_back", settled_first)
    await desk.recovery.sweep(older_than_s=0)
    assert await desk.command_state() is None


async def test_retrying_what_has_its_outcome_already_resolves_the_letter(desk: Desk) -> None:
    payment_id = await desk.about_to_be_told()
    await desk.sweep()
    await desk.settle(payment_id)
    [(operation_id,)] = execute(desk.database_url, "SELECT operation_id FROM operation_claim")
    letter_id = DeadLetterId(letter_id_for(DeadLetterKind.COMMAND, str(operation_id)))
    await desk.dead_letters.retry(letter_id, CAUSE)
    assert await desk.command_state() is DeadLetterState.RESOLVED


async def test_what_an_operator_closed_stays_closed_while_it_is_in_doubt(desk: Desk) -> None:
    await desk.about_to_be_told()
    await desk.sweep()
    [(operation_id,)] = execute(desk.database_url, "SELECT operation_id FROM operation_claim")
    letter_id = DeadLetterId(letter_id_for(DeadLetterKind.COMMAND, str(operation_id)))
    await desk.dead_letters.close(letter_id, "We wait.", CAUSE)
    for _ in range(3):
        await desk.sweep(BACKOFF.longest)
    assert await desk.command_state() is DeadLetterState.CLOSED


# timers


async def test_a_timers_letter_is_resolved_when_its_writer_dies_and_the_customer_pays(desk: Desk) -> None:
    payment_id = await desk.timer_about_to_be_told()
    desk.letters.after = dies
    with pytest.raises(Died):
        await desk.tick()
    desk.shop.provider.customers_act()
    await desk.tick(timedelta(seconds=TIMER_LEASE_S))
    assert await desk.timer_state(payment_id) is DeadLetterState.RESOLVED


async def test_a_timers_letter_is_resolved_when_another_worker_ends_the_timer_while_it_is_written(desk: Desk) -> None:
    payment_id = await desk.timer_about_to_be_told()

    async def overtaken() -> None:
        desk.shop.provider.customers_act()
        await desk.tick(timedelta(seconds=TIMER_LEASE_S))

    desk.letters.before = overtaken
    await desk.tick()
    assert await desk.timer_state(payment_id) is DeadLetterState.RESOLVED


async def test_a_worker_that_dies_before_it_has_written_has_another_write_a_timers_letter(desk: Desk) -> None:
    payment_id = await desk.timer_about_to_be_told()
    desk.letters.before = dies
    with pytest.raises(Died):
        await desk.tick()
    await desk.tick(timedelta(seconds=TIMER_LEASE_S))
    assert await desk.timer_state(payment_id) is DeadLetterState.OPEN


async def test_retrying_a_timer_that_there_is_no_more_resolves_the_letter(desk: Desk) -> None:
    payment_id = await desk.timer_about_to_be_told()
    await desk.tick()
    execute(desk.database_url, "DELETE FROM timer_try")
    letter_id = DeadLetterId(letter_id_for(DeadLetterKind.TIMER, f"{TimerKind.CUSTOMER_ACTION}:{payment_id}"))
    await desk.dead_letters.retry(letter_id, CAUSE)
    assert await desk.timer_state(payment_id) is DeadLetterState.RESOLVED
