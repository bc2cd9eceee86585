"""A merchant that manages its money over HTTP: every read is at least as new as every earlier reply."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from msgspec import Struct

from domain.identifiers import MerchantId
from interfaces.demo.polling import WITHIN_S
from interfaces.demo.shop import Reply
from interfaces.resources.position import POSITION_HEADER

BUCKETS = ("authorized", "pending", "available", "held", "in_transit")


class Balance(Struct, frozen=True, kw_only=True):
    """The merchant's balance in one currency, in minor units."""

    currency: str
    authorized: int = 0
    pending: int = 0
    available: int = 0
    held: int = 0
    in_transit: int = 0


class Refused(Exception):
    """The API refused a request of the demonstration; the text is the API's answer."""


class Seller:
    """One merchant's connection to the API at `url`."""

    def __init__(self, http: aiohttp.ClientSession, url: str, merchant_id: MerchantId, secret: str) -> None:
        self._http = http
        self._url = url
        self._authorization = {"Authorization": f"Bearer {secret}"}
        self._position = 0
        self.merchant_id = merchant_id

    async def balances(self) -> list[Balance]:
        """One for each currency that the merchant ever had money in."""
        rows = (await self.get("/v1/balances"))["balances"]
        return [Balance(currency=row["currency"], **{name: row[name] for name in BUCKETS}) for row in rows]

    async def balance(self, currency: str) -> Balance:
        found = [each for each in await self.balances() if each.currency == currency]
        return found[0] if found else Balance(currency=currency)

    async def get(self, path: str) -> dict[str, Any]:
        """Raises Refused."""
        reply = await self.send("GET", path)
        return _accepted(path, reply)

    async def post(self, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Raises Refused."""
        return _accepted(path, await self.try_to_post(path, body, key))

    async def try_to_post(self, path: str, body: Mapping[str, Any], key: str) -> Reply:
        """The reply, also a refusal."""
        return await self.send("POST", path, {"Idempotency-Key": key}, json=body)

    async def put_text(self, path: str, text: str) -> dict[str, Any]:
        """Raises Refused."""
        return _accepted(path, await self.send("PUT", path, {"Content-Type": "text/plain"}, data=text.encode()))

    async def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, **content: Any) -> Reply:
        """One request, repeated for as long as the reply has Retry-After."""
        sent = {**self._authorization, **(headers or {})}
        if method == "GET":
            sent[POSITION_HEADER] = str(self._position)
        deadline = time.monotonic() + WITHIN_S
        while True:
            async with self._http.request(method, self._url + path, headers=sent, **content) as response:
                self._position = max(self._position, int(response.headers.get(POSITION_HEADER, 0)))
                raw = await response.read()
                if "Retry-After" not in response.headers or time.monotonic() > deadline:
                    return Reply(response.status, raw, await response.json(content_type=None))
                await asyncio.sleep(min(1.0, float(response.headers["Retry-After"])) / 4)


def _accepted(path: str, reply: Reply) -> dict[str, Any]:
    if reply.status >= 400:
        raise Refused(f"{path}: {reply.status} {reply.body.decode()}")
    return reply.json
