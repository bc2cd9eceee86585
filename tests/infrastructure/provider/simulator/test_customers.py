"""Methods that wait for their customer, through the connector and the real process: asked, looked up, and told."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from application.provider.port import AuthorizeRequest
from application.provider.webhook import Notification
from domain.payment.events import OperationKind
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import ActionRequired, Approved, Collect, Declined, Redirect, Transfer, Unknown
from infrastructure.provider.simulator.client import SimulatorProvider
from infrastructure.provider.simulator.notifications import SimulatorNotifications
from tests.infrastructure.provider.contract import authorization, capture, eur, void_of
from tests.support.receiver import Delivery, Receiver, receiving
from tests.support.simulator import running_simulator

SECRET = "whsec_of_a_test"
NOTIFICATIONS = SimulatorNotifications(SECRET)


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def provider(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatorProvider]:
    environment = {
        "TALLYSTICK_SIMULATOR_WEBHOOK_URL": receiver.url,
        "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": SECRET,
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": "0.1",
    }
    with running_simulator(tmp_path_factory.mktemp("simulator"), **environment) as url:
        async with aclosing(SimulatorProvider(url)) as provider:
            yield provider


def read(delivery: Delivery) -> Notification:
    """As the core reads it, its signature checked."""
    NOTIFICATIONS.verify(delivery.headers, delivery.body, datetime.now(UTC))
    notification = NOTIFICATIONS.read(delivery.body)
    assert isinstance(notification, Notification)
    return notification


async def told_of(receiver: Receiver, request: AuthorizeRequest, count: int) -> list[Notification]:
    """The first `count` notifications of the operation."""

    def of_it(deliveries: list[Delivery]) -> list[Notification]:
        return [told for told in map(read, deliveries) if told.operation_id == request.operation_id]

    return of_it(await receiver.until(lambda deliveries: len(of_it(deliveries)) >= count))


@pytest.mark.parametrize(
    ("kind", "token", "action"),
    [
        (MethodType.CARD, "tok_3ds", Redirect),
        (MethodType.WALLET, "wallet_waits", Redirect),
        (MethodType.UPI_COLLECT, "upi_waits", Collect),
        (MethodType.BANK_TRANSFER, "bank_waits", Transfer),
    ],
)
async def test_each_method_requires_its_action(
    provider: SimulatorProvider, kind: MethodType, token: str, action: type
) -> None:
    request = authorization(PaymentMethod(kind, token))
    outcome = await provider.authorize(request)
    assert isinstance(outcome, ActionRequired)
    assert isinstance(outcome.action, action)
    assert await provider.lookup(request) == outcome
    assert await provider.authorize(request) == outcome
    assert isinstance(await provider.void(void_of(outcome.reference)), Approved)
    assert isinstance(await provider.lookup(request), Declined)


async def test_an_approval_is_told_as_the_authorisation_and_then_as_the_capture(
    provider: SimulatorProvider, receiver: Receiver
) -> None:
    request = authorization(PaymentMethod(MethodType.WALLET, "wallet_approves"), captured=True)
    asked = await provider.authorize(request)
    assert isinstance(asked, ActionRequired)
    approved = Approved(asked.reference)
    assert [(told.about, told.outcome) for told in await told_of(receiver, request, 3)] == [
        (OperationKind.AUTHORIZE, asked),
        (OperationKind.AUTHORIZE, approved),
        (OperationKind.CAPTURE, approved),
    ]
    assert await provider.lookup(request) == approved


async def test_a_failed_challenge_is_told_with_its_reason(provider: SimulatorProvider, receiver: Receiver) -> None:
    request = authorization(PaymentMethod(MethodType.CARD, "tok_3ds_declines"))
    await provider.authorize(request)
    _, told = await told_of(receiver, request, 2)
    assert isinstance(told.outcome, Declined)
    assert told.outcome.code == "authentication_failed"
    assert await provider.lookup(request) == told.outcome


async def test_an_accepted_capture_is_unknown_until_it_is_told(provider: SimulatorProvider, receiver: Receiver) -> None:
    charge = await provider.authorize(authorization(PaymentMethod(MethodType.CARD, "tok_pending_capture")))
    assert isinstance(charge, Approved)
    request = capture(charge.reference, eur(40))
    assert isinstance(await provider.capture(request), Unknown)
    deliveries = await receiver.until(
        lambda deliveries: any(read(told).operation_id == request.operation_id for told in deliveries)
    )
    (told,) = [told for told in map(read, deliveries) if told.operation_id == request.operation_id]
    assert (told.about, told.reference) == (OperationKind.CAPTURE, charge.reference)
    assert await provider.lookup(request) == told.outcome
