"""A command that is sent again to a store that lost it asks every provider for the same, byte for byte: Stripe refuses
a known key with other parameters, and others would take another request for another operation."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import pytest
from msgspec import Struct, field

from application.provider.port import (
    AuthorizeRequest,
    CaptureRequest,
    Provider,
    ProviderRequest,
    RefundRequest,
    VoidRequest,
)
from domain.identifiers import ProviderName
from domain.payment.events import CaptureMethod
from domain.payment.outcome import Unavailable
from infrastructure.provider.connector import ProviderAccount
from infrastructure.provider.registry import CONNECTORS, connect
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.support.domain import NOW
from tests.support.store import open_store

HOST: Final = "127.0.0.1"
CREDENTIALS: Final = [
    "merchant_identifier",
    "access_code",
    "sha_request_phrase",
    "sha_response_phrase",
    "secret_key",
    "secret_authorization",
    "webhook_secret",
    "webhook_signature_key",
    "processing_channel_id",
    "authorization_key",
]


class Overheard(Struct):
    """A server that keeps what it is sent, and says nothing that could be an answer."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-len")
                    ),
                    0,
                )
                self.requests.append(head + await reader.readexactly(length))
                writer.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


@asynccontextmanager
async def overheard() -> AsyncIterator[Overheard]:
    server = Overheard()
    listening = await asyncio.start_server(server.serve, HOST, 0)
    server.url = f"http://{HOST}:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def asked_by_a_day(database_url: str, *, days_later: int) -> Sequence[ProviderRequest]:
    """What a merchant's commands, each under its key, ask the provider for in an empty store."""
    async with open_store(database_url) as store:
        primary, fallback = ProviderName("north"), ProviderName("south")
        shop = Shop(store, primary, fallback)
        shop.now = NOW + timedelta(days=days_later)
        paid = payment_id_of(await shop.create(method=CaptureMethod.AUTOMATIC, caller=a_caller("paid")))
        await shop.payments.refund(paid, a_caller("given back"), amount_minor=400, reason="damaged")
        created = payment_id_of(await shop.create(confirmed=False, caller=a_caller("created")))
        await shop.payments.confirm(created, a_caller("confirmed"))
        await shop.payments.capture(created, a_caller("captured"), amount_minor=None, final=True)
        reserved = payment_id_of(await shop.create(caller=a_caller("reserved")))
        await shop.payments.void(reserved, a_caller("voided"))
        shop.providers[primary].refusal = Unavailable("away")
        await shop.create(caller=a_caller("at the second"))
        return [request for provider in shop.providers.values() for request in provider.asked]


async def ask(provider: Provider, request: ProviderRequest) -> None:
    match request:
        case AuthorizeRequest():
            await provider.authorize(request)
        case CaptureRequest():
            await provider.capture(request)
        case VoidRequest():
            await provider.void(request)
        case RefundRequest():
            await provider.refund(request)


async def sent(connector: str, requests: Sequence[ProviderRequest]) -> Sequence[bytes]:
    """What goes over the wire, but for the address that the server has this time."""
    async with overheard() as server:
        account = ProviderAccount(
            name=ProviderName("north"),
            connector=connector,
            url=server.url,
            timeout_s=10.0,
            credentials=dict.fromkeys(CREDENTIALS, "c2VjcmV0"),
        )
        connected = connect(account)
        try:
            for request in requests:
                await ask(connected.provider, request)
        finally:
            await connected.aclose()
        return [request.replace(server.url.removeprefix("http://").encode(), b"host") for request in server.requests]


@pytest.mark.parametrize("connector", CONNECTORS)
async def test_a_command_that_comes_again_asks_for_the_same(
    connector: str, database_url: str, other_database_url: str
) -> None:
    first = await asked_by_a_day(database_url, days_later=0)
    again = await asked_by_a_day(other_database_url, days_later=2)
    assert len(first) == len({request.operation_id for request in first})
    once, twice = await sent(connector, first), await sent(connector, again)
    assert len(once) >= len(first)
    assert once == twice
