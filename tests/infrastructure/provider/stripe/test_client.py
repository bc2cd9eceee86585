"""The connector on the wire: its headers, long lists, 3-D Secure, and webhooks as localstripe signs them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest
from aiohttp import ClientSession, web

from application.provider.port import AuthorizeRequest
from application.provider.webhook import Notification
from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.events import OperationKind
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import ActionRequired, Approved, Declined, Redirect, Rejected, Unknown
from infrastructure.provider.connector import AccountInvalid, ProviderAccount
from infrastructure.provider.registry import connect
from infrastructure.provider.stripe.client import PAGES_MAX, StripeProvider
from infrastructure.provider.stripe.notifications import StripeNotifications
from infrastructure.provider.stripe.translate import PAGE_SIZE
from tests.infrastructure.provider.contract import authorization, eur, refund
from tests.support.localstripe import APPROVED, ASKING_FOR_AUTHENTICATION, SECRET_KEY
from tests.support.simulator import DEADLINE_S, HOST

CARD: Final = PaymentMethod(MethodType.CARD, APPROVED)
WEBHOOK_SECRET: Final = "whsec_of_these_tests"
RETURN_URL: Final = "https://shop.example/back"
AUTHORIZED: Final = {"Authorization": f"Bearer {SECRET_KEY}"}

Says = Callable[[web.Request], Any]


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """The base URL of a server that leaves every request to `handle`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(says: Says) -> AsyncIterator[StripeProvider]:
    """A connector to a Stripe that answers each request with `says` of it, in JSON."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(says(request))

    async with serving(handle) as url, aclosing(StripeProvider(url, SECRET_KEY)) as provider:
        yield provider


@pytest.fixture
async def provider(stripe_url: str) -> AsyncIterator[StripeProvider]:
    async with aclosing(StripeProvider(stripe_url, SECRET_KEY)) as connected:
        yield connected


def intent(id_: str, operation_id: object) -> dict[str, object]:
    metadata = {"operation_id": str(operation_id)}
    said = {"id": id_, "status": "requires_capture", "capture_method": "manual", "metadata": metadata}
    return said | {"amount": 10_000, "currency": "eur"}


async def test_a_request_names_the_account_the_version_and_the_operation() -> None:
    heard: list[web.Request] = []
    asked = authorization(CARD)

    def says(request: web.Request) -> object:
        heard.append(request)
        return intent("pi_1", asked.operation_id)

    async with answering(says) as provider:
        assert await provider.authorize(asked) == Approved("pi_1")
    headers = heard[0].headers
    assert headers["Authorization"] == f"Bearer {SECRET_KEY}"
    assert headers["Stripe-Version"] == "2026-02-25.clover"
    assert headers["Idempotency-Key"] == str(asked.operation_id)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_a_lookup_reads_every_page_and_finds_what_is_on_the_last() -> None:
    asked = authorization(CARD)

    def says(request: web.Request) -> object:
        if "starting_after" not in request.query:
            return {"data": [intent("pi_2", "another's")], "has_more": True}
        assert request.query["starting_after"] == "pi_2"
        return {"data": [intent("pi_1", asked.operation_id)], "has_more": False}

    async with answering(says) as provider:
        assert await provider.lookup(asked) == Approved("pi_1")


async def test_an_operation_that_was_carried_out_twice_is_unknown() -> None:
    asked = authorization(CARD)

    def says(_: web.Request) -> object:
        return {"data": [intent("pi_2", asked.operation_id), intent("pi_1", asked.operation_id)], "has_more": False}

    async with answering(says) as provider:
        assert isinstance(await provider.lookup(asked), Unknown)


async def test_a_list_without_end_proves_nothing() -> None:
    pages = 0

    def says(_: web.Request) -> object:
        nonlocal pages
        pages += 1
        return {"data": [intent(f"pi_{pages}", "another's")], "has_more": True}

    async with answering(says) as provider:
        assert isinstance(await provider.lookup(authorization(CARD)), Unknown)
    assert pages == PAGES_MAX


async def test_a_lookup_that_breaks_off_between_two_pages_is_unknown() -> None:
    asked = authorization(CARD)

    def says(request: web.Request) -> object:
        if "starting_after" in request.query:
            return "oops"
        return {"data": [intent("pi_2", asked.operation_id)], "has_more": True}

    async with answering(says) as provider:
        assert isinstance(await provider.lookup(asked), Unknown)


async def test_an_amount_that_stripe_cannot_count_is_never_sent() -> None:
    def says(_: web.Request) -> object:
        raise AssertionError("something was sent")

    async with answering(says) as provider:
        assert isinstance(await provider.authorize(authorization(CARD, Money(5_124, "KWD"))), Rejected)


async def test_an_authorisation_is_found_behind_a_page_of_others(provider: StripeProvider) -> None:
    asked = authorization(CARD)
    charge = await provider.authorize(asked)
    await asyncio.gather(*(provider.authorize(authorization(CARD)) for _ in range(PAGE_SIZE + 1)))
    assert isinstance(charge, Approved)
    assert await provider.lookup(asked) == charge
    assert await provider.lookup(authorization(CARD)) is None


async def test_several_refunds_of_one_charge_are_told_apart(provider: StripeProvider) -> None:
    charge = await provider.authorize(authorization(CARD, captured=True))
    assert isinstance(charge, Approved)
    requests = [refund(charge.reference, eur(10)) for _ in range(3)]
    outcomes = [await provider.refund(request) for request in requests]
    assert len({outcome.reference for outcome in outcomes if isinstance(outcome, Approved)}) == 3
    assert [await provider.lookup(request) for request in requests] == outcomes


async def test_three_d_secure_sends_the_customer_away_and_is_approved_when_they_passed(
    provider: StripeProvider, stripe_url: str
) -> None:
    async with ClientSession(stripe_url) as stripe:
        asked = await authorization_by_a_card_that_asks(stripe)
        challenged = await provider.authorize(asked)
        assert isinstance(challenged, ActionRequired)
        assert challenged.action == Redirect(RETURN_URL)
        assert await provider.lookup(asked) == challenged
        await authenticate(stripe, challenged.reference, success=True)
    assert await provider.lookup(asked) == Approved(challenged.reference)


async def test_three_d_secure_that_fails_is_a_decline(provider: StripeProvider, stripe_url: str) -> None:
    async with ClientSession(stripe_url) as stripe:
        asked = await authorization_by_a_card_that_asks(stripe)
        challenged = await provider.authorize(asked)
        assert isinstance(challenged, ActionRequired)
        await authenticate(stripe, challenged.reference, success=False)
    failed = await provider.lookup(asked)
    assert isinstance(failed, Declined)
    assert failed.code == "authentication_failed"


async def test_a_webhook_as_localstripe_signs_it_is_verified_and_read(
    provider: StripeProvider, stripe_url: str
) -> None:
    deliveries: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def receive(request: web.Request) -> web.Response:
        await deliveries.put(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response()

    async with serving(receive) as url, ClientSession(stripe_url) as stripe:
        endpoint = {"url": url, "secret": WEBHOOK_SECRET, "events": ["payment_intent.succeeded"]}
        async with stripe.post("/_config/webhooks/ours", json=endpoint) as answer:
            assert answer.status == 200
        asked = authorization(CARD, captured=True)
        charge = await provider.authorize(asked)
        assert isinstance(charge, Approved)
        notifications = StripeNotifications(WEBHOOK_SECRET)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                headers, body = await deliveries.get()
                notifications.verify(headers, body, datetime.now(UTC))
                notification = notifications.read(body)
                assert isinstance(notification, Notification)
                if notification.reference == charge.reference:
                    break  # those before it are of the tests before this one
    assert notification.about is OperationKind.CAPTURE
    assert notification.outcome == charge
    assert notification.operation_id == asked.operation_id


async def test_an_account_is_connected_with_its_two_secrets(stripe_url: str) -> None:
    connector = connect(account(stripe_url, secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET))
    assert isinstance(await connector.provider.authorize(authorization(CARD)), Approved)
    await connector.aclose()


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"secret_key": SECRET_KEY},
        {"webhook_secret": WEBHOOK_SECRET},
        {"secret_key": "sk_test\r\nHost: elsewhere", "webhook_secret": WEBHOOK_SECRET},
    ],
)
async def test_an_account_without_a_usable_secret_is_refused(credentials: dict[str, str]) -> None:
    with pytest.raises(AccountInvalid):
        connect(account("http://stripe.invalid", **credentials))


def account(url: str, **credentials: str) -> ProviderAccount:
    return ProviderAccount(name=ProviderName("stripe"), connector="stripe", url=url, credentials=credentials)


async def authorization_by_a_card_that_asks(stripe: ClientSession) -> AuthorizeRequest:
    card = {"number": ASKING_FOR_AUTHENTICATION, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    async with stripe.post("/v1/payment_methods", json={"type": "card", "card": card}, headers=AUTHORIZED) as answer:
        method = PaymentMethod(MethodType.CARD, (await answer.json())["id"])
    return msgspec.structs.replace(authorization(method), return_url=RETURN_URL)


async def authenticate(stripe: ClientSession, reference: str, *, success: bool) -> None:
    """What the customer does on the bank's page."""
    async with stripe.get(f"/v1/payment_intents/{reference}", headers=AUTHORIZED) as answer:
        client_secret = (await answer.json())["client_secret"]
    proof = {"client_secret": client_secret, "success": success}
    async with stripe.post(f"/v1/payment_intents/{reference}/_authenticate", json=proof, headers=AUTHORIZED) as answer:
        assert answer.status == 200
