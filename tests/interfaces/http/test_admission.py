"""A process with its hands full refuses at once; what it took in is finished, and then it takes in again."""

import asyncio
from typing import Any

import msgspec
import pytest

from interfaces.http import admission
from interfaces.http.admission import Admission


class Server:
    """A server that answers nobody until it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.served = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.may_answer.wait()
        self.served += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def ask(app: Any, path: str = "/v1/payments", method: str = "POST") -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app({"type": "http", "method": method, "path": path, "state": {"request_id": "req_1"}}, None, send)
    return said


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(admission, "COMMANDS_MAX", 3)
    monkeypatch.setattr(admission, "QUERIES_MAX", 2)
    return Server()


async def test_one_too_many_is_refused_at_once_and_the_others_are_served(server: Server) -> None:
    app = Admission(server)
    taken = [asyncio.create_task(ask(app)) for _ in range(3)]
    await asyncio.sleep(0)
    start, body = await ask(app)
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"
    told = msgspec.json.decode(body["body"])
    assert (told["type"], told["request_id"]) == ("urn:tallystick:problem:overloaded", "req_1")
    server.may_answer.set()
    assert [said[0]["status"] for said in await asyncio.gather(*taken)] == [200] * 3
    assert (await ask(app))[0]["status"] == 200
    assert server.served == 4


async def test_what_fails_makes_room_too(server: Server) -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise ConnectionResetError

    app = Admission(fail)
    for _ in range(10):
        with pytest.raises(ConnectionResetError):
            await ask(app)


async def test_the_operator_is_served_whatever_happens(server: Server) -> None:
    app = Admission(server)
    taken = [asyncio.create_task(ask(app)) for _ in range(3)]
    await asyncio.sleep(0)
    health = asyncio.create_task(ask(app, "/health/ready"))
    await asyncio.sleep(0)
    server.may_answer.set()
    assert (await health)[0]["status"] == 200
    await asyncio.gather(*taken)


async def test_readers_who_wait_shut_no_payment_out(server: Server) -> None:
    app = Admission(server)
    waiting = [asyncio.create_task(ask(app, method="GET")) for _ in range(2)]
    await asyncio.sleep(0)
    assert (await ask(app, method="GET"))[0]["status"] == 503
    payment = asyncio.create_task(ask(app))
    await asyncio.sleep(0)
    server.may_answer.set()
    assert (await payment)[0]["status"] == 200
    await asyncio.gather(*waiting)
