"""A process with its hands full refuses at once; what it took in is finished, and nobody's requests fill it alone."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from application.access.merchant import KnownKey
from application.access.operator import KnownOperator, Role
from domain.identifiers import MerchantId
from interfaces.http.server import admission
from interfaces.http.server.admission import TAKES_OWN_BODY, Admission
from interfaces.http.server.capacity import Capacity
from interfaces.resources.refusals import BodyIncomplete, BodyTooLarge, Overloaded

AURORA = KnownKey("key_1", MerchantId("mer_aurora"))
KESTREL = KnownKey("key_2", MerchantId("mer_kestrel"))
OPERATOR = KnownOperator("opk_1", "night shift", Role.OPERATOR)


class Server:
    """A server that answers nobody until it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.in_hand = 0
        self.bodies: list[bytes] = []

    async def serve(self, body: bytes | None) -> None:
        self.in_hand += 1
        if body is not None:
            self.bodies.append(body)
        await self.may_answer.wait()
        self.in_hand -= 1


class Sender:
    """Announces a body and sends it in parts; the last may never come."""

    def __init__(self, *parts: bytes, length: int | None = None, ends: bool = True, gone: bool = False) -> None:
        self._messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if ends:
            self._messages.append({"type": "http.request", "body": b"", "more_body": False})
        if gone:
            self._messages.append({"type": "http.disconnect"})
        chunked = (b"transfer-encoding", b"chunked")
        self.headers = [(b"content-length", str(length).encode()) if length is not None else chunked]
        self.received = 0

    async def __call__(self) -> dict[str, Any]:
        if self.received == len(self._messages):
            await asyncio.Event().wait()
        self.received += 1
        return self._messages[self.received - 1]


Ask = Callable[..., asyncio.Task[None]]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def ask(server: Server, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setattr(admission, "COMMANDS_MAX", 6)
    monkeypatch.setattr(admission, "QUERIES_MAX", 3)
    admission_here = Admission()

    def ask(user: Any = AURORA, method: str = "POST", sender: Sender | None = None, **opt: Any) -> asyncio.Task[None]:
        sent = sender or Sender(b"{}", length=2)
        scope: Any = {"type": "http", "method": method, "headers": sent.headers}
        scope["route_handler"] = SimpleNamespace(opt=opt)
        return asyncio.create_task(admission_here.admit(user, scope, sent, server.serve))  # type: ignore[arg-type]

    return ask


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_too_many_is_refused_at_once_and_the_others_are_served(server: Server, ask: Ask) -> None:
    taken = [ask() for _ in range(4)]
    await settle()
    with pytest.raises(Overloaded):
        await ask()
    server.may_answer.set()
    await asyncio.gather(*taken)
    await ask()


async def test_one_merchants_flood_leaves_room_for_every_other(server: Server, ask: Ask) -> None:
    flood = [ask(AURORA) for _ in range(20)]
    await settle()
    assert server.in_hand == 4
    others = [ask(KESTREL), ask(OPERATOR)]
    await settle()
    assert server.in_hand == 6
    server.may_answer.set()
    await asyncio.gather(*others)
    assert sum(not task.exception() for task in flood if task.done()) == 4


async def test_commands_whose_bodies_are_kept_back_are_not_in_hand(server: Server, ask: Ask) -> None:
    silent = [ask(sender=Sender(b"{", length=200, ends=False)) for _ in range(50)]
    await settle()
    assert server.in_hand == 0
    taken = [ask() for _ in range(4)]
    await settle()
    assert server.in_hand == 4
    server.may_answer.set()
    await asyncio.gather(*taken)
    for task in silent:
        task.cancel()
    await asyncio.gather(*silent, return_exceptions=True)


@pytest.mark.parametrize(
    ("sender", "body", "received"),
    [
        (Sender(b"{}", length=2), b"{}", 1),
        (Sender(b"{", b"}", length=2), b"{}", 2),
        (Sender(b"{", b"}"), b"{}", 3),
        (Sender(length=0), b"", 0),
    ],
    ids=["at once", "in two parts", "in chunks", "none"],
)
async def test_a_command_gets_its_whole_body(
    server: Server, ask: Ask, sender: Sender, body: bytes, received: int
) -> None:
    server.may_answer.set()
    await ask(sender=sender)
    assert (server.bodies, sender.received) == ([body], received)


@pytest.mark.parametrize(
    ("sender", "refusal"),
    [
        (Sender(b"{", length=200, ends=False, gone=True), BodyIncomplete),
        (Sender(ends=False, gone=True), BodyIncomplete),
        (Sender(length=64 * 1024 + 1), BodyTooLarge),
        (Sender(*[b" " * 1024] * 65), BodyTooLarge),
    ],
    ids=["cut short", "cut between chunks", "announced too large", "too large in chunks"],
)
async def test_a_body_that_is_not_whole_is_refused(
    server: Server, ask: Ask, sender: Sender, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await ask(sender=sender)
    assert server.bodies == []


async def test_what_fails_makes_room_too() -> None:
    capacity = Capacity(3)
    for _ in range(10):
        with pytest.raises(ConnectionResetError), capacity.one("aurora"):
            raise ConnectionResetError


async def test_routes_without_a_key_and_those_that_bound_themselves_are_always_let_in(server: Server, ask: Ask) -> None:
    taken = [ask() for _ in range(4)]
    own = [ask(user=None), ask(**{TAKES_OWN_BODY: True})]
    await settle()
    assert server.in_hand == 6
    server.may_answer.set()
    await asyncio.gather(*taken, *own)


async def test_readers_who_wait_shut_no_payment_out(server: Server, ask: Ask) -> None:
    waiting = [ask(method="GET") for _ in range(2)]
    await settle()
    with pytest.raises(Overloaded):
        await ask(method="GET")
    payment = ask()
    await settle()
    server.may_answer.set()
    await asyncio.gather(payment, *waiting)


def test_many_greedy_owners_come_to_the_same_share_and_leave_some() -> None:
    capacity, held = Capacity(768), dict.fromkeys("abcde", 0)
    with ExitStack() as in_hand:
        for _ in range(768):
            for owner in held:
                with suppress(Overloaded):
                    in_hand.enter_context(capacity.one(owner))
                    held[owner] += 1
        assert max(held.values()) - min(held.values()) <= 2
        assert sum(held.values()) < 768
        in_hand.enter_context(capacity.one("f"))
