"""What a provider did without us: told by its notifications, and by an operator where they do not say enough."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from application.dispute.apply_notification import DisputeNotices
from application.payment.apply_notification import Notices
from application.payment.loaded import loaded_from
from application.webhook_in.inbox import NewDelivery
from application.webhook_in.operator_records import OperatorRecords
from application.webhook_in.processor import Deliveries
from domain.dead_letter.events import DeadLetterKind
from domain.dead_letter.state import letter_id_for
from domain.event import name_of
from domain.history import Cause
from domain.identifiers import MerchantId, OperationId, PaymentId
from domain.ledger.accounts import available, owed
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money
from domain.payment.adopt import OperationDiffers
from domain.payment.events import OperationAdopted, OperationKind, PaymentRefunded
from domain.payment.state import Payment, captured_funds_of
from domain.payment.status import Status, status_of
from infrastructure.postgres.inbox.delivery_writer import DeliveryWriter
from interfaces import ids
from interfaces.composition import SIMULATOR, Core, utc_now
from interfaces.runtime.settings import Settings
from projections.provider.operations import PROVIDER_OPERATIONS
from tests.support.charges import AMOUNT, charge
from tests.support.notary import News, NotaryNotifications
from tests.support.store import advanced, assert_appended, everything, execute, open_views

ANNA = Cause(actor="operator:anna@cli", request_id="req_1", trace_id="0" * 32)
TEN = Money(1_000, "EUR")
FOUR = Money(400, "EUR")
LAST_TRY = "UPDATE webhook_delivery SET tries = 7 WHERE state = 'waiting'"
RESULTS = "SELECT state, result FROM webhook_delivery ORDER BY delivery_id"


@pytest.fixture
async def core(database_url: str) -> AsyncIterator[Core]:
    async with Core(Settings(database_url=database_url, nats_url="nats://127.0.0.1:1")) as opened:
        yield opened


async def captured_at(core: Core, reference: str) -> PaymentId:
    """A payment of 10.00 EUR that was captured at once, as the charge `reference`."""
    payment_id = PaymentId(ids.new_uuid())
    merchant = MerchantId(f"mer_{payment_id.hex}")
    assert_appended(
        await core.store.append(charge(payment_id, OperationId(uuid4()), reference, merchant, is_waiting=False))
    )
    await follow(core)
    return payment_id


async def follow(core: Core) -> None:
    """What the projector does."""
    async with open_views(core.settings.database_url) as views:
        await advanced(views, PROVIDER_OPERATIONS, await everything(core.store))


def worker(core: Core) -> Deliveries:
    return Deliveries(
        inbox=core.webhook_in.inbox,
        correlation=core.payment.correlation,
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
        notifications={SIMULATOR: NotaryNotifications()},
    )


def records(core: Core) -> OperatorRecords:
    return OperatorRecords(
        store=core.store,
        adoptions=core.payment.adoptions,
        deliveries=core.webhook_in.archive,
        notifications={SIMULATOR: NotaryNotifications()},
        dead_letters=core.dead_letter.commands,
    )


async def told(core: Core, about: str, *, last: bool = True, **said: Any) -> UUID:
    """News that came, and was worked off; `last` where it was the last time that it was tried."""
    body = msgspec.json.encode(News(id=uuid4().hex, about=about, **said))
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
    if last:
        execute(core.settings.database_url, LAST_TRY)
    await work(core)
    return delivery.id


async def work(core: Core) -> None:
    living = worker(core)
    while await living.step():
        await living.settle()
    await follow(core)


async def payment(core: Core, payment_id: PaymentId) -> Payment:
    return loaded_from(payment_id, await core.store.history(payment_id)).payment


async def names(core: Core, stream_id: UUID) -> list[str]:
    return [name_of(each.event.data) for each in await core.store.history(stream_id)]


async def balance(core: Core, account: str) -> int:
    entries = [each.event.data for each in await everything(core.store)]
    folded = fold_balances(each for each in entries if isinstance(each, JournalEntryPosted))
    return folded.get(BalanceKey(account, "EUR"), 0)  # type: ignore[arg-type]


def came_of(core: Core) -> list[tuple[str, str]]:
    return [(state, result) for state, result in execute(core.settings.database_url, RESULTS)]


async def test_a_refund_made_at_the_provider_is_on_record_once_in_the_providers_name(core: Core) -> None:
    payment_id = await captured_at(core, "ch_1")
    for _ in range(2):
        await told(core, "refund", reference="ch_1", own_reference="re_1", amount=FOUR)
    history = await core.store.history(payment_id)
    adopted, refunded = history[-2:]
    assert isinstance(adopted.event.data, OperationAdopted)
    assert isinstance(refunded.event.data, PaymentRefunded)
    assert {each.event.actor for each in (adopted, refunded)} == {"psp:simulator"}
    assert (adopted.event.data.reference, refunded.event.data.reference) == ("re_1", "re_1")
    assert status_of(await payment(core, payment_id)) is Status.PARTIALLY_REFUNDED
    taken = captured_funds_of(await payment(core, payment_id))
    assert taken is not None
    assert taken.refundable == TEN - FOUR, "we would give that money back a second time"
    assert [state for state, _ in came_of(core)] == ["done", "done"]
    assert (await names(core, payment_id)).count("payment.refunded.v3") == 1


async def test_the_same_name_with_another_amount_or_of_another_payment_is_told_to_an_operator(core: Core) -> None:
    payment_id, other = await captured_at(core, "ch_1"), await captured_at(core, "ch_2")
    await told(core, "refund", reference="ch_1", own_reference="re_1", amount=FOUR)
    await told(core, "refund", reference="ch_1", own_reference="re_1", amount=TEN)
    await told(core, "refund", reference="ch_2", own_reference="re_1", amount=FOUR)
    assert [state for state, _ in came_of(core)] == ["done", "dead", "dead"]
    assert "4.00 EUR for us, and the provider says 10.00 EUR" in came_of(core)[1][1]
    assert "OperationDiffers" in came_of(core)[2][1]
    assert (await names(core, payment_id)).count("payment.refunded.v3") == 1
    assert "payment.refunded.v3" not in await names(core, other)


async def test_what_the_merchant_does_not_have_it_owes_and_gets_back_when_the_refund_fails(core: Core) -> None:
    payment_id = await captured_at(core, "ch_1")
    merchant = loaded_from(payment_id, await core.store.history(payment_id)).merchant_id
    await told(core, "refund", reference="ch_1", own_reference="re_1", amount=Money(1_500, "EUR"))
    owes = await balance(core, owed(merchant))
    assert owes > 0
    await told(core, "refund", approved=False, reference="ch_1", own_reference="re_1", amount=Money(1_500, "EUR"))
    assert (await names(core, payment_id))[-1] == "payment.refund_reversed.v1"
    assert await balance(core, owed(merchant)) == 0
    assert await balance(core, available(merchant)) == 0
    assert status_of(await payment(core, payment_id)) is Status.CAPTURED


async def test_a_refund_that_fails_before_it_is_told_to_have_succeeded_is_never_booked(core: Core) -> None:
    payment_id = await captured_at(core, "ch_1")
    await told(core, "refund", approved=False, reference="ch_1", own_reference="re_1", amount=FOUR)
    await told(core, "refund", reference="ch_1", own_reference="re_1", amount=FOUR)
    assert [state for state, _ in came_of(core)] == ["done", "dead"]
    assert "payment.refunded.v3" not in await names(core, payment_id)
    assert (await names(core, payment_id))[-1] == "payment.contradiction_reported.v1"


async def test_an_operator_records_what_the_notification_does_not_say_and_its_letter_ends(core: Core) -> None:
    payment_id = await captured_at(core, "ch_1")
    unclear = await told(core, "refund", reference="ch_1", amount=FOUR)
    letter_id = letter_id_for(DeadLetterKind.WEBHOOK, str(unclear))
    assert await names(core, letter_id) == ["dead_letter.recorded.v1"]
    for _ in range(2):
        await records(core).made_at_provider(
            payment_id, OperationKind.REFUND, reference="re_1", amount_minor=400, reason="seen in its list", cause=ANNA
        )
    await work(core)
    assert await names(core, letter_id) == [
        "dead_letter.recorded.v1",
        "dead_letter.retried.v1",
        "dead_letter.resolved.v1",
    ]
    adopted = (await core.store.history(payment_id))[-2].event
    assert isinstance(adopted.data, OperationAdopted)
    assert (adopted.actor, adopted.data.reason) == ("operator:anna@cli", "seen in its list")
    with pytest.raises(OperationDiffers):
        await records(core).made_at_provider(
            payment_id, OperationKind.REFUND, reference="re_1", amount_minor=500, reason="a slip", cause=ANNA
        )


async def test_a_failure_that_names_no_refund_is_settled_by_an_operator(core: Core) -> None:
    """As APS tells it, which may also be of a repeat."""
    payment_id = await captured_at(core, "ch_1")
    await told(core, "refund", reference="ch_1", own_reference="re_1", amount=FOUR)
    [refund] = [each for each in await core.store.history(payment_id) if isinstance(each.event.data, PaymentRefunded)]
    assert isinstance(refund.event.data, PaymentRefunded)
    failed = await told(core, "refund", approved=False, operation_id=refund.event.data.refund_id, reference="ch_1")
    assert came_of(core)[-1][0] == "dead"
    await records(core).refund_failed_later(
        payment_id, reference="re_1", amount_minor=400, reason="the account was closed", cause=ANNA
    )
    await work(core)
    assert (await names(core, payment_id))[-1] == "payment.refund_reversed.v1"
    assert (await names(core, letter_id_for(DeadLetterKind.WEBHOOK, str(failed))))[-1] == "dead_letter.resolved.v1"


async def test_two_that_are_told_at_the_same_time_are_one(core: Core) -> None:
    payment_id = await captured_at(core, "ch_1")
    await asyncio.gather(
        *(
            records(core).made_at_provider(
                payment_id, OperationKind.REFUND, reference="re_1", amount_minor=400, reason="seen", cause=ANNA
            )
            for _ in range(4)
        )
    )
    assert (await names(core, payment_id)).count("payment.refunded.v3") == 1
    assert AMOUNT == TEN
