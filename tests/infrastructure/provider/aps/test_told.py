"""What APS's dialect tells by itself, and through everything that goes wrong: the connector ends up with the books."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest
from application.provider.webhook import Notification, Unhandled
from domain.payment.events import OperationKind
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import ActionRequired, Approved, Declined, Redirect, Rejected, Unknown
from infrastructure.provider.aps.client import ApsProvider
from infrastructure.provider.aps.notifications import ApsNotifications
from tests.infrastructure.provider.aps.test_contract import CREDENTIALS
from tests.infrastructure.provider.contract import authorization, capture, eur, void_of
from tests.infrastructure.provider.faults import PAYMENTS, everything_goes_wrong, resolved
from tests.infrastructure.simulator.api import Api
from tests.support.receiver import Delivery, Receiver, receiving
from tests.support.simulator import DEADLINE_S, running_simulator

NOTIFICATIONS = ApsNotifications(CREDENTIALS.sha_response_phrase)


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
async def provider(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApsProvider]:
    environment = {
        "TALLYSTICK_SIMULATOR_DIALECT": "aps",
        "TALLYSTICK_SIMULATOR_WEBHOOK_URL": receiver.url,
        "TALLYSTICK_SIMULATOR_WEBHOOK_SECRET": CREDENTIALS.sha_response_phrase,
        "TALLYSTICK_SIMULATOR_CUSTOMER_ACTS_AFTER_S": "0.1",
        "TALLYSTICK_SIMULATOR_SLOW_S": "0.1",
    }
    with running_simulator(tmp_path_factory.mktemp("simulator"), **environment) as url:
        async with aclosing(ApsProvider(f"{url}/aps", CREDENTIALS)) as provider:
            yield provider


async def told(receiver: Receiver, request: ProviderRequest) -> Notification:
    """The first notification of the operation that decides it, its signature checked."""

    def read(deliveries: list[Delivery]) -> list[Notification]:
        for delivery in deliveries:
            NOTIFICATIONS.verify(delivery.headers, delivery.body, datetime.now(UTC))
        every = [NOTIFICATIONS.read(delivery.body) for delivery in deliveries]
        return [one for one in every if not isinstance(one, Unhandled) and one.operation_id == request.operation_id]

    return read(await receiver.until(lambda deliveries: bool(read(deliveries))))[0]


def card(token: str, *, captured: bool = False) -> AuthorizeRequest:
    return authorization(PaymentMethod(MethodType.CARD, token), captured=captured)


@pytest.mark.parametrize(("captured", "about"), [(False, OperationKind.AUTHORIZE), (True, OperationKind.CAPTURE)])
async def test_a_customer_who_passes_the_challenge_is_told_of(
    provider: ApsProvider, receiver: Receiver, captured: bool, about: OperationKind
) -> None:
    request = card("tok_3ds_approves", captured=captured)
    asked = await provider.authorize(request)
    assert isinstance(asked, ActionRequired)
    assert isinstance(asked.action, Redirect)
    notification = await told(receiver, request)
    assert notification.about is about
    assert notification.outcome == Approved(asked.reference) == await provider.lookup(request)
    assert notification.reference == asked.reference


async def test_a_customer_who_fails_the_challenge_is_told_of(provider: ApsProvider, receiver: Receiver) -> None:
    request = card("tok_3ds_declines", captured=True)
    assert isinstance(await provider.authorize(request), ActionRequired)
    notification = await told(receiver, request)
    assert notification.about is OperationKind.AUTHORIZE
    assert notification.outcome == Declined("authentication_failed", "Authentication failed")
    assert await provider.lookup(request) == notification.outcome


async def test_an_order_that_waits_for_its_customer_is_not_decided_and_cannot_be_voided(provider: ApsProvider) -> None:
    request = card("tok_3ds")
    asked = await provider.authorize(request)
    assert isinstance(asked, ActionRequired)
    assert isinstance(await provider.lookup(request), Unknown)
    refused = await provider.void(void_of(asked.reference))
    assert isinstance(refused, Rejected)
    assert refused.code == "09662"


async def test_a_capture_that_takes_its_time_is_unknown_until_it_is_told_of(
    provider: ApsProvider, receiver: Receiver
) -> None:
    authorized = await provider.authorize(card("tok_pending_capture"))
    assert isinstance(authorized, Approved)
    request: CaptureRequest = capture(authorized.reference, eur(40))
    assert isinstance(await provider.capture(request), Unknown)
    notification = await told(receiver, request)
    assert notification.about is OperationKind.CAPTURE
    assert isinstance(notification.outcome, Approved)
    assert notification.reference == authorized.reference


async def test_a_late_answer_is_an_answer(provider: ApsProvider) -> None:
    assert isinstance(await provider.authorize(card("tok_slow")), Approved)


async def test_through_all_faults_at_once_the_outcomes_are_those_of_the_books(tmp_path: Path) -> None:
    requests = [card("tok_visa", captured=True) for _ in range(PAYMENTS)]
    with running_simulator(tmp_path) as url:
        api = Api(url)
        await everything_goes_wrong(api)
        async with aclosing(ApsProvider(f"{url}/aps", CREDENTIALS, timeout_s=0.5)) as provider:
            async with asyncio.timeout(DEADLINE_S):
                outcomes = await asyncio.gather(*(resolved(provider, request) for request in requests))
        books = {line["key"]: line for line in await api.books()}
        await api.aclose()
    approved = {
        str(request.operation_id)
        for request, outcome in zip(requests, outcomes, strict=True)
        if isinstance(outcome, Approved)
    }
    assert set(books) == approved
    assert {line["charges_of_reference"] for line in books.values()} == {1}
    assert {type(outcome) for outcome in outcomes} == {Approved, Declined}
