"""The attack: many connections at once, some that keep their bytes back, and what the server made of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack

from msgspec import Struct, field

from tests.hostile.generate import Hostile
from tests.support.wire import Wire

CONNECTIONS_MAX = 32
ANSWER_WITHIN_S = 15.0
HELD_BACK = (
    b"",
    b"POST /v1/payment_intents HTTP/1.1\r\nHost: api\r\nX-Slow: ",
    b"POST /v1/payment_intents HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer <key>\r\nContent-Length: 200\r\n\r\n{",
)


class Outcome(Struct, kw_only=True):
    """`statuses` by how often each came, `hung_up` where the server ended a connection without an answer; `failed` are
    the requests that got a 500, and `unanswered` those that got nothing in time."""

    sent: int = 0
    hung_up: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = []
    unanswered: list[str] = []


async def attack(
    url: str, keys: Sequence[str], requests: Iterable[Hostile], *, held_back: int, within_s: float
) -> Outcome:
    """Send `requests`, `held_back` connections standing by. Those that are left after `within_s` are not sent."""
    outcome = Outcome()
    deadline = time.monotonic() + within_s
    waiting = iter(requests)

    async def send_on() -> None:
        for hostile in waiting:
            if time.monotonic() > deadline:
                return
            await asyncio.gather(*(_send(url, hostile, outcome) for _ in range(hostile.times)))

    async with AsyncExitStack() as connections:
        for number in range(held_back):
            wire = await connections.enter_async_context(Wire(url))
            await wire.send(HELD_BACK[number % len(HELD_BACK)].replace(b"<key>", keys[0].encode()))
        await asyncio.gather(*(send_on() for _ in range(CONNECTIONS_MAX)))
    return outcome


async def _send(url: str, hostile: Hostile, outcome: Outcome) -> None:
    outcome.sent += 1
    async with Wire(url) as wire:
        await wire.send(hostile.request, ends=hostile.ends)
        method = "HEAD" if hostile.request.startswith(b"HEAD ") else "GET"
        # What was damaged may be several requests.
        exchange = await wire.read(answers_max=9 if hostile.ends else 1, within_s=ANSWER_WITHIN_S, method=method)
    outcome.statuses.update(exchange.statuses)
    if not exchange.answers:
        if exchange.is_closed:
            outcome.hung_up += 1
        else:
            outcome.unanswered.append(repr(hostile.request[:300]))
    if 500 in exchange.statuses:
        outcome.failed.append(repr(hostile.request[:2_000]))
