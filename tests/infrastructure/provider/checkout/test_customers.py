"""Payments whose customer is awaited, captures that take their time, and the webhooks that tell how each ended."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from msgspec import Struct
from msgspec.structs import replace

from application.provider.port import ProviderRequest
from application.provider.webhook import Notification
from domain.payment.events import OperationKind
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import ActionRequired, Approved, Declined, Outcome, Redirect, Unknown
from infrastructure.provider.checkout.client import CheckoutProvider
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from tests.infrastructure.provider.contract import authorization, capture, eur
from tests.support.receiver import Receiver, receiving
from tests.support.running import eventually
from tests.support.simulator import running_simulator

SECRET = "of-the-webhook's-workflow"


class Checkout(Struct, frozen=True):
    provider: CheckoutProvider
    receiver: Receiver

    async def resolved(self, request: ProviderRequest) -> Outcome:
        """What a lookup says once it says something final."""
        said: list[Outcome] = []

        async def is_final() -> bool:
            outcome = await self.provider.lookup(request)
            assert outcome is not None
            said.append(outcome)
            return not isinstance(outcome, Unknown | ActionRequired)

        await eventually(is_final, "the operation is final")
        return said[-1]

    async def told(self, request: ProviderRequest, deliveries: int) -> list[tuple[OperationKind, Outcome]]:
        """What the webhooks say of an operation, once there are so many."""
        notifications = CheckoutNotifications(SECRET)

        def of_request() -> list[Notification]:
            read = [notifications.read(delivery.body) for delivery in self.receiver.deliveries]
            return [
                said for said in read if isinstance(said, Notification) and said.operation_id == request.operation_id
            ]

        await self.receiver.until(lambda _: len(of_request()) == deliveries)
        return [(said.about, said.outcome) for said in of_request()]


@pytest.fixture(scope="module")
async def checkout(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Checkout]:
    async with receiving() as receiver:
        options = {
            "TALLYSTICK_SIMULATOR_DIALECT": "checkout",
            "TALLYSTICK_SIMULATOR_WEBHOOK_URL": receiver.url,
            "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": SECRET,
            "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": "0.2",
        }
        with running_simulator(tmp_path_factory.mktemp("simulator"), **options) as url:
            async with aclosing(CheckoutProvider(f"{url}/checkout", "sk_1", timeout_s=5.0)) as provider:
                yield Checkout(provider, receiver)


AUTHORIZE, CAPTURE = OperationKind.AUTHORIZE, OperationKind.CAPTURE


@pytest.mark.parametrize(
    ("method", "token"), [(MethodType.CARD, "tok_3ds_approves"), (MethodType.WALLET, "wallet_approves")]
)
async def test_a_customer_who_approves_is_sent_there_and_then_charged(
    checkout: Checkout, method: MethodType, token: str
) -> None:
    request = replace(
        authorization(PaymentMethod(method, token), captured=True), return_url="https://shop.example/back"
    )
    awaited = await checkout.provider.authorize(request)
    assert isinstance(awaited, ActionRequired)
    assert isinstance(awaited.action, Redirect)
    assert await checkout.resolved(request) == Approved(awaited.reference)
    pending, approved, captured = await checkout.told(request, 3)
    assert pending == (AUTHORIZE, Unknown("the payment is pending"))
    assert approved == (AUTHORIZE, Approved(awaited.reference))
    assert (captured[0], type(captured[1])) == (CAPTURE, Approved)


async def test_a_customer_who_fails_the_challenge_is_not_charged(checkout: Checkout) -> None:
    request = authorization(PaymentMethod(MethodType.CARD, "tok_3ds_declines"))
    assert isinstance(await checkout.provider.authorize(request), ActionRequired)
    declined = Declined("authentication_failed", "Cardholder failed 3DS authentication")
    assert await checkout.resolved(request) == declined
    assert (await checkout.told(request, 2))[-1] == (AUTHORIZE, declined)


async def test_a_capture_that_takes_its_time_is_unknown_meanwhile(checkout: Checkout) -> None:
    charge = await checkout.provider.authorize(authorization(PaymentMethod(MethodType.CARD, "tok_pending_capture")))
    assert isinstance(charge, Approved)
    request = capture(charge.reference, eur(60))
    assert isinstance(await checkout.provider.capture(request), Unknown)
    outcome = await checkout.resolved(request)
    assert isinstance(outcome, Approved)
    assert await checkout.told(request, 1) == [(CAPTURE, outcome)]


async def test_a_decline_is_told_too(checkout: Checkout) -> None:
    request = authorization(PaymentMethod(MethodType.CARD, "tok_insufficient_funds"))
    declined = await checkout.provider.authorize(request)
    assert isinstance(declined, Declined)
    assert await checkout.told(request, 1) == [(AUTHORIZE, declined)]
