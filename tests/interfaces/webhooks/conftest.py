"""One running system that believes the notary, a merchant of it, and an operator."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import msgspec
import pytest

from application.access.operator import Role, create_operator_key
from infrastructure.postgres.access.directory import PostgresDirectory
from infrastructure.postgres.access.operators import PostgresOperators
from infrastructure.postgres.connection.pool import ReadPool
from interfaces import ids
from interfaces.runtime.supervisor import Stack
from tests.crash.system import descendants
from tests.support.notary import News, NotarizedStack, signed
from tests.support.running import NO_WEBHOOKS, Merchant, Reply, eventually, merchant_in
from tests.support.store import execute


class Notary:
    """The provider's side: it sends whatever a test has it say."""

    def __init__(self, stack: Stack, http: aiohttp.ClientSession) -> None:
        self.stack = stack
        self._http = http

    async def post(self, body: Any, headers: dict[str, str] | None = None, *, provider: str = "simulator") -> Reply:
        """Deliver `body`, signed now unless `headers` say otherwise."""
        headers = signed(body) if headers is None else headers
        url = f"{self.stack.url}/v1/provider_webhooks/{provider}"
        async with self._http.post(url, data=body, headers=headers) as reply:
            payload = await reply.read()
            return Reply(reply.status, reply.headers, payload, msgspec.json.decode(payload))

    async def tell(self, about: str, *, event_id: str | None = None, **said: Any) -> UUID:
        """Deliver news of an operation; the delivery's id with us."""
        return await self.deliver(msgspec.json.encode(News(id=event_id or uuid4().hex, about=about, **said)))

    async def deliver(self, body: bytes) -> UUID:
        reply = await self.post(body)
        assert reply.status == 200, reply
        delivery_id = ids.parse(reply.json["delivery_id"], ids.DELIVERY)
        assert delivery_id is not None
        return delivery_id

    def row(self, delivery_id: UUID) -> dict[str, Any]:
        query = "SELECT to_jsonb(d) FROM webhook_delivery AS d WHERE delivery_id = %s"
        [(row,)] = execute(self.stack.settings.database_url, query, delivery_id)
        return dict(row)

    async def comes_to(self, delivery_id: UUID, state: str) -> str:
        """Wait until the delivery is in `state`; what came of it."""

        async def there() -> bool:
            return bool(self.row(delivery_id)["state"] == state)

        await eventually(there, f"the delivery is {state}")
        return str(self.row(delivery_id)["result"])

    async def comes_to_its_last_try(self, delivery_id: UUID) -> None:
        """As if the tries between had been made: what is waited for is its end."""

        async def tried() -> bool:
            return bool(self.row(delivery_id)["tries"] > 0)

        await eventually(tried, "the delivery was tried")
        self.execute("UPDATE webhook_delivery SET tries = 7, next_try_at = now() WHERE delivery_id = %s", delivery_id)

    def execute(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        return execute(self.stack.settings.database_url, sql, *arguments)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While this lasts, the provider answers no call: only its webhooks tell what it did."""
        pids = [self.stack.simulator.pid, *descendants(self.stack.simulator.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


class Operator(Merchant):
    """Whoever looks after the system, or only looks."""


@pytest.fixture(scope="package")
def stack(session_folder: Path) -> Iterator[Stack]:
    environment = {"TALLYSTICK_PROVIDER_TIMEOUT_S": "0.3", **NO_WEBHOOKS}
    with NotarizedStack(session_folder / "webhooks-home", environment=environment) as running:
        yield running


@pytest.fixture
async def notary(stack: Stack) -> AsyncIterator[Notary]:
    async with aiohttp.ClientSession() as http:
        yield Notary(stack, http)


@pytest.fixture(scope="package")
async def pool(stack: Stack) -> AsyncIterator[ReadPool]:
    made = ReadPool(stack.settings.database_url)
    await made.open()
    yield made
    await made.aclose()


@pytest.fixture
async def merchant(stack: Stack, pool: ReadPool) -> AsyncIterator[Merchant]:
    async with merchant_in(PostgresDirectory(pool), stack.url) as made:
        yield made


async def known_as(role: Role, stack: Stack, pool: ReadPool, http: aiohttp.ClientSession) -> Operator:
    key = await create_operator_key(PostgresOperators(pool), "Anna", role, ids.new_id)
    return Operator(http, stack.url, "", key.key_id, key.secret)


@pytest.fixture
async def operator(stack: Stack, pool: ReadPool) -> AsyncIterator[Operator]:
    async with aiohttp.ClientSession() as http:
        yield await known_as(Role.OPERATOR, stack, pool, http)


@pytest.fixture
async def auditor(stack: Stack, pool: ReadPool) -> AsyncIterator[Operator]:
    async with aiohttp.ClientSession() as http:
        yield await known_as(Role.AUDITOR, stack, pool, http)
