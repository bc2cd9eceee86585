"""One running system whose provider tells of disputes, a merchant of it, and the bank."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from application.access.merchant import Directory
from infrastructure.postgres.access.directory import PostgresDirectory
from infrastructure.postgres.connection.pool import ReadPool
from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, Reply, eventually, merchant_in


class Bank:
    """The side of the customers' banks, by the simulator's control endpoints."""

    def __init__(self, stack: Stack, http: aiohttp.ClientSession) -> None:
        self.url = stack.simulator_urls["simulator"]
        self._http = http

    async def disputes(self, payment: dict[str, Any], **fields: Any) -> str:
        """Have a payment disputed; the provider's name of the dispute."""
        body = {"charge": payment["authorization"]["provider_reference"], **fields}
        answer: dict[str, Any] = await self._post("/_control/disputes", body)
        return str(answer["id"])

    async def rules(self, dispute_id: str, result: str) -> None:
        await self._post(f"/_control/disputes/{dispute_id}/rule", {"result": result})

    async def escalates(self, dispute_id: str) -> None:
        await self._post(f"/_control/disputes/{dispute_id}/escalate", {})

    async def books_line(self, payment: dict[str, Any]) -> dict[str, Any]:
        reference, after = payment["authorization"]["provider_reference"], 0
        while after is not None:
            async with self._http.get(f"{self.url}/v1/books?after={after}&limit=1000") as answer:
                page = await answer.json()
            for line in page["charges"]:
                if line["id"] == reference:
                    return dict(line)
            after = page["next_after"]
        raise AssertionError(f"the books do not have {reference}")

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(self.url + path, json=body) as answer:
            assert answer.status in (200, 201), await answer.text()
            return dict(await answer.json())


class Desk(Merchant):
    """A merchant who looks after its disputes."""

    async def dispute_of(self, payment_id: str) -> dict[str, Any]:
        """The one dispute of the payment, once it is known."""
        found: list[dict[str, Any]] = []

        async def is_known() -> bool:
            listed = await self.get("/v1/disputes?limit=100")
            assert listed.status == 200, listed
            found[:] = [each for each in listed.json["disputes"] if each["payment_id"] == payment_id]
            return bool(found)

        await eventually(is_known, "the dispute is known", within_s=30)
        [dispute] = found
        return dispute

    async def dispute(self, dispute_id: str) -> dict[str, Any]:
        reply = await self.get(f"/v1/disputes/{dispute_id}")
        assert reply.status == 200, reply
        return reply.json

    async def comes_to(self, dispute_id: str, status: str) -> dict[str, Any]:
        async def is_there() -> bool:
            return bool((await self.dispute(dispute_id))["status"] == status)

        await eventually(is_there, f"the dispute is {status}", within_s=30)
        return await self.dispute(dispute_id)

    async def adds(
        self, dispute_id: str, name: str, content: bytes, *, media_type: str = "text/plain", kind: str = "receipt"
    ) -> Reply:
        path = f"/v1/disputes/{dispute_id}/evidence/{name}?kind={kind}"
        return await self.send("PUT", path, raw=content, headers={"Content-Type": media_type})

    async def asks(self, dispute_id: str, verb: str) -> Reply:
        """`submit` or `accept`."""
        return await self.send("POST", f"/v1/disputes/{dispute_id}/{verb}")


@pytest.fixture(scope="session")
def stack(session_folder: Path) -> Iterator[Stack]:
    with Stack(session_folder / "disputes-home", environment={"TALLYSTICK_PROVIDER_TIMEOUT_S": "1.0"}) as running:
        yield running


@pytest.fixture(scope="session")
async def directory(stack: Stack) -> AsyncIterator[Directory]:
    pool = ReadPool(stack.settings.database_url)
    await pool.open()
    yield PostgresDirectory(pool)
    await pool.aclose()


@pytest.fixture
async def desk(stack: Stack, directory: Directory) -> AsyncIterator[Desk]:
    async with merchant_in(directory, stack.url) as made, aiohttp.ClientSession() as http:
        yield Desk(http, stack.url, made.merchant_id, made.key_id, made.secret)


@pytest.fixture
async def bank(stack: Stack) -> AsyncIterator[Bank]:
    async with aiohttp.ClientSession() as http:
        yield Bank(stack, http)
