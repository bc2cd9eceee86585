"""The outbox is delivered to the client's server: each notice until it is accepted, or refused TRIES_MAX times."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from infrastructure.simulator import webhooks
from infrastructure.simulator.aps import webhooks as aps
from infrastructure.simulator.books import Books, Queued
from infrastructure.simulator.checkout import webhooks as checkout
from infrastructure.simulator.notice import Notice, Worded

Wording = Callable[[Notice, str], Worded]
WORDINGS: Final[Mapping[str, Wording]] = {
    "aps": aps.worded,
    "checkout": checkout.worded,
    "simulator": webhooks.worded,
}
"""The function of each dialect that words a notice and signs it with the secret."""

TIMEOUT_S: Final = 5.0
TRIES_MAX: Final = 20
BACKOFF_S: Final = 0.2
BACKOFF_S_MAX: Final = 5.0
SENDING_MAX: Final = 32
"""The largest number of charges with a notice on its way; notices of one charge are sent one after another."""
LOOK_EVERY_S: Final = 0.02
log = logging.getLogger(__name__)


@asynccontextmanager
async def delivering(books: Books) -> AsyncIterator[None]:
    """Deliver notices while the block runs. Raises KeyError for a dialect without a wording."""
    wording = WORDINGS[books.options.dialect]
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    connector = aiohttp.TCPConnector(limit=SENDING_MAX)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        delivery = asyncio.create_task(_Delivery(books, wording, http).run())
        try:
            yield
        finally:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)


class _Delivery:
    def __init__(self, books: Books, wording: Wording, http: aiohttp.ClientSession) -> None:
        self._books = books
        self._wording = wording
        self._http = http
        self._free = asyncio.Semaphore(SENDING_MAX)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as sending:
            while True:
                chains = {} if self._books.dice.faults.webhooks.muted else self._taken()
                for chain in chains.values():
                    await self._free.acquire()
                    sending.create_task(self._send_in_order(chain))
                await asyncio.sleep(0 if chains else LOOK_EVERY_S)

    def _taken(self) -> dict[str, list[Queued]]:
        """The due notices by charge."""
        chains: dict[str, list[Queued]] = {}
        for queued in self._books.take_notices(SENDING_MAX):
            chains.setdefault(queued.notice.charge.id, []).append(queued)
        return chains

    async def _send_in_order(self, chain: list[Queued]) -> None:
        try:
            for queued in chain:
                await self._send(queued)
        except Exception:
            # Other charges continue; the notices of this one are sent again after the next start.
            log.exception("notice_failed", extra={"event_id": chain[0].notice.id})
        finally:
            self._free.release()

    async def _send(self, queued: Queued) -> None:
        problem = await self._problem(queued.notice)
        if problem is None:
            self._books.remove_notice(queued)
        elif queued.tries + 1 >= TRIES_MAX:
            log.error("notice_given_up", extra={"event_id": queued.notice.id, "error": problem})
            self._books.remove_notice(queued)
        else:
            self._books.postpone_notice(queued, min(BACKOFF_S_MAX, BACKOFF_S * 2.0**queued.tries))

    async def _problem(self, notice: Notice) -> str | None:
        """The reason why `notice` was not accepted; None when it was accepted."""
        options = self._books.options
        told = self._wording(notice, options.webhook_secret)
        try:
            async with self._http.post(
                options.webhook_url, data=told.body, headers=told.headers, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"{type(error).__name__}: {error}"
