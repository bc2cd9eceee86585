"""A provider that takes its time: its deliveries are worked on once each, and nobody else's wait for them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Notices
from application.payment.loaded import load
from application.webhook_in import processor as delivery_module
from application.webhook_in.inbox import NewDelivery
from application.webhook_in.processor import ACTING_MAX, BATCH_DELIVERIES_MAX, Deliveries
from application.work.lanes import BEGUN_MAX
from application.write.store import Append, Claim, Verb
from domain.identifiers import MerchantId, OperationId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.events import RefundStarted
from infrastructure.postgres.event_store.correlation import ViewCorrelation
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from infrastructure.postgres.inbox.inbox import PostgresInbox
from interfaces import ids
from interfaces.composition import SIMULATOR, Core, utc_now
from interfaces.runtime.settings import Settings
from projections.provider.operations import PROVIDER_OPERATIONS
from tests.support.charges import charge
from tests.support.domain import debited
from tests.support.notary import News, NotaryNotifications
from tests.support.store import CAUSE, advanced, assert_appended, everything, execute, open_views, until

OTHER = ProviderName("northbank")


class SlowProvider:
    """Takes requests, and fails all of them once it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await self.answers.wait()
            writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.answers.set()


@pytest.fixture
async def provider() -> SlowProvider:
    return SlowProvider()


@pytest.fixture
async def core(database_url: str, provider: SlowProvider) -> AsyncIterator[Core]:
    async with provider.listening() as url:
        settings = Settings(
            database_url=database_url, nats_url="nats://127.0.0.1:1", simulator_url=url, provider_timeout_s=60.0
        )
        async with Core(settings) as opened:
            yield opened


@asynccontextmanager
async def working(core: Core, inbox: PostgresInbox) -> AsyncIterator[Deliveries]:
    deliveries = Deliveries(
        inbox=inbox,
        correlation=ViewCorrelation(core.pool),
        store=core.store,
        notices=Notices(
            store=core.store,
            operations=core.payment.operations,
            adoptions=core.payment.adoptions,
            correlation=core.payment.correlation,
            now=utc_now,
        ),
        disputes=DisputeNotices(core.dispute.commands.money),
        dead_letters=core.dead_letter.commands,
        notifications={SIMULATOR: NotaryNotifications(), OTHER: NotaryNotifications()},
    )
    yield deliveries
    await deliveries.settle()


async def being_refunded(core: Core) -> str:
    """A payment whose refund nobody has heard of; its charge, as the provider calls it."""
    payment_id, refund_id, merchant_id = PaymentId(ids.new_uuid()), OperationId(uuid4()), MerchantId("mer_acme")
    charged = charge(payment_id, OperationId(uuid4()), "ch_slow", merchant_id, is_waiting=False)
    assert_appended(await core.store.append(charged))
    loaded = await load(core.store, payment_id)
    amount = Money(100, "EUR")
    started = RefundStarted(
        merchant_id=merchant_id, refund_id=refund_id, amount=amount, reason="", debit=debited(amount)
    )
    claim = Claim(
        operation_id=refund_id,
        merchant_id=merchant_id,
        subject_id=payment_id,
        verb=Verb.REFUND,
        key=None,
        fingerprint=b"",
        unresolved=True,
    )
    refunding = Append(events=loaded.record([started], cause=CAUSE, now=utc_now()), claim=claim)
    assert_appended(await core.store.append(refunding))
    async with open_views(core.settings.database_url) as views:
        await advanced(views, PROVIDER_OPERATIONS, await everything(core.store))
    return "ch_slow"


async def keep(core: Core, *bodies: bytes, provider: ProviderName = SIMULATOR) -> list[UUID]:
    writer = DeliveryWriter(core.settings.database_url)
    writer.start()
    kept = [
        NewDelivery(
            id=ids.new_uuid(),
            provider=provider,
            received_at=datetime.now(UTC),
            headers={},
            body=body,
            body_sha256=hashlib.sha256(body).digest(),
        )
        for body in bodies
    ]
    await asyncio.gather(*map(writer.add, kept))
    await writer.aclose()
    return [each.id for each in kept]


def has_it_asked(reference: str, number: int = 0) -> bytes:
    """A notice that does not say enough: the provider has to be asked."""
    return msgspec.json.encode(News(id=f"evt_{number}", about="refund", reference=reference))


async def test_what_takes_longer_than_its_lease_is_not_begun_again_by_who_has_it_in_hand(
    core: Core, provider: SlowProvider
) -> None:
    [kept] = await keep(core, has_it_asked(await being_refunded(core)))
    async with working(core, PostgresInbox(core.pool, lease_s=0.01)) as deliveries:
        assert await deliveries.step()

        async def is_asked() -> bool:
            return provider.asked == 1

        await until(is_asked, "the provider is asked")
        query = "SELECT next_try_at < now() FROM webhook_delivery"

        async def is_due() -> bool:
            return execute(core.settings.database_url, query) == [(True,)]

        await until(is_due, "the lease is over")
        assert not await deliveries.step()
        provider.answers.set()
    query = "SELECT delivery_id, state, tries FROM webhook_delivery"
    assert execute(core.settings.database_url, query) == [(kept, "waiting", 1)]
    assert provider.asked == 1


async def test_a_slow_provider_holds_nobody_elses_deliveries_up(core: Core, provider: SlowProvider) -> None:
    reference = await being_refunded(core)
    many = BEGUN_MAX + BATCH_DELIVERIES_MAX + 1
    await keep(core, *(has_it_asked(reference, number) for number in range(many)))
    [other] = await keep(core, b"unreadable", provider=OTHER)
    async with working(core, core.webhook_in.inbox) as deliveries:

        async def is_dead() -> bool:
            await deliveries.step()
            query = "SELECT state FROM webhook_delivery WHERE delivery_id = %s"
            return execute(core.settings.database_url, query, other) == [("dead",)]

        await until(is_dead, "the other provider's delivery is dead")
        assert provider.asked <= ACTING_MAX
        provider.answers.set()


async def test_what_another_worker_took_while_it_waited_its_turn_is_left_to_that_one(
    core: Core, provider: SlowProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "RENEW_AFTER_S", 0.0)
    reference = await being_refunded(core)
    await keep(core, *(has_it_asked(reference, number) for number in range(ACTING_MAX + 5)))
    async with working(core, core.webhook_in.inbox) as deliveries:
        await deliveries.step()

        async def are_asked() -> bool:
            return provider.asked == ACTING_MAX

        await until(are_asked, "the provider is asked as often as it is at a time")
        execute(core.settings.database_url, "UPDATE webhook_delivery SET next_try_at = now() + interval '1 hour'")
        provider.answers.set()
    assert provider.asked == ACTING_MAX


async def test_a_lease_outlasts_the_slowest_provider(core: Core) -> None:
    await keep(core, b"{}")
    [claimed] = await core.webhook_in.inbox.claim(1)
    assert claimed.leased_until - utc_now() > timedelta(seconds=2 * 60.0)
