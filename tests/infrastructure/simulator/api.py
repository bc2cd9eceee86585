"""The simulator's API as a test calls it: raw JSON, so that nothing of ours stands between test and wire."""

import asyncio
import itertools
from typing import Any, Final
from uuid import uuid4

import aiohttp
import msgspec
from msgspec import Struct

from tests.support.simulator import DEADLINE_S

Json = dict[str, Any]
NEW_KEYS: Final = (f"key-{uuid4().hex}" for _ in itertools.count())


class Answer(Struct, frozen=True):
    status: int
    json: Json
    replayed: bool

    @property
    def error_code(self) -> str:
        return str(self.json["error"]["code"])


class Api:
    """One client of one simulator; raises TimeoutError when an answer is not there in `timeout_s`."""

    def __init__(self, base_url: str) -> None:
        self._session = aiohttp.ClientSession(base_url)

    async def aclose(self) -> None:
        await self._session.close()

    async def get(self, path: str) -> Answer:
        async with self._session.get(path) as response:
            return Answer(response.status, await response.json(), replayed=False)

    async def post(self, path: str, body: object, key: str | None, timeout_s: float = 5.0) -> Answer:
        return await self.post_bytes(path, msgspec.json.encode(body), key, timeout_s)

    async def post_bytes(self, path: str, body: bytes, key: str | None, timeout_s: float = 5.0) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with self._session.post(path, data=body, headers=headers, timeout=timeout) as response:
            replayed = response.headers.get("Idempotency-Replayed") == "true"
            return Answer(response.status, await response.json(), replayed)

    async def charge(
        self, token: str = "tok_visa", *, key: str | None = None, timeout_s: float = 5.0, **changed: Any
    ) -> Answer:
        """POST a charge of 100.00 EUR, with the fields in `changed` instead."""
        body = {"reference": uuid4().hex, "amount": 10_000, "currency": "EUR", "token": token, "capture": False}
        return await self.post("/v1/charges", body | changed, key or next(NEW_KEYS), timeout_s)

    async def charge_id(self, token: str = "tok_visa", **changed: Any) -> str:
        """The id of a new charge of 100.00 EUR."""
        answer = await self.charge(token, **changed)
        assert answer.status == 201
        return str(answer.json["id"])

    async def capture(
        self, charge_id: str, amount: int, *, final: bool = False, key: str | None = None, timeout_s: float = 5.0
    ) -> Answer:
        body = {"amount": amount, "final": final}
        return await self.post(f"/v1/charges/{charge_id}/captures", body, key or next(NEW_KEYS), timeout_s)

    async def void(self, charge_id: str, *, key: str | None = None) -> Answer:
        return await self.post(f"/v1/charges/{charge_id}/voids", {}, key or next(NEW_KEYS))

    async def refund(self, charge_id: str, amount: int, *, key: str | None = None, timeout_s: float = 5.0) -> Answer:
        path = f"/v1/charges/{charge_id}/refunds"
        return await self.post(path, {"amount": amount}, key or next(NEW_KEYS), timeout_s)

    async def act(self, charge_id: str, *, approves: bool) -> Answer:
        """As the customer of the charge."""
        return await self.post(f"/v1/charges/{charge_id}/customer", {"approves": approves}, key=None)

    async def set_faults(self, **faults: Any) -> None:
        assert (await self.post("/_control/faults", faults, key=None)).status == 200

    async def decided(self, key: str) -> Json:
        """What the lookup of `key` says once it is decided. Raises TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            while (found := (await self.operation(key)).json)["http_status"] == 202:
                pass
        return found

    async def operation(self, key: str) -> Answer:
        return await self.get(f"/v1/operations/{key}")

    async def books(self) -> list[Json]:
        """Every charge, read page by page."""
        lines: list[Json] = []
        after: int | None = 0
        while after is not None:
            page = (await self.get(f"/v1/books?after={after}&limit=20")).json
            lines += page["charges"]
            after = page["next_after"]
        return lines

    async def books_line(self, charge_id: str) -> Json:
        (line,) = [line for line in await self.books() if line["id"] == charge_id]
        return line
