"""What Checkout.com takes on and does not finish at once is asked after, once, and told as Unknown until it is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus

import msgspec
import pytest

from domain.identifiers import ProviderName
from domain.money.money import Money
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import ActionRequired, Approved, Declined, Redirect, Unknown
from infrastructure.provider.checkout import naming
from infrastructure.provider.checkout.client import CheckoutProvider, connect
from infrastructure.provider.connector import AccountInvalid, ProviderAccount
from tests.infrastructure.provider.contract import authorization, capture
from tests.support.simulator import HOST

CARD = PaymentMethod(MethodType.CARD, "tok_1")
Script = dict[str, tuple[int, object]]
"""The status and body for each request line's method and path, without the query."""


class Scripted:
    """A server that answers by its script, and remembers the heads of its requests."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lengths = [line for line in head.splitlines() if line.startswith("Content-Length: ")]
                await reader.readexactly(int(lengths[0].split()[1]) if lengths else 0)
                self.asked.append(head)
                status, body = self._script[head.partition(" HTTP")[0].partition("?")[0]]
                sent = msgspec.json.encode(body)
                phrase = HTTPStatus(status).phrase
                writer.write(f"HTTP/1.1 {status} {phrase}\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[tuple[CheckoutProvider, Scripted]]:
    scripted = Scripted(script)
    server = await asyncio.start_server(scripted.serve, HOST)
    url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    async with server, aclosing(CheckoutProvider(url, "sk_1", timeout_s=1.0)) as provider:
        yield provider, scripted


ACCEPTED = (202, {"action_id": "act_1"})


async def test_every_request_carries_the_secret_key_and_every_post_its_idempotency_key() -> None:
    request = capture("pay_1", Money(1, "EUR"))
    script: Script = {"POST /payments/pay_1/captures": ACCEPTED, "GET /payments/pay_1/actions": (200, [])}
    async with scripted(script) as (provider, server):
        await provider.capture(request)
    post, get = server.asked
    assert f"Cko-Idempotency-Key: {request.operation_id}" in post
    assert "Authorization: Bearer sk_1" in post
    assert "Authorization: Bearer sk_1" in get


async def test_an_accepted_capture_that_no_action_shows_is_unknown_until_one_does() -> None:
    request = capture("pay_1", Money(1, "EUR"))
    script: Script = {"POST /payments/pay_1/captures": ACCEPTED, "GET /payments/pay_1/actions": (200, [])}
    async with scripted(script) as (provider, _):
        assert isinstance(await provider.capture(request), Unknown)
        assert await provider.lookup(request) is None
        done = {"id": "act_1", "type": "Capture", "reference": naming.reference(request.operation_id), "approved": True}
        script["GET /payments/pay_1/actions"] = (200, [done])
        assert await provider.lookup(request) == Approved("act_1")


async def test_actions_that_are_not_answered_leave_an_accepted_capture_unknown() -> None:
    script: Script = {"POST /payments/pay_1/captures": ACCEPTED, "GET /payments/pay_1/actions": (500, {})}
    async with scripted(script) as (provider, _):
        assert isinstance(await provider.capture(capture("pay_1", Money(1, "EUR"))), Unknown)


async def test_an_automatic_capture_is_unknown_until_its_money_is_taken() -> None:
    payment = {"id": "pay_1", "amount": 10_000, "currency": "EUR", "status": "Authorized", "approved": True}
    authorized = {"id": "act_1", "type": "Authorization", "approved": True}
    request = authorization(CARD, captured=True)
    script: Script = {
        "POST /payments": (201, payment),
        "GET /payments": (200, {"total_count": 1, "data": [payment]}),
        "GET /payments/pay_1/actions": (200, [authorized]),
    }
    async with scripted(script) as (provider, server):
        assert isinstance(await provider.authorize(request), Unknown)
        assert isinstance(await provider.lookup(request), Unknown)
        captured = {"id": "act_2", "type": "Capture", "approved": True}
        script["GET /payments/pay_1/actions"] = (200, [captured, authorized])
        assert await provider.lookup(request) == Approved("pay_1")
    assert f"reference={naming.reference(request.operation_id)}" in server.asked[2]


async def test_a_challenge_is_found_again_by_lookup_and_then_its_refusal() -> None:
    payment = {
        "id": "pay_1",
        "amount": 10_000,
        "currency": "EUR",
        "status": "Pending",
        "_links": {"redirect": {"href": "https://3ds.example/1"}},
    }
    request = authorization(CARD)
    script: Script = {
        "POST /payments": (202, payment),
        "GET /payments": (200, {"total_count": 1, "data": [payment]}),
        "GET /payments/pay_1/actions": (200, []),
    }
    async with scripted(script) as (provider, _):
        challenged = await provider.authorize(request)
        assert challenged == ActionRequired("pay_1", Redirect("https://3ds.example/1"))
        assert await provider.lookup(request) == challenged
        script["GET /payments"] = (200, {"total_count": 1, "data": [payment | {"status": "Declined"}]})
        refusal = {"id": "act_1", "type": "Authorization", "approved": False, "response_code": "20151"}
        script["GET /payments/pay_1/actions"] = (200, [refusal])
        assert await provider.lookup(request) == Declined("authentication_failed", "Authorization")


async def test_an_account_needs_a_secret_key() -> None:
    account = ProviderAccount(name=ProviderName("cko"), connector="checkout", url="http://127.0.0.1:1")
    with pytest.raises(AccountInvalid, match="secret_key"):
        connect(account)
