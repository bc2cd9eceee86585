"""What the budgets are about: payments at 200 a second and one at a time, their like, and an idle system."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct
from psycopg import AsyncConnection

from projections.engine.connection import LIVE_SCHEMA
from projections.engine.waiting import wait_for
from projections.views import VIEWS
from tests.support.counted.counter import Counting, Counts, Mark
from tests.support.counted.stack import CountedStack
from tests.support.counted.statements import OWN_NAME
from tests.support.running import Merchant, eventually, merchant_of

RATE: Final = 200
AT_RATE: Final = 600
ALONE: Final = 12
WEBHOOKS: Final = 200
IDLE_S: Final = 20.0
_IN_HAND_MAX: Final = 64
"""On a machine that does not keep up, so that no request is refused for want of room."""
_STILL_S: Final = 0.25
_HEAD: Final = "SELECT coalesce(max(notification_id), 0) FROM public.stored_events"
_WEBHOOKS_WAITING: Final = "SELECT count(*) FROM public.webhook_delivery WHERE state = 'waiting'"


class Measured(Struct, frozen=True):
    """The counts of one unit, without what the system does by itself in the same time."""

    unit: str
    units: float
    counts: Counts
    reached: float | None = None
    """Units a second, where RATE of them were asked for; less where the machine was too slow."""


class _Events(Struct):
    events: list[msgspec.Raw]


class Scenarios:
    """Each scenario ends when nothing more comes of it."""

    def __init__(
        self, stack: CountedStack, connection: AsyncConnection[Any], http: aiohttp.ClientSession, merchant: Merchant
    ) -> None:
        self._stack = stack
        self._connection = connection
        self._http = http
        self._merchant = merchant
        self._counting = Counting(stack, connection, http)
        self._captured: list[str] = []
        self._started = datetime.now(UTC)

    async def warm_up(self) -> None:
        """Everything was done before: what is made once, cached or prepared is there, and so is the checkpoint."""
        for _ in range(6):
            await self._pay()
            await self._decline()
        for _ in range(2):
            await self._refund()
        await self._quiet()
        for event in (await self._events())[:6]:
            await self._tell(event)
        await self._quiet()
        await self._connection.execute("CHECKPOINT")
        await self._at_rate(40, self._pay)
        await self._quiet()

    async def payment_at_200(self) -> tuple[Counts, float]:
        return await self._counted_at_rate(AT_RATE, self._pay)

    async def payment_alone(self) -> Counts:
        return await self._counted_alone(self._pay)

    async def declined(self) -> Counts:
        return await self._counted_alone(self._decline)

    async def refund(self) -> Counts:
        return await self._counted_alone(self._refund)

    async def own_webhook(self) -> tuple[Counts, float]:
        """The provider's notifications of what its answers have told."""
        events = iter((await self._events())[-WEBHOOKS:])
        await self._quiet()
        return await self._counted_at_rate(WEBHOOKS, lambda: self._tell(next(events)))

    async def idle(self) -> Counts:
        start = await self._counting.mark()
        await asyncio.sleep(IDLE_S)
        return await self._counting.between(start, await self._counting.mark())

    async def _counted_alone(self, act: Callable[[], Awaitable[None]]) -> Counts:
        start = await self._counting.mark()
        for _ in range(ALONE):
            await act()
            await self._views_current()
        return await self._since(start)

    async def _counted_at_rate(self, units: int, act: Callable[[], Awaitable[None]]) -> tuple[Counts, float]:
        start = await self._counting.mark()
        reached = await self._at_rate(units, act)
        return await self._since(start), reached

    async def _since(self, start: Mark) -> Counts:
        await self._quiet()
        return await self._counting.between(start, await self._counting.mark())

    async def _at_rate(self, units: int, act: Callable[[], Awaitable[None]]) -> float:
        """Begin RATE a second, late ones at once; return how many were done a second."""
        room = asyncio.Semaphore(_IN_HAND_MAX)
        start = time.monotonic()

        async def one() -> None:
            try:
                await act()
            finally:
                room.release()

        async with asyncio.TaskGroup() as acting:
            for number in range(units):
                await asyncio.sleep(max(0.0, start + number / RATE - time.monotonic()))
                await room.acquire()
                acting.create_task(one())
        return units / (time.monotonic() - start)

    async def _pay(self) -> None:
        reply = await self._merchant.pay()
        assert (reply.status, reply.json["status"]) == (201, "captured"), reply
        self._captured.append(reply.json["payment_id"])

    async def _decline(self) -> None:
        reply = await self._merchant.pay(token="tok_declined")
        assert (reply.status, reply.json["status"]) == (201, "failed"), reply

    async def _refund(self) -> None:
        reply = await self._merchant.act(self._captured.pop(0), "refunds", amount=1000)
        assert reply.status == 201, reply

    async def _tell(self, event: bytes) -> None:
        url = f"{self._stack.url}/v1/provider_webhooks/simulator"
        sent = int(time.time())
        secret = self._stack.webhook_secret.encode()
        signature = hmac.new(secret, b"%d.%b" % (sent, event), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Simulator-Signature": f"t={sent},v1={signature}"}
        async with self._http.post(url, data=event, headers=headers) as reply:
            assert reply.status == 200, await reply.text()

    async def _events(self) -> Sequence[bytes]:
        """The simulator's events as its webhooks contain them, the last ones last."""
        span = {
            "since": self._started.isoformat(),
            "until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "limit": "1000",
        }
        url = f"{self._stack.simulator_urls['simulator']}/v1/events"
        async with self._http.get(url, params=span) as reply:
            page = msgspec.json.decode(await reply.read(), type=_Events)
        return [bytes(event) for event in page.events]

    async def _quiet(self) -> None:
        """Wait until the views are current, no webhook waits, and nothing is published or logged any more."""
        await eventually(self._no_webhook_waits, "webhooks are settled")
        await self._views_current()
        before: object = None
        while before != (now := (self._counting.log_lines(), await self._head())):
            before = now
            await asyncio.sleep(_STILL_S)
        await self._views_current()

    async def _no_webhook_waits(self) -> bool:
        [(waiting,)] = await (await self._connection.execute(_WEBHOOKS_WAITING)).fetchall()
        return bool(waiting == 0)

    async def _head(self) -> int:
        [(head,)] = await (await self._connection.execute(_HEAD)).fetchall()
        return int(head)

    async def _views_current(self) -> None:
        await wait_for(self._reader, VIEWS.values(), await self._head(), within_s=90.0)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AsyncConnection[Any]]:
        yield self._connection


async def measured(stack: CountedStack) -> dict[str, Measured]:
    """Every scenario on `stack`, by name."""
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(stack.calls.served())
        connection = await opened.enter_async_context(
            await AsyncConnection.connect(
                stack.embedded.postgres.superuser_url,
                autocommit=True,
                application_name=OWN_NAME,
                options=f"-c search_path={LIVE_SCHEMA},public",
            )
        )
        http = await opened.enter_async_context(aiohttp.ClientSession())
        async with merchant_of(stack) as made:
            merchant = Merchant(http, made.url, made.merchant_id, made.key_id, made.secret)
        scenarios = Scenarios(stack, connection, http, merchant)
        await scenarios.warm_up()
        counted = {
            "payment_alone": ("payment", ALONE, await scenarios.payment_alone(), None),
            "declined": ("payment", ALONE, await scenarios.declined(), None),
            "refund": ("refund", ALONE, await scenarios.refund(), None),
            "payment_at_200": ("payment", AT_RATE, *await scenarios.payment_at_200()),
            "own_webhook": ("webhook", WEBHOOKS, *await scenarios.own_webhook()),
        }
        idle = await scenarios.idle()
    minutes = idle.seconds / 60
    return {
        **{
            name: Measured(unit, units, counts.each(units, idle=idle), reached)
            for name, (unit, units, counts, reached) in counted.items()
        },
        "idle": Measured("minute", minutes, idle.each(minutes)),
    }
