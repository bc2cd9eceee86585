"""The whole system running in processes of its own, and a merchant who talks to it over HTTP."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp

from application.access.merchant import Directory, create_key, create_merchant
from interfaces import ids
from interfaces.composition import Core
from interfaces.runtime.supervisor import Stack


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: dict[str, Any]


class Merchant:
    """A merchant with its own key. Every call is one request: nothing is sent again by itself."""

    def __init__(self, http: aiohttp.ClientSession, url: str, merchant_id: str, key_id: str, secret: str) -> None:
        self._http = http
        self.url = url
        self.merchant_id = merchant_id
        self.key_id = key_id
        self.secret = secret

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        sent = {
            "Authorization": f"Bearer {self.secret}",
            **({"Idempotency-Key": key} if key else {}),
            **({"Content-Type": "application/json"} if raw is not None else {}),
            **(headers or {}),
        }
        content: dict[str, Any] = {"data": raw} if raw is not None else {"json": body} if body is not None else {}
        async with self._http.request(method, self.url + path, headers=sent, **content) as response:
            payload = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            decoded = await response.json(content_type=None) if is_json and payload else {}
            return Reply(response.status, response.headers, payload, decoded)

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.send("GET", path, headers=headers)

    async def pay(self, amount: int = 1000, currency: str = "EUR", *, key: str | None = None, **fields: Any) -> Reply:
        """Create and confirm a payment by `tok_visa`; `fields` replaces or adds fields, `token` the card."""
        token = fields.pop("token", "tok_visa")
        body = {
            "customer_id": "customer-1",
            "amount": amount,
            "currency": currency,
            "payment_method": {"type": "card", "token": token},
            "confirm": True,
            **fields,
        }
        return await self.send("POST", "/v1/payment_intents", body, key=key or uuid4().hex)

    async def act(self, payment_id: str, verb: str, *, key: str | None = None, **body: Any) -> Reply:
        """`capture`, `void` or `refunds`."""
        return await self.send("POST", f"/v1/payments/{payment_id}/{verb}", body, key=key or uuid4().hex)

    async def payment(self, payment_id: str) -> dict[str, Any]:
        reply = await self.get(f"/v1/payments/{payment_id}")
        assert reply.status == 200, reply
        return reply.json


NO_WEBHOOKS = {"TALLYSTICK_SIMULATOR_WEBHOOK_URL": ""}
"""For a stack whose provider tells nothing by itself: what it is not asked for stays unknown."""


@contextmanager
def running_stack(home: Path, *, provider_timeout_s: float = 1.0) -> Iterator[Stack]:
    """Everything on data of its own under `home`, but no webhooks."""
    environment = {"TALLYSTICK_PROVIDER_TIMEOUT_S": str(provider_timeout_s), **NO_WEBHOOKS}
    with Stack(home, environment=environment) as stack:
        yield stack


@asynccontextmanager
async def merchant_of(stack: Stack, name: str = "Test merchant") -> AsyncIterator[Merchant]:
    """A new merchant of a running system."""
    async with Core(stack.settings) as core, merchant_in(core.access.directory, stack.url, name) as merchant:
        yield merchant


@asynccontextmanager
async def merchant_in(directory: Directory, url: str, name: str = "Test merchant") -> AsyncIterator[Merchant]:
    """A new merchant in the directory of the system that serves at `url`."""
    async with aiohttp.ClientSession() as http:
        merchant_id = await create_merchant(directory, name, ids.new_id)
        key = await create_key(directory, merchant_id, ids.new_id)
        yield Merchant(http, url, merchant_id, key.key_id, key.secret)


async def eventually(
    holds: Callable[[], Awaitable[bool]], what: str, *, within_s: float = 90.0, every_s: float = 0.02
) -> None:
    """Wait until `holds()`, polling; an error meanwhile counts as not yet."""
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            if await holds():
                return
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        await asyncio.sleep(every_s)
