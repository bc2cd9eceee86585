"""Workers share what has no outcome: each try is one worker's, the next comes later, and what was taken comes back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from application.payment import recovery as recovery_module
from application.payment.in_doubt import BeingAsked, Doubts, MayYetBeAnswered, NotInDoubt
from application.payment.recovery import BACKOFF, LEASE_S, OperationRetrier, Recovery
from application.provider.port import ProviderRequest
from application.work.backoff import Backoff
from domain.card_data import CardDataRefused
from domain.dead_letter.events import DeadLetterKind
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.events import CaptureMethod, OperationKind
from domain.payment.outcome import Approved, Declined, Outcome
from domain.payment.state import Authorized, Captured, Failed, InFlight
from tests.application.shop import Shop, a_caller, far_future, payment_id_of
from tests.support.provider import ACTING, TIMING_OUT, Fate
from tests.support.store import execute

OPERATOR = Cause(actor="operator:anna@cli", request_id="req", trace_id="0" * 32)
ATTEMPTS = "SELECT sum(tries), count(next_try_at) FROM operation_claim"
NEXT_TRY = "SELECT tries, next_try_at FROM operation_claim WHERE unresolved"
DOUBT_AFTER = timedelta(minutes=31)
ANSWERS_WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up in the background, so that the test decides when."""
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)


class Workers:
    """Recovery as composition wires it, by a clock that the test moves."""

    def __init__(self, shop: Shop, database_url: str) -> None:
        self.now = far_future()
        self._shop = shop
        self._database_url = database_url
        self._made: list[Recovery] = []

    def another(self) -> Recovery:
        worker = Recovery(
            store=self._shop.recovery._store,
            queue=self._shop.queue,
            operations=self._shop.operations,
            letters=self._shop.letters,
            now=lambda: self.now,
            new_id=uuid4,
            spread=lambda: 0.0,
        )
        self._made.append(worker)
        return worker

    async def sweep(self, after: timedelta = timedelta(0)) -> int:
        """Time passes, and a worker that has just started tries what is due."""
        self.now += after
        worker = self.another()
        lease = timedelta(seconds=LEASE_S)
        due = await self._shop.queue.next_due(now=self.now, older_than=timedelta(0), lease=lease)
        before = execute(self._database_url, ATTEMPTS)
        unresolved = await worker.sweep(older_than_s=0)
        is_due = due is not None and due <= self.now
        assert is_due or execute(self._database_url, ATTEMPTS) == before, "a worker that waits misses nothing"
        idle_s, told = await worker.letters_idle_s(), len(self._shop.letters.ended)
        await worker.end_alerts()
        assert idle_s <= 0 or len(self._shop.letters.ended) == told, "a worker that waits misses nothing"
        return unresolved

    async def aclose(self) -> None:
        await asyncio.gather(*(worker.aclose() for worker in self._made))


@pytest.fixture
async def workers(shop: Shop, database_url: str) -> AsyncIterator[Workers]:
    opened = Workers(shop, database_url)
    yield opened
    await opened.aclose()


async def lost(shop: Shop) -> PaymentId:
    """A payment of whose attempt nobody hears anything, now or later."""
    payment_id = payment_id_of(await shop.create(token=TIMING_OUT))
    shop.provider.loses_answers = True
    return payment_id


# sharing


def test_pauses_double_up_to_their_bound_less_up_to_half_of_them() -> None:
    backoff = Backoff(first_s=1, longest_s=60)
    assert [backoff.pause(tries, 0).total_seconds() for tries in (1, 2, 3, 6, 7, 8, 10**6)] == [1, 2, 4, 32, 60, 60, 60]
    assert backoff.pause(7, 1).total_seconds() == 30


async def test_an_operation_is_tried_less_and_less_often(shop: Shop, workers: Workers, database_url: str) -> None:
    await lost(shop)
    pauses_s = []
    for _ in range(9):
        assert await workers.sweep() == 1
        [(_, next_try_at)] = execute(database_url, NEXT_TRY)
        pauses_s.append((next_try_at - workers.now).total_seconds())
        workers.now = next_try_at
    assert pauses_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_what_is_not_due_is_left_alone(shop: Shop, workers: Workers) -> None:
    await lost(shop)
    assert await workers.sweep() == 1
    assert await workers.sweep(timedelta(seconds=0.9)) == 0
    assert len(shop.provider.looked_up) == 1


async def test_several_workers_share_what_is_due(shop: Shop, workers: Workers) -> None:
    for _ in range(40):
        await shop.create(token=TIMING_OUT)
    shop.provider.loses_answers = True
    unresolved = await asyncio.gather(*(workers.sweep() for _ in range(4)))
    assert sum(unresolved) == 40
    assert len(shop.provider.looked_up) == len(set(shop.provider.looked_up)) == 40


async def test_what_a_killed_worker_had_taken_comes_back_with_its_lease(shop: Shop, workers: Workers) -> None:
    payment_id = payment_id_of(await shop.create(token=TIMING_OUT))
    lease = timedelta(seconds=LEASE_S)
    taken = await shop.queue.claim(claimed_before=workers.now, now=workers.now, lease=lease, operations_max=9)
    assert [operation.payment_id for operation in taken] == [payment_id]
    assert await workers.sweep(lease - timedelta(seconds=1)) == 0
    assert isinstance(await shop.payment(payment_id), InFlight)
    await workers.sweep(timedelta(seconds=1))
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert await shop.unresolved() == 0


async def test_a_start_tries_everything_that_is_due(shop: Shop, workers: Workers) -> None:
    shop.provider.fates.extend([Fate.LOST] * 20)
    for _ in range(20):
        await shop.create()
    assert await workers.sweep() == 0
    assert await shop.unresolved() == 0
    assert shop.provider.effects == 20
    await shop.assert_books_hold()


# in doubt


async def in_doubt(shop: Shop, workers: Workers) -> PaymentId:
    payment_id = await lost(shop)
    assert await workers.sweep() == 1
    shop.now = datetime.now(UTC) + DOUBT_AFTER
    assert await workers.sweep(DOUBT_AFTER) == 1
    return payment_id


def doubts_of(shop: Shop) -> Doubts:
    return Doubts(
        store=shop.store,
        queue=shop.queue,
        operations=shop.operations,
        answers_within_s=ANSWERS_WITHIN_S,
        lease_s=LEASE_S,
    )


async def test_after_its_bound_an_operation_is_in_doubt_and_an_operator_is_told_once(
    shop: Shop, workers: Workers
) -> None:
    payment_id = await in_doubt(shop, workers)
    for _ in range(3):
        assert await workers.sweep(BACKOFF.longest) == 1
    assert (await shop.events(payment_id)).count("payment.operation_in_doubt.v1") == 1
    [letter] = shop.letters.told
    payment = await shop.payment(payment_id)
    assert isinstance(payment, InFlight)
    assert payment.in_doubt
    [doubt] = await doubts_of(shop).all(now=far_future())
    assert shop.letters.ended == []
    assert (letter.kind, letter.subject) == (DeadLetterKind.COMMAND, str(doubt.operation_id))
    assert (doubt.payment_id, doubt.operation, doubt.reason) == (payment_id, OperationKind.AUTHORIZE, letter.reason)
    assert letter.reason == "no answer in time"


async def test_a_doubt_is_asked_at_the_longest_pause(shop: Shop, workers: Workers, database_url: str) -> None:
    await in_doubt(shop, workers)
    [(tries, next_try_at)] = execute(database_url, NEXT_TRY)
    assert (tries, next_try_at - workers.now) == (2, BACKOFF.longest)


async def test_nothing_is_in_doubt_before_its_bound(shop: Shop, workers: Workers) -> None:
    payment_id = await lost(shop)
    for _ in range(5):
        await workers.sweep(BACKOFF.longest)
    assert "payment.operation_in_doubt.v1" not in await shop.events(payment_id)
    assert shop.letters.told == []
    assert await doubts_of(shop).all(now=far_future()) == []


async def test_a_doubt_never_becomes_a_failure_by_itself_and_ends_with_the_providers_answer(
    shop: Shop, workers: Workers
) -> None:
    payment_id = await in_doubt(shop, workers)
    for _ in range(5):
        shop.now += timedelta(days=30)
        await workers.sweep(timedelta(days=30))
    shop.provider.unreachable = True
    await workers.sweep(BACKOFF.longest)
    assert isinstance(await shop.payment(payment_id), InFlight)
    shop.provider.unreachable = shop.provider.loses_answers = False
    assert await workers.sweep(BACKOFF.longest) == 0
    assert isinstance(await shop.payment(payment_id), Authorized)
    assert shop.letters.ended == [letter.subject for letter in shop.letters.told]
    assert await doubts_of(shop).all(now=far_future()) == []


async def test_an_operator_has_the_provider_asked_at_once(shop: Shop, workers: Workers) -> None:
    payment_id = await in_doubt(shop, workers)
    loaded = await doubts_of(shop).ask(payment_id, OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, InFlight)
    shop.provider.loses_answers = False
    loaded = await doubts_of(shop).ask(payment_id, OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Authorized)
    assert await shop.unresolved() == 0


async def test_an_operator_has_a_doubt_tried_by_the_next_sweep_and_is_told_again_if_that_is_in_vain(
    shop: Shop, workers: Workers
) -> None:
    await in_doubt(shop, workers)
    subject = shop.letters.told[0].subject
    assert await workers.sweep() == 0
    await OperationRetrier(shop.queue, lambda: workers.now).retry(subject, OPERATOR)
    assert await workers.sweep() == 1
    assert [letter.subject for letter in shop.letters.told] == [subject, subject]


async def test_an_operator_settles_by_what_the_providers_records_say(shop: Shop, workers: Workers) -> None:
    payment_id = await in_doubt(shop, workers)
    loaded = await doubts_of(shop).settle(payment_id, Approved("ch_found"), OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Authorized)
    assert loaded.payment.authorization.reference == "ch_found"
    for _ in range(2):
        await workers.sweep(BACKOFF.longest)
    assert shop.letters.ended == [shop.letters.told[0].subject]
    history = await shop.store.history(payment_id)
    assert {stored.event.actor for stored in history if stored.event.recorded_at == shop.now} >= {"operator:anna@cli"}
    assert await shop.unresolved() == 0


async def test_an_operator_settles_a_decline(shop: Shop, workers: Workers) -> None:
    payment_id = await in_doubt(shop, workers)
    loaded = await doubts_of(shop).settle(payment_id, Declined("declined", "No such charge."), OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Failed)
    assert await shop.unresolved() == 0


async def test_an_operator_settles_a_capture(shop: Shop) -> None:
    payment_id = await shop.authorized()
    shop.provider.fates.append(Fate.ANSWER_LOST)
    await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
    shop.now += timedelta(seconds=ANSWERS_WITHIN_S)
    loaded = await doubts_of(shop).settle(payment_id, Approved("cap_found"), OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Captured)
    assert await shop.unresolved() == 0
    await shop.assert_books_hold()


async def test_nothing_is_settled_before_the_provider_had_its_time_to_answer(shop: Shop) -> None:
    payment_id = await lost(shop)
    with pytest.raises(MayYetBeAnswered) as refused:
        await doubts_of(shop).settle(payment_id, Approved("ch_found"), OPERATOR, now=shop.now)
    assert refused.value.again_in_s == ANSWERS_WITHIN_S
    shop.now += timedelta(seconds=ANSWERS_WITHIN_S)
    loaded = await doubts_of(shop).settle(payment_id, Approved("ch_found"), OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Authorized)


class Hanging:
    """A look-up that takes for ever."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __call__(self, _request: ProviderRequest) -> Outcome | None:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("asks", ["a sweep", "who started it", "another operator"])
async def test_nothing_is_settled_while_the_provider_is_asked_for_it(
    shop: Shop, workers: Workers, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    payment_id = await in_doubt(shop, workers)
    [operation] = await shop.queue.unresolved(claimed_before=workers.now)
    hanging = Hanging()
    monkeypatch.setattr(shop.provider, "lookup", hanging)
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 0.0)
    workers.now += BACKOFF.longest
    asking: asyncio.Task[object]
    match asks:
        case "a sweep":
            asking = asyncio.create_task(workers.sweep())
        case "who started it":
            asking = asyncio.create_task(workers.another()._attempt_repeatedly(operation))
        case _:
            asking = asyncio.create_task(doubts_of(shop).ask(payment_id, OPERATOR, now=workers.now))
    try:
        async with asyncio.timeout(15):
            await hanging.asked.wait()
        for act in (
            doubts_of(shop).settle(payment_id, Approved("ch_found"), OPERATOR, now=workers.now),
            doubts_of(shop).ask(payment_id, OPERATOR, now=workers.now),
        ):
            with pytest.raises(BeingAsked) as refused:
                await act
            assert refused.value.again_in_s == LEASE_S
        assert isinstance(await shop.payment(payment_id), InFlight)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    workers.now += timedelta(seconds=LEASE_S)
    loaded = await doubts_of(shop).settle(payment_id, Approved("ch_found"), OPERATOR, now=workers.now)
    assert isinstance(loaded.payment, Authorized)


async def test_nothing_is_asked_again_while_an_operator_asks(
    shop: Shop, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = await in_doubt(shop, workers)
    hanging = Hanging()
    monkeypatch.setattr(shop.provider, "lookup", hanging)
    workers.now += BACKOFF.longest
    asking = asyncio.create_task(doubts_of(shop).ask(payment_id, OPERATOR, now=workers.now))
    async with asyncio.timeout(15):
        await hanging.asked.wait()
    assert await workers.sweep() == 0
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_nothing_is_settled_of_a_payment_whose_outcome_is_known(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(method=CaptureMethod.AUTOMATIC))
    with pytest.raises(NotInDoubt):
        await doubts_of(shop).settle(payment_id, Declined("declined", ""), OPERATOR, now=shop.now)
    with pytest.raises(NotInDoubt):
        await doubts_of(shop).ask(payment_id, OPERATOR, now=shop.now)
    assert isinstance(await shop.payment(payment_id), Captured)


async def test_an_operator_settles_an_attempt_whose_customer_has_no_more_time(shop: Shop) -> None:
    payment_id = payment_id_of(await shop.create(token=ACTING))
    found = Approved("ch_found")
    with pytest.raises(NotInDoubt):
        await doubts_of(shop).settle(payment_id, found, OPERATOR, now=shop.now)
    shop.now += timedelta(minutes=30)
    loaded = await doubts_of(shop).settle(payment_id, found, OPERATOR, now=shop.now)
    assert isinstance(loaded.payment, Authorized)


async def test_no_card_number_gets_in_with_an_operators_words(shop: Shop, workers: Workers) -> None:
    payment_id = await in_doubt(shop, workers)
    for found in (Approved("4242424242424242"), Declined("declined", "card 4242 4242 4242 4242")):
        with pytest.raises(CardDataRefused):
            await doubts_of(shop).settle(payment_id, found, OPERATOR, now=shop.now)
