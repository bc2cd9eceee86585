"""A worker that dies after the effect and before the delivery is written down: the next one finds it done."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from application.dead_letter.commands import DeadLetters, NothingToRetryWith
from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Notices, Result
from application.payment.loaded import LoadedPayment
from application.webhook_in.inbox import Delivery, Finished, NewDelivery
from application.webhook_in.processor import Deliveries
from application.write.store import StoreUnavailable
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import letter_id_for
from domain.event import name_of
from domain.history import Cause
from domain.identifiers import PLATFORM, DeadLetterId, MerchantId, OperationId, PaymentId
from domain.payment.notice import Notice
from domain.payment.reading import Reading
from infrastructure.postgres.event_store.correlation import ViewCorrelation
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from infrastructure.postgres.inbox.inbox import PostgresInbox
from interfaces import ids
from interfaces.composition import SIMULATOR, Core, utc_now
from interfaces.runtime.settings import Settings
from projections.provider.operations import PROVIDER_OPERATIONS
from tests.support.charges import charge
from tests.support.notary import News, NotaryNotifications
from tests.support.store import CAUSE, advanced, assert_appended, everything, execute, open_views

LAST_TRY = "UPDATE webhook_delivery SET tries = 7"
END_LEASES = "UPDATE webhook_delivery SET next_try_at = now() WHERE state = 'waiting'"


class DyingInbox(PostgresInbox):
    """Of a worker that is gone before it writes anything down."""

    async def finish(self, finished: Sequence[Finished]) -> set[UUID]:
        raise StoreUnavailable("the worker is dead")


class LateInbox(PostgresInbox):
    """Of a worker that was about to give a delivery up, and stood still until another one had settled it."""

    def __init__(self, core: Core, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(core.pool)
        self._meanwhile = meanwhile

    async def hold(self, delivery: Delivery, *, giving_up: bool = False) -> Delivery | None:
        held = await super().hold(delivery, giving_up=giving_up)
        if giving_up:
            await self._meanwhile()
        return held


@pytest.fixture
async def core(database_url: str) -> AsyncIterator[Core]:
    async with Core(Settings(database_url=database_url, nats_url="nats://127.0.0.1:1")) as opened:
        yield opened


class AwayNotices(Notices):
    """Of a worker whose store goes away just then."""

    async def act(self, loaded: LoadedPayment, notice: Notice, reading: Reading, cause: Cause) -> Result:
        raise StoreUnavailable("the store is away")


def worker(core: Core, inbox: PostgresInbox, notices: Notices | None = None) -> Deliveries:
    return Deliveries(
        inbox=inbox,
        correlation=ViewCorrelation(core.pool),
        store=core.store,
        notices=notices
        or Notices(
            store=core.store,
            operations=core.payment.operations,
            adoptions=core.payment.adoptions,
            correlation=core.payment.correlation,
            now=utc_now,
        ),
        disputes=DisputeNotices(core.dispute.commands.money),
        dead_letters=core.dead_letter.commands,
        notifications={SIMULATOR: NotaryNotifications()},
    )


async def payment_waiting_for(core: Core, attempt_id: OperationId, reference: str) -> PaymentId:
    payment_id = PaymentId(ids.new_uuid())
    appended = await core.store.append(
        charge(payment_id, attempt_id, reference, MerchantId("mer_acme"), is_waiting=True)
    )
    assert_appended(appended)
    async with open_views(core.settings.database_url) as views:
        await advanced(views, PROVIDER_OPERATIONS, await everything(core.store))
    return payment_id


async def deliver(core: Core, news: News) -> UUID:
    body = msgspec.json.encode(news)
    writer = DeliveryWriter(core.settings.database_url)
    writer.start()
    delivery = NewDelivery(
        id=ids.new_uuid(),
        provider=SIMULATOR,
        received_at=datetime.now(UTC),
        headers={},
        body=body,
        body_sha256=hashlib.sha256(body).digest(),
    )
    await writer.add(delivery)
    await writer.aclose()
    return delivery.id


async def work_and_die(core: Core) -> None:
    dying = worker(core, DyingInbox(core.pool))
    with suppress(StoreUnavailable):
        assert await dying.step()
        await dying.settle()
    execute(core.settings.database_url, END_LEASES)


async def work(core: Core) -> None:
    living = worker(core, core.webhook_in.inbox)
    while await living.step():
        await living.settle()


async def names(core: Core, stream_id: UUID) -> list[str]:
    return [name_of(positioned.event.data) for positioned in await core.store.history(stream_id)]


async def test_what_the_store_did_not_answer_about_is_tried_again_soon_and_not_only_once_its_lease_is_over(
    core: Core, database_url: str
) -> None:
    attempt_id = OperationId(uuid4())
    await payment_waiting_for(core, attempt_id, "ch_0")
    await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_0"))
    unlucky = worker(
        core,
        core.webhook_in.inbox,
        AwayNotices(
            store=core.store,
            operations=core.payment.operations,
            adoptions=core.payment.adoptions,
            correlation=core.payment.correlation,
            now=utc_now,
        ),
    )
    await unlucky.step()
    await unlucky.settle()
    query = "SELECT state, tries, next_try_at < now() + interval '5 s' FROM webhook_delivery"
    assert execute(database_url, query) == [("waiting", 0, True)]


async def test_an_outcome_is_recorded_once(core: Core, database_url: str) -> None:
    attempt_id = OperationId(uuid4())
    payment_id = await payment_waiting_for(core, attempt_id, "ch_1")
    await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_1"))
    await work_and_die(core)
    assert "payment.captured.v2" in await names(core, payment_id)
    before = await names(core, payment_id)
    await work(core)
    assert await names(core, payment_id) == before
    query = "SELECT state, result, event_id, payment_id FROM webhook_delivery"
    assert execute(database_url, query) == [("done", "nothing new: the outcome is known already", "evt_1", payment_id)]


async def test_a_dead_letter_is_written_once(core: Core, database_url: str) -> None:
    attempt_id = OperationId(uuid4())
    payment_id = await payment_waiting_for(core, attempt_id, "ch_2")
    await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_2"))
    await work(core)
    opposite = await deliver(core, News(id="evt_2", about="authorize", operation_id=attempt_id, approved=False))
    await work_and_die(core)
    await work(core)
    assert (await names(core, payment_id)).count("payment.contradiction_reported.v1") == 1
    letter_id = letter_id_for(DeadLetterKind.WEBHOOK, str(opposite))
    assert await names(core, letter_id) == ["dead_letter.recorded.v1"]
    [recorded] = await core.store.history(letter_id)
    assert (recorded.event.merchant_id, recorded.event.actor) == ("mer_acme", "psp:simulator")
    query = "SELECT state FROM webhook_delivery WHERE delivery_id = %s"
    assert execute(database_url, query, opposite) == [("dead",)]


async def test_who_dies_between_the_letter_and_the_row_leaves_no_letter_open_once_the_delivery_is_settled(
    core: Core, database_url: str
) -> None:
    attempt_id = OperationId(uuid4())
    told = await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_3"))
    execute(database_url, LAST_TRY)
    await work_and_die(core)
    letter_id = letter_id_for(DeadLetterKind.WEBHOOK, str(told))
    assert await names(core, letter_id) == ["dead_letter.recorded.v1"]
    await payment_waiting_for(core, attempt_id, "ch_3")
    await work(core)
    assert await names(core, letter_id) == ["dead_letter.recorded.v1", "dead_letter.resolved.v1"]
    assert execute(database_url, "SELECT state FROM webhook_delivery") == [("done",)]


async def test_a_letter_that_comes_after_another_worker_settled_the_delivery_does_not_stay_open(
    core: Core, database_url: str
) -> None:
    attempt_id = OperationId(uuid4())
    told = await deliver(core, News(id="evt_1", about="capture", operation_id=attempt_id, reference="ch_4"))
    execute(database_url, LAST_TRY)
    letter_id = letter_id_for(DeadLetterKind.WEBHOOK, str(told))

    async def settle_it() -> None:
        execute(database_url, END_LEASES)
        await payment_waiting_for(core, attempt_id, "ch_4")
        await work(core)
        assert execute(database_url, "SELECT state FROM webhook_delivery") == [("done",)]
        assert await names(core, letter_id) == []

    late = worker(core, LateInbox(core, settle_it))
    await late.step()
    await late.settle()
    await work(core)
    assert await names(core, letter_id) == ["dead_letter.recorded.v1", "dead_letter.resolved.v1"]
    assert execute(database_url, "SELECT state FROM webhook_delivery") == [("done",)]


async def test_what_this_process_cannot_do_again_is_not_said_to_be_retried(core: Core) -> None:
    letters = DeadLetters(store=core.store, retriers={}, now=utc_now)
    await letters.record(
        kind=DeadLetterKind.TIMER,
        subject="timer-1",
        merchant_id=PLATFORM,
        payment_id=None,
        provider=None,
        reason="it failed",
        cause=CAUSE,
    )
    letter_id: DeadLetterId = letter_id_for(DeadLetterKind.TIMER, "timer-1")
    with pytest.raises(NothingToRetryWith):
        await letters.retry(letter_id, CAUSE)
    assert await names(core, letter_id) == ["dead_letter.recorded.v1"]
