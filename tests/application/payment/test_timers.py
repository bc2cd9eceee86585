"""Timers fire once in effect, whoever dies and however many workers there are; a customer who never acts ends a
payment only once the provider has let go of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from application.payment.loaded import load
from application.payment.timer_outcome import NothingToDo
from application.payment.timers import ALERT_AFTER, LEASE_S, DueTimer, TimerRetrier, Timers
from application.provider.port import ProviderRequest, VoidRequest
from domain.dead_letter.events import DeadLetterKind
from domain.identifiers import PaymentId
from domain.payment.events import CaptureMethod, PaymentFailed
from domain.payment.outcome import Approved, Outcome
from domain.payment.state import Authorized, Captured, Expired, Failed, RequiresAction, Voided
from domain.payment.timer import LOOKS_APART_MAX, TimerKind, next_look
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.timer_queue import PostgresTimerQueue
from projections.payment.status import PAYMENT_STATUS
from tests.application.shop import Shop, payment_id_of
from tests.support.provider import ACTING, Fate
from tests.support.store import CAUSE, advanced, everything, execute, open_views

A_WEEK = timedelta(days=7)
THE_ACTION_WINDOW = timedelta(minutes=30)
THE_LEASE = timedelta(seconds=LEASE_S)
TRIES = "SELECT tries, next_try_at FROM timer_try"


class Clockwork:
    """Workers that fire the shop's timers by its clock."""

    def __init__(self, shop: Shop, queue: PostgresTimerQueue, database_url: str) -> None:
        self.queue = queue
        self._shop = shop
        self._database_url = database_url
        self.worker = self.another()

    def another(self) -> Timers:
        """A further worker, or the same after a restart."""
        return Timers(
            store=self._shop.recovery._store,
            queue=self.queue,
            operations=self._shop.operations,
            letters=self._shop.letters,
            now=self._shop.clock,
            new_id=uuid4,
            spread=lambda: 0.0,
        )

    async def project(self) -> None:
        """Bring the view up to date."""
        async with open_views(self._database_url) as views:
            await advanced(views, PAYMENT_STATUS, await everything(self._shop.store))

    async def tick(self, after: timedelta = timedelta(0)) -> int:
        """Time passes, and whatever is due by then is tried."""
        self._shop.now += after
        await self.project()
        idle_s, before = await self.worker.idle_s(), execute(self._database_url, TRIES)
        unresolved = await self.worker.sweep()
        assert idle_s <= 0 or execute(self._database_url, TRIES) == before, "a worker that waits misses nothing"
        return unresolved

    async def tick_until(self, ends: Callable[[], bool]) -> int:
        """The number of minutes until it is so."""
        for minutes in range(1, 60):
            await self.tick(timedelta(minutes=1))
            if ends():
                return minutes
        raise AssertionError("not within an hour")


@pytest.fixture
async def clockwork(shop: Shop, database_url: str) -> AsyncIterator[Clockwork]:
    pool = ReadPool(database_url)
    await pool.open()
    yield Clockwork(shop, PostgresTimerQueue(pool), database_url)
    await pool.aclose()


async def waiting_for_its_customer(shop: Shop, method: CaptureMethod = CaptureMethod.MANUAL) -> PaymentId:
    payment_id = payment_id_of(await shop.create(token=ACTING, method=method))
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    return payment_id


# any timer


async def test_an_authorisation_expires_when_its_time_is_over(
    shop: Shop, clockwork: Clockwork, database_url: str
) -> None:
    payment_id = await shop.authorized()
    await clockwork.tick(A_WEEK - timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), Authorized)
    await clockwork.tick(timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), Expired)
    await clockwork.tick()
    assert execute(database_url, TRIES) == []


async def test_timers_wait_while_the_rows_in_service_are_of_a_version_without_them(
    shop: Shop, clockwork: Clockwork, database_url: str
) -> None:
    payment_id = await shop.authorized()
    await clockwork.project()
    execute(database_url, "ALTER TABLE views.payment_status RENAME COLUMN timer TO not_yet")
    shop.now += A_WEEK
    assert await clockwork.worker.sweep() == 0
    execute(database_url, "ALTER TABLE views.payment_status RENAME COLUMN not_yet TO timer")
    await clockwork.worker.sweep()
    assert isinstance(await shop.payment(payment_id), Expired)


async def test_a_view_that_stands_still_does_not_make_a_timer_fire_again(
    shop: Shop, clockwork: Clockwork, database_url: str
) -> None:
    payment_id = await shop.authorized()
    await clockwork.project()
    shop.now += A_WEEK
    for _ in range(3):
        await clockwork.worker.sweep()
    assert (await shop.events(payment_id)).count("payment.authorization_expired.v1") == 1
    assert execute(database_url, TRIES) == [(1, None)]


async def test_several_workers_share_what_is_due(shop: Shop, clockwork: Clockwork, database_url: str) -> None:
    payments = [await shop.authorized() for _ in range(24)]
    await clockwork.project()
    shop.now += A_WEEK
    await asyncio.gather(*(clockwork.another().sweep() for _ in range(4)))
    assert execute(database_url, TRIES) == [(1, None)] * 24
    for payment_id in payments:
        assert (await shop.events(payment_id)).count("payment.authorization_expired.v1") == 1
    await shop.assert_books_hold()


async def test_what_a_killed_worker_had_taken_comes_back_with_its_lease(shop: Shop, clockwork: Clockwork) -> None:
    payment_id = await shop.authorized()
    await clockwork.project()
    shop.now += A_WEEK
    await clockwork.queue.refresh(now=shop.now)
    assert len(await clockwork.queue.claim(now=shop.now, lease=THE_LEASE, timers_max=9)) == 1
    await clockwork.tick(THE_LEASE - timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), Authorized)
    await clockwork.tick(timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), Expired)


async def test_a_timer_of_a_payment_that_has_moved_on_does_nothing(shop: Shop, clockwork: Clockwork) -> None:
    payment_id = await shop.captured()
    shop.now += A_WEEK
    for kind in TimerKind:
        assert await clockwork.worker.fire(payment_id, kind, CAUSE) == NothingToDo()


async def test_a_store_that_is_away_only_postpones_it(shop: Shop, clockwork: Clockwork) -> None:
    payment_id = await shop.authorized()
    shop.flaky.fail_before = 1
    assert await clockwork.tick(A_WEEK) == 1
    assert await clockwork.tick(THE_LEASE) == 0
    assert isinstance(await shop.payment(payment_id), Expired)


# a customer who has to act


async def test_a_lost_webhook_does_not_strand_a_payment_until_its_time_is_over(
    shop: Shop, clockwork: Clockwork
) -> None:
    payment_id = await waiting_for_its_customer(shop, CaptureMethod.AUTOMATIC)
    await clockwork.tick(timedelta(seconds=30))
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    shop.provider.customers_act()
    await clockwork.tick(timedelta(seconds=30))
    assert isinstance(await shop.payment(payment_id), Captured)
    await shop.assert_books_hold()


async def test_the_provider_is_asked_less_and_less_often(shop: Shop, clockwork: Clockwork) -> None:
    await waiting_for_its_customer(shop)
    asked_at, expires_at = shop.now, shop.now + THE_ACTION_WINDOW
    looks = []
    for _ in range(29 * 2):
        await clockwork.tick(timedelta(seconds=30))
        looks.append(len(shop.provider.looked_up))
    assert looks[:4] == [1, 2, 2, 3]
    assert looks[-1] == 6
    a_day = asked_at + timedelta(days=1)
    assert next_look(asked_at=asked_at, expires_at=a_day + A_WEEK, now=a_day) == a_day + LOOKS_APART_MAX
    assert next_look(asked_at=asked_at, expires_at=expires_at, now=expires_at - timedelta(minutes=1)) == expires_at


async def test_a_customer_who_never_acts_ends_the_payment_once_the_provider_has_let_go(
    shop: Shop, clockwork: Clockwork
) -> None:
    payment_id = await waiting_for_its_customer(shop)
    await clockwork.tick(THE_ACTION_WINDOW - timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    await clockwork.tick(timedelta(seconds=1))
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Failed)
    assert payment.code == "customer_action_expired"
    assert (await shop.store.history(payment_id))[-1].event.actor == "worker:timers"
    shop.provider.customers_act()
    assert shop.provider.charges == 0


@pytest.mark.parametrize(
    ("happens", "stage"), [("customers_act", Authorized), ("customers_refuse", Failed)], ids=["yes", "no"]
)
async def test_what_the_customer_did_in_the_last_moment_counts(
    shop: Shop, clockwork: Clockwork, happens: str, stage: type[object]
) -> None:
    payment_id = await waiting_for_its_customer(shop)
    await clockwork.tick(THE_ACTION_WINDOW - timedelta(seconds=1))
    getattr(shop.provider, happens)()
    await clockwork.tick(timedelta(seconds=1))
    payment = await shop.payment(payment_id)
    assert isinstance(payment, stage)
    assert not isinstance(payment, Failed) or payment.code == "authentication_failed"


async def test_a_provider_that_does_not_let_go_because_the_customer_has_just_acted_is_asked_again(
    shop: Shop, clockwork: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = await waiting_for_its_customer(shop, CaptureMethod.AUTOMATIC)
    look = shop.provider.lookup

    async def look_a_moment_too_early(request: ProviderRequest) -> Outcome | None:
        seen = await look(request)
        shop.provider.customers_act()
        return seen

    monkeypatch.setattr(shop.provider, "lookup", look_a_moment_too_early)
    await clockwork.tick(THE_ACTION_WINDOW)
    assert isinstance(await shop.payment(payment_id), Captured)
    await shop.assert_books_hold()


async def test_what_the_customer_authorised_while_the_provider_was_letting_go_is_recorded_as_voided(
    shop: Shop, clockwork: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their webhook was in time, and the release was, too."""
    payment_id = await waiting_for_its_customer(shop)
    cancel_authorization = shop.provider.void

    async def while_the_customer_acts(request: VoidRequest) -> Outcome:
        loaded = await load(shop.store, payment_id)
        if isinstance(loaded.payment, RequiresAction):
            approved = Approved(loaded.payment.reference)
            await shop.operations.record(loaded, loaded.payment.attempt.attempt_id, approved, CAUSE)
        return await cancel_authorization(request)

    monkeypatch.setattr(shop.provider, "void", while_the_customer_acts)
    await clockwork.tick(THE_ACTION_WINDOW)
    assert isinstance(await shop.payment(payment_id), Voided)
    assert await shop.unresolved() == 0
    await shop.assert_books_hold()


@pytest.mark.parametrize("obstacle", ["holds_on", "loses_answers", "unreachable"])
async def test_nothing_ends_while_the_provider_has_not_let_go_and_an_operator_is_told_once(
    shop: Shop, clockwork: Clockwork, obstacle: str
) -> None:
    payment_id = await waiting_for_its_customer(shop)
    setattr(shop.provider, obstacle, True)
    shop.now += THE_ACTION_WINDOW
    await clockwork.tick_until(lambda: len(shop.letters.told) == 1)
    for _ in range(5):
        assert await clockwork.tick(timedelta(minutes=1)) == 1
    assert isinstance(await shop.payment(payment_id), RequiresAction)
    [letter] = shop.letters.told
    assert (letter.kind, letter.payment_id) == (DeadLetterKind.TIMER, payment_id)
    assert letter.subject == f"customer_action:{payment_id}"
    setattr(shop.provider, obstacle, False)
    await clockwork.tick(timedelta(hours=1))
    assert isinstance(await shop.payment(payment_id), Failed)
    assert shop.letters.ended == [letter.subject]


async def test_an_operator_has_a_timer_tried_at_once_and_is_told_again_if_that_is_in_vain(
    shop: Shop, clockwork: Clockwork
) -> None:
    payment_id = await waiting_for_its_customer(shop)
    shop.provider.loses_answers = True
    shop.now += THE_ACTION_WINDOW
    await clockwork.tick_until(lambda: len(shop.letters.told) == 1)
    subject = shop.letters.told[0].subject
    await TimerRetrier(clockwork.queue, shop.clock).retry(subject, CAUSE)
    assert await clockwork.tick() == 1
    assert [letter.subject for letter in shop.letters.told] == [subject, subject]
    shop.provider.loses_answers = False
    await TimerRetrier(clockwork.queue, shop.clock).retry(subject, CAUSE)
    assert await clockwork.tick() == 0
    assert isinstance(await shop.payment(payment_id), Failed)


async def test_tries_in_vain_are_further_and_further_apart(shop: Shop, clockwork: Clockwork, database_url: str) -> None:
    await waiting_for_its_customer(shop)
    shop.provider.holds_on = True
    shop.now += THE_ACTION_WINDOW
    pauses_s = []
    for _ in range(ALERT_AFTER + 1):
        await clockwork.tick()
        [(_, next_try_at)] = execute(database_url, TRIES)
        pauses_s.append((next_try_at - shop.now).total_seconds())
        shop.now = next_try_at
    assert pauses_s == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert len(shop.letters.told) == 1


async def test_letting_go_is_repeated_under_one_id_when_its_answer_was_lost(shop: Shop, clockwork: Clockwork) -> None:
    payment_id = await waiting_for_its_customer(shop)
    shop.provider.fates.append(Fate.LOST)
    assert await clockwork.tick(THE_ACTION_WINDOW) == 1
    assert await clockwork.tick(timedelta(seconds=1)) == 0
    assert isinstance(await shop.payment(payment_id), Failed)
    _, first, second = shop.provider.asked
    assert first == second


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
async def test_a_worker_that_dies_after_the_provider_has_let_go_leaves_nothing_stuck(
    shop: Shop, clockwork: Clockwork, when: str
) -> None:
    payment_id = await waiting_for_its_customer(shop)
    await clockwork.project()

    async def fail() -> None:
        setattr(shop.flaky, when, 1)

    shop.provider.before_answer = fail
    assert await clockwork.tick(THE_ACTION_WINDOW) == 1
    assert await clockwork.tick(THE_LEASE) == 0
    assert isinstance(await shop.payment(payment_id), Failed)
    ended = [stored for stored in await shop.store.history(payment_id) if isinstance(stored.event.data, PaymentFailed)]
    assert len(ended) == 1


async def test_what_is_put_off_is_put_off_for_every_worker(shop: Shop, clockwork: Clockwork) -> None:
    await waiting_for_its_customer(shop)
    await clockwork.tick(timedelta(seconds=30))
    assert await clockwork.another().sweep() == 0
    assert len(shop.provider.looked_up) == 1
    timers = await clockwork.queue.claim(now=shop.now + timedelta(seconds=30), lease=THE_LEASE, timers_max=9)
    assert [(timer.kind, timer.attempts) for timer in timers] == [(TimerKind.CUSTOMER_ACTION, 1)]
    assert isinstance(timers[0], DueTimer)
