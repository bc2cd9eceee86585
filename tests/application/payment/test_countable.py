"""An amount that a provider cannot count goes to one that can; a part of a charge that it cannot count is refused
before anything is durable."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from domain.errors import DomainError
from domain.identifiers import CustomerId, PaymentId, ProviderName
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod, PaymentRouted
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.state import Captured, PartiallyCaptured
from domain.routing.capabilities import Capabilities
from domain.routing.route import Situation
from infrastructure.provider.stripe.translate import CAPABILITIES as AS_AT_STRIPE
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.support.domain import MERCHANT
from tests.support.provider import ScriptedProvider
from tests.support.routing import InOrder
from tests.support.store import open_store

COARSE, FINE = ProviderName("coarse"), ProviderName("fine")
PAYABLE = Money(18_600, "KWD")


class CoarseProvider(ScriptedProvider):
    @property
    def capabilities(self) -> Capabilities:
        return AS_AT_STRIPE


@dataclass
class AsCapable:
    """The routing of a shop, by what its providers say they can do."""

    routing: InOrder
    providers: dict[ProviderName, ScriptedProvider]

    def situation(self) -> Situation:
        able = {name: provider.capabilities for name, provider in self.providers.items()}
        return replace(self.routing.situation(), capabilities=able)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_store(database_url) as store:
        opened = Shop(store, COARSE, FINE)
        opened.providers[COARSE] = CoarseProvider()
        capable = AsCapable(opened.routing, opened.providers)
        opened.payments._routing = opened.operations._outcomes._routing = capable
        opened.operations.calls._providers = opened.providers
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


async def paid(shop: Shop, amount: Money, method: CaptureMethod = CaptureMethod.AUTOMATIC) -> PaymentId:
    command = CreatePayment(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=amount,
        method=PaymentMethod(MethodType.CARD, "tok_visa"),
        capture_method=method,
    )
    return payment_id_of(await shop.payments.create(command, a_caller(), confirmed=True))


async def test_the_next_provider_is_asked_for_what_the_first_cannot_count(shop: Shop) -> None:
    payment_id = await paid(shop, Money(18_605, "KWD"))
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured)
    assert payment.authorization.provider == FINE
    [routed] = [
        each.event.data for each in await shop.store.history(payment_id) if isinstance(each.event.data, PaymentRouted)
    ]
    assert {candidate.provider: candidate.out for candidate in routed.candidates} == {
        COARSE: "cannot count 18.605 KWD",
        FINE: None,
    }


async def test_what_the_first_can_count_goes_there(shop: Shop) -> None:
    payment = await shop.payment(await paid(shop, PAYABLE))
    assert isinstance(payment, Captured)
    assert payment.authorization.provider == COARSE


async def test_a_part_that_cannot_be_counted_is_refused_and_leaves_nothing(shop: Shop) -> None:
    payment_id = await paid(shop, PAYABLE, CaptureMethod.MANUAL)
    before = await shop.events(payment_id)
    with pytest.raises(DomainError) as refusal:
        await shop.payments.capture(payment_id, a_caller("once"), amount_minor=9_305, final=False)
    assert type(refusal.value).__name__ == "AmountNotCountable"
    assert await shop.events(payment_id) == before
    await shop.payments.capture(payment_id, a_caller("once"), amount_minor=9_300, final=True)
    taken = await shop.events(payment_id)
    with pytest.raises(DomainError) as refusal:
        await shop.payments.refund(payment_id, a_caller(), amount_minor=5, reason="")
    assert type(refusal.value).__name__ == "AmountNotCountable"
    assert await shop.events(payment_id) == taken
    await shop.payments.refund(payment_id, a_caller(), amount_minor=None, reason="")
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured | PartiallyCaptured)
    assert payment.taken.refundable.minor == 0
    await shop.assert_books_hold()
